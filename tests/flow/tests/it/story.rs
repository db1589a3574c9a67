//! Bus line 306, from the report to the closed case, through the public doors of real processes: the very demo a
//! newcomer plays, with every step seen.

use harness::cluster::Cluster;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bus_306_runs_end_to_end_as_processes() {
    play(&Cluster::start_with_sink_program(2).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bus_306_runs_end_to_end_in_one_process() {
    play(&Cluster::start_in_one_process(2).await.unwrap()).await;
}

async fn play(cluster: &Cluster) {
    let endpoints = cluster.write_endpoints().unwrap();
    let output = tokio::process::Command::new(testkit::process::binaries().join("streetwise"))
        .args(["demo", "bus-306", "--endpoints"])
        .arg(&endpoints)
        .env("STREETWISE_ENVIRONMENT", "development")
        .output()
        .await
        .unwrap();
    let (printed, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{printed}\n{said}");
    println!("{printed}");
}
