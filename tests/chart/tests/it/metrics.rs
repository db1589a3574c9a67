use std::collections::{BTreeMap, BTreeSet};

use architecture::source;
use architecture::text::Keep;
use chart::SERVICES;
use chart::instruments::{Kind, OF_OTHERS, OWN, Series, scraped};
use chart::promql::{Asked, Matcher, asked};
use chart::queries::{Query, of_dashboards, of_rules, records};

use crate::none;

/// Given by the scrape, not by us.
const OF_THE_SCRAPE: [&str; 4] = ["job", "pod", "namespace", "instance"];

fn all_queries() -> Vec<Query> {
    let mut queries = of_rules();
    queries.extend(of_dashboards());
    assert!(queries.len() > 80, "queries were not read: {}", queries.len());
    queries
}

struct World {
    scraped: BTreeMap<String, Series>,
    records: Vec<String>,
    /// What code and descriptions have between quotes.
    words: BTreeSet<String>,
}

impl World {
    fn new() -> Self {
        let sources = source::read(&["rs"]);
        let code = sources.iter().map(|source| source.production(Keep::CodeAndStrings));
        let mut words: BTreeSet<String> =
            code.flat_map(|code| chart::strings(&code).map(str::to_owned).collect::<Vec<_>>()).collect();
        words.extend(contract::proto::METHODS.iter().cloned());
        words.extend(SERVICES.map(str::to_owned));
        for file in chart::files("docs/openapi", "json") {
            words.extend(chart::strings(&chart::text(&file)).map(str::to_owned));
        }
        Self { scraped: scraped(), records: records(), words }
    }

    fn faults(&self, query: &Query) -> Vec<String> {
        let asked = asked(&query.text);
        let mut faults = Vec::new();
        if asked.series.is_empty() {
            faults.push("asks for nothing".to_owned());
        }
        for (name, matchers) in &asked.series {
            match self.scraped.get(name) {
                Some(series) => {
                    faults.extend(matchers.iter().filter_map(|matcher| self.wrong(name, series, matcher)))
                }
                None if self.records.contains(name) || OF_OTHERS.iter().any(|(other, _)| other == name) => {}
                None => faults.push(format!("{name} is exported by nobody")),
            }
        }
        faults.extend(self.ungrouped(&asked));
        faults.into_iter().map(|fault| format!("{}: {fault}", query.place)).collect()
    }

    fn wrong(&self, name: &str, series: &Series, matcher: &Matcher) -> Option<String> {
        let Matcher { label, operator, value } = matcher;
        if !series.labels.contains(label) && !OF_THE_SCRAPE.contains(&label.as_str()) {
            return Some(format!("{name} has no label {label}"));
        }
        if label == "le" {
            // Prometheus 3 stores `1` as `1.0`: a bound that is a whole number is asked for by both spellings.
            let bound = value.strip_suffix("([.]0)?").unwrap_or(value);
            let whole = !bound.contains('.') && bound != "+Inf";
            if whole != (bound != value) {
                return Some(format!(
                    "{name}: a whole bound is asked for as le=~\"{bound}([.]0)?\", another plainly"
                ));
            }
            return (!series.bounds.contains(bound)).then(|| format!("{name} has no bucket {bound}"));
        }
        let exact = ["=", "!="].contains(&operator.as_str());
        let values: Vec<&str> = if exact { vec![value] } else { value.split('|').collect() };
        let status = label == "http_response_status_code";
        let known = |value: &&str| {
            let number = status && value.len() == 3 && value.starts_with(['2', '4', '5']);
            number || self.words.contains(*value)
        };
        let unknown = values.iter().find(|value| !known(value));
        unknown.map(|value| format!("{name}: no {label} is ever {value}"))
    }

    /// A label by which it groups is one that something in the query has. Others' series may have any.
    fn ungrouped(&self, asked: &Asked) -> Vec<String> {
        let ours = |name: &String| self.scraped.contains_key(name);
        if !asked.series.iter().all(|(name, _)| ours(name)) {
            return Vec::new();
        }
        let has = |label: &&String| {
            OF_THE_SCRAPE.contains(&label.as_str())
                || asked.series.iter().any(|(name, _)| self.scraped[name].labels.contains(*label))
        };
        asked
            .grouped
            .iter()
            .filter(|label| !has(label))
            .map(|label| format!("nothing has a label {label}"))
            .collect()
    }
}

#[test]
fn every_query_asks_for_what_is_exported() {
    let world = World::new();
    none(all_queries().iter().flat_map(|query| world.faults(query)).collect());
}

