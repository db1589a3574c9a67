//! What a report is about nobody knows, but which matter it is its words say (D35).

use contract::document::{DocumentBody, Features};
use ids::Lane;
use serde_json::{Value, json};

use crate::desk::{Desk, OTHER_STREET, STREET, Sent, report};

const CENTRE: &str = "street-centre";
/// Rare characters: nothing of any item is in them, not even something like it.
const WORDS: &str = "龘靐齉爩鱻麤灪龖厵籱爨癵驫麷纞虋讟钃鸜鞻韽韾顟顠";
const AGAIN: &str = "龘靐齉爩鱻麤灪龖厵籱爨癵驫麷，纞虋讟钃鸜鞻韽韾顟顠！！麣齾";

async fn apart() -> Desk {
    let desk = Desk::open().await;
    let mut documents = testkit::demo::documents(2);
    for document in &mut documents {
        if let DocumentBody::Street(core) = &mut document.body {
            core.features = Features { join_by_words: false, ..Features::default() };
        }
    }
    desk.rig.documents(&documents).await;
    desk
}

impl Desk {
    async fn bands(&self) -> i64 {
        self.count("case_bands").await
    }
}

#[tokio::test]
async fn a_message_passed_on_is_one_more_voice() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "TRA-03", WORDS)]).await;
    assert_eq!(desk.bands().await, 8);
    desk.hear(&[Sent { lat: 29.5640, ..report(2, "", AGAIN) }]).await;
    assert_eq!(desk.cases(STREET).await, [[1, 2]]);
    let [joined] = &desk.joined().await[..] else { panic!("one voice more") };
    let why: Value = serde_json::from_str(&joined.join_explanation_json).unwrap();
    assert_eq!((&why["method"], &why["alike_min_per_mille"]), (&json!("text-place-time"), &json!(600)));
    assert!(why["alike_per_mille"].as_u64().unwrap() >= 600, "{why}");
    assert!(why["zh"].as_str().unwrap().starts_with("事项不明，但文字与该案"), "{why}");
    assert_eq!(desk.reads(CENTRE, "reviews").await["reviews"], json!([]));
}

#[tokio::test]
async fn reports_of_one_batch_know_each_other_s_words() {
    let desk = Desk::open().await;
    let both = [report(1, "TRA-03", WORDS), report(2, "", AGAIN)];
    let submissions: Vec<_> = both.iter().map(Sent::submission).collect();
    let room = desk.replica();
    let scope = pg::TenantScope::of_subjects([both[0].tenant()]);
    let mut tx = desk.rig.house.pool.begin(scope).await.unwrap();
    triage::handle::settle(&room, &mut tx, desk.rig.clock.now(), &submissions).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(desk.cases(STREET).await, [[1, 2]]);
}

#[tokio::test]
async fn what_is_less_alike_or_farther_is_shown_to_the_person() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "TRA-03", WORDS)]).await;
    let far = Sent { lat: 29.5728, ..report(2, "", AGAIN) };
    let half = report(3, "", "龘靐齉爩鱻麤灪龖厵籱爨癵驫麷纞虋，鼜鼝鼞鼟鼡鼣鼤");
    let other = report(4, "", "齀齁齂齃齅齆齇齈齉齊齋");
    desk.hear(&[far, half, other]).await;
    assert_eq!(desk.cases(STREET).await, [[1]]);
    let list = desk.reads(CENTRE, "reviews").await;
    let shown = |n: usize| {
        let entry = &list["reviews"][n];
        (entry["similar"].as_array().unwrap().len(), entry["similar"][0]["case_no"].clone())
    };
    assert_eq!(shown(0), (1, json!("990102001-261123-0001")), "{list}");
    assert_eq!(shown(1).0, 1, "{list}");
    assert_eq!(shown(2), (0, Value::Null), "{list}");
    // One step, and it is where it belongs.
    let case_id = list["reviews"][1]["similar"][0]["case_id"].clone();
    let join = format!("reviews/{}:join", uuid::Uuid::from_u128(3));
    assert_eq!(desk.acts(CENTRE, &join, json!({ "case_id": case_id })).await.0, 200);
    assert_eq!(desk.cases(STREET).await, [[1, 3]]);
}

