//! The file of what came: one JSON object a line, appended whole.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One request as it came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// `/hooks/<body>`.
    pub path: String,
    /// The delivery.
    pub webhook_id: String,
    /// A secret of this endpoint signed exactly these bytes, a moment ago.
    pub verified: bool,
    /// The body; a text if it is no JSON.
    pub body: serde_json::Value,
    /// The trace it belongs to.
    pub traceparent: String,
    /// By this machine's clock.
    pub received_at: Timestamp,
}

/// The open file.
#[derive(Debug)]
pub struct Log(Mutex<File>);

impl Log {
    /// Opens for appending, making the file if there is none.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(Mutex::new(OpenOptions::new().create(true).append(true).open(path)?)))
    }

    /// One write a line, so that readers see whole lines but for the last.
    pub fn append(&self, line: &Line) -> io::Result<()> {
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write_all(&bytes)
    }
}

/// Every whole line so far; a file that is not there yet has none.
pub fn read(path: &Path) -> io::Result<Vec<Line>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}
