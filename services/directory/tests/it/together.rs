//! Two at once: one after the other, and whoever looked at an older generation is told.

use crate::office::*;

#[tokio::test]
async fn equal_manifests_at_once_are_one_generation() {
    let office = Office::open().await;
    let (one, other) = tokio::join!(office.apply(DISTRICT), office.apply(DISTRICT));
    let mut changed = [one.applied(), other.applied()];
    changed.sort();
    assert_eq!(changed, [(1, false), (1, true)]);
    assert_eq!(office.rows().await, [1, 2, 2, 2]);
}

#[tokio::test]
async fn of_two_that_looked_at_the_same_generation_one_is_told() {
    let office = Office::settled().await;
    let named = |name: &str| STREET.replace("zh: 滨江街道", &format!("zh: {name}"));
    let match_one = [("if-match", "\"1\"")];
    let (one, other) = tokio::join!(
        office.apply_as(ADMIN, &match_one, named("甲")),
        office.apply_as(ADMIN, &match_one, named("乙")),
    );
    let (won, lost) = if one.status.is_success() { (one, other) } else { (other, one) };
    assert_eq!(won.applied(), (2, true));
    lost.refused(412, "precondition-failed");
}

#[tokio::test]
async fn without_a_precondition_the_later_one_counts() {
    let office = Office::settled().await;
    let named = |name: &str| STREET.replace("zh: 滨江街道", &format!("zh: {name}"));
    let (first, second) = (named("甲"), named("乙"));
    let (one, other) = tokio::join!(office.apply(&first), office.apply(&second));
    let mut generations = [one.applied(), other.applied()];
    generations.sort();
    assert_eq!(generations, [(2, true), (3, true)]);
}

#[tokio::test]
async fn preconditions() {
    let office = Office::open().await;
    let with = async |value: &str, manifest: &str| {
        office.apply_as(ADMIN, &[("if-match", value)], manifest.to_owned()).await
    };
    with("*", DISTRICT).await.refused(412, "precondition-failed");
    with("\"1\"", DISTRICT).await.refused(412, "precondition-failed");
    assert_eq!(with("0", DISTRICT).await.applied(), (1, true));
    with("0", DISTRICT).await.refused(412, "precondition-failed");
    with("yesterday", DISTRICT).await.refused(412, "precondition-failed");
    assert_eq!(with("*", DISTRICT).await.applied(), (1, false));
    assert_eq!(with("\"0\", \"1\"", DISTRICT).await.applied(), (1, false), "any of a list");
    with("\"0\", W/\"1\"", DISTRICT).await.refused(412, "precondition-failed");
}
