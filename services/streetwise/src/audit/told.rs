//! What was seen, as a table or as JSON: one row a service, one a fault.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Looked, in_chinese};
use crate::failure::Failure;
use crate::table;

/// The sum of a look.
#[derive(Debug, Serialize)]
pub(super) struct Told {
    /// Chains that are not as they were sealed.
    pub faults: usize,
    services: Vec<OfService>,
    found: Vec<Found>,
}

#[derive(Debug, Default, Serialize)]
struct OfService {
    service: &'static str,
    chains: usize,
    seals: u64,
    rows: u64,
    faults: usize,
}

#[derive(Debug, Serialize)]
struct Found {
    service: &'static str,
    tenant: String,
    fault_zh: &'static str,
    fault: String,
}

impl Told {
    pub(super) fn of(looked: &[Looked]) -> Self {
        let mut services: BTreeMap<&'static str, OfService> = BTreeMap::new();
        let mut found = Vec::new();
        for Looked { service, tenant, seen } in looked {
            let of = services.entry(service).or_insert_with(|| OfService { service, ..OfService::default() });
            of.chains += 1;
            of.seals += seen.seals;
            of.rows += seen.rows;
            if let Some(fault) = &seen.fault {
                of.faults += 1;
                let (tenant, fault_zh) = (tenant.to_string(), in_chinese(fault));
                found.push(Found { service, tenant, fault_zh, fault: fault.to_string() });
            }
        }
        Self { faults: found.len(), services: services.into_values().collect(), found }
    }

    pub(super) fn json(&self) -> Result<String, Failure> {
        serde_json::to_string_pretty(self).map_err(|error| Failure::world("输出 / printing", "", error))
    }

    pub(super) fn text(&self) -> String {
        let rows: Vec<Vec<String>> = self.services.iter().map(row).collect();
        let head = ["", "服务 service", "链 chains", "封签 seals", "流水 rows", "不符 faults"];
        if rows.is_empty() {
            return "没有链：尚无封签，或所选范围内没有流水 / no chains: nothing was sealed yet, or nothing in what was asked for\n"
                .to_owned();
        }
        let mut text = table::render(&head, &rows);
        for found in &self.found {
            text.push_str(&format!(
                "✗ {} {}: {}：{}\n",
                found.service, found.tenant, found.fault_zh, found.fault
            ));
        }
        text
    }
}

fn row(of: &OfService) -> Vec<String> {
    let mark = if of.faults == 0 { "✓" } else { "✗" };
    let numbers = [of.chains.to_string(), of.seals.to_string(), of.rows.to_string(), of.faults.to_string()];
    [mark.to_owned(), of.service.to_owned()].into_iter().chain(numbers).collect()
}

#[cfg(test)]
mod tests {
    use ids::TenantId;
    use messaging::audit::{Fault, Verified};

    use super::*;

    #[test]
    fn a_fault_is_told_in_both_languages_and_no_chains_are_said() {
        assert!(Told::of(&[]).text().starts_with("没有链"));
        let looked = |n: i64, fault| Looked {
            service: "intake",
            tenant: TenantId::from_i64(990_102_000_000 + n * 1_000).unwrap(),
            seen: Verified { head: None, seals: 2, rows: 7, fault },
        };
        let told = Told::of(&[looked(1, None), looked(2, Some(Fault::Broken { seal: 2 }))]);
        let text = told.text();
        assert_eq!(told.faults, 1);
        assert!(text.contains("✗  intake"), "{text}");
        assert!(text.contains("与前一封签不相接：seal 2 does not continue the seal before it"), "{text}");
        let json: serde_json::Value = serde_json::from_str(&told.json().unwrap()).unwrap();
        assert_eq!(json["services"][0]["rows"], 14);
    }
}
