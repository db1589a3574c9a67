//! Pages in a real browser (D55): a case, read, followed live, and closed to who has no token; an order by its link.

use std::path::Path;

use harness::cluster::Cluster;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_is_read_and_followed_live_in_a_browser() {
    shows("case_page.mjs").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_worked_off_by_its_link_in_a_browser() {
    shows("link_page.mjs").await;
}

async fn shows(script: &str) {
    let cluster = Cluster::start_in_one_process(1).await.unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser").join(script);
    let output = tokio::process::Command::new("node")
        .args([script, cluster.write_endpoints().unwrap()])
        .output()
        .await
        .expect("node runs: ./dev test installs it");
    let (printed, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{printed}\n{said}");
    println!("{printed}");
}
