//! Sizes and shapes of files.

use crate::source::Source;
use crate::text::Keep;

/// A file of more lines holds a second subject: one command, one endpoint, one table per file.
pub const LINES_MAX: usize = 500;

/// A file that is too long.
pub fn too_long(source: &Source) -> Option<String> {
    let lines = source.text.lines().count();
    (lines > LINES_MAX).then(|| {
        format!("{}: {lines} lines, more than {LINES_MAX}: look for the second subject in it", source.path)
    })
}

/// A source file that does not open with what it promises.
pub fn silent(source: &Source) -> Option<String> {
    let opens = source.text.starts_with("//!");
    (!opens)
        .then(|| format!("{}: open with `//!`: what it promises, what is deliberately not here", source.path))
}

/// A service's `main.rs` that does more than start the service.
pub fn thick_main(source: &Source) -> Option<String> {
    let service = source.path.split('/').nth(1).unwrap_or_default();
    let code = source.code(Keep::Code);
    let words: String = code.split_whitespace().collect::<Vec<_>>().concat();
    let start = words.strip_prefix("usestd::process::ExitCode;").unwrap_or(&words);
    let head = ["fnmain()->std::process::ExitCode{", "fnmain()->ExitCode{"]
        .iter()
        .find_map(|head| start.strip_prefix(head))
        .and_then(|rest| rest.strip_prefix("bootstrap::process::main::<"))
        .and_then(|rest| rest.strip_suffix(">()}"));
    let thin =
        head.is_some_and(|unit| unit.starts_with(&format!("{service}::")) && !unit.contains([';', '{']));
    (!thin).then(|| {
        format!(
            "{}: one line only: `bootstrap::process::main::<{service}::…>()`; the rest belongs to lib.rs",
            source.path
        )
    })
}
