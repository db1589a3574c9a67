//! `streetwise street export`: a whole street in open formats, through the doors everybody uses, with checksums.
//!
//! Manifests byte for byte, tables as JSON Lines, the territory as GeoJSON, the street's own classifier as its file. Sealed contacts are not among them: they are
//! read one by one at intake, with a purpose. Written beside its place and moved there when whole: a folder with the
//! name that was asked for is complete, and whoever is interrupted starts anew.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use contract::document::{Document, DocumentBody};
use contract::topology::{EXPORTED, Exported};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answers::History;
use super::installation::Installation;
use super::offboard::encoded;
use super::{geojson, print_json, street};
use crate::classifier::published::{self, Standing};
use crate::cli::StreetExport;
use crate::failure::Failure;
use crate::wall_clock;

/// Of what is written here; a reader that knows another refuses.
pub(super) const FORMAT: u32 = 1;
pub(super) const ABOUT: &str = "export.json";
pub(super) const SUMS: &str = "SHA256SUMS";
pub(super) const MANIFEST: &str = "manifest.yaml";
/// Rows and generations of a page.
const PAGE: u16 = 200;

/// What an export says about itself.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct About {
    pub format: u32,
    pub street: String,
    pub generation: u64,
    pub exported_at: String,
    /// Rows of each file.
    pub rows: BTreeMap<String, u64>,
    /// What stayed, as `service/table.column`.
    pub left_out: Vec<String>,
}

#[derive(Deserialize)]
struct Page {
    rows: Vec<Value>,
    next: Option<String>,
}

pub(super) async fn run(arguments: &StreetExport) -> Result<ExitCode, Failure> {
    let StreetExport { code, out, door } = arguments;
    let path = street(code)?;
    let installation = Installation::open(door)?;
    if out.exists() {
        let text = format!("{} 已存在 / exists already; name another folder", out.display());
        return Err(Failure::Usage(text));
    }
    let partial = beside(out);
    if partial.exists() {
        fs::remove_dir_all(&partial).map_err(|error| unwritable(&partial, error))?;
    }
    let mut folder = Folder { at: partial.clone(), sums: BTreeMap::new() };
    let mut rows = BTreeMap::new();
    let generation = manifests(&installation, &path, &mut folder, &mut rows).await?;
    territory(&installation, &path, &mut folder).await?;
    classifier(&installation, &path, &mut folder).await?;
    for table in EXPORTED {
        let file = format!("{}/{}.jsonl", table.service, table.name);
        let count = self::table(&installation, code, table, &mut folder, &file).await?;
        eprintln!("✓ {file}  {count} 行 rows");
        rows.insert(file, count);
    }
    let left_out = EXPORTED.iter().flat_map(|table| {
        table.sealed.iter().map(|column| format!("{}/{}.{column}", table.service, table.name))
    });
    let about = About {
        format: FORMAT,
        street: code.clone(),
        generation,
        exported_at: wall_clock::now().to_string(),
        rows,
        left_out: left_out.collect(),
    };
    folder.write(ABOUT, &pretty(&about))?;
    folder.seal()?;
    fs::rename(&partial, out).map_err(|error| unwritable(out, error))?;
    match door.caller.json {
        true => print_json(&about),
        false => println!(
            "✓ {code} 已导出 exported  {}\n  封存的联系方式未导出 / sealed contacts stay where they are: {}",
            out.display(),
            about.left_out.join(", ")
        ),
    }
    Ok(ExitCode::SUCCESS)
}

/// Every generation as it was applied, the history as the directory tells it, and the newest under its own name.
async fn manifests(
    installation: &Installation,
    path: &str,
    folder: &mut Folder,
    rows: &mut BTreeMap<String, u64>,
) -> Result<u64, Failure> {
    let (directory, doing) = (installation.of("directory"), "读取清单 / reading manifests");
    let (mut lines, mut newest, mut before) = (Vec::new(), None, None::<u64>);
    loop {
        let cursor = before.map(|before| format!("&before={before}")).unwrap_or_default();
        let page: Value = directory.get(doing, &format!("{path}/history?limit={PAGE}{cursor}")).await?;
        let history: History = super::read(doing, &page)?;
        for (entry, raw) in history.entries.iter().zip(page["entries"].as_array().into_iter().flatten()) {
            let generation = entry.generation;
            let bytes = directory.get_bytes(doing, &format!("{path}/generations/{generation}")).await?;
            if hex(&bytes) != entry.sha256 {
                let cause = anyhow::anyhow!("generation {generation} is not what the history says");
                return Err(Failure::world(doing, "", cause));
            }
            folder.write(&format!("manifests/{generation:06}.yaml"), &bytes)?;
            if newest.is_none() {
                folder.write(MANIFEST, &bytes)?;
                newest = Some(generation);
            }
            lines.push(raw.clone());
        }
        before = history.next;
        if before.is_none() {
            break;
        }
    }
    rows.insert("history.jsonl".to_owned(), lines.len() as u64);
    folder.write("history.jsonl", &json_lines(&lines))?;
    newest.ok_or_else(|| Failure::Usage("该街道尚无清单 / nothing was applied for this street".to_owned()))
}

