//! What partners copy from: the clients of docs/examples, generated from `proto/`, against the running system.

use std::path::{Path, PathBuf};

use harness::cluster::Cluster;
use tokio::process::Command;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_python_client_reports_watches_and_acts() {
    let cluster = Cluster::start_in_one_process(1).await.unwrap();
    let modules = needed("STREETWISE_PYTHON_MODULES");
    let mut python = Command::new("python3");
    python.env("PYTHONPATH", modules).arg(examples().join("python/report_and_watch.py"));
    succeeds(python.arg(cluster.write_endpoints().unwrap())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_typescript_client_reports_watches_and_acts() {
    let cluster = Cluster::start_in_one_process(1).await.unwrap();
    let copy = PathBuf::from(needed("STREETWISE_TYPESCRIPT_CLIENT"));
    let mut check = Command::new(copy.join("node_modules/.bin/tsc"));
    succeeds(check.arg("--noEmit").current_dir(&copy)).await;
    let mut node = Command::new(copy.join("node_modules/.bin/tsx"));
    let endpoints = cluster.write_endpoints().unwrap();
    succeeds(node.arg("report_and_watch.ts").arg(endpoints).current_dir(&copy)).await;
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples")
}

fn needed(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: run it by ./dev test -p flow"))
}

async fn succeeds(command: &mut Command) {
    let output = command.output().await.expect("./dev test installs it");
    let (printed, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{printed}\n{said}");
    println!("{printed}");
}