#[test]
fn a_query_for_what_is_not_exported_is_named() {
    let world = World::new();
    let faults =
        |text: &str| world.faults(&Query { place: "made up".to_owned(), text: text.to_owned() }).len();
    assert_eq!(faults("rate(intake_reports_accepted_total{lane=\"urgent\",job=\"intake\"}[5m])"), 0);
    assert_eq!(faults("intake_reports_accepted"), 1, "a counter has its suffix");
    assert_eq!(faults("rate(intake_reports_accepted_total{street=\"x\"}[5m])"), 1);
    assert_eq!(faults("rate(intake_reports_accepted_total{lane=\"whenever\"}[5m])"), 1);
    assert_eq!(faults("wakeups_lateness_seconds_bucket{le=~\"1([.]0)?\"}"), 0);
    assert_eq!(faults("wakeups_lateness_seconds_bucket{le=\"1\"}"), 1, "silent in Prometheus 3");
    assert_eq!(faults("wakeups_lateness_seconds_bucket{le=\"0.5\"}"), 0);
    assert_eq!(faults("wakeups_lateness_seconds_bucket{le=~\"3([.]0)?\"}"), 1);
    assert_eq!(faults("sum by (street) (intake_outbox_rows)"), 1);
    assert_eq!(faults("outbox_age_seconds > 60"), 1);
    assert_eq!(faults("vector(1)"), 1);
}

/// What is measured and shown nowhere is measured for nobody.
#[test]
fn every_instrument_is_on_a_dashboard() {
    let shown: BTreeSet<String> =
        of_dashboards().iter().flat_map(|query| asked(&query.text).series).map(|(name, _)| name).collect();
    let families = |name: &str| {
        let suffixes = ["_bucket", "_sum", "_count"];
        suffixes.iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name).to_owned()
    };
    let shown: BTreeSet<String> = shown.iter().map(|name| families(name)).collect();
    let all: BTreeSet<String> =
        scraped().keys().map(|name| families(name)).filter(|name| name != "target_info").collect();
    none(all.difference(&shown).map(|name| format!("{name} is on no dashboard")).collect());
}

/// The declared instruments are the ones in the code: name, unit and labels stand in the file, and there are as many of each kind.
#[test]
fn own_instruments_are_those_of_the_code() {
    let files: BTreeSet<&str> = OWN.iter().map(|own| own.file).collect();
    for file in files {
        let code = source::Source::made_up(file, &chart::text(file)).production(Keep::CodeAndStrings);
        let words: BTreeSet<&str> = chart::strings(&code).collect();
        let here: Vec<_> = OWN.iter().filter(|own| own.file == file).collect();
        for own in &here {
            assert!(words.contains(own.name), "{file} makes no {}", own.name);
            assert!(words.contains(own.unit), "{file} has no unit {}", own.unit);
            none(
                own.labels
                    .iter()
                    .filter(|label| !words.contains(*label))
                    .map(|l| format!("{file}: {l}"))
                    .collect(),
            );
        }
        let marks = [
            (Kind::Counter, ": Counter<"),
            (Kind::Gauge, ": Gauge<"),
            (Kind::Histogram, ": Histogram<"),
            (Kind::Observed, ".observed("),
            (Kind::Level, ".level("),
            (Kind::Tally, ".tally("),
            (Kind::OfTenants, ".tenant_counter("),
        ];
        for (kind, mark) in marks {
            let declared = here.iter().filter(|own| own.kind == kind).count();
            assert_eq!(code.matches(mark).count(), declared, "{file}: {kind:?}");
        }
    }
}

/// No file outside of these makes an instrument.
#[test]
fn no_instrument_is_forgotten() {
    let makes = [
        ".counter(",
        ".gauge(",
        ".histogram(",
        ".raw_histogram(",
        ".observed(",
        ".level(",
        ".tally(",
        ".tenant_counter(",
    ];
    let known =
        |path: &str| path.starts_with("crates/telemetry/src/") || OWN.iter().any(|own| own.file == path);
    let sources = source::read(&["rs"]);
    let forgotten = sources.iter().filter(|source| {
        let code = source.production(Keep::Code);
        makes.iter().any(|make| code.contains(make)) && !known(&source.path)
    });
    none(
        forgotten
            .map(|source| format!("{} makes an instrument: declare it in chart::instruments", source.path))
            .collect(),
    );
}

#[test]
fn others_are_asked_for() {
    let series: BTreeSet<String> =
        all_queries().iter().flat_map(|query| asked(&query.text).series).map(|(name, _)| name).collect();
    let idle = OF_OTHERS.iter().filter(|(name, _)| !series.contains(*name));
    none(idle.map(|(name, _)| format!("{name} is asked for nowhere: strike it")).collect());
}

#[test]
fn series_are_read_out_of_queries() {
    let names =
        |text: &str| -> Vec<String> { asked(text).series.into_iter().map(|(name, _)| name).collect() };
    assert_eq!(
        names("sum by (a, b) (rate(x_total{c=\"d{\"}[5m])) / on (a) group_left y > 0.5"),
        ["x_total", "y"]
    );
    assert_eq!(
        names("label_replace(absent(up{job=\"a\"} == 1), \"job\", \"b\", \"\", \"\") or z offset 5m"),
        ["up", "z"]
    );
    assert_eq!(
        names("histogram_quantile(0.99, sum(rate(h_bucket[1h])) by (le)) unless on () w"),
        ["h_bucket", "w"]
    );
    let matchers = asked("x{a=\"1\",b!~\"2|3\"}").series.remove(0).1;
    let told: Vec<String> =
        matchers.iter().map(|m| format!("{} {} {}", m.label, m.operator, m.value)).collect();
    assert_eq!(told, ["a = 1", "b !~ 2|3"]);
}
