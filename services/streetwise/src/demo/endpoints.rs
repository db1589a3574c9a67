//! `.run/endpoints.json`: where everything is, and a token per persona. Written by `./dev up`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::client::Client;
use crate::failure::Failure;

/// The file.
#[derive(Debug, Clone, Deserialize)]
pub struct Endpoints {
    /// Base URL by service.
    pub services: BTreeMap<String, String>,
    /// Token by persona.
    pub tokens: BTreeMap<String, String>,
    /// What the sink appends to; `sink.jsonl` beside the file unless told.
    #[serde(default)]
    pub sink_log: Option<PathBuf>,
}

impl Endpoints {
    /// Reads the file.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let doing = || format!("读取 / reading {}", path.display());
        let next = "请先运行 ./dev up --detach / run ./dev up --detach first";
        let text = std::fs::read_to_string(path).map_err(|error| Failure::world(doing(), next, error))?;
        let mut endpoints: Self =
            serde_json::from_str(&text).map_err(|error| Failure::world(doing(), next, error))?;
        let beside = || path.parent().unwrap_or(Path::new(".")).join("sink.jsonl");
        endpoints.sink_log.get_or_insert_with(beside);
        Ok(endpoints)
    }

    /// One persona at one service's door.
    pub fn at(&self, connections: &Client, service: &str, persona: &str) -> Result<Client, Failure> {
        let missing = |what: &str| {
            let text = format!(
                "endpoints 文件缺少 {what}，请重新运行 ./dev up / {what} is missing: run ./dev up again"
            );
            Failure::Usage(text)
        };
        let base = self.services.get(service).ok_or_else(|| missing(service))?;
        let token = self.tokens.get(persona).ok_or_else(|| missing(persona))?;
        Ok(connections.with(base, token))
    }
}
