//! A test that a page names exists.

use crate::source::Source;

/// Code spans `path/file.rs::name` of a page whose file or function is not there. `read` gives a file's text.
pub fn missing(page: &Source, read: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let named = page.text.split('`').skip(1).step_by(2).filter_map(|span| span.split_once(".rs::"));
    let missing = named.filter(|(file, test)| {
        let text = read(&format!("{file}.rs"));
        !text.is_some_and(|text| text.contains(&format!("fn {test}(")))
    });
    missing.map(|(file, test)| format!("{}: there is no {file}.rs::{test}", page.path)).collect()
}
