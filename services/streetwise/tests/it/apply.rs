//! `streetwise apply` against a directory.

use std::path::PathBuf;

use streetwise::failure::Failure;

use crate::town::{shipped, town};

#[tokio::test]
async fn the_demo_manifests_are_applied_in_order_and_again() {
    let town = town().await;
    let files =
        ["district-990102000000.yaml", "street-990102001000.yaml", "street-990102002000.yaml"].map(shipped);
    for _ in 0..2 {
        town.apply("sre", &files).await.expect("applied");
    }
    assert_eq!(town.rig.said().await.len(), 8, "the second time nothing is said");
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

/// Each fault on a line of its own, where it stands in the file as it is on disk.
#[tokio::test]
async fn faults_are_told_by_their_place_in_the_file() {
    let town = town().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("district.yaml");
    let text = std::fs::read_to_string(shipped("district-990102000000.yaml")).expect("a manifest");
    let broken = text.replace("time_zone", "timezone").replace("channel: webhook", "channel: pigeon");
    std::fs::write(&file, &broken).expect("written");
    let failure = town.apply("sre", std::slice::from_ref(&file)).await.expect_err("refused");
    let told = failure.to_string();
    let line = |word: &str| 1 + broken.lines().position(|line| line.contains(word)).expect("a line");
    let column = |word: &str| {
        let (before, _) =
            broken.lines().find(|line| line.contains(word)).and_then(|l| l.split_once(word)).expect("there");
        1 + before.chars().count()
    };
    for (code, word) in [("unknown-field", "timezone"), ("unknown-word", "pigeon")] {
        let expected = format!("{}:{}:{}: {code}: ", file.display(), line(word), column(word));
        assert!(told.contains(&expected), "{expected} in {told}");
    }
    assert_eq!(told.matches(": unknown-word: ").count(), 4, "{told}");
    assert!(told.contains(" / ") && told.contains("✗"), "{told}");
    assert_eq!(town.rig.said().await.len(), 0, "nothing was applied");
}
