//! What was applied is read back byte for byte, by those who may read the history.

use crate::office::*;

#[tokio::test]
async fn a_generation_is_its_manifest_byte_for_byte() {
    let office = Office::settled().await;
    let reworded = format!("# 备注 a remark\r\n{}", STREET.replace("zh: 滨江街道", "zh: 滨江新街道"));
    assert_eq!(office.apply(&reworded).await.applied(), (2, true));
    for (generation, manifest) in [("1", STREET), ("2", reworded.as_str())] {
        let answer = office.generation("street-centre", STREET_CODE, generation).await;
        assert_eq!(answer.status, 200, "{:#}", answer.body);
        assert_eq!(answer.body, manifest);
        assert_eq!(answer.headers["content-type"], "application/yaml");
        assert_eq!(answer.headers["etag"], format!("\"{generation}\""));
        assert_eq!(answer.headers["cache-control"], "no-store");
    }
}

#[tokio::test]
async fn unknown_foreign_and_impossible_generations_are_the_same() {
    let office = Office::settled().await;
    let unknown = office.generation(ADMIN, STREET_CODE, "2").await;
    unknown.refused(404, "not-found");
    for generation in ["0", "-1", "x", "9223372036854775808", "18446744073709551616"] {
        let answer = office.generation(ADMIN, STREET_CODE, generation).await;
        answer.refused(404, "not-found");
        assert_eq!(answer.body, unknown.body, "{generation}");
    }
    office.generation("grid-worker", STREET_CODE, "1").await.refused(403, "forbidden");
    for (subject, code) in [("nobody-here", STREET_CODE), ("street-centre", DISTRICT_CODE)] {
        let answer = office.generation(subject, code, "1").await;
        answer.refused(404, "not-found");
        assert_eq!(answer.body, unknown.body, "{subject}");
    }
}

#[tokio::test]
async fn who_takes_no_yaml_is_told() {
    let office = Office::settled().await;
    let path = format!("/directory/v1/streets/{STREET_CODE}/generations/1");
    let token = office.rig.token(ADMIN);
    for (accept, status) in [("application/yaml", 200), ("*/*", 200), ("application/json", 406)] {
        let (answered, _, body) =
            office.rig.http("GET", &path, Some(&token), &[("accept", accept)], None).await;
        assert_eq!(answered.as_u16(), status, "{accept}: {body:#}");
    }
}
