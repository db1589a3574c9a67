//! Bounds of bytes and of time, mostly over bare sockets: a decent client sends none of this.

use std::time::Duration;

use bootstrap::listen::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::issuer::claims;
use crate::server::{KEY, REPORTS, Server, refused};

/// Everything until the server closes; the deadline only ends a broken test.
async fn until_closed(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = timeout(Duration::from_secs(10), stream.read_to_end(&mut bytes)).await;
    read.expect("the server closes").expect("no reset");
    String::from_utf8(bytes).expect("text")
}

async fn send(server: &Server, request: &str) -> TcpStream {
    let mut stream = server.connect().await;
    stream.write_all(request.as_bytes()).await.expect("sent");
    stream
}

/// The head of a report up to its framing.
fn head(server: &Server) -> String {
    let token = server.issuer.token(&claims());
    format!(
        "POST {REPORTS} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nidempotency-key: {KEY}\r\n\
         content-type: application/json\r\n"
    )
}

#[tokio::test]
async fn a_long_address_and_large_headers() {
    let server = Server::start().await;
    let long = |bytes: usize| server.get(&format!("/livez?{}", "a".repeat(bytes)));
    assert_eq!(long(8_000).send().await.unwrap().status(), 200);
    refused(long(9_000), 414, "uri-too-long").await;
    let headers = |bytes: usize| server.get("/livez").header("x-filler", "a".repeat(bytes));
    assert_eq!(headers(15_000).send().await.unwrap().status(), 200);
    refused(headers(17_000), 431, "headers-too-large").await;
}

#[tokio::test]
async fn a_head_beyond_the_read_buffer_is_refused_by_the_parser() {
    let server = Server::start().await;
    // Exactly as many bytes as the buffer holds: with none left unread the close is no reset.
    let start = "GET /livez HTTP/1.1\r\nhost: x\r\nx: ";
    let head = format!("{start}{}", "a".repeat(64 * 1024 - start.len()));
    let answer = until_closed(&mut send(&server, &head).await).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn framing_that_can_be_read_in_two_ways_is_refused_and_closed() {
    let server = Server::start().await;
    for framing in [
        "transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n\r\n",
        "content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "transfer-encoding: gzip\r\n\r\n",
        "content-length: 3\r\ncontent-length: 4\r\n\r\n",
        "content-length: 3, 4\r\n\r\n",
        "content-length: -1\r\n\r\n",
    ] {
        let mut stream = send(&server, &format!("{}{framing}", head(&server))).await;
        let answer = until_closed(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{framing:?}: {answer}");
    }
}

#[tokio::test]
async fn a_body_declared_too_large_is_refused_before_it_is_sent() {
    let server = Server::start().await;
    let request = format!("{}content-length: 1048577\r\n\r\n", head(&server));
    let answer = until_closed(&mut send(&server, &request).await).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn a_slow_body_is_refused_and_closed() {
    let limits = Limits { body_within: Duration::from_millis(50), ..Limits::default() };
    let server = Server::with(limits).await;
    let request = format!("{}content-length: 12\r\n\r\n{{\"text\"", head(&server));
    let answer = until_closed(&mut send(&server, &request).await).await;
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("request-timeout"), "{answer}");
}

#[tokio::test]
async fn a_slow_head_is_closed() {
    let limits = Limits { head_within: Duration::from_millis(50), ..Limits::default() };
    let server = Server::with(limits).await;
    let answer = until_closed(&mut send(&server, "GET /livez HTTP/1.1\r\nhost").await).await;
    assert_eq!(answer, "");
}

#[tokio::test]
async fn a_handler_that_takes_too_long_is_answered_for() {
    let limits = Limits { request_within: Duration::from_millis(50), ..Limits::default() };
    let server = Server::with(limits).await;
    let refusal = refused(server.get("/x/v1/never"), 503, "unavailable").await;
    assert_eq!(refusal.headers["retry-after"], "2");
}

/// What a body takes to arrive is not the database's fault: the bound of the answer counts from its end.
#[tokio::test]
async fn the_answer_is_due_after_the_body_not_after_the_head() {
    let limits = Limits { answer_within: Duration::ZERO, ..Limits::default() };
    let server = Server::with(limits).await;
    refused(server.get("/x/v1/never"), 503, "unavailable").await;
    let body = r#"{"text":"x"}"#;
    let head = format!(
        "POST {REPORTS} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {}\r\n\
         idempotency-key: {KEY}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        server.issuer.token(&claims()),
        body.len(),
    );
    let mut slow = send(&server, &head).await;
    // The head is long here when the other connection has been answered.
    assert_eq!(server.get("/livez").send().await.expect("an answer").status(), 200);
    slow.write_all(body.as_bytes()).await.expect("sent");
    let answer = until_closed(&mut slow).await;
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
}

#[tokio::test]
async fn a_connection_more_than_allowed_waits_for_its_turn() {
    let limits = Limits { connections_max: 1, ..Limits::default() };
    let server = Server::with(limits).await;
    let request = "GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let mut first = server.connect().await;
    let mut second = send(&server, request).await;
    first.write_all(request.as_bytes()).await.expect("sent");
    assert!(until_closed(&mut first).await.starts_with("HTTP/1.1 200"));
    assert!(until_closed(&mut second).await.starts_with("HTTP/1.1 200"));
}
