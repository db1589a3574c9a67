use std::collections::BTreeSet;
use std::fs;

use architecture::chart::metrics::{self, asked};
use architecture::chart::{flags, known, of_all, of_service, required, seconds, section, values_of, words};
use architecture::source::{self, Source};

use crate::none;

const SERVICES: [&str; 6] = ["console", "directory", "dispatch", "intake", "notification", "triage"];

fn chart(file: &str) -> String {
    let path = source::root().join("charts/streetwise").join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn read(path: &str) -> String {
    fs::read_to_string(source::root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every file of a folder of the chart, so that one that is added is looked at as well.
fn folder(name: &str) -> Vec<(String, String)> {
    let path = source::root().join("charts/streetwise").join(name);
    let entries = fs::read_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let files = entries.flatten().filter(|entry| entry.path().is_file());
    let name = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    files.map(|entry| (name(&entry), fs::read_to_string(entry.path()).expect("a text"))).collect()
}

fn one_text(files: &[(String, String)]) -> String {
    files.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("\n")
}

fn missing(of: &BTreeSet<String>, from: &BTreeSet<String>, what: &str) -> Vec<String> {
    of.difference(from).map(|word| format!("{word}: {what}")).collect()
}

#[test]
fn variables_are_set_where_these_rules_look() {
    let looked_at = ["services.yaml", "jobs.yaml"];
    let (seen, others): (Vec<_>, Vec<_>) =
        folder("templates").into_iter().partition(|(name, _)| looked_at.contains(&name.as_str()));
    assert_eq!(seen.len(), looked_at.len());
    none(words(&one_text(&others), "STREETWISE_").into_iter().collect());
}

#[test]
fn every_variable_a_service_is_given_is_one_it_reads() {
    let (sources, template, values) =
        (source::read(&["rs"]), chart("templates/services.yaml"), chart("values.yaml"));
    for prefix in ["STREETWISE_", "OTEL_"] {
        let given = words(&format!("{template}\n{}", of_all(&values)), prefix);
        assert!(!given.is_empty(), "no variable {prefix} was found in the template");
        for service in SERVICES {
            let own = words(&section(&values, service), prefix);
            let read = known(&of_service(&sources, service), prefix);
            none(missing(
                &given.union(&own).cloned().collect(),
                &read,
                &format!("{service} does not read it"),
            ));
        }
    }
}

#[test]
fn every_variable_of_an_example_is_one_that_some_service_reads() {
    let sources = source::read(&["rs"]);
    let read = known(&sources.iter().collect::<Vec<_>>(), "STREETWISE_");
    let examples = one_text(&folder("examples"));
    none(missing(&words(&examples, "STREETWISE_"), &read, "no service reads it"));
}

#[test]
fn every_variable_a_service_requires_is_given() {
    let (sources, template, values) =
        (source::read(&["rs"]), chart("templates/services.yaml"), chart("values.yaml"));
    let mut all = BTreeSet::new();
    for service in SERVICES {
        let needed = required(&of_service(&sources, service));
        let shared = format!("{template}\n{}\n", of_all(&values));
        let given = words(&(shared + &section(&values, service)), "STREETWISE_");
        none(missing(&needed, &given, &format!("{service} requires it and the chart does not set it")));
        all.extend(needed);
    }
    for known in ["STREETWISE_DATABASE_URL", "STREETWISE_INTAKE_SECRET_FILE", "STREETWISE_SEAL_KEY_FILE"] {
        assert!(
            all.contains(known),
            "{known} was not found to be required: the rule looks at nothing; {all:?}"
        );
    }
}

#[test]
fn jobs_speak_the_command_lines_language() {
    let sources = source::read(&["rs"]);
    let own: Vec<&Source> =
        sources.iter().filter(|source| source.path.starts_with("services/streetwise/src/cli")).collect();
    let jobs = chart("templates/jobs.yaml");
    none(missing(&words(&jobs, "STREETWISE_"), &known(&own, "STREETWISE_"), "streetwise does not read it"));
    let text: String = own.iter().map(|source| source.text.as_str()).collect();
    let flags = flags(&jobs);
    assert!(flags.contains("directory-url"), "{flags:?}");
    let field = |flag: &String| text.contains(&format!("pub {}:", flag.replace('-', "_")));
    none(flags.iter().filter(|flag| !field(flag)).map(|flag| format!("--{flag} is no flag")).collect());
    for command in ["Migrate(", "Provision(", "Apply("] {
        assert!(text.contains(command), "{command} is no command");
        let word = command.trim_end_matches('(').to_lowercase();
        assert!(jobs.contains(&format!("list \"{word}\"")), "no job runs {word}");
    }
}

#[test]
fn every_path_that_is_asked_is_served() {
    let health = read("crates/bootstrap/src/health.rs");
    let text = one_text(&folder("templates"));
    let asked: BTreeSet<&str> =
        values_of(&text, "path").into_iter().filter(|path| path.starts_with('/')).collect();
    assert_eq!(asked, ["/livez", "/metrics", "/readyz"].into());
    none(
        asked
            .iter()
            .filter(|path| !health.contains(&format!(".route(\"{path}\"")))
            .map(ToString::to_string)
            .collect(),
    );
}

#[test]
fn every_port_that_is_named_is_declared() {
    let text = one_text(&folder("templates")) + &chart("values.yaml");
    let declared: BTreeSet<&str> = text
        .lines()
        .filter(|line| line.contains("containerPort: "))
        .flat_map(|line| values_of(line, "name"))
        .collect();
    assert_eq!(declared, ["grpc", "http"].into());
    let named = ["port", "targetPort"].into_iter().flat_map(|key| values_of(&text, key));
    let words = named.filter(|port| port.starts_with(|c: char| c.is_ascii_lowercase()));
    none(
        words
            .filter(|port| !declared.contains(port))
            .map(|port| format!("port {port} is not declared"))
            .collect(),
    );
}

#[test]
fn a_pod_is_given_the_time_a_process_needs_to_end() {
    let (shutdown, process) =
        (read("crates/bootstrap/src/shutdown.rs"), read("crates/bootstrap/src/process.rs"));
    let phase = |code: &str, name| seconds(code, name).unwrap_or_else(|| panic!("{name} was not found"));
    let shutting = ["leave_for", "drain_within", "CUT_WITHIN"].map(|name| phase(&shutdown, name));
    let closing = ["CLOSE_WITHIN", "FLUSH_WITHIN"].map(|name| phase(&process, name));
    let needed: u64 = shutting.iter().chain(&closing).sum();
    let template = chart("templates/services.yaml");
    let given: u64 = values_of(&template, "terminationGracePeriodSeconds")[0].parse().expect("a number");
    assert!(given > needed, "the pod is killed after {given} s, the process may need {needed} s");
    assert!(
        !template.contains("lifecycle:"),
        "the process itself waits after SIGTERM: with a preStop it waits twice"
    );
}

#[test]
fn the_connection_budget_counts_what_a_process_opens() {
    let number = |code: &str| -> u32 {
        let rest = code.split("connections_max: ").find_map(|rest| {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().ok()
        });
        rest.expect("a pool says how many connections it holds")
    };
    let pool = number(&read("crates/pg/src/pool.rs"));
    let relay = number(&read("crates/bootstrap/src/assemble.rs"));
    let pulse = 1;
    assert!(chart("templates/_budget.tpl").contains(&format!("$perProcess := {}", pool + relay + pulse)));
    let connections = format!("{{db_client_connection_state=\"used\"}}) >= {pool}\n");
    assert!(
        chart("rules/streetwise.yaml").contains(&connections),
        "the alert takes a pool for full at another number"
    );
}

#[test]
fn every_metric_and_label_of_an_alert_is_exported() {
    let sources = source::read(&["rs"]);
    let mut exported = metrics::exported(&sources);
    assert!(exported.len() > 30, "the instruments were not read: {exported:?}");
    let rules = chart("rules/streetwise.yaml");
    exported.extend(values_of(&rules, "record").into_iter().map(str::to_owned));
    let asked = asked(&rules);
    assert!(asked.series.len() > 10, "the alerts were not read: {asked:?}");
    none(missing(&asked.series, &exported, "no service exports it"));
    none(missing(&asked.labels, &metrics::labels(&sources), "no instrument has this label"));
}

#[test]
fn every_instrument_that_is_described_is_found() {
    let exported = metrics::exported(&source::read(&["rs"]));
    let described = read("docs/telemetry.md");
    let table = described.split("## Instruments").nth(1).expect("the table");
    let names = table.split('`').skip(1).step_by(2).filter(|name| name.contains('.') && !name.contains('{'));
    let found = |name: &&str| exported.iter().any(|series| series.starts_with(&name.replace('.', "_")));
    none(
        names.filter(|name| !found(name)).map(|name| format!("{name} is described and not found")).collect(),
    );
}

#[test]
fn every_alert_has_a_page_a_line_and_a_test() {
    let (rules, index) = (chart("rules/streetwise.yaml"), read("docs/runbooks/README.md"));
    let tests = one_text(&folder("rules/tests"));
    let (alerts, pages) = (values_of(&rules, "alert"), values_of(&rules, "runbook"));
    assert!(alerts.len() > 10 && alerts.len() == pages.len(), "{alerts:?} {pages:?}");
    for (alert, page) in alerts.iter().zip(pages) {
        assert!(read(page).contains(alert), "{page} does not speak of {alert}");
        assert!(index.contains(&format!("`{alert}`")), "docs/runbooks/README.md does not list {alert}");
        for state in ["fires", "is silent"] {
            assert!(tests.contains(&format!("name: {alert} {state}")), "no test shows that {alert} {state}");
        }
    }
}

#[test]
fn every_key_of_a_secret_is_explained() {
    let (guide, jobs) = (read("docs/operations/install.md"), chart("templates/jobs.yaml"));
    let text = one_text(&folder("templates")) + &chart("values.yaml");
    let referred = values_of(&text, "key").into_iter().filter(|key| !key.starts_with('{'));
    let mounted = text.lines().filter(|line| line.trim_start().starts_with("STREETWISE_"));
    let mounted = mounted.flat_map(|line| values_of(line, "_FILE"));
    let of_jobs = jobs.split("(dict \"STREETWISE_").skip(1).filter_map(|rest| rest.split('"').nth(2));
    let keys: BTreeSet<&str> = referred.chain(mounted).chain(of_jobs).collect();
    for known in ["database-url", "redis-url", "seal-key", "admin-url", "token"] {
        assert!(keys.contains(known), "{known} was not found: {keys:?}");
    }
    let unknown = keys.iter().filter(|key| !guide.contains(&format!("`{key}`")));
    none(unknown.map(|key| format!("docs/operations/install.md does not say what {key} holds")).collect());
}

#[test]
fn what_must_be_set_is_found_in_code() {
    let check = |text: &str| required(&[&Source::made_up("services/intake/src/config.rs", text)]);
    let wanted = |names: &[&str]| names.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    assert_eq!(
        check("fn f() { env.required(\"STREETWISE_A\")?; env.get(\"STREETWISE_B\") }"),
        wanted(&["STREETWISE_A"])
    );
    let through = "const C: &str = \"STREETWISE_C\"; fn f() { file(env, C) } fn file(env: &Env, name: &str) { env.required(name) }";
    assert_eq!(check(through), wanted(&["STREETWISE_C"]));
    let said = "fn f() { const NAME: &str = \"STREETWISE_D\"; Err(ConfigError::Missing(NAME)) }";
    assert_eq!(check(said), wanted(&["STREETWISE_D"]));
    assert_eq!(check("#[cfg(test)] mod tests { fn f() { env.required(\"STREETWISE_A\") } }"), wanted(&[]));
}

#[test]
fn the_names_of_instruments_and_of_questions_are_read() {
    let code = "use opentelemetry_semantic_conventions::metric::DB_COUNT; const OWN: &str = \"own.name\";
        fn f() { let (bound, help) = (\"bound.name\", \"Help.\"); m.counter(bound, help, \"\", []); m.gauge(OWN, help, \"\", []);
        m.observed(DB_COUNT, help); m.histogram(\"took.long\", help, \"s\", &B, []); m.counter(name, help); }";
    let found = metrics::exported(&[Source::made_up("services/intake/src/events.rs", code)]);
    let wanted = [
        "bound_name_total",
        "db_count",
        "own_name",
        "took_long_seconds_bucket",
        "took_long_seconds_count",
        "took_long_seconds_sum",
    ];
    assert_eq!(found, wanted.map(str::to_owned).into());

    let asked = asked(
        "  expr: |\n    sum by (job) (rate(took_long_total{kind=\"a_b\"}[5m])) > 1\n    and\n    x:y_z > 0\n  for: now_here\n",
    );
    assert_eq!(asked.series, ["took_long_total", "x:y_z"].map(str::to_owned).into());
    assert_eq!(asked.labels, ["job", "kind"].map(str::to_owned).into());
}

#[test]
fn a_services_part_of_the_values_ends_where_the_next_begins() {
    let values = "a: 1\nservices:\n  one: {}\n  two:\n    env:\n      A: b\n  three: {}\nb: 2\n";
    assert_eq!(section(values, "two"), "  two:\n    env:\n      A: b\n");
    assert_eq!(section(values, "one"), "  one: {}\n");
    assert_eq!(section(values, "four"), "");
}
