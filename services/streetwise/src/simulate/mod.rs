//! `streetwise simulate district`: manifests of a district that does not exist, to try out what a real one would do.
//!
//! Codes are the reserved ones `990102…`; the same seed gives the same bytes. Each street has 17 communities, 106 grids
//! and four police beats, whose polygons share their borders to the last digit and cover the street without a gap, and ten
//! duty groups with posts and rotas.
//! Deliberately not here: reports and their paths (the benches make those), people with names, devices and buildings,
//! which no manifest holds.

mod drawing;
mod duty;
mod lattice;
mod manifest;
mod names;

use std::path::Path;

use crate::cli::SimulateDistrict;
use crate::failure::Failure;

pub use manifest::{district, street};

/// Most streets of a district: its codes have three digits for them.
pub const STREETS_MAX: u16 = 999;

/// Writes one file for the district and one for each street.
pub fn run(arguments: &SimulateDistrict) -> Result<(), Failure> {
    let out = &arguments.out;
    std::fs::create_dir_all(out).map_err(|error| unwritable(out, error))?;
    let webhooks = arguments.webhook_url.as_ref().map(|url| url.as_str().trim_end_matches('/'));
    write(&out.join("district-990102000000.yaml"), &district())?;
    for n in 1..=arguments.streets {
        let name = format!("street-990102{n:03}000.yaml");
        write(&out.join(name), &street(arguments.seed, n, webhooks))?;
    }
    println!(
        "✓ {} 个街道的清单已写入 {}；随机种子 {}  manifests of {} streets written, seed {}",
        arguments.streets,
        out.display(),
        arguments.seed,
        arguments.streets,
        arguments.seed
    );
    println!(
        "  下一步 next: streetwise apply {0}/district-990102000000.yaml {0}/street-*.yaml",
        out.display()
    );
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| unwritable(path, error))
}

fn unwritable(path: &Path, error: std::io::Error) -> Failure {
    let hint = "请检查目录权限与磁盘空间 / check the folder's permissions and the disk";
    Failure::world(format!("写入 / writing {}", path.display()), hint, error)
}
