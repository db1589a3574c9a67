//! The token of a caller, from an argument or a file.

use std::path::Path;

use crate::failure::Failure;

/// The token given, without the line end of its file.
pub(crate) fn given(token: Option<&str>, file: Option<&Path>) -> Result<String, Failure> {
    match (token, file) {
        (Some(token), _) => Ok(token.trim().to_owned()),
        (None, Some(file)) => {
            let token = std::fs::read_to_string(file).map_err(|error| unreadable(file, error))?;
            Ok(token.trim().to_owned())
        }
        (None, None) => {
            Err(Failure::Usage("缺少 --token 或 --token-file / --token or --token-file is missing".into()))
        }
    }
}

/// A file that cannot be read.
pub(crate) fn unreadable(file: &Path, error: std::io::Error) -> Failure {
    Failure::world(format!("读取 / reading {}", file.display()), "请核对路径 / check the path", error)
}
