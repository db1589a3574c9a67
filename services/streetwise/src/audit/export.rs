//! `streetwise audit export`: a case as it is on the record of every service, with the seals that prove it.
//!
//! The file is checked by `scripts/check_case_export.py`, which needs nothing of ours.

use console::of_case::{OfCase, look};
use contract::topology;
use ids::TenantId;
use messaging::audit::{Proof, Record};
use serde::Serialize;

use super::{NEXT, VERIFYING};
use crate::cli::AuditExport;
use crate::failure::Failure;
use crate::whole_file;

/// What stands in the file; `format` changes when its meaning does.
#[derive(Debug, Serialize)]
pub struct Export {
    format: &'static str,
    street: String,
    case_id: String,
    case_no: String,
    /// One for each service that has said something of the case.
    pub proofs: Vec<Proof>,
}

const FORMAT: &str = "streetwise-case-export/1";

/// Runs the command.
pub async fn export(arguments: &AuditExport) -> Result<(), Failure> {
    let export = gather(arguments).await?;
    let rows: usize = export.proofs.iter().map(|proof| proof.rows.len()).sum();
    let seals: usize = export.proofs.iter().map(|proof| proof.seals.len()).sum();
    let json = serde_json::to_vec(&export).map_err(|error| Failure::world(VERIFYING, NEXT, error))?;
    let file = &arguments.out;
    let doing = || format!("写入 / writing {}", file.display());
    // Residents' words and places are in it.
    whole_file::write(file, 0o600, &json).map_err(|error| {
        Failure::world(doing(), "请核对路径与权限 / check the path and its rights", error)
    })?;
    println!("✓ {}：{rows} 条流水 / rows，{seals} 个封签 / seals → {}", export.case_no, file.display());
    println!("  核对 / check: scripts/check_case_export.py {} 库外末端/CHECKPOINTS", file.display());
    Ok(())
}

/// What the file will hold.
pub async fn gather(arguments: &AuditExport) -> Result<Export, Failure> {
    let AuditExport { admin_url, street, case, .. } = arguments;
    let failed = |error| Failure::world(VERIFYING, NEXT, error);
    let found = look(admin_url, *street, case).await.map_err(failed)?;
    let Some(of_case) = found else {
        let told = "本街道没有这个案件 / this street has no such case";
        return Err(Failure::Usage(format!("--case {case}：{told}")));
    };
    let proofs = proofs(admin_url, *street, &of_case).await.map_err(failed)?;
    let proven: usize = proofs.iter().map(|proof| proof.rows.len()).sum();
    if proven < of_case.events.len() {
        // The directory's documents are no events of a case, so everything that was heard has to be somewhere.
        let missing = of_case.events.len() - proven;
        let told = "条事件不在流水中，或尚未入封签 / events are in no journal, or not sealed yet: try again in a second, \
                    then run streetwise audit verify";
        return Err(Failure::Usage(format!("{missing} {told}")));
    }
    Ok(Export {
        format: FORMAT,
        street: street.to_string(),
        case_id: of_case.case_id.to_string(),
        case_no: of_case.case_no.unwrap_or_else(|| case.clone()),
        proofs,
    })
}

async fn proofs(admin_url: &str, street: TenantId, of_case: &OfCase) -> Result<Vec<Proof>, pg::Error> {
    let mut proofs = Vec::new();
    for service in topology::PUBLISHERS {
        let mut record = Record::open(admin_url, service, None).await?;
        proofs.extend(record.proof(street, &of_case.events).await?);
        record.close().await?;
    }
    Ok(proofs)
}
