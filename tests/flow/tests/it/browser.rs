//! The case page in a real browser (D55): read, followed live, and closed to who has no token.

use std::path::Path;

use harness::cluster::Cluster;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_is_read_and_followed_live_in_a_browser() {
    let cluster = Cluster::start_in_one_process(1).await.unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser/case_page.mjs");
    let output = tokio::process::Command::new("node")
        .args([script, cluster.write_endpoints().unwrap()])
        .output()
        .await
        .expect("node runs: ./dev test installs it");
    let (printed, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{printed}\n{said}");
    println!("{printed}");
}
