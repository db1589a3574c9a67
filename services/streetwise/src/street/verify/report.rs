//! The conformance report: what was tried, what held, and each thing that did not, with what was expected.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;
use uuid::Uuid;

use super::super::answers::safe;
use super::{Documents, Drill, Expected, Outcome};
use crate::table;

/// Failures told in the table; all are in the JSON.
const TOLD_MAX: usize = 20;

/// What was tried and what held.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The street's code.
    pub street: String,
    /// The generation that was verified.
    pub generation: u64,
    /// What turned the items against the places.
    pub seed: u64,
    /// Whether everything came as the documents say.
    pub conforms: bool,
    /// Drills filed.
    pub drills: usize,
    /// Drills of which something did not hold.
    pub failed: usize,
    /// From the first request to the last answer.
    pub took_ms: u64,
    /// By layer of the territory: features of which at least one drill held.
    pub layers: Vec<Tried>,
    /// By class of the item list: items that held.
    pub classes: Vec<Tried>,
    /// Bodies that got an order where they were to.
    pub bodies: Vec<Tried>,
    /// Each thing that did not hold.
    pub failures: Vec<Fault>,
    /// Drills whose cases are not called off: their clocks run on.
    pub left_open: u32,
}

/// One thing that was tried.
#[derive(Debug, Clone, Serialize)]
pub struct Tried {
    /// Layer, class or body.
    pub name: String,
    /// How many.
    pub tried: usize,
    /// How many held.
    pub held: usize,
}

/// Something that did not hold.
#[derive(Debug, Clone, Serialize)]
pub struct Fault {
    /// The drill's report.
    pub report_id: Uuid,
    /// Its item.
    pub item: String,
    /// `place`, `lead`, `assists`, `informs`, `stages`, `notices`, `generation` or `review`.
    pub what: &'static str,
    /// What the documents say.
    pub expected: String,
    /// What came.
    pub found: String,
    /// What to look at.
    pub hint: &'static str,
}

impl Report {
    /// Holds what came against what was to come.
    pub fn of(
        documents: &Documents,
        seed: u64,
        drills: &[Drill],
        outcomes: &[Outcome],
        took: Duration,
    ) -> Self {
        let pairs = || drills.iter().zip(outcomes);
        let failures: Vec<Fault> =
            pairs().flat_map(|(drill, outcome)| faults(documents.generation, drill, outcome)).collect();
        let failed: BTreeSet<Uuid> = failures.iter().map(|fault| fault.report_id).collect();
        let held = |outcome: &Outcome| !failed.contains(&outcome.report_id);
        let mut layers: BTreeMap<&str, BTreeMap<&str, bool>> = BTreeMap::new();
        let today = documents.territory.on(documents.day);
        for (layer, features) in &today.layers {
            let none = features.features.iter().map(|feature| (feature.code.as_str(), false));
            layers.insert(layer, none.collect());
        }
        let (mut classes, mut bodies) = (BTreeMap::new(), BTreeMap::new());
        for (drill, outcome) in pairs() {
            for (layer, code) in &drill.features {
                let feature =
                    layers.get_mut(layer.as_str()).and_then(|features| features.get_mut(code.as_str()));
                feature.into_iter().for_each(|seen| *seen |= held(outcome));
            }
            count(&mut classes, &drill.class, held(outcome));
            let found = outcome.found.roles();
            for (body, role) in drill.expected.roles() {
                count(&mut bodies, body, found.get(body) == Some(&role));
            }
        }
        let layers = layers.into_iter().map(|(name, features)| Tried {
            name: name.to_owned(),
            tried: features.len(),
            held: features.values().filter(|held| **held).count(),
        });
        let layers: Vec<Tried> = layers.collect();
        let reached = layers.iter().all(|layer| layer.held == layer.tried);
        Self {
            street: documents.street.code.to_string(),
            generation: documents.generation,
            seed,
            conforms: failures.is_empty() && reached && !drills.is_empty(),
            drills: drills.len(),
            failed: failed.len(),
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            layers,
            classes: tried(classes),
            bodies: tried(bodies),
            failures,
            left_open: outcomes.iter().map(|outcome| outcome.left_open).sum(),
        }
    }