async fn territory(installation: &Installation, path: &str, folder: &mut Folder) -> Result<(), Failure> {
    let doing = "读取辖区 / reading the territory";
    let asked = installation.of("directory").get_bytes(doing, &format!("{path}/documents/territory")).await;
    let bytes = match asked {
        Err(Failure::Refused { refusal, .. }) if refusal.status == 404 => return Ok(()),
        other => other?,
    };
    let document = Document::decode(&bytes).map_err(|error| Failure::world(doing, "", error))?;
    let DocumentBody::Territory(territory) = document.body else { return Ok(()) };
    folder.write("territory.geojson", &pretty(&geojson::of(&territory)))
}

/// The street's own published model, as `classifier publish` takes it; its district's stays with the district.
async fn classifier(installation: &Installation, path: &str, folder: &mut Folder) -> Result<(), Failure> {
    let doing = "读取分类模型 / reading the classifier";
    let standing: Standing =
        installation.of("directory").get(doing, &format!("{path}/classifier?weights=true")).await?;
    match published::file(&standing)? {
        Some((model, _)) => folder.write("classifier.model", &model),
        None => Ok(()),
    }
}

async fn table(
    installation: &Installation,
    code: &str,
    table: &Exported,
    folder: &mut Folder,
    file: &str,
) -> Result<u64, Failure> {
    let doing = format!("导出 / exporting {file}");
    let (mut written, mut count, mut after) = (folder.open(file)?, 0, None::<String>);
    loop {
        let cursor = after.map(|after| format!("&after={}", encoded(&after))).unwrap_or_default();
        let path = format!("/{}/v1/export/{code}/{}?limit={PAGE}{cursor}", table.service, table.name);
        let page: Page = installation.of(table.service).get(&doing, &path).await?;
        count += page.rows.len() as u64;
        written.add(&json_lines(&page.rows))?;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    folder.close(written)?;
    Ok(count)
}

/// Where an export grows.
struct Folder {
    at: PathBuf,
    sums: BTreeMap<String, String>,
}

/// A file that is written page by page.
struct Growing {
    name: String,
    path: PathBuf,
    file: fs::File,
    sum: ring::digest::Context,
}

impl Growing {
    fn add(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.sum.update(bytes);
        self.file.write_all(bytes).map_err(|error| unwritable(&self.path, error))
    }
}

impl Folder {
    fn open(&self, name: &str) -> Result<Growing, Failure> {
        let path = self.at.join(name);
        let folder = path.parent().unwrap_or(&self.at);
        fs::create_dir_all(folder).map_err(|error| unwritable(folder, error))?;
        let file = fs::File::create(&path).map_err(|error| unwritable(&path, error))?;
        Ok(Growing { name: name.to_owned(), path, file, sum: ring::digest::Context::new(&SHA256) })
    }

    fn close(&mut self, growing: Growing) -> Result<(), Failure> {
        growing.file.sync_all().map_err(|error| unwritable(&growing.path, error))?;
        self.sums.insert(growing.name, digits(growing.sum.finish().as_ref()));
        Ok(())
    }

    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        let mut growing = self.open(name)?;
        growing.add(bytes)?;
        self.close(growing)
    }

    /// The sums as `sha256sum --check` reads them.
    fn seal(&mut self) -> Result<(), Failure> {
        let lines: String = self.sums.iter().map(|(name, sum)| format!("{sum}  {name}\n")).collect();
        self.write(SUMS, lines.as_bytes())
    }
}

fn beside(out: &Path) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    digits(digest(&SHA256, bytes).as_ref())
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn json_lines(rows: &[Value]) -> Vec<u8> {
    rows.iter().flat_map(|row| format!("{row}\n").into_bytes()).collect()
}

fn pretty(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec_pretty(value).expect("our own values are JSON")
}

fn unwritable(path: &Path, error: std::io::Error) -> Failure {
    let next = "请核对路径与空间 / check the path and the space";
    Failure::world(format!("写入 / writing {}", path.display()), next, error)
}
