//! How a problem shows in OpenAPI: `responses((status = 201, body = Receipt), Problem)`.

use std::collections::BTreeMap;

use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, PartialSchema, ToSchema};

use super::{Fault, Problem, ProblemDocument};

/// What any authenticated JSON door may answer, in the words of the OpenAPI document.
const ANSWERS: [(u16, &str); 13] = [
    (400, "请求无法解析 / cannot be read"),
    (401, "未通过身份验证 / not authenticated"),
    (403, "无权 / not allowed"),
    (404, "未找到 / not found"),
    (405, "方法不支持 / method not allowed"),
    (406, "格式不支持 / format not available"),
    (408, "接收超时 / arrived too slowly"),
    (409, "状态不允许 / not possible in the present state"),
    (413, "过大 / too large"),
    (415, "内容类型不支持 / unsupported content type"),
    (422, "未通过校验 / not valid"),
    (429, "请求过多 / too many requests"),
    (503, "暂时不可用 / not available"),
];

impl IntoResponses for Problem {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let answer = |(status, text): (u16, &str)| {
            let schema = Ref::from_schema_name(ProblemDocument::name());
            let content = ContentBuilder::new().schema(Some(schema)).build();
            let response = ResponseBuilder::new().description(text);
            let response = response.content("application/problem+json", content).build();
            (status.to_string(), RefOr::T(response))
        };
        ANSWERS.into_iter().map(answer).collect()
    }
}

impl Problem {
    /// The schemas that [`Problem`] refers to; add them to the components of a service's OpenAPI document.
    pub fn schemas() -> Vec<(String, RefOr<utoipa::openapi::Schema>)> {
        vec![
            (ProblemDocument::name().into_owned(), ProblemDocument::schema()),
            (Fault::name().into_owned(), Fault::schema()),
        ]
    }
}
