//! `streetwise audit`: whether the record is still what was sealed, and heads of chains to hold it against later.
//!
//! Looks, changes nothing. What was kept outside is read from files ([`kept`]); what is wrong with a chain is decided by
//! `messaging::audit`; a fault makes the command fail.

mod export;
mod kept;
mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use contract::topology;
use ids::TenantId;
use messaging::audit::{Fault, Record, Verified};

use crate::cli::{AuditCheckpoint, AuditVerify};
use crate::failure::Failure;
use crate::lasting;
pub use export::{Export, export, gather};
use kept::Kept;
use told::Told;

const VERIFYING: &str = "核验流水 / verifying the record";
const NEXT: &str = "请核对 --admin-url，并先运行同版本的 streetwise migrate / check --admin-url, and run streetwise migrate \
                    of the same version first";

/// One chain that was looked at.
#[derive(Debug)]
pub struct Looked {
    /// Whose journal.
    pub service: &'static str,
    /// Which tenant's.
    pub tenant: TenantId,
    /// What was seen.
    pub seen: Verified,
}

/// `streetwise audit verify`
pub async fn verify(arguments: &AuditVerify) -> Result<(), Failure> {
    let looked = look(arguments).await?;
    let told = Told::of(&looked);
    if arguments.json {
        println!("{}", told.json()?);
    } else {
        print!("{}", told.text());
    }
    if told.faults == 0 { Ok(()) } else { Err(Failure::NotAsSealed(told.faults)) }
}

/// Every chain, one after the other.
pub async fn look(arguments: &AuditVerify) -> Result<Vec<Looked>, Failure> {
    let since_ms = match &arguments.since {
        Some(text) => Some(i64::try_from(lasting::read("--since", text)?.as_millis()).unwrap_or(i64::MAX)),
        None => None,
    };
    let kept = Kept::read(&arguments.checkpoints)?;
    let mut looked = Vec::new();
    for service in chosen(&arguments.services)? {
        match look_at(arguments, service, since_ms, &kept).await {
            Ok(chains) => looked.extend(chains),
            // What was found is told, whatever cannot be looked at.
            Err(error) if looked.iter().any(|looked: &Looked| looked.seen.fault.is_some()) => {
                eprintln!("{}", Failure::world(VERIFYING, NEXT, error));
                break;
            }
            Err(error) => return Err(Failure::world(VERIFYING, NEXT, error)),
        }
    }
    Ok(looked)
}

async fn look_at(
    arguments: &AuditVerify,
    service: &'static str,
    since_ms: Option<i64>,
    kept: &Kept,
) -> Result<Vec<Looked>, pg::Error> {
    let mut record = Record::open(&arguments.admin_url, service, since_ms).await?;
    // Their chains are gone, and so they should be.
    let removed = snapshot::removal::of_schema(&arguments.admin_url, service).await?;
    let mut tenants: BTreeSet<TenantId> = kept.tenants(service).filter(|of| !removed.contains(of)).collect();
    tenants.extend(record.tenants().await?);
    tenants.retain(|tenant| arguments.street.is_none_or(|only| only == *tenant));
    let (none, mut looked) = (BTreeMap::new(), Vec::new());
    for tenant in tenants {
        // Who was onboarded again after a removal has a chain of its own.
        let of_tenant =
            if removed.contains(&tenant) { &none } else { kept.of(service, tenant).unwrap_or(&none) };
        let mut seen = record.verify(tenant, of_tenant).await?;
        if let Some(seal) = kept.torn(service, tenant) {
            seen.fault.get_or_insert(Fault::OtherThanKept { seal });
        }
        looked.push(Looked { service, tenant, seen });
    }
    record.close().await?;
    Ok(looked)
}

/// Services that seal what they say.
fn chosen(names: &[String]) -> Result<Vec<&'static str>, Failure> {
    let known = topology::PUBLISHERS;
    if let Some(stranger) = names.iter().find(|name| !known.contains(&name.as_str())) {
        let services = known.join(", ");
        return Err(Failure::Usage(format!("--service {stranger}：应为其一 / should be one of: {services}")));
    }
    let wanted = |service: &&str| names.is_empty() || names.iter().any(|name| name == service);
    Ok(known.into_iter().filter(wanted).collect())
}

/// `streetwise audit checkpoint`
pub async fn checkpoint(arguments: &AuditCheckpoint) -> Result<(), Failure> {
    let lines = heads(&arguments.admin_url).await.map_err(|error| Failure::world(VERIFYING, NEXT, error))?;
    let Some(file) = &arguments.out else {
        lines.iter().for_each(|line| println!("{line}"));
        return Ok(());
    };
    let appended = || -> std::io::Result<()> {
        let mut out = std::fs::OpenOptions::new().create(true).append(true).open(file)?;
        lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
        out.sync_all()
    };
    let doing = format!("写入 / writing {}", file.display());
    appended()
        .map_err(|error| Failure::world(doing, "请核对路径与权限 / check the path and its rights", error))?;
    println!("✓ {} 条链 / chains", lines.len());
    Ok(())
}

async fn heads(admin_url: &str) -> Result<Vec<String>, pg::Error> {
    let mut lines = Vec::new();
    for service in topology::PUBLISHERS {
        let mut record = Record::open(admin_url, service, None).await?;
        for tenant in record.tenants().await? {
            lines.extend(record.head(tenant).await?.map(|head| kept::line(&head)));
        }
        record.close().await?;
    }
    Ok(lines)
}

/// What a fault is called in Chinese; its own text is English.
pub(crate) fn in_chinese(fault: &Fault) -> &'static str {
    match fault {
        Fault::SealMissing { .. } => "封签缺失",
        Fault::Gap { .. } => "位置不连续",
        Fault::Broken { .. } => "与前一封签不相接",
        Fault::RowMissing { .. } => "流水缺失",
        Fault::RowChanged { .. } => "流水被改动",
        Fault::SealChanged { .. } => "封签与流水不符",
        Fault::OtherThanKept { .. } => "与库外保存的末端不符",
        Fault::CutOff { .. } => "链尾被截去",
        Fault::Unsealed { .. } => "流水未入封签",
        Fault::SealedTwice { .. } => "流水重复入封签",
    }
}
