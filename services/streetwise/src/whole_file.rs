//! Files that are there whole or not at all, with the rights they are to have from their first byte on.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Whole or not at all: others look at the file while it is replaced. `mode` as for `chmod`.
pub(crate) fn write(file: &Path, mode: u32, bytes: &[u8]) -> io::Result<()> {
    let half = file.with_extension("new");
    // One that was left behind may have other rights.
    fs::remove_file(&half)
        .or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })?;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true).mode(mode);
    options.open(&half)?.write_all(bytes)?;
    fs::rename(half, file)
}

/// A folder that only its owner enters, whoever made it before.
pub(crate) fn private_folder(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}
