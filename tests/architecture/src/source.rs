//! The files of the repository, as the rules look at them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::text::{self, Keep};

/// One file.
#[derive(Debug, Clone)]
pub struct Source {
    /// Below the repository, with `/`.
    pub path: String,
    /// As it is.
    pub text: String,
}

/// The repository's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository is readable")
}

/// Every file with one of the extensions below crates, services, tests and scripts; this crate, whose rules
/// name what they forbid, excepted.
pub fn read(extensions: &[&str]) -> Vec<Source> {
    let root = root();
    let mut files = Vec::new();
    for top in ["crates", "services", "tests", "scripts"] {
        walk(&root.join(top), extensions, &mut files);
    }
    let mut sources: Vec<Source> = files.iter().map(|file| open(&root, file)).collect();
    sources.retain(|source| !source.path.starts_with("tests/architecture/"));
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!sources.is_empty(), "no file with {extensions:?} was found: the rules look at nothing");
    sources
}

/// The pages people read: those of the root and of docs, packs, proto, crates, services and tests.
pub fn pages() -> Vec<Source> {
    let root = root();
    let mut files: Vec<PathBuf> =
        ["README.md", "README.zh.md", "CONTRIBUTING.md"].map(|page| root.join(page)).into();
    for top in ["docs", "packs", "proto", "crates", "services", "tests"] {
        walk(&root.join(top), &["md"], &mut files);
    }
    files.iter().map(|file| open(&root, file)).collect()
}

fn walk(folder: &Path, extensions: &[&str], found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if path.is_dir() {
            walk(&path, extensions, found);
        } else if extensions.contains(&extension) {
            found.push(path);
        }
    }
}

fn open(root: &Path, file: &Path) -> Source {
    let below = file.strip_prefix(root).expect("files are below the root");
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    Source { path: below.to_string_lossy().replace('\\', "/"), text }
}

impl Source {
    /// A made-up file, for a rule's bad example.
    pub fn made_up(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// Tests, and what only tests use.
    pub fn test_code(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        self.path.starts_with("tests/")
            || self.path.starts_with("crates/testkit/")
            || self.path.contains("/tests/")
            || name == "tests.rs"
            || name.ends_with("_tests.rs")
    }

    /// What runs in production; nothing of a test file, nothing under `#[cfg(test)]`.
    pub fn production(&self, keep: Keep) -> String {
        if self.test_code() {
            return String::new();
        }
        if self.path.ends_with(".rs") {
            text::without_tests(&text::rust(&self.text, keep))
        } else {
            self.code(keep)
        }
    }

    /// Without comments; tests included.
    pub fn code(&self, keep: Keep) -> String {
        match self.path.rsplit('.').next() {
            Some("rs") => text::rust(&self.text, keep),
            Some("sql") => text::sql(&self.text),
            _ => self.text.clone(),
        }
    }
}
