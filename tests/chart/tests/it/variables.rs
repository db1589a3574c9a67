use architecture::source::Source;
use chart::SERVICES;
use chart::manifests::{BASE, EVALUATION, workloads};
use chart::variables::{DEVELOPMENT, OF_LIBRARIES, of_service, of_sources, of_tool};

use crate::none;

#[test]
fn a_service_is_told_all_it_needs_and_nothing_else() {
    for path in [BASE, EVALUATION] {
        let deployments = workloads(path, "Deployment");
        let names: Vec<&str> = deployments.iter().map(|deployment| deployment.name.as_str()).collect();
        assert!(SERVICES.iter().all(|service| names.contains(service)), "{path}: {names:?}");
        for deployment in &deployments {
            let (set, read) = (deployment.variables(), of_service(&deployment.name));
            assert!(read.required.len() >= 7, "{}: required were not found: {read:?}", deployment.name);
            let production = set["STREETWISE_ENVIRONMENT"] == "production";
            let wanted = read.required.iter().chain(read.in_production.iter().filter(|_| production));
            let missing = wanted.filter(|name| !set.contains_key(name.as_str()));
            assert!(!read.in_production.is_empty(), "what production wants was not found");
            none(
                missing
                    .map(|name| format!("{path}: {} starts not without {name}", deployment.name))
                    .collect(),
            );
            let of_library = |name: &str| OF_LIBRARIES.iter().any(|(known, _)| *known == name);
            let nobody = set.keys().filter(|name| !read.known.contains(**name) && !of_library(name));
            none(nobody.map(|name| format!("{path}: {} reads no {name}", deployment.name)).collect());
            none(
                DEVELOPMENT
                    .iter()
                    .filter(|name| set.contains_key(**name))
                    .map(|name| name.to_string())
                    .collect(),
            );
        }
    }
}

#[test]
fn a_job_is_told_what_the_command_line_takes() {
    for job in workloads(BASE, "Job") {
        let (set, known) = (job.variables(), of_tool());
        let of_library = |name: &str| OF_LIBRARIES.iter().any(|(known, _)| *known == name);
        let unknown = set.keys().filter(|name| !known.contains(**name) && !of_library(name));
        none(
            unknown.map(|name| format!("job {} is told {name}, which no command takes", job.name)).collect(),
        );
    }
}

#[test]
fn what_is_for_development_is_still_read() {
    let all: Vec<_> = SERVICES.iter().flat_map(|service| of_service(service).known).collect();
    let pg = architecture::source::read(&["rs"]);
    let pg = of_sources(pg.iter().filter(|source| source.path.starts_with("crates/pg/src/"))).known;
    let gone = DEVELOPMENT.iter().filter(|name| !all.iter().chain(&pg).any(|known| known == *name));
    none(gone.map(|name| format!("{name} is read nowhere: strike it from DEVELOPMENT")).collect());
}

#[test]
fn names_are_found_in_code_only() {
    let text = "const FILE: &str = \"STREETWISE_A_FILE\";\nfn read() { key_file(env, FILE)?; env.required(\"STREETWISE_B\")?; \
                env.get(\"STREETWISE_C\"); const N: &str = \"STREETWISE_P\"; Err(ConfigError::Missing(N)) }\n// \"STREETWISE_D\"\n#[cfg(test)]\nmod tests { const X: &str = \"STREETWISE_E\"; }";
    let read = of_sources([&Source::made_up("services/intake/src/config.rs", text)].into_iter());
    assert_eq!(
        read.known.iter().collect::<Vec<_>>(),
        ["STREETWISE_A_FILE", "STREETWISE_B", "STREETWISE_C", "STREETWISE_P"]
    );
    assert_eq!(read.required.iter().collect::<Vec<_>>(), ["STREETWISE_A_FILE", "STREETWISE_B"]);
    assert_eq!(read.in_production.iter().collect::<Vec<_>>(), ["STREETWISE_P"]);
}
