use chart::manifests::{BASE, EVALUATION, list, workloads};

/// Commands and options of the command line, as its arguments declare them: clap writes a field's underscores as dashes.
fn declared(cli: &str, command: &str, option: Option<&str>) -> bool {
    let (variant, fields) = (capital(command), option.map(|option| option.replace('-', "_")));
    let Some((_, body)) = cli.split_once(&format!("pub struct {variant} {{")) else { return false };
    let body = body.split("\n}").next().unwrap_or_default();
    fields.is_none_or(|field| body.contains(&format!("pub {field}: ")))
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[test]
fn a_job_says_what_the_command_line_understands() {
    let cli = chart::text("services/streetwise/src/cli.rs");
    let mut seen = Vec::new();
    for path in [BASE, EVALUATION] {
        for job in workloads(path, "Job") {
            let args: Vec<&str> =
                list(job.container(), "/args").iter().map(|arg| arg.as_str().expect("text")).collect();
            assert!(declared(&cli, args[0], None), "{path}: no command {}", args[0]);
            for option in args.iter().filter_map(|arg| arg.strip_prefix("--")) {
                assert!(declared(&cli, args[0], Some(option)), "{path}: {} takes no --{option}", args[0]);
            }
            seen.push(args[0].to_owned());
        }
    }
    assert_eq!(seen, ["migrate", "provision", "migrate", "provision"]);
}

/// The third job is there only with streets, which no committed rendering has: its words stand in the template.
#[test]
fn streets_are_applied_with_words_the_command_line_understands() {
    let (cli, template) =
        (chart::text("services/streetwise/src/cli.rs"), chart::text("charts/streetwise/templates/jobs.yaml"));
    let caller = chart::text("services/streetwise/src/cli/caller.rs");
    assert!(template.contains("list \"apply\" \"--directory-url\""));
    assert!(template.contains("\"STREETWISE_TOKEN\"") && caller.contains("env = \"STREETWISE_TOKEN\""));
    assert!(declared(&cli, "apply", Some("bearer")) && declared(&caller, "bearer", Some("token")));
    assert!(declared(&cli, "apply", Some("directory-url")) && declared(&cli, "apply", Some("files")));
}

/// Off in every committed rendering, like the third job.
#[test]
fn classifiers_are_retrained_with_words_the_command_line_understands() {
    let cli = chart::text("services/streetwise/src/cli/classifier.rs");
    let door = chart::text("services/streetwise/src/cli/street.rs");
    let caller = chart::text("services/streetwise/src/cli/caller.rs");
    let template = chart::text("charts/streetwise/templates/retrain.yaml");
    assert!(template.contains("list \"classifier\" \"retrain\" \"--tenant\""));
    let quoted = template.split('"').filter_map(|word| word.strip_prefix("--"));
    let options: std::collections::BTreeSet<&str> = quoted.collect();
    for option in &options {
        let own = declared(&cli, "classifierRetrain", Some(option));
        let of_door = declared(&door, "directoryDoor", Some(option));
        assert!(own || of_door || declared(&caller, "caller", Some(option)), "retrain takes no --{option}");
    }
    let expected =
        ["base", "directory-url", "from", "json", "leave-out", "tenant", "threshold-permille", "triage-url"];
    assert_eq!(options, expected.into());
    assert!(template.contains("\"STREETWISE_TOKEN\"") && caller.contains("env = \"STREETWISE_TOKEN\""));
    assert!(declared(&door, "directoryDoor", Some("caller")) && declared(&caller, "caller", Some("bearer")));
}

#[test]
fn an_option_that_is_not_there_is_missed() {
    let cli =
        "pub struct Migrate {\n    pub admin_url: String,\n}\npub struct Apply {\n    pub force: bool,\n}";
    assert!(declared(cli, "migrate", Some("admin-url")));
    assert!(!declared(cli, "migrate", Some("force")));
    assert!(!declared(cli, "undo", None));
}

/// An image for each process that a manifest starts, each with its binary.
#[test]
fn every_image_is_built() {
    let dockerfile = chart::text("images/Dockerfile");
    for path in [BASE, EVALUATION] {
        for workload in workloads(path, "Deployment").iter().chain(&workloads(path, "Job")) {
            let image = workload.container()["image"].as_str().expect("text");
            let name =
                image.rsplit('/').next().and_then(|name| name.split([':', '@']).next()).expect("a name");
            assert!(dockerfile.contains(&format!(" AS {name}\n")), "images/Dockerfile makes no {name}");
            assert!(
                dockerfile.contains(&format!("ENTRYPOINT [\"/usr/bin/{name}\"]")),
                "{name} does not start {name}"
            );
        }
    }
}
