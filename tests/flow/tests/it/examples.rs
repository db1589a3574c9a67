//! What partners copy from: the clients of docs/examples, generated from `proto/`, against the running system.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use harness::cluster::{Cluster, Setup};
use serde_json::json;
use streetwise::cli::{Bearer, Endpoint, EndpointDoor, EndpointRotate};
use streetwise::failure::Failure;
use testkit::process::free_port;
use testkit::wait;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{ChildStdout, Command};

const WITHIN: Duration = Duration::from_secs(60);

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

/// A body's receiver, from its first secret on: what is signed is kept, what is not is refused, and a new secret counts at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_python_receiver_verifies_and_keeps_while_its_secret_changes() {
    let port = free_port();
    let cluster = Cluster::start_as(Setup { sink_port: Some(port), ..Setup::of(1) }).await.unwrap();
    let [secret, followed] =
        ["transport.secret", "transport.next"].map(|name| cluster.folder.path().join(name));
    // From when on notification knows the district.
    wait::eventually(WITHIN, "a first secret", async || rotate(&cluster, &secret).await.ok()).await;
    assert!(rotate(&cluster, &secret).await.is_err(), "what the receiver has is not written over");
    let mut python = Command::new("python3");
    python.arg(examples().join("python/receive_webhooks.py"));
    python.args(["--port", &port.to_string(), "--path", "/hooks/transport", "--secret-file"]).arg(&secret);
    python.arg("--database").arg(cluster.folder.path().join("webhooks.sqlite"));
    let mut receiver =
        python.stdout(Stdio::piped()).kill_on_drop(true).spawn().expect("python3 is installed");
    let mut printed = BufReader::new(receiver.stdout.take().unwrap()).lines();
    report(&cluster, 106.61).await;
    assert!(next(&mut printed).await.starts_with("new dispatch.order.dispatched 990102001-"));
    // As docs/webhooks.md has it: the new one beside the old one, then the new one alone.
    rotate(&cluster, &followed).await.unwrap();
    let both = [&secret, &followed].map(|file| std::fs::read_to_string(file).unwrap());
    std::fs::write(&secret, both.concat()).unwrap();
    report(&cluster, 106.65).await;
    assert!(next(&mut printed).await.starts_with("new dispatch.order.dispatched 990102001-"));
    std::fs::write(&secret, &both[1]).unwrap();
    report(&cluster, 106.69).await;
    assert!(next(&mut printed).await.starts_with("new dispatch.order.dispatched 990102001-"));
    let forged = cluster.http().post(format!("http://127.0.0.1:{port}/hooks/transport"));
    let forged =
        forged.header("webhook-id", "x").header("webhook-signature", "v1,AAAA").body("{}").send().await;
    assert_eq!(forged.unwrap().status(), 401);
}

/// What the receiver says of a webhook of an order that is new to it.
async fn next(printed: &mut Lines<BufReader<ChildStdout>>) -> String {
    let line = tokio::time::timeout(WITHIN, printed.next_line()).await.expect("a webhook arrives");
    line.unwrap().expect("the receiver goes on")
}

async fn rotate(cluster: &Cluster, out: &Path) -> Result<(), Failure> {
    let bearer = Bearer { token: Some(cluster.token("transport").to_owned()), token_file: None };
    let url = cluster.url("notification").parse().unwrap();
    let door = EndpointDoor { owner: "990102000000".to_owned(), url, bearer };
    let asked = EndpointRotate { door, key: "transport".to_owned(), out: out.to_owned() };
    streetwise::endpoint::run(&Endpoint::RotateSecret(asked)).await
}

async fn report(cluster: &Cluster, lon: f64) {
    let url = format!("{}/intake/v1/streets/990102001000/reports", cluster.url("intake"));
    let place = json!({ "lon": lon, "lat": 29.61, "datum": "wgs84" });
    let sent = cluster.http().post(url).bearer_auth(cluster.token("grid-worker"));
    let sent = sent.header("idempotency-key", uuid::Uuid::from_u128(lon.to_bits().into()).to_string());
    let answer =
        sent.json(&json!({ "text": "公交306路改道", "item": "TRA-01", "place": place })).send().await;
    assert_eq!(answer.unwrap().status(), 201);
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
