//! One caller at one service's door: JSON in and out, problems told as they were said.

use std::time::Duration;

use reqwest::{RequestBuilder, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::failure::{Failure, Refusal};

const CONNECT_WITHIN: Duration = Duration::from_secs(5);
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// How long the second try of a request waits whose outcome is unknown.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// A service's address, and a token where one is asked for.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
    traceparent: Option<String>,
    if_match: Option<u64>,
}

impl Client {
    /// Connects to nothing yet.
    pub fn new(base: &str, token: &str) -> Result<Self, Failure> {
        let http = reqwest::Client::builder()
            .user_agent("streetwise-cli/1")
            .connect_timeout(CONNECT_WITHIN)
            .timeout(ANSWER_WITHIN)
            .no_proxy()
            .build()
            .map_err(|error| Failure::world("准备 HTTP / preparing HTTP", "", error))?;
        Ok(Self {
            http,
            base: base.trim_end_matches('/').to_owned(),
            token: Some(token.to_owned()),
            traceparent: None,
            if_match: None,
        })
    }

    /// Somebody without a token, at a door that asks for none.
    pub fn stranger(base: &str) -> Result<Self, Failure> {
        Ok(Self { token: None, ..Self::new(base, "")? })
    }

    /// The same caller's connections at another door or with another token.
    pub fn with(&self, base: &str, token: &str) -> Self {
        let base = base.trim_end_matches('/').to_owned();
        Self {
            http: self.http.clone(),
            base,
            token: Some(token.to_owned()),
            traceparent: None,
            if_match: None,
        }
    }

    /// The same, within a trace (W3C Trace Context).
    pub fn traced(self, traceparent: String) -> Self {
        Self { traceparent: Some(traceparent), ..self }
    }

    /// The same, for requests that count only while what they are about is of this generation.
    pub fn only_if(self, generation: Option<u64>) -> Self {
        Self { if_match: generation, ..self }
    }

    /// Reads what is no JSON.
    pub async fn get_text(&self, doing: &str, path: &str) -> Result<String, Failure> {
        let response = self.answered(doing, self.http.get(self.url(path))).await?;
        response.text().await.map_err(|error| self.unreachable(doing, error))
    }

    /// Reads bytes as they are.
    pub async fn get_bytes(&self, doing: &str, path: &str) -> Result<Vec<u8>, Failure> {
        let response = self.answered(doing, self.http.get(self.url(path))).await?;
        Ok(response.bytes().await.map_err(|error| self.unreachable(doing, error))?.into())
    }

    /// Reads.
    pub async fn get<T: DeserializeOwned>(&self, doing: &str, path: &str) -> Result<T, Failure> {
        self.send(doing, self.http.get(self.url(path))).await
    }

    /// Changes something, with a fresh idempotency key.
    pub async fn post<T: DeserializeOwned>(
        &self,
        doing: &str,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        self.post_again(doing, path, fresh_key(), body).await
    }

    /// The same with a key of the caller's, kept when it retries.
    pub async fn post_again<T: DeserializeOwned>(
        &self,
        doing: &str,
        path: &str,
        key: Uuid,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        let request = self.http.post(self.url(path)).header("idempotency-key", key.to_string());
        self.send(doing, request.json(body)).await
    }

    /// The same, asked once more where nobody knows what came of it: by its key it is the same request, and done once. Whatever is
    /// said the second time, it may have been done the first: so a failure then says to `repeat` it.
    pub async fn post_surely<T: DeserializeOwned>(
        &self,
        (doing, repeat): (&str, &str),
        path: &str,
        key: Uuid,
        body: &impl Serialize,
    ) -> Result<T, Failure> {
        match self.post_again(doing, path, key, body).await {
            Err(failure) if failure.leaves_unknown() => {
                tokio::time::sleep(AGAIN_AFTER).await;
                self.post_again(doing, path, key, body).await.map_err(|failure| failure.or(repeat))
            }
            answered => answered,
        }
    }

    /// Changes something that is answered without a body.
    pub async fn post_accepted(&self, doing: &str, path: &str, body: &impl Serialize) -> Result<(), Failure> {
        let key = fresh_key().to_string();
        let request = self.http.post(self.url(path)).header("idempotency-key", key).json(body);
        self.answered(doing, request).await.map(drop)
    }

    /// Sends a body of another type.
    pub async fn post_bytes<T: DeserializeOwned>(
        &self,
        doing: &str,
        path: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> Result<T, Failure> {
        let request = self.http.post(self.url(path)).header("content-type", content_type);
        self.send(doing, request.body(body)).await
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    async fn send<T: DeserializeOwned>(&self, doing: &str, request: RequestBuilder) -> Result<T, Failure> {
        let response = self.answered(doing, request).await?;
        let bytes = response.bytes().await.map_err(|error| self.unreachable(doing, error))?;
        let next = "服务与本工具的版本可能不同 / the service may be of another version than this tool";
        serde_json::from_slice(&bytes).map_err(|error| Failure::world(doing, next, error))
    }

    async fn answered(&self, doing: &str, request: RequestBuilder) -> Result<Response, Failure> {
        let request = match &self.traceparent {
            Some(traceparent) => request.header("traceparent", traceparent),
            None => request,
        };
        let request = match self.if_match {
            Some(generation) => request.header("if-match", format!("\"{generation}\"")),
            None => request,
        };
        let request = match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let response = request.send().await.map_err(|error| self.unreachable(doing, error))?;
        if response.status().is_success() { Ok(response) } else { Err(refused(doing, response).await) }
    }

    fn unreachable(&self, doing: &str, error: reqwest::Error) -> Failure {
        let next = format!("请确认 {0} 已启动（./dev status）/ make sure {0} runs (./dev status)", self.base);
        Failure::world(doing, next, error)
    }
}

async fn refused(doing: &str, response: Response) -> Failure {
    let status = response.status();
    let mut refusal: Refusal = response.json().await.unwrap_or_default();
    refusal.status = status.as_u16();
    if refusal.title.is_empty() {
        refusal.title = status.canonical_reason().unwrap_or("no reason given").to_owned();
    }
    Failure::Refused { doing: doing.to_owned(), refusal: Box::new(refusal) }
}

/// A new idempotency key. The client makes it, so it is no id of ours.
pub fn fresh_key() -> Uuid {
    uuid::Builder::from_random_bytes(rand::random()).into_uuid()
}
