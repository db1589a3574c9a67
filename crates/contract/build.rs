//! Compiles `proto/` without a system `protoc`: messages, gRPC services and clients, and the descriptors that
//! reflection answers with.

use std::error::Error;
use std::path::PathBuf;

use prost::Message;

const FILES: [&str; 14] = [
    "intake/v1/events",
    "intake/v1/reports",
    "triage/v1/events",
    "triage/v1/routes",
    "triage/v1/desk",
    "dispatch/v1/events",
    "dispatch/v1/orders",
    "dispatch/v1/links",
    "dispatch/v1/calendars",
    "dispatch/v1/clocks",
    "dispatch/v1/cases",
    "dispatch/v1/bearers",
    "notification/v1/events",
    "directory/v1/documents",
];

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    let files: Vec<PathBuf> =
        FILES.iter().map(|file| root.join(format!("streetwise/{file}.proto"))).collect();
    // Not the folder: the breaking check's baseline lies beside them and compiles into nothing.
    for file in &files {
        println!("cargo:rerun-if-changed={}", file.display());
    }
    let descriptors = protox::compile(&files, [&root])?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure().bytes(".").compile_fds(descriptors)?;
    Ok(())
}
