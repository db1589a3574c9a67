//! `streetwise street import`: an exported street is onboarded elsewhere. Checksums first; then its manifest is applied.
//!
//! Cases, orders and deliveries are not imported: their clocks, holders and seals belong to the installation that kept
//! them. They stay readable in the export; this says so and how many there are.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path};
use std::process::ExitCode;

use serde_json::Value;

use super::answers::Applied;
use super::export::{ABOUT, About, FORMAT, MANIFEST, SUMS, hex};
use super::{client, print_json, read, with};
use crate::apply;
use crate::cli::StreetImport;
use crate::failure::Failure;
use crate::token;

pub(super) async fn run(arguments: &StreetImport) -> Result<ExitCode, Failure> {
    let StreetImport { folder, door } = arguments;
    let about = checked(folder)?;
    let doing = format!("导入 / importing {}", about.street);
    let manifest = bytes(&folder.join(MANIFEST))?;
    let answer: Value = client(door)?
        .post_bytes(&doing, apply::PATH, "application/yaml", manifest)
        .await
        .map_err(|failure| failure.about(&folder.join(MANIFEST)))?;
    let applied: Applied = read(&doing, &answer)?;
    let left: BTreeMap<&String, &u64> = about.rows.iter().filter(|(_, rows)| **rows > 0).collect();
    match door.caller.json {
        true => print_json(&with(answer, "not_imported", serde_json::json!(left))),
        false => {
            println!("{}", apply::told(&applied));
            eprint!("{}", apply::warned(&applied));
            let rows: Vec<String> = left.iter().map(|(file, rows)| format!("{file} {rows}")).collect();
            println!("  未导入，仅供查阅 / not imported, to be read where they are: {}", rows.join(", "));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What an export says about itself, once every file is what its sum says and no file is without one.
fn checked(folder: &Path) -> Result<About, Failure> {
    let sums = bytes(&folder.join(SUMS))?;
    let sums = String::from_utf8(sums).map_err(|error| spoilt(folder, error))?;
    let mut summed = Vec::new();
    for line in sums.lines() {
        let (sum, name) =
            line.split_once("  ").ok_or_else(|| spoilt(folder, anyhow::anyhow!("{SUMS}: {line}")))?;
        // A name from a file leads nowhere else.
        if !Path::new(name).components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(spoilt(folder, anyhow::anyhow!("{SUMS} names {name}")));
        }
        if hex(&bytes(&folder.join(name))?) != sum {
            return Err(spoilt(folder, anyhow::anyhow!("{name} differs from its sum")));
        }
        summed.push(name);
    }
    if ![ABOUT, MANIFEST].iter().all(|needed| summed.contains(needed)) {
        return Err(spoilt(folder, anyhow::anyhow!("{SUMS} does not name {ABOUT} and {MANIFEST}")));
    }
    let about: About =
        serde_json::from_slice(&bytes(&folder.join(ABOUT))?).map_err(|error| spoilt(folder, error))?;
    match about.format {
        FORMAT => Ok(about),
        other => Err(spoilt(folder, anyhow::anyhow!("format {other}, this tool reads {FORMAT}"))),
    }
}

fn bytes(file: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(file).map_err(|error| token::unreadable(file, error))
}

fn spoilt(folder: &Path, source: impl Into<anyhow::Error>) -> Failure {
    let next = "请重新导出 / export the street again";
    Failure::world(format!("核对导出 / checking {}", folder.display()), next, source)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn export(sums: impl Fn(&str, &str) -> String) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let about = r#"{"format":1,"street":"990102003000","generation":1,"exported_at":"T","rows":{},"left_out":[]}"#;
        fs::write(folder.path().join(ABOUT), about).unwrap();
        fs::write(folder.path().join(MANIFEST), "kind: Street\n").unwrap();
        let sums = sums(&hex(about.as_bytes()), &hex(b"kind: Street\n"));
        fs::write(folder.path().join(SUMS), sums).unwrap();
        folder
    }

    #[test]
    fn a_file_that_differs_from_its_sum_is_refused() {
        let sound = export(|about, manifest| format!("{about}  {ABOUT}\n{manifest}  {MANIFEST}\n"));
        assert_eq!(checked(sound.path()).unwrap().street, "990102003000");
        fs::write(sound.path().join(MANIFEST), "kind: District\n").unwrap();
        assert!(checked(sound.path()).is_err());
        let unnamed = export(|about, _| format!("{about}  {ABOUT}\n"));
        assert!(checked(unnamed.path()).is_err(), "a manifest without a sum");
        let astray = export(|about, manifest| format!("{about}  {ABOUT}\n{manifest}  ../{MANIFEST}\n"));
        assert!(checked(astray.path()).is_err());
    }
}
