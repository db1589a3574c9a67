//! `streetwise street …` as a person and a program run it, against a directory.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::town::{Town, shipped, town};

const STREET: &str = "990102001000";
const MANIFEST: &str = "street-990102001000.yaml";

async fn settled() -> Town {
    let town = town().await;
    let files = ["district-990102000000.yaml", MANIFEST].map(shipped);
    town.apply("sre", &files).await.expect("applied");
    town.rig.refresh().await;
    town
}

/// The demo street with another name.
fn renamed(folder: &TempDir) -> PathBuf {
    let text = std::fs::read_to_string(shipped(MANIFEST)).expect("the demo's manifest");
    let file = folder.path().join("renamed.yaml");
    std::fs::write(&file, text.replace("zh: 滨江街道", "zh: 滨江新街道")).expect("a writable folder");
    file
}

fn path(file: &Path) -> &str {
    file.to_str().expect("a path of ours")
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[tokio::test]
async fn a_manifest_is_planned_applied_read_and_rolled_back() {
    let (town, folder) = (settled().await, TempDir::new().expect("a folder"));
    let (old, new) = (shipped(MANIFEST), renamed(&folder));
    let run = async |arguments: &[&str]| town.command("sre", arguments).await;

    let same = run(&["street", "plan", path(&old), "--exit-code"]).await.done();
    assert!(same.contains("无变化 no changes"), "{same}");
    let told = run(&["street", "plan", path(&new)]).await.done();
    assert!(told.contains("~ 名称 · 中文 / name · zh\n    滨江街道 → 滨江新街道\n"), "{told}");
    assert!(told.contains("--if-generation 1"), "{told}");
    assert_eq!(run(&["street", "plan", path(&new), "--exit-code"]).await.code, 2);
    let planned = json(&run(&["street", "plan", path(&new), "--json"]).await.done());
    assert_eq!((&planned["generation"], &planned["changed"]), (&1.into(), &true.into()));

    let applied = run(&["street", "apply", path(&new), "--if-generation", "1"]).await.done();
    assert!(applied.contains("第 2 代 generation 2  已更新 applied"), "{applied}");
    let back = run(&["street", "rollback", STREET, "--to", "1", "--if-generation", "2"]).await.done();
    assert!(back.contains("第 3 代 generation 3  已更新 applied"), "{back}");
    let shown = run(&["street", "show", STREET]).await;
    assert!(shown.err.contains("第 3 代 generation 3"), "{shown:?}");
    assert_eq!(shown.done(), std::fs::read_to_string(&old).unwrap(), "byte for byte");
    let shown = run(&["street", "show", STREET, "--generation", "2"]).await.done();
    assert_eq!(shown, std::fs::read_to_string(&new).unwrap());
    let shown = json(&run(&["street", "show", STREET, "--generation", "2", "--json"]).await.done());
    assert_eq!(shown["generation"], 2);

    let history = run(&["street", "history", STREET]).await.done();
    assert!(history.contains("回退到第 1 代 rollback to 1"), "{history}");
    let history = run(&["street", "history", STREET, "--limit", "1"]).await.done();
    assert!(history.contains("--before 3"), "{history}");
    let history = json(&run(&["street", "history", STREET, "--json"]).await.done());
    assert_eq!(history["entries"][0]["of_generation"], 1);
}

#[tokio::test]
async fn a_refusal_says_what_to_do_next() {
    let (town, folder) = (settled().await, TempDir::new().expect("a folder"));
    let new = renamed(&folder);
    let refused = async |arguments: &[&str], said: &[&str]| {
        let printed = town.command("sre", arguments).await;
        assert_eq!(printed.code, 3, "{printed:?}");
        for part in said {
            assert!(printed.err.contains(part), "{part} in {}", printed.err);
        }
    };
    let stale = ["street", "apply", path(&new), "--if-generation", "7"];
    refused(&stale, &["412 precondition-failed", "streetwise street plan "]).await;
    let unknown = ["street", "rollback", STREET, "--to", "9"];
    refused(&unknown, &["404 not-found", "streetwise street history 990102001000"]).await;
    refused(&["street", "show", STREET, "--generation", "9"], &["404 not-found", "street history"]).await;
    let broken = folder.path().join("broken.yaml");
    std::fs::write(&broken, "kind: Street\nnonsense: 1").expect("a writable folder");
    refused(&["street", "plan", path(&broken)], &["422 manifest-invalid"]).await;
}

#[tokio::test]
async fn wrong_usage_never_reaches_the_service() {
    let town = town().await;
    for arguments in [
        &["street", "show", "990102001000:rollback"][..],
        &["street", "rollback", STREET],
        &["street", "rollback", "../x", "--to", "1"],
        &["street", "history", STREET, "--limit", "0"],
    ] {
        assert_eq!(town.command("sre", arguments).await.code, 2, "{arguments:?}");
    }
    assert_eq!(town.command("sre", &["street", "plan", "no-such-file.yaml"]).await.code, 1);
}

const RULES: &str = "  rules:
    never: { name: { zh: 甲, en: A }, items: [TRA-01], when: hour > 23, then: { priority: P1 } }
    night: { name: { zh: 乙, en: B }, items: [TRA-02], when: hour > 20, then: { priority: P2 } }
";

#[tokio::test]
async fn rules_are_looked_at_and_unsound_ones_point_into_the_file() {
    let (town, folder) = (settled().await, TempDir::new().expect("a folder"));
    let file = folder.path().join("ruled.yaml");
    let text = std::fs::read_to_string(shipped(MANIFEST)).expect("the demo's manifest");
    std::fs::write(&file, text.replace("  communities:", &format!("{RULES}  communities:")))
        .expect("a writable folder");
    let looked = town.command("sre", &["rules", "check", path(&file)]).await;
    assert_eq!(looked.code, 4, "{looked:?}");
    assert!(looked.out.contains("! dead never") && looked.out.contains("hour > 23"), "{}", looked.out);
    let findings = json(&town.command("sre", &["rules", "check", path(&file), "--json"]).await.out);
    assert_eq!((findings[0]["kind"].as_str(), findings.as_array().map(Vec::len)), (Some("dead"), Some(1)));

    std::fs::write(
        &file,
        text.replace("  communities:", &format!("{}  communities:", RULES.replace("hour > 20", "our > 20"))),
    )
    .expect("a writable folder");
    let refused = town.command("sre", &["rules", "check", path(&file)]).await;
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(
        refused.err.contains(": condition-unsound: ") && refused.err.contains("no field is called our"),
        "{}",
        refused.err
    );
    assert!(refused.err.contains("ruled.yaml:"), "{}", refused.err);
    let clean = town.command("sre", &["rules", "check", path(&shipped(MANIFEST))]).await.done();
    assert!(clean.contains("未见问题 nothing to look at"), "{clean}");
    for wrong in [["rules", "backtest", path(&file), "--since", "soon"]] {
        let wrong =
            town.command("sre", &[&wrong[..], &["--triage-url", "http://127.0.0.1:1"]].concat()).await;
        assert_eq!(wrong.code, 2, "{wrong:?}");
    }
}
