use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, StatusCode};
use testkit::sink::{Answer, Signature, Sink, sign, verify};
use testkit::wait::until;

const ID: &str = "msg_street_1";
const TIMESTAMP: &str = "1795392000";
const BODY: &[u8] = br#"{"type":"dispatch.order.dispatched","street":"990102001000"}"#;
/// HMAC-SHA256 of id.timestamp.body under the bytes 0 to 31, computed outside this project with Python's hmac.
const VECTOR: &str = "v1,bRCKfNOMpWmr6YDsFEW1PBaX9GPfa121S6o0eU8GnA4=";

fn secret() -> Vec<u8> {
    (0..32).collect()
}

fn headers(signature: &str) -> HeaderMap {
    let pairs = [("webhook-id", ID), ("webhook-timestamp", TIMESTAMP), ("webhook-signature", signature)];
    pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap())).collect()
}

fn client() -> reqwest::Client {
    rustls::crypto::ring::default_provider().install_default().ok();
    reqwest::Client::new()
}

async fn send(sink: &Sink, path: &str, headers: HeaderMap) -> reqwest::Result<reqwest::Response> {
    client().post(sink.url(path)).headers(headers).body(BODY).send().await
}

#[test]
fn the_known_vector_is_made_and_verified() {
    assert_eq!(sign(&secret(), ID, TIMESTAMP, BODY), VECTOR);
    assert_eq!(verify(&[secret()], &headers(VECTOR), BODY), Signature::Valid);
}

#[test]
fn any_change_is_wrong() {
    let changed_body = [BODY, b" "].concat();
    assert_eq!(verify(&[secret()], &headers(VECTOR), &changed_body), Signature::Wrong);
    assert_eq!(verify(&[vec![7; 32]], &headers(VECTOR), BODY), Signature::Wrong);
    assert_eq!(verify(&[secret()], &headers("v1,AAAA"), BODY), Signature::Wrong);
    for name in ["webhook-id", "webhook-timestamp"] {
        let mut changed = headers(VECTOR);
        changed.insert(name, HeaderValue::from_static("1795392001"));
        assert_eq!(verify(&[secret()], &changed, BODY), Signature::Wrong, "{name}");
        changed.remove(name);
        assert_eq!(verify(&[secret()], &changed, BODY), Signature::Missing, "{name}");
    }
    assert_eq!(verify(&[], &headers(VECTOR), BODY), Signature::Unchecked);
}

#[test]
fn during_a_rotation_either_secret_fits_either_signature() {
    let (old, new) = (secret(), vec![7; 32]);
    let both = format!("{} {}", sign(&new, ID, TIMESTAMP, BODY), VECTOR);
    assert_eq!(verify(std::slice::from_ref(&old), &headers(&both), BODY), Signature::Valid);
    assert_eq!(verify(&[new, old], &headers(VECTOR), BODY), Signature::Valid);
}

#[tokio::test]
async fn it_keeps_what_came_in_order_with_its_verdict() {
    let sink = Sink::start().await.unwrap();
    sink.set_secrets("/transport", vec![secret()]);
    assert_eq!(send(&sink, "/transport", headers(VECTOR)).await.unwrap().status(), 204);
    assert_eq!(send(&sink, "/transport", headers("v1,AAAA")).await.unwrap().status(), 204);
    assert_eq!(send(&sink, "/elsewhere", HeaderMap::new()).await.unwrap().status(), 204);
    let received = sink.received();
    let verdicts: Vec<_> =
        received.iter().map(|one| (one.sequence, one.path.as_str(), one.signature)).collect();
    let expected = [
        (0, "/transport", Signature::Valid),
        (1, "/transport", Signature::Wrong),
        (2, "/elsewhere", Signature::Unchecked),
    ];
    assert_eq!(verdicts, expected);
    assert_eq!(received[0].body, BODY);
    let counts: Vec<_> = sink.count_by_webhook_id().into_iter().collect();
    assert_eq!(counts, [(String::new(), 1), (ID.to_owned(), 2)]);
}

#[tokio::test]
async fn it_answers_as_told_first_once_then_always() {
    let sink = Sink::start().await.unwrap();
    let mut busy = Answer::status(StatusCode::TOO_MANY_REQUESTS);
    busy.headers.insert("retry-after", HeaderValue::from_static("2"));
    sink.answer_next("/transport", [busy, Answer::status(StatusCode::GONE).after(Duration::from_millis(1))]);
    sink.answer("/transport", Answer::status(StatusCode::ACCEPTED));
    let first = send(&sink, "/transport", headers(VECTOR)).await.unwrap();
    assert_eq!((first.status().as_u16(), first.headers()["retry-after"].to_str().unwrap()), (429, "2"));
    let mut later = Vec::new();
    for _ in 0..3 {
        later.push(send(&sink, "/transport", headers(VECTOR)).await.unwrap().status().as_u16());
    }
    assert_eq!(later, [410, 202, 202]);
}

#[tokio::test]
async fn a_hanging_answer_never_comes_and_the_request_is_kept() {
    let sink = Sink::start().await.unwrap();
    sink.answer("/transport", Answer::hang());
    let answer =
        until(Duration::from_millis(500), async || Some(send(&sink, "/transport", headers(VECTOR)).await));
    assert!(answer.await.is_none(), "a hanging endpoint answered");
    assert_eq!(sink.received().len(), 1);
}
