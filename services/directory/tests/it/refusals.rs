//! Nothing of a refused manifest is applied, and every fault is named with its place.

use std::collections::BTreeSet;

use rstest::rstest;

use crate::office::*;

async fn unchanged(office: &Office, before: [i64; 4]) {
    assert_eq!(office.rows().await, before, "a refused manifest leaves nothing behind");
}

#[tokio::test]
async fn all_faults_are_listed_and_nothing_is_applied() {
    let office = Office::settled().await;
    let before = office.rows().await;
    let broken = FAST
        .replace("TRA-03: { assists: [], policy: demo-fast }", "TRA-99: { assists: [nobody], policy: none }")
        .replace("[800]", "[800, 800]")
        .replace("chain: to-district-centre", "chain: nowhere")
        .replace("role: verifier", "role: emperor")
        .replace("990102002003", "990102001003");
    let answer = office.apply(&broken).await;
    answer.refused(422, "manifest-invalid");
    assert_eq!(
        answer.placed(),
        [
            "19:15 /spec/communities/2/code foreign-community",
            "21:13 /spec/items/TRA-99 unknown-item",
            "21:42 /spec/items/TRA-99/policy unknown-policy",
            "28:23 /spec/policies/demo-fast/warn_per_mille bad-warnings",
            "29:14 /spec/policies/demo-fast/chain unknown-chain",
            "40:24 /spec/members/verifier/0/role unknown-role",
        ]
    );
    unchanged(&office, before).await;
}

/// What does not fit the types is told by its place too, all of it; what is not there by what it is missing in.
#[tokio::test]
async fn structural_faults_are_all_told_with_their_places() {
    let office = Office::settled().await;
    let before = office.rows().await;
    let broken = FAST
        .replace("routing_mode", "routing_modes")
        .replace("990102002003", "99010200200x")
        .replace("demo: true", "demo: yes")
        .replace("chain: to-district-centre", "chain: to-district-centre\n      chain: again");
    let answer = office.apply(&broken).await;
    answer.refused(422, "manifest-invalid");
    assert_eq!(
        answer.placed(),
        [
            "14:3 /spec/routing_mode missing-field",
            "15:3 /spec/routing_modes unknown-field",
            "19:15 /spec/communities/2/code identifier-invalid",
            "25:13 /spec/policies/demo-fast/demo wrong-type",
            "30:7 /spec/policies/demo-fast/chain duplicate-key",
        ]
    );
    for error in answer.body["errors"].as_array().unwrap() {
        let detail = error["detail"].as_str().unwrap();
        assert!(detail.contains(" / "), "both languages: {detail}");
    }
    unchanged(&office, before).await;
}

/// Who is told by a step is asked for, and the district is raised to.
#[tokio::test]
async fn a_step_tells_somebody_who_is_there() {
    let office = Office::settled().await;
    let before = office.rows().await;
    let steps = "  chains:
    ours:
      steps:
        - { after_s: 0, action: notify }
        - { after_s: 1, action: notify-holder, body: street-centre }
        - { after_s: 2, action: raise, body: street-centre }
        - { after_s: 3, action: supervise, body: nobody }
        - { after_s: 4, action: applaud, body: street-centre }
  endpoints:";
    let answer = office.apply(&FAST.replace("  endpoints:", steps)).await;
    answer.refused(422, "manifest-invalid");
    let told: Vec<String> =
        answer.placed().iter().map(|placed| placed.split_once(' ').unwrap().1.to_owned()).collect();
    assert_eq!(
        told,
        [
            "/spec/chains/ours/steps/0/body nobody-is-told",
            "/spec/chains/ours/steps/1/body holder-is-told",
            "/spec/chains/ours/steps/2/body not-of-district",
            "/spec/chains/ours/steps/3/body unknown-body",
            "/spec/chains/ours/steps/4/action unsupported",
        ]
    );
    unchanged(&office, before).await;
    let fine = "  chains:
    ours:
      steps:
        - { after_s: 0, action: notify-holder }
        - { after_s: 3600, action: supervise, body: street-centre }
        - { after_s: 86400, action: raise, body: governance-centre }
  endpoints:";
    office.apply(&FAST.replace("  endpoints:", fine)).await.applied();
}

