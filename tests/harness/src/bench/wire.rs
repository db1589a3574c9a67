//! A keep-alive HTTP/1.1 connection that sends ready-made bytes and reads whole answers.
//!
//! The load shares two cores with what it measures, so it must cost less than what it asks. Deliberately not here:
//! chunked answers, redirects, TLS; an answer of that kind counts as unknown.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What the guard of every door grants a request; nothing is waited for longer.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// Longest answer taken.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// One connection; opened at the first request and again after a failure.
#[derive(Debug)]
pub struct Connection {
    address: String,
    stream: Option<TcpStream>,
    answer: Vec<u8>,
}

/// The head of an answer.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    /// Head and body together, in bytes.
    length: usize,
    /// The peer closes after it.
    last: bool,
}

impl Connection {
    /// To `host:port`, not yet open.
    pub fn new(address: &str) -> Self {
        Self { address: address.to_owned(), stream: None, answer: Vec::with_capacity(4 * 1024) }
    }

    /// Sends one request; the answer's status, or nothing when there was no whole answer: then it is not known
    /// whether the request had its effect.
    pub async fn exchange(&mut self, request: &[u8]) -> Option<u16> {
        let status = tokio::time::timeout(ANSWER_WITHIN, self.try_exchange(request)).await;
        let status = status.ok().and_then(Result::ok);
        if status.is_none() {
            self.stream = None;
        }
        status
    }

    async fn try_exchange(&mut self, request: &[u8]) -> Result<u16> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => connect(&self.address).await?,
        };
        stream.write_all(request).await?;
        self.answer.clear();
        loop {
            let read = stream.read_buf(&mut self.answer).await?;
            ensure!(read > 0, "the connection ended within an answer");
            ensure!(self.answer.len() <= ANSWER_BYTES_MAX, "the answer is too long");
            let Some(head) = head(&self.answer)? else { continue };
            if self.answer.len() >= head.length {
                self.stream = (!head.last).then_some(stream);
                return Ok(head.status);
            }
        }
    }
}

async fn connect(address: &str) -> Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Reads the head once it is whole.
fn head(bytes: &[u8]) -> Result<Option<Head>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let text = std::str::from_utf8(&bytes[..end])?;
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).context("no status line")?.parse()?;
    let (mut body, mut last) = (None, false);
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        match name.to_ascii_lowercase().as_str() {
            "content-length" => body = Some(value.trim().parse::<usize>()?),
            "transfer-encoding" => bail!("chunked answers are not read here"),
            "connection" => last = value.trim().eq_ignore_ascii_case("close"),
            _ => {}
        }
    }
    let without_body = status == 204 || status == 304;
    let body = if without_body { 0 } else { body.context("an answer without a length")? };
    Ok(Some(Head { status, length: end + 4 + body, last }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_once_they_are_whole() {
        assert_eq!(head(b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n").unwrap(), None);
        let whole = head(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}").unwrap();
        assert_eq!(whole, Some(Head { status: 201, length: 45, last: false }));
        let empty = head(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").unwrap();
        assert_eq!(empty, Some(Head { status: 204, length: 46, last: true }));
        assert!(head(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
        assert!(head(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
