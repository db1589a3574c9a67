//! Heads of chains that were kept outside of the database: lines of JSON, as `audit checkpoint` prints them and as the
//! relays log them, among whatever else stands in a log.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ids::TenantId;
use messaging::audit::Checkpoint;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// What such a line says of itself; the relays' log lines say the same (`messaging::relay`).
const MESSAGE: &str = "seal checkpoint";

#[derive(Debug, Serialize, Deserialize)]
struct Line {
    message: String,
    service: String,
    tenant: String,
    seal: i64,
    root: String,
}

/// One head as a line.
pub(super) fn line(head: &Checkpoint) -> String {
    let (service, tenant) = (head.service.clone(), head.tenant.to_string());
    let line = Line { message: MESSAGE.to_owned(), service, tenant, seal: head.seal, root: head.root_hex() };
    serde_json::to_string(&line).expect("words and a number are JSON")
}

/// Roots by service, tenant and seal.
#[derive(Debug, Default)]
pub(super) struct Kept {
    roots: BTreeMap<(String, TenantId), BTreeMap<i64, [u8; 32]>>,
    /// The first seal of a chain of which two different roots were kept: it was made anew in between.
    torn: BTreeMap<(String, TenantId), i64>,
}

impl Kept {
    /// Reads all files. One in which nothing was kept is refused: it is the wrong one.
    pub(super) fn read(files: &[PathBuf]) -> Result<Self, Failure> {
        let mut kept = Self::default();
        for file in files {
            let doing = || format!("读取 / reading {}", file.display());
            let text = std::fs::read_to_string(file)
                .map_err(|error| Failure::world(doing(), "请核对路径 / check the path", error))?;
            if kept.take(file, &text)? == 0 {
                let told = "其中没有末端记录：应为 audit checkpoint 的输出或服务日志 / holds no head of a chain: \
                            should be the output of audit checkpoint, or a log of the services";
                return Err(Failure::Usage(format!("{}：{told}", file.display())));
            }
        }
        Ok(kept)
    }

    fn take(&mut self, file: &Path, text: &str) -> Result<usize, Failure> {
        let mut taken = 0;
        for (at, line) in text.lines().enumerate().filter(|(_, line)| line.contains(MESSAGE)) {
            let Ok(line) = serde_json::from_str::<Line>(line) else { continue };
            if line.message != MESSAGE {
                continue;
            }
            let (tenant, root) = (line.tenant.parse::<TenantId>().ok(), Checkpoint::root_of(&line.root));
            let (Some(tenant), Some(root)) = (tenant, root) else {
                let place = format!("{}:{}", file.display(), at + 1);
                return Err(Failure::Usage(format!("{place}：编码或哈希有误 / code or hash is malformed")));
            };
            let chain = (line.service, tenant);
            let before = self.roots.entry(chain.clone()).or_default().insert(line.seal, root);
            if before.is_some_and(|before| before != root) {
                let first = self.torn.entry(chain).or_insert(line.seal);
                *first = line.seal.min(*first);
            }
            taken += 1;
        }
        Ok(taken)
    }

    /// Whose heads of this service were kept.
    pub(super) fn tenants(&self, service: &str) -> impl Iterator<Item = TenantId> {
        self.roots.keys().filter(move |(of, _)| of == service).map(|(_, tenant)| *tenant)
    }

    /// Roots by seal.
    pub(super) fn of(&self, service: &str, tenant: TenantId) -> Option<&BTreeMap<i64, [u8; 32]>> {
        self.roots.get(&(service.to_owned(), tenant))
    }

    /// The first seal of which two different roots were kept.
    pub(super) fn torn(&self, service: &str, tenant: TenantId) -> Option<i64> {
        self.torn.get(&(service.to_owned(), tenant)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(seal: i64, byte: u8) -> Checkpoint {
        let tenant = TenantId::from_i64(990_102_001_000).unwrap();
        Checkpoint { service: "intake".to_owned(), tenant, seal, root: [byte; 32] }
    }

    #[test]
    fn heads_are_found_among_other_lines() {
        let logged = format!(
            r#"{{"timestamp":"2026-11-29T08:00:00Z","level":"INFO","message":"seal checkpoint","service":"intake","tenant":"{}","seal":8,"root":"{}","target":"messaging::relay"}}"#,
            head(8, 2).tenant,
            head(8, 2).root_hex()
        );
        let text =
            format!("not JSON\n{}\n{logged}\n{{\"message\":\"a seal checkpoint?\"}}\n", line(&head(7, 1)));
        let mut kept = Kept::default();
        assert_eq!(kept.take(Path::new("log"), &text).unwrap(), 2);
        let of = kept.of("intake", head(7, 1).tenant).unwrap();
        assert_eq!(of.iter().map(|(seal, root)| (*seal, root[0])).collect::<Vec<_>>(), [(7, 1), (8, 2)]);
        assert_eq!(kept.tenants("triage").count(), 0);
    }

    /// A tail that was cut and grew again under the same numbers: the later line does not hide the earlier.
    #[test]
    fn two_roots_of_one_seal_are_told() {
        let mut kept = Kept::default();
        let text = [head(7, 1), head(8, 2), head(8, 3), head(9, 4)].map(|head| line(&head)).join("\n");
        assert_eq!(kept.take(Path::new("log"), &text).unwrap(), 4);
        assert_eq!(kept.torn("intake", head(8, 2).tenant), Some(8));
        assert_eq!(kept.torn("triage", head(8, 2).tenant), None);
    }

    #[test]
    fn a_damaged_head_is_told_with_its_line() {
        let text = line(&head(7, 1)).replace("0101", "01");
        let told = Kept::default().take(Path::new("kept"), &text).unwrap_err().to_string();
        assert!(told.contains("kept:1"), "{told}");
    }
}
