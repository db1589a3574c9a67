//! Each refusal of a JSON door, as a client meets it (reliability §5), and the way in.

use rstest::rstest;
use serde_json::{Value, json};

use crate::issuer::{claims, claims_with};
use crate::server::{KEY, REPORTS, Server, refused};

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[tokio::test]
async fn a_sound_request_reaches_the_handler_untouched() {
    let server = Server::start().await;
    let text = "公交306路改道\u{f91d}𠮷👨‍👩‍👧";
    let request = server.report(json!({ "text": text }).to_string()).header("traceparent", TRACE);
    // What only a proxy may say is ignored.
    let request = request.header("x-tenant", "990102002000").header("x-forwarded-for", "1.1.1.1");
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 201);
    let traceparent = response.headers()["traceparent"].to_str().unwrap().to_owned();
    assert!(traceparent.starts_with(&TRACE[..36]) && traceparent != TRACE, "{traceparent}");
    let receipt: Value = response.json().await.unwrap();
    assert_eq!(receipt["text"], text);
    assert_eq!(receipt["subject"], "grid-worker");
    assert_eq!(receipt["street"], "990102001000");
    assert_eq!(receipt["key"], KEY);
    assert_eq!(receipt["trace_id"], &TRACE[3..35]);
}

#[rstest]
#[case::malformed("{\"text\":\"a\",\"text\":\"b\"}", 400, "malformed-body")]
#[case::wrong_shape("{\"texts\":\"a\"}", 422, "validation-failed")]
#[case::nul("{\"text\":\"\\u0000\"}", 422, "validation-failed")]
#[case::long(&format!("{{\"text\":\"{}\"}}", "a".repeat(4_001)), 422, "text-too-long")]
#[case::large(&format!("{{\"text\":\"{}\"}}", "a".repeat(1 << 20)), 413, "payload-too-large")]
#[tokio::test]
async fn bodies(#[case] body: &str, #[case] status: u16, #[case] code: &str) {
    let server = Server::start().await;
    refused(server.report(body.to_owned()), status, code).await;
}

#[tokio::test]
async fn a_fault_is_pointed_at() {
    let server = Server::start().await;
    let refusal = refused(server.report("{\"text\":1}"), 422, "validation-failed").await;
    assert_eq!(refusal.document["errors"][0]["pointer"], "/text");
    assert_eq!(refusal.document["errors"][0]["code"], "wrong-type");
}

#[rstest]
#[case::text("text/plain")]
#[case::form("application/x-www-form-urlencoded")]
#[case::other_charset("application/json; charset=gbk")]
#[case::lookalike("application/jsonp")]
#[tokio::test]
async fn other_content_types(#[case] content_type: &str) {
    let server = Server::start().await;
    let request = server.post(REPORTS).bearer_auth(server.issuer.token(&claims()));
    let request = request.header("idempotency-key", KEY).header("content-type", content_type).body("{}");
    refused(request, 415, "unsupported-media-type").await;
}

#[tokio::test]
async fn no_content_type_and_compression() {
    let server = Server::start().await;
    let bare = server.post(REPORTS).bearer_auth(server.issuer.token(&claims()));
    refused(bare.header("idempotency-key", KEY).body("{}"), 415, "unsupported-media-type").await;
    let compressed = server.report("{}").header("content-encoding", "gzip");
    refused(compressed, 415, "unsupported-media-type").await;
}

#[tokio::test]
async fn json_with_utf8_named_is_taken() {
    let server = Server::start().await;
    let request = server.post(REPORTS).bearer_auth(server.issuer.token(&claims()));
    let request =
        request.header("idempotency-key", KEY).header("content-type", "Application/JSON;charset=UTF-8");
    assert_eq!(request.body("{\"text\":\"a\"}").send().await.unwrap().status(), 201);
}

#[tokio::test]
async fn a_caller_that_takes_no_json() {
    let server = Server::start().await;
    refused(server.report("{}").header("accept", "text/html"), 406, "not-acceptable").await;
}

#[tokio::test]
async fn keys() {
    let server = Server::start().await;
    let sent = |key: Option<&str>| {
        let request = server.post(REPORTS).bearer_auth(server.issuer.token(&claims()));
        let request = request.header("content-type", "application/json").body("{\"text\":\"a\"}");
        key.map_or(request.try_clone().unwrap(), |key| request.header("idempotency-key", key))
    };
    refused(sent(None), 400, "idempotency-key-missing").await;
    for key in ["", "1", "{018f5d2e-7a3b-7c4d-8e5f-0123456789ab}", "018f5d2e-7a3b-7c4d-8e5f-0123456789a!"] {
        refused(sent(Some(key)), 400, "idempotency-key-invalid").await;
    }
    refused(sent(Some(KEY)).header("idempotency-key", KEY), 400, "idempotency-key-invalid").await;
}