#[tokio::test]
async fn a_street_may_have_a_person_look_and_danger_always_has() {
    let desk = apart().await;
    desk.hear(&[report(1, "TRA-03", WORDS)]).await;
    // A case of the same batch has no number yet and is shown to nobody.
    desk.hear(&[report(2, "", AGAIN)]).await;
    assert_eq!(desk.cases(STREET).await, [[1]]);
    let list = desk.reads(CENTRE, "reviews").await;
    assert_eq!(list["reviews"][0]["similar"].as_array().unwrap().len(), 1, "{list}");
    let desk = Desk::open().await;
    desk.hear(&[report(1, "TRA-03", WORDS), Sent { lane: Lane::Urgent, ..report(2, "", AGAIN) }]).await;
    assert_eq!(desk.cases(STREET).await, [[1]], "in the urgent lane a person looks");
    assert_eq!(desk.reads(CENTRE, "reviews").await["reviews"][0]["lane"], "urgent");
}

#[tokio::test]
async fn what_is_over_is_found_no_more_and_what_reopens_again() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "TRA-03", WORDS)]).await;
    let case = desk.opened().await[0].case.clone().unwrap();
    desk.dispatch_says(contract::EventType::CaseClosed, &case.case_id, 3).await;
    assert_eq!(desk.bands().await, 0);
    desk.hear(&[report(2, "", AGAIN)]).await;
    assert_eq!(desk.cases(STREET).await, [[1]]);
    desk.dispatch_says(contract::EventType::CaseReopened, &case.case_id, 4).await;
    assert_eq!(desk.bands().await, 8);
    desk.hear(&[report(3, "", AGAIN)]).await;
    assert_eq!(desk.cases(STREET).await, [[1, 3]]);
}

/// So many cases of a band are looked at, the newest, in each street for itself: a neighbour's crowd hides nothing.
#[tokio::test]
async fn fifty_cases_of_a_band_are_looked_at_in_each_street_by_itself() {
    let desk = Desk::open().await;
    let crowd = |street: &'static str, numbers: std::ops::Range<u32>| -> Vec<Sent> {
        let case = |n: u32| Sent {
            street,
            lat: 29.0 + f64::from(n % 100) * 0.01,
            ..report(n.into(), "TRA-03", WORDS)
        };
        numbers.map(case).collect()
    };
    let mine = crowd(STREET, 1..2);
    desk.hear(&mine).await;
    desk.hear(&crowd(OTHER_STREET, 101..102)).await;
    // Ids of one millisecond are in no order: the crowd is younger.
    desk.rig.clock.set("2026-11-23T03:00:00Z".parse().unwrap());
    desk.hear(&crowd(OTHER_STREET, 102..163)).await;
    assert_eq!((desk.cases(STREET).await.len(), desk.cases(OTHER_STREET).await.len()), (1, 62));
    let at = |of: &Sent, n: u128, lat: f64| Sent { item: "", text: AGAIN.to_owned(), n, lat, ..of.clone() };
    let theirs = crowd(OTHER_STREET, 101..102);
    desk.hear(&[at(&mine[0], 201, mine[0].lat), at(&theirs[0], 202, theirs[0].lat)]).await;
    assert_eq!(desk.cases(STREET).await, [[1, 201]], "of its own street all are looked at");
    assert_eq!(
        desk.cases(OTHER_STREET).await.concat().len(),
        62,
        "the oldest of 62 is not looked at any more"
    );
    let reviews = desk.count("reviews").await;
    assert_eq!(reviews, 1, "and a person says whose it is");
}

#[tokio::test]
async fn drills_go_by_their_items() {
    let desk = Desk::open().await;
    desk.hear(&[Sent { drill: true, ..report(1, "TRA-03", WORDS) }]).await;
    assert_eq!(desk.bands().await, 0);
    desk.hear(&[report(2, "", AGAIN), Sent { drill: true, ..report(3, "", WORDS) }]).await;
    assert_eq!(desk.cases(STREET).await, [[1]]);
}
