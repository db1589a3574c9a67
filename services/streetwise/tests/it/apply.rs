//! `streetwise apply` against a directory.

use std::path::PathBuf;

use directory::Directory;
use streetwise::cli::Apply;
use streetwise::failure::Failure;
use testkit::rig::Rig;

struct Town {
    rig: Rig<Directory>,
    url: url::Url,
}

async fn town() -> Town {
    rustls::crypto::ring::default_provider().install_default().ok();
    let env = [
        ("STREETWISE_DIRECTORY_ADMINS", "sre"),
        ("STREETWISE_MANIFEST_VARIABLES", "SINK_URL=http://127.0.0.1:9400"),
    ];
    let rig = Rig::<Directory>::start(&env).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address")).parse().expect("a url");
    let router = rig.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    Town { rig, url }
}

fn shipped(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../packs/demo").join(name)
}

impl Town {
    async fn apply(&self, subject: &str, files: &[PathBuf]) -> Result<(), Failure> {
        let token = Some(self.rig.token(subject));
        let arguments =
            Apply { files: files.to_vec(), directory_url: self.url.clone(), token, token_file: None };
        streetwise::apply::run(&arguments).await
    }
}

#[tokio::test]
async fn the_demo_manifests_are_applied_in_order_and_again() {
    let town = town().await;
    let files =
        ["district-990102000000.yaml", "street-990102001000.yaml", "street-990102002000.yaml"].map(shipped);
    for _ in 0..2 {
        town.apply("sre", &files).await.expect("applied");
    }
    assert_eq!(town.rig.said().await.len(), 6, "the second time nothing is said");
}

#[tokio::test]
async fn a_refusal_is_told_as_the_service_said_it() {
    let town = town().await;
    let street = [shipped("street-990102001000.yaml")];
    let Err(Failure::Refused { refusal, .. }) = town.apply("sre", &street).await else { panic!("refused") };
    assert_eq!((refusal.status, refusal.code.as_str()), (422, "district-not-applied"));
    assert!(refusal.to_string().contains("Apply the district's manifest first"));
    let Err(Failure::Refused { refusal, .. }) = town.apply("nobody", &street).await else {
        panic!("refused")
    };
    assert_eq!(refusal.status, 404);
    let missing = town.apply("sre", &[PathBuf::from("no-such-file.yaml")]).await;
    assert!(matches!(missing, Err(Failure::World { .. })));
}