    /// For people.
    pub fn told(&self) -> String {
        let Self { street, generation, seed, drills, failed, took_ms, .. } = self;
        let mut text = format!(
            "街道 street {}  第 {generation} 代 generation {generation}  演练 {drills} 件 drills  种子 seed {seed}  用时 took {:.1} s\n",
            safe(street),
            *took_ms as f64 / 1_000.0
        );
        let rows = [
            ("图层 layer", &self.layers),
            ("事项类别 item class", &self.classes),
            ("单位 body", &self.bodies),
        ];
        let row = |kind: &str, tried: &Tried| {
            let sign = if tried.held == tried.tried { "✓" } else { "✗" };
            vec![
                kind.to_owned(),
                safe(&tried.name),
                format!("{}/{}", tried.held, tried.tried),
                sign.to_owned(),
            ]
        };
        let rows: Vec<Vec<String>> =
            rows.iter().flat_map(|(kind, list)| list.iter().map(|tried| row(kind, tried))).collect();
        text.push_str(&table::render(&["类型 kind", "名称 name", "符合 held", ""], &rows));
        for fault in self.failures.iter().take(TOLD_MAX) {
            text.push_str(&line(fault));
        }
        if self.failures.len() > TOLD_MAX {
            let more = self.failures.len() - TOLD_MAX;
            let _infallible = writeln!(text, "… 另有 {more} 处，见 --json / and {more} more, see --json");
        }
        if self.left_open > 0 {
            let open = self.left_open;
            let _infallible = writeln!(
                text,
                "! {open} 件演练未结束，其时钟仍在走；给出 --dispatch-url 即可结束 / {open} drills are still open and their clocks run; --dispatch-url ends them"
            );
        }
        text.push_str(&match self.conforms {
            true => "✓ 符合 conforms\n".to_owned(),
            false => format!("✗ 不符合：{failed} 件 / does not conform: {failed} drills\n"),
        });
        text
    }
}

fn count<'a>(counts: &mut BTreeMap<&'a str, (usize, usize)>, name: &'a str, held: bool) {
    let (tried, good) = counts.entry(name).or_default();
    *tried += 1;
    *good += usize::from(held);
}

fn tried(counts: BTreeMap<&str, (usize, usize)>) -> Vec<Tried> {
    let one = |(name, (tried, held)): (&str, (usize, usize))| Tried { name: name.to_owned(), tried, held };
    counts.into_iter().map(one).collect()
}

fn line(fault: &Fault) -> String {
    let Fault { item, what, expected, found, hint, .. } = fault;
    format!(
        "  ✗ {item} {what}: 应为 expected {} ，实为 found {}\n      → {hint}\n",
        safe(expected),
        safe(found)
    )
}

pub(super) fn faults(generation: u64, drill: &Drill, outcome: &Outcome) -> Vec<Fault> {
    let (expected, found) = (&drill.expected, &outcome.found);
    let mut faults = Vec::new();
    let mut fault = |what, expected: String, found: String, hint| {
        if expected != found {
            let item = drill.item.clone();
            faults.push(Fault { report_id: outcome.report_id, item, what, expected, found, hint });
        }
    };
    if let Some(reason) = &outcome.review {
        fault("review", String::new(), reason.clone(), REVIEW);
        return faults;
    }
    if outcome.generation != Some(generation) {
        let found =
            outcome.generation.map_or_else(|| "尚未派单 not planned".to_owned(), |found| found.to_string());
        fault("generation", generation.to_string(), found, GENERATION);
        return faults;
    }
    let place = |lies_in: &Option<String>| lies_in.clone().unwrap_or_else(|| "—".to_owned());
    fault("place", place(&expected.lies_in), place(&found.lies_in), PLACE);
    fault("lead", expected.lead.clone(), found.lead.clone(), BODIES);
    fault("assists", listed(&expected.assists), listed(&found.assists), BODIES);
    fault("informs", listed(&expected.informs), listed(&found.informs), BODIES);
    fault("stages", stages_to_come(expected), stages_found(expected, outcome), STAGES);
    fault("notices", notices(expected), notices(found), NOTICES);
    faults
}

const REVIEW: &str =
    "转入人工研判：事项或地点未能确定 / it waits for a person: item or place could not be decided";
const GENERATION: &str = "研判尚未使用该代文件，或积压：streetwise parked list，稍后重试 / triage does not work with that generation yet, or has a backlog; look at parked messages and try again";
const PLACE: &str = "核对 spec.territory 的图层与坐标系 / check the layers and the datum of spec.territory";
const BODIES: &str = "核对责任清单与单位：研判 explanation 说明原因 / check the responsibility list and the bodies; triage's explanation says why";
const STAGES: &str = "核对事项的时限方案 / check the item's policy";
const NOTICES: &str = "核对通道及其 drills；投递详情见通知服务 / check the endpoint, its `drills`, and the deliveries at notification";

fn listed(bodies: &BTreeSet<String>) -> String {
    bodies.iter().cloned().collect::<Vec<_>>().join(", ")
}

/// Of the lead and of each assistant: they have the same limits (D47).
fn stages_to_come(expected: &Expected) -> String {
    let working = std::iter::once(&expected.lead).chain(&expected.assists);
    let stages = listed(&expected.stages);
    working
        .map(|body| format!("{body}: {stages}"))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect::<Vec<_>>()
        .join("; ")
}

fn stages_found(expected: &Expected, outcome: &Outcome) -> String {
    let working = std::iter::once(&expected.lead).chain(&expected.assists);
    let of = |body: &String| outcome.stages.get(body).map(listed).unwrap_or_default();
    working
        .map(|body| format!("{body}: {}", of(body)))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect::<Vec<_>>()
        .join("; ")
}

fn notices(of: &Expected) -> String {
    let notices = of.notices.iter().map(|(body, verdicts)| format!("{body}: {}", verdicts.join(" ")));
    notices.collect::<Vec<_>>().join("; ")
}
