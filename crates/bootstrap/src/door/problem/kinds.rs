//! The kinds of refusal that every service shares; a service adds its own as further statics.

/// A kind of refusal. `title` and `hint` are for people: Chinese first, English beside.
#[derive(Debug)]
pub struct Kind {
    /// HTTP status, 400 to 599.
    pub status: u16,
    /// Stable name; part of the contract.
    pub code: &'static str,
    /// What happened.
    pub title: &'static str,
    /// What to do next.
    pub hint: &'static str,
}

macro_rules! kinds {
    ($($name:ident $status:literal $code:literal $title:literal $hint:literal;)*) => {
        $(pub(super) static $name: Kind = Kind { status: $status, code: $code, title: $title, hint: $hint };)*

        /// Every shared kind, for the documentation and its test.
        #[cfg(test)]
        pub(super) static ALL: &[&Kind] = &[$(&$name),*];
    };
}

kinds! {
    MALFORMED_BODY 400 "malformed-body" "请求体无法解析 / The body cannot be read"
        "请发送一个合法的 UTF-8 JSON 文档，键不得重复，嵌套不超过 32 层 / Send one valid UTF-8 JSON document, no duplicate keys, at most 32 levels deep";
    MALFORMED_REQUEST 400 "malformed-request" "请求报文不合规 / The request is not well formed"
        "请用 Content-Length 标明长度，不要使用 Transfer-Encoding / State the length with Content-Length, not Transfer-Encoding";
    IDEMPOTENCY_KEY_MISSING 400 "idempotency-key-missing" "缺少幂等键 / No idempotency key"
        "请在 Idempotency-Key 头中携带一个新的 UUID，重试时保持不变 / Send a fresh UUID in the Idempotency-Key header and keep it when retrying";
    IDEMPOTENCY_KEY_INVALID 400 "idempotency-key-invalid" "幂等键无效 / The idempotency key is not valid"
        "Idempotency-Key 须为一个 UUID / Idempotency-Key must be one UUID";
    BAD_CURSOR 400 "bad-cursor" "游标无效 / The cursor is not valid"
        "请从第一页重新开始，并原样使用返回的游标 / Start from the first page and use cursors exactly as returned";
    UNAUTHENTICATED 401 "unauthenticated" "未通过身份验证 / Not authenticated"
        "请携带有效且未过期的令牌：Authorization: Bearer … / Send a valid, unexpired token: Authorization: Bearer …";
    FORBIDDEN 403 "forbidden" "无权执行此操作 / Not allowed"
        "您的角色没有此权限，请联系本街道管理员 / Your role does not allow this; ask your street's administrator";
    NOT_FOUND 404 "not-found" "未找到 / Not found"
        "请核对地址与编号 / Check the address and the identifier";
    METHOD_NOT_ALLOWED 405 "method-not-allowed" "不支持该方法 / Method not allowed"
        "请使用 Allow 头列出的方法 / Use a method of the Allow header";
    NOT_ACCEPTABLE 406 "not-acceptable" "无法按所需格式应答 / Cannot answer in that format"
        "请接受 application/json / Accept application/json";
    REQUEST_TIMEOUT 408 "request-timeout" "请求接收超时 / The request arrived too slowly"
        "请检查网络后用同一幂等键重试 / Check the network and retry with the same idempotency key";
    INVALID_TRANSITION 409 "invalid-transition" "当前状态不允许此操作 / Not possible in the present state"
        "请刷新后查看当前状态 / Reload and look at the present state";
    PRECONDITION_FAILED 412 "precondition-failed" "数据已被更新 / It has changed since"
        "请重新读取后再提交 / Read it again, then send the change";
    PAYLOAD_TOO_LARGE 413 "payload-too-large" "内容过大 / Too large"
        "请缩小请求体 / Send a smaller body";
    URI_TOO_LONG 414 "uri-too-long" "地址过长 / The address is too long"
        "地址不得超过 8 KiB / An address has at most 8 KiB";
    UNSUPPORTED_MEDIA_TYPE 415 "unsupported-media-type" "不支持的内容类型 / Unsupported content type"
        "请使用 Content-Type: application/json，且不要压缩 / Use Content-Type: application/json, not compressed";
    VALIDATION_FAILED 422 "validation-failed" "内容未通过校验 / The content is not valid"
        "请按 errors 逐项更正 / Correct each entry of errors";
    IDEMPOTENCY_KEY_REUSED 422 "idempotency-key-reused" "幂等键已用于另一请求 / The idempotency key was used for another request"
        "新的请求请使用新的 UUID / Use a fresh UUID for a new request";
    TEXT_TOO_LONG 422 "text-too-long" "文字过长 / The text is too long"
        "至多 4000 字、16 KiB，且连续组合符号不超过 32 个 / At most 4,000 characters, 16 KiB, and 32 combining marks in a row";
    IDENTIFIER_INVALID 422 "identifier-invalid" "标识符无效 / The identifier is not valid"
        "只用字母、数字和 . _ -，至多 64 个 / Use letters, digits and . _ - only, at most 64";
    DATUM_REQUIRED 422 "datum-required" "缺少坐标基准 / The datum is missing"
        "请注明坐标基准，例如 wgs84、gcj02 或 bd09 / State the datum of the point, e.g. wgs84, gcj02 or bd09";
    QUOTA_EXCEEDED 429 "quota-exceeded" "请求过多 / Too many requests"
        "请按 Retry-After 稍后重试 / Retry after the time in Retry-After";
    HEADERS_TOO_LARGE 431 "headers-too-large" "请求头过大 / The headers are too large"
        "请求头合计不得超过 16 KiB / Headers have at most 16 KiB together";
    INTERNAL 500 "internal" "系统内部错误 / Something is wrong on our side"
        "请用同一幂等键重试；若仍失败，请提供 traceparent 头联系运维 / Retry with the same idempotency key; if it stays, tell the operators the traceparent header";
    UNAVAILABLE 503 "unavailable" "暂时无法处理 / Not available just now"
        "请按 Retry-After 用同一幂等键重试 / Retry with the same idempotency key after the time in Retry-After";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_is_a_slug_of_its_own_and_every_text_is_bilingual() {
        let codes: BTreeSet<_> = ALL.iter().map(|kind| kind.code).collect();
        assert_eq!(codes.len(), ALL.len());
        for kind in ALL {
            assert!(kind.code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", kind.code);
            for text in [kind.title, kind.hint] {
                let (chinese, english) = text.split_once(" / ").expect("Chinese / English");
                assert!(
                    !chinese.is_ascii() && english.starts_with(|c: char| c.is_ascii_uppercase()),
                    "{text}"
                );
            }
        }
    }
}