#[tokio::test]
async fn callers_without_a_sound_token() {
    let server = Server::start().await;
    let token = server.issuer.token(&claims());
    let expired = server.issuer.token(&claims_with("exp", json!(1)));
    let list = || server.get(REPORTS);
    let mut bodies = Vec::new();
    for request in [
        list(),
        list().bearer_auth(&expired),
        list().bearer_auth("a.b.c"),
        list().header("authorization", format!("Basic {token}")),
        list().header("authorization", &token),
        list().bearer_auth(&token).bearer_auth(&token),
    ] {
        let refusal = refused(request, 401, "unauthenticated").await;
        assert_eq!(refusal.headers["www-authenticate"], "Bearer");
        bodies.push(refusal.bytes);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "the reason is not told");
    assert_eq!(list().bearer_auth(&token).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn unknown_foreign_and_impossible_are_the_same_bytes() {
    let server = Server::start().await;
    let token = server.issuer.token(&claims());
    let order = "018f5d2e-7a3b-7c4d-8e5f-0123456789ab";
    let orders = "/dispatch/v1/streets/990102001000/orders";
    let mut bodies = Vec::new();
    for request in [
        server.get("/nowhere"),
        server.get("/x/v1/denied/not-found"),
        server.post("/intake/v1/streets/1/reports"),
        server.post(&format!("{orders}/{order}")),
        server.post(&format!("{orders}/{order}:fly")),
        server.post(&format!("{orders}/1:see")),
        server.post(&format!("/dispatch/v1/streets/%ff/orders/{order}:see")),
    ] {
        bodies.push(refused(request.bearer_auth(&token), 404, "not-found").await.bytes);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1);
}

#[tokio::test]
async fn verbs_and_roles() {
    let server = Server::start().await;
    let order = "018f5d2e-7a3b-7c4d-8e5f-0123456789ab";
    let act = |verb: &str| server.post(&format!("/dispatch/v1/streets/990102001000/orders/{order}:{verb}"));
    assert_eq!(act("see").send().await.unwrap().text().await.unwrap(), order);
    let refusal = refused(act("submit"), 409, "invalid-transition").await;
    assert_eq!(refusal.document["hint"], "请先到场 / Arrive first");
    refused(server.get("/x/v1/denied/forbidden"), 403, "forbidden").await;
    let refusal = refused(server.get("/x/v1/unavailable"), 503, "unavailable").await;
    assert_eq!(refusal.headers["retry-after"], "7");
}

#[tokio::test]
async fn another_method_names_the_allowed_ones() {
    let server = Server::start().await;
    let refusal = refused(server.post("/livez"), 405, "method-not-allowed").await;
    assert_eq!(refusal.headers["allow"], "GET,HEAD");
}

#[tokio::test]
async fn queries() {
    let server = Server::start().await;
    let list =
        |query: &str| server.get(&format!("{REPORTS}?{query}")).bearer_auth(server.issuer.token(&claims()));
    for query in ["size=huge", "size=256", "sort=secret", "size=1&size=2"] {
        refused(list(query), 422, "validation-failed").await;
    }
    assert_eq!(list("size=5").send().await.unwrap().text().await.unwrap(), "5");
}

#[tokio::test]
async fn a_panic_is_answered_without_its_words_and_ends_nothing() {
    let server = Server::start().await;
    let refusal = refused(server.get("/x/v1/panic"), 500, "internal").await;
    assert!(!String::from_utf8(refusal.bytes).unwrap().contains("13800000000"));
    assert_eq!(server.get("/livez").send().await.unwrap().status(), 200);
}

#[test]
fn problems_show_in_openapi() {
    use utoipa::OpenApi;
    #[expect(dead_code, reason = "stands for a handler; only its documentation is used")]
    #[utoipa::path(post, path = "/x", responses((status = 201), bootstrap::door::Problem))]
    fn handler() {}
    #[derive(OpenApi)]
    #[openapi(paths(handler), components(schemas(bootstrap::door::ProblemDocument, bootstrap::door::Fault)))]
    struct Document;
    let document = serde_json::to_value(Document::openapi()).unwrap();
    let answers = &document["paths"]["/x"]["post"]["responses"];
    assert!(answers["201"].is_object());
    let schema = &answers["422"]["content"]["application/problem+json"]["schema"]["$ref"];
    assert_eq!(schema, "#/components/schemas/ProblemDocument");
    assert!(document["components"]["schemas"]["ProblemDocument"]["properties"]["hint"].is_object());
}