#[tokio::test]
async fn faults_beyond_the_first_are_counted() {
    let office = Office::settled().await;
    let fields: String = (0..300).map(|n| format!("  field{n}: 1\n")).collect();
    let answer = office.apply(&format!("{FAST}{fields}")).await;
    assert_eq!(answer.refused(422, "manifest-invalid").len(), 200);
    assert!(answer.body["detail"].as_str().unwrap().contains("100"), "{}", answer.body["detail"]);
}

#[tokio::test]
async fn members_must_be_possible() {
    let office = Office::settled().await;
    let broken = STREET
        .replace("role: verifier }", "role: emperor }")
        .replace("resident: [{ role: resident }]", "a.b: [{ role: district-centre }]");
    let faults: BTreeSet<_> =
        office.apply(&broken).await.refused(422, "manifest-invalid").into_iter().collect();
    let expected =
        [("/spec/members/a.b/0/role", "role-not-here"), ("/spec/members/verifier/0/role", "unknown-role")];
    assert_eq!(faults, expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())).into());
}

#[rstest]
#[case::pack("pack: default", "pack: other", "/spec/pack", "unknown-pack")]
#[case::zone("Asia/Shanghai", "Mars/Olympus", "/spec/time_zone", "unknown-time-zone")]
#[case::code("\"990102000000\"", "\"990102009000\"", "/metadata/code", "not-a-district")]
#[case::variable(
    "${SINK_URL}/hooks/transport",
    "http://${HOME}/",
    "/spec/endpoints/transport/url",
    "unknown-variable"
)]
#[case::field("  pack: default", "  pack: default\n  packs: 1", "/spec/packs", "unknown-field")]
#[case::twice("  pack: default", "  pack: default\n  pack: default", "/spec/pack", "duplicate-key")]
#[case::broken("spec:", "spec: [", "", "unreadable")]
#[tokio::test]
async fn a_district_with_one_fault(
    #[case] good: &str,
    #[case] bad: &str,
    #[case] pointer: &str,
    #[case] code: &str,
) {
    let office = Office::open().await;
    assert!(DISTRICT.contains(good));
    let faults = office.apply(&DISTRICT.replace(good, bad)).await.refused(422, "manifest-invalid");
    assert_eq!(faults, [(pointer.to_owned(), code.to_owned())]);
    unchanged(&office, [0; 4]).await;
}

