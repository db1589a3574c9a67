//! I8: all attempts of a delivery share id and bytes, and verify with the endpoint's own secret.

use std::collections::BTreeMap;

use anyhow::Result;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use testkit::sink::{Signature, verify};

use super::Violation;
use crate::cluster::Cluster;
use crate::streets::DISTRICT;

pub(super) fn check(cluster: &Cluster) -> Result<Vec<Violation>> {
    let secrets = secrets(cluster)?;
    let mut bodies: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut broken = Vec::new();
    for received in cluster.sink.received() {
        let id = received.webhook_id().to_owned();
        let known = secrets.get(&received.path).cloned().unwrap_or_default();
        if verify(&known, &received.headers, &received.body) != Signature::Valid {
            let found = format!("delivery {id} to {} does not verify", received.path);
            broken.push(Violation { invariant: "I8", found });
        }
        let first = bodies.entry(id.clone()).or_insert_with(|| received.body.to_vec());
        if *first != received.body {
            broken.push(Violation { invariant: "I8", found: format!("attempts of delivery {id} differ") });
        }
    }
    broken.truncate(10);
    Ok(broken)
}

/// The secrets notification dropped for development, by the sink's path.
fn secrets(cluster: &Cluster) -> Result<BTreeMap<String, Vec<Vec<u8>>>> {
    let mut secrets: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    for entry in std::fs::read_dir(cluster.folder.path().join("secrets"))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some((tenant, key)) = name.split_once("__") else { continue };
        let path =
            if tenant == DISTRICT { format!("/hooks/{key}") } else { format!("/hooks/{key}@{tenant}") };
        let text = std::fs::read_to_string(entry.path())?;
        let secret = STANDARD.decode(text.trim().trim_start_matches("whsec_"))?;
        secrets.entry(path).or_default().push(secret);
    }
    Ok(secrets)
}
