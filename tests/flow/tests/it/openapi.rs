//! The committed descriptions of the HTTP doors are what the services serve: `docs/openapi/<service>.json`.
//! `./dev generate` renews them.

use std::path::Path;

use harness::cluster::{Cluster, SERVICES};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_committed_openapi_is_what_is_served() {
    let cluster = Cluster::start_in_one_process(0).await.unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi");
    for service in SERVICES {
        let url = format!("{}/openapi.json", cluster.url(service));
        let served: serde_json::Value =
            serde_json::from_str(&cluster.http().get(url).send().await.unwrap().text().await.unwrap())
                .unwrap();
        let version = served["openapi"].as_str().unwrap_or_default();
        assert!(version.starts_with("3.1"), "{service} serves OpenAPI {version}");
        let fresh = format!("{served:#}\n");
        let file = folder.join(format!("{service}.json"));
        if std::env::var("STREETWISE_RENEW").is_ok() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&file, &fresh).unwrap();
        }
        let committed = std::fs::read_to_string(&file).unwrap_or_default();
        assert!(
            committed == fresh,
            "docs/openapi/{service}.json is not what {service} serves: ./dev generate"
        );
    }
}