#[tokio::test]
async fn an_alias_bomb_is_counted_not_expanded() {
    let office = Office::open().await;
    let levels = (1..9).map(|n| format!("  a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", ")));
    let bomb =
        format!("bomb:\n  a0: &a0 [x, x, x, x, x, x, x, x, x]\n{}{DISTRICT}", levels.collect::<String>());
    let faults = office.apply(&bomb).await.refused(422, "manifest-invalid");
    assert_eq!(faults, [(String::new(), "bad-alias".to_owned())]);
}

#[tokio::test]
async fn sizes_and_types_are_bounded() {
    let office = Office::open().await;
    let padded = |bytes: usize| format!("{DISTRICT}\n#{}", "x".repeat(bytes - DISTRICT.len() - 2));
    office.apply(&padded(256 * 1024 + 1)).await.refused(413, "payload-too-large");
    assert_eq!(office.apply(&padded(256 * 1024)).await.applied(), (1, true));
    for content_type in ["application/json", "text/plain", "application/yaml; charset=gbk"] {
        let answer = office.apply_as(ADMIN, &[("content-type", content_type)], DISTRICT).await;
        answer.refused(415, "unsupported-media-type");
    }
}

#[tokio::test]
async fn a_street_waits_for_its_district() {
    let office = Office::open().await;
    let answer = office.apply(STREET).await;
    answer.refused(422, "district-not-applied");
    assert!(answer.body["hint"].as_str().unwrap().contains("Apply the district's manifest first"));
    unchanged(&office, [0; 4]).await;
}

#[rstest]
#[case::stranger("nobody-here", 404, "not-found")]
#[case::reads_only("street-centre", 403, "forbidden")]
#[case::another_role("grid-worker", 403, "forbidden")]
#[case::of_the_district("governance-centre", 403, "forbidden")]
#[case::operator("sre", 403, "forbidden")]
#[tokio::test]
async fn only_administrators_apply(#[case] subject: &str, #[case] status: u16, #[case] code: &str) {
    let office = Office::settled().await;
    let before = office.rows().await;
    let renamed = STREET.replace("zh: 滨江街道", "zh: 滨江新街道");
    office.apply_as(subject, &[], renamed).await.refused(status, code);
    unchanged(&office, before).await;
}

#[tokio::test]
async fn a_districts_administrator_stays_in_the_district() {
    let office = Office::settled().await;
    let other = DISTRICT
        .replace("990102000000", "990103000000")
        .replace("sre: [{ role: sre }, { role: system-admin }]", "neighbour: [{ role: directory-admin }]");
    assert_eq!(office.apply(&other).await.applied(), (1, true));
    office.rig.refresh().await;
    let own = STREET.replace("990102", "990103");
    assert_eq!(office.apply_as("neighbour", &[], own).await.applied(), (1, true));
    let before = office.rows().await;
    let renamed = STREET.replace("zh: 滨江街道", "zh: 滨江新街道");
    office.apply_as("neighbour", &[], renamed.clone()).await.refused(404, "not-found");
    // Claiming the street for the own district changes nothing about whose it is.
    let claimed = renamed.replace("district: \"990102000000\"", "district: \"990103000000\"");
    office.apply_as("neighbour", &[], claimed.clone()).await.refused(404, "not-found");
    let faults = office.apply(&claimed).await.refused(422, "manifest-invalid");
    assert_eq!(faults, [("/spec/district".to_owned(), "district-differs".to_owned())]);
    // Nor does claiming one that is not there yet.
    let new = claimed.replace("990102001", "990102009");
    let faults = office.apply_as("neighbour", &[], new).await.refused(422, "manifest-invalid");
    assert_eq!(faults[0], ("/metadata/code".to_owned(), "foreign-street".to_owned()));
    unchanged(&office, before).await;
}

#[tokio::test]
async fn a_claim_is_refused_even_while_the_view_lags() {
    let office = Office::open().await;
    assert_eq!(office.apply(DISTRICT).await.applied(), (1, true));
    let other = DISTRICT
        .replace("990102000000", "990103000000")
        .replace("sre: [{ role: sre }, { role: system-admin }]", "neighbour: [{ role: directory-admin }]");
    assert_eq!(office.apply(&other).await.applied(), (1, true));
    office.rig.refresh().await;
    // Applied, but not in the view yet.
    assert_eq!(office.apply(STREET).await.applied(), (1, true));
    let claimed = STREET.replace("district: \"990102000000\"", "district: \"990103000000\"");
    office.apply_as("neighbour", &[], claimed).await.refused(404, "not-found");
}

#[tokio::test]
async fn a_tenant_keeps_its_kind() {
    let office = Office::settled().await;
    let before = office.rows().await;
    let kind_differs = [("/kind".to_owned(), "kind-differs".to_owned())];
    let twisted = DISTRICT.replace("990102000000", STREET_CODE);
    assert_eq!(office.apply(&twisted).await.refused(422, "manifest-invalid"), kind_differs);
    let twisted = STREET.replace("code: \"990102001000\"", "code: \"990102000000\"");
    assert_eq!(office.apply(&twisted).await.refused(422, "manifest-invalid"), kind_differs);
    unchanged(&office, before).await;
}
