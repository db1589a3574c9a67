//! Reports on which nobody decides: they go up to the district, are told there once more, and stay until somebody does.

use std::time::Duration;

use contract::document::DocumentBody;
use contract::proto::from_wire;
use contract::proto::triage::ReviewRequested;
use ids::Lane;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use testkit::wait;
use triage::core::late::{RAISED, REMINDED};
use triage::handle::overdue;
use uuid::Uuid;
use wakeups::Wakeup;

use crate::desk::{Desk, OTHER_STREET, STREET, Said, Sent, TRACE, report};

const CENTRE: &str = "street-centre";
const DISTRICT: &str = "governance-centre";
const WORDS: &str = "你们好，我想反映一件事";

impl Desk {
    /// What was said of reports that wait, in order, with the version.
    async fn asked(&self) -> Vec<(u64, ReviewRequested)> {
        let said = self.said().await.into_iter();
        said.filter_map(|(envelope, said)| match said {
            Said::Review(said) => Some((envelope.version, said)),
            _ => None,
        })
        .collect()
    }

    /// Moves time on and works until nothing is left.
    async fn after(&self, seconds: u64) {
        self.rig.clock.advance(Duration::from_secs(seconds));
        self.rig.drain().await;
    }

    async fn entry(&self) -> Value {
        self.reads(DISTRICT, "reviews").await["reviews"][0].clone()
    }
}

fn due_at(asked: &ReviewRequested) -> Option<Timestamp> {
    asked.due_at.as_ref().and_then(from_wire)
}

fn act(verb: &str) -> String {
    format!("reviews/{}:{verb}", Uuid::from_u128(1))
}

#[tokio::test]
async fn nobody_decides_so_it_goes_up_and_is_told_once_more() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "", WORDS)]).await;
    let began = desk.rig.clock.now();
    let limit = SignedDuration::from_mins(30);
    assert_eq!(desk.entry().await["due_at"], json!(began + limit));
    desk.after(1_799).await;
    assert_eq!(desk.asked().await.len(), 1, "not before its time");
    desk.after(1).await;
    let asked = desk.asked().await;
    let [(1, first), (2, raised)] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!((first.desk.as_str(), due_at(first)), ("street", Some(began + limit)));
    assert_eq!(
        (raised.desk.as_str(), raised.note.as_str(), &raised.told_bodies[..]),
        ("district", RAISED, &[DISTRICT.to_owned()][..])
    );
    assert_eq!((due_at(raised), raised.by.as_str()), (Some(began + limit + limit), ""));
    assert_eq!((&raised.reason, &raised.tracking_sha256), (&first.reason, &first.tracking_sha256));
    let entry = desk.entry().await;
    assert_eq!((&entry["desk"], &entry["note"]), (&json!("district"), &json!(RAISED)));
    let item = json!({ "item": "TRA-01" });
    assert_eq!(desk.acts(CENTRE, &act("decide"), item.clone()).await.1["code"], "districts-desk");
    let (actor, trace): (String, String) = sqlx::query_as(
        "SELECT actor, traceparent FROM triage.journal WHERE event_type = 'triage.case.review_requested' AND version = 2",
    )
    .fetch_one(desk.rig.admin())
    .await
    .unwrap();
    assert_eq!(actor, "clock");
    assert_eq!(trace[..35], TRACE[..35], "one trace from the report on");
    desk.after(1_800).await;
    let asked = desk.asked().await;
    let (3, reminded) = &asked[2] else { panic!("{asked:?}") };
    assert_eq!(
        (reminded.desk.as_str(), reminded.note.as_str(), due_at(reminded)),
        ("district", REMINDED, None)
    );
    assert_eq!(reminded.told_bodies, [DISTRICT]);
    assert_eq!(desk.entry().await["note"], RAISED, "what stands at the desk stays");
    for _ in 0..3 {
        desk.after(86_400).await;
    }
    assert_eq!(
        (desk.asked().await.len(), desk.count("wakeups").await),
        (3, 0),
        "told once more, not for ever"
    );
    assert_eq!(desk.acts(DISTRICT, &act("decide"), item).await.0, 200);
    assert_eq!(desk.cases(STREET).await, [[1]]);
}

#[tokio::test]
async fn what_is_urgent_goes_up_within_minutes_and_both_centres_are_told_at_once() {
    let desk = Desk::open().await;
    desk.hear(&[Sent { lane: Lane::Urgent, ..report(1, "", WORDS) }]).await;
    let both = [format!("street-centre@{STREET}"), DISTRICT.to_owned()];
    assert_eq!(desk.asked().await[0].1.told_bodies, both);
    desk.after(299).await;
    assert_eq!(desk.asked().await.len(), 1);
    desk.after(1).await;
    let asked = desk.asked().await;
    assert_eq!((asked.len(), &asked[1].1.told_bodies[..]), (2, &both[1..]));
    desk.after(300).await;
    assert_eq!(desk.asked().await.len(), 3);
}

#[tokio::test]
async fn a_street_says_how_long_and_danger_waits_no_longer_than_the_rest() {
    let desk = Desk::open().await;
    let mut documents = testkit::demo::documents(2);
    for document in &mut documents {
        if let DocumentBody::Street(core) = &mut document.body {
            core.report_review_minutes = 2;
        }
    }
    desk.rig.documents(&documents).await;
    desk.hear(&[report(1, "", WORDS), Sent { lane: Lane::Urgent, ..report(2, "", WORDS) }]).await;
    let then = desk.rig.clock.now() + SignedDuration::from_mins(2);
    assert!(desk.asked().await.iter().all(|(_, asked)| due_at(asked) == Some(then)));
    desk.after(120).await;
    assert_eq!(desk.asked().await.len(), 4);
}

#[tokio::test]
async fn who_has_it_in_hand_is_waited_for() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "", WORDS)]).await;
    desk.after(1_500).await;
    assert_eq!(desk.acts(CENTRE, &act("claim"), json!({})).await.0, 200);
    desk.after(899).await;
    assert_eq!(desk.asked().await.len(), 1, "fifteen minutes in hand, ten beyond its time");
    desk.after(1).await;
    assert_eq!(desk.asked().await[1].1.desk, "district");
    // Let go of after its time: it does not wait for the claim's end.
    assert_eq!(desk.acts(DISTRICT, &act("claim"), json!({})).await.0, 200);
    desk.rig.clock.advance(Duration::from_secs(600));
    assert_eq!(desk.acts(DISTRICT, &act("hand-down"), json!({ "note": "属街道" })).await.0, 200);
    desk.after(1_700).await;
    assert_eq!(desk.acts(CENTRE, &act("claim"), json!({})).await.0, 200);
    desk.after(400).await;
    assert_eq!(desk.asked().await.len(), 3);
    assert_eq!(desk.acts(CENTRE, &act("release"), json!({})).await.0, 200);
    desk.rig.drain().await;
    let asked = desk.asked().await;
    assert_eq!((asked.len(), asked[3].1.note.as_str()), (4, RAISED), "handed down, it goes up again");
}

#[tokio::test]
async fn whoever_sends_it_begins_its_time_anew_and_is_named() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "", WORDS)]).await;
    desk.after(1_000).await;
    assert_eq!(desk.acts(CENTRE, &act("raise"), json!({ "note": "跨街道" })).await.0, 200);
    let now = desk.rig.clock.now();
    let raised = desk.asked().await.remove(1).1;
    assert_eq!((raised.by.as_str(), due_at(&raised)), (CENTRE, Some(now + SignedDuration::from_mins(30))));
    desk.after(1_799).await;
    assert_eq!(desk.asked().await.len(), 2, "the time at the street's desk is over, and counts no more");
    desk.after(1).await;
    assert_eq!(desk.asked().await[2].1.note, REMINDED);
    assert_eq!(desk.entry().await["note"], "跨街道", "what the person wrote stands");
}

#[tokio::test]
async fn what_is_decided_is_let_be() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "", WORDS), report(2, "", WORDS)]).await;
    assert_eq!(desk.count("wakeups").await, 2);
    assert_eq!(desk.acts(CENTRE, &act("decide"), json!({ "item": "TRA-01" })).await.0, 200);
    let reject = format!("reviews/{}:reject", Uuid::from_u128(2));
    assert_eq!(desk.acts(CENTRE, &reject, json!({ "ground": "test" })).await.0, 200);
    assert_eq!(desk.count("wakeups").await, 0);
    desk.after(86_400).await;
    assert_eq!(desk.asked().await.len(), 2);
}

/// A drill goes the same way, marked.
#[tokio::test]
async fn a_drill_goes_up_as_a_drill() {
    let desk = Desk::open().await;
    desk.hear(&[Sent { drill: true, ..report(1, "", WORDS) }]).await;
    desk.after(1_800).await;
    let drills = desk.said().await.iter().map(|(envelope, _)| envelope.drill).collect::<Vec<_>>();
    assert_eq!(drills, [true, true]);
}

/// What a build before this one put onto a desk has neither clock nor wake-up.
#[tokio::test]
async fn what_an_older_replica_put_there_is_given_a_clock() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "", WORDS)]).await;
    for older in ["UPDATE triage.reviews SET due_at = NULL, traceparent = NULL", "DELETE FROM triage.wakeups"]
    {
        sqlx::query(older).execute(desk.rig.admin()).await.unwrap();
    }
    desk.after(7_200).await;
    let began = desk.rig.clock.now();
    assert_eq!(
        desk.entry().await["due_at"],
        json!(began + SignedDuration::from_mins(30)),
        "from the sweep on"
    );
    desk.after(1_800).await;
    assert_eq!(desk.asked().await[1].1.desk, "district");
}

/// A build before this one hands down what the district was told of twice, and leaves the clock as it ended.
#[tokio::test]
async fn what_an_older_replica_handed_down_goes_up_again() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "", WORDS)]).await;
    for _ in 0..2 {
        desk.after(1_800).await;
    }
    assert_eq!((desk.asked().await.len(), desk.count("wakeups").await), (3, 0), "raised, and told once more");
    let older = "UPDATE triage.reviews SET desk = 'street', note = '属街道', version = version + 1";
    sqlx::query(older).execute(desk.rig.admin()).await.unwrap();
    desk.after(7_200).await;
    let began = desk.rig.clock.now();
    assert_eq!(desk.entry().await["due_at"], json!(began + SignedDuration::from_mins(30)));
    desk.after(1_800).await;
    let asked = desk.asked().await;
    assert_eq!((asked.len(), asked[3].1.desk.as_str(), asked[3].1.note.as_str()), (4, "district", RAISED));
    desk.after(1_800).await;
    assert_eq!(desk.asked().await[4].1.note, REMINDED);
    assert_eq!(desk.count("wakeups").await, 0);
}

/// One that is busy holds up no other: the sweep waits for one lock at a time, and holds none meanwhile.
#[tokio::test]
async fn a_busy_street_keeps_no_other_from_its_clocks() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "", WORDS), Sent { street: OTHER_STREET, ..report(2, "", WORDS) }]).await;
    let older = "UPDATE triage.reviews SET due_at = NULL";
    sqlx::query(older).execute(desk.rig.admin()).await.unwrap();
    let mut busy = desk.rig.admin().begin().await.unwrap();
    let lock = "SELECT FROM triage.desks WHERE tenant_id = $1 FOR UPDATE";
    sqlx::query(lock).bind(OTHER_STREET.parse::<i64>().unwrap()).execute(&mut *busy).await.unwrap();
    let room = desk.replica();
    let first = async {
        let clocks = "SELECT count(due_at) FROM triage.reviews";
        let begun = wait::until(Duration::from_secs(10), async || {
            let clocks: i64 = sqlx::query_scalar(clocks).fetch_one(desk.rig.admin()).await.unwrap();
            (clocks == 1).then_some(())
        });
        let begun = begun.await;
        busy.rollback().await.unwrap();
        begun
    };
    let (swept, first) = tokio::join!(overdue::begin_clocks(&room), first);
    assert!(first.is_some(), "the other street's clock has begun");
    assert_eq!(swept.unwrap(), 2);
    assert_eq!(overdue::begin_clocks(&room).await.unwrap(), 0, "once");
}

/// A street whose lock is never free for the runner: whoever holds it next moves what the runner passed over.
#[tokio::test]
async fn a_due_report_goes_up_with_the_next_batch_of_its_street() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "", WORDS)]).await;
    desk.rig.clock.advance(Duration::from_secs(1_800));
    let (room, now) = (desk.replica(), desk.rig.clock.now());
    let tenant = STREET.parse().unwrap();
    let begin = async || desk.rig.house.pool.begin(pg::TenantScope::of_subjects([tenant])).await.unwrap();
    let mut batch = desk.rig.admin().begin().await.unwrap();
    sqlx::query("SELECT FROM triage.desks FOR UPDATE").execute(&mut *batch).await.unwrap();
    let mut tx = begin().await;
    let due = Wakeup { tenant, kind: overdue::REPORT_REVIEW, subject_id: Uuid::from_u128(1), due_at: now };
    assert_eq!(overdue::due(&room, &mut tx, now, vec![due]).await.unwrap(), 0, "somebody has the lock");
    tx.commit().await.unwrap();
    batch.rollback().await.unwrap();
    assert_eq!(desk.asked().await.len(), 1);
    let other = Sent { lat: 29.62, ..report(2, "TRA-03", "站牌坏了") };
    let mut tx = begin().await;
    triage::handle::settle(&room, &mut tx, now, &[other.submission()]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(desk.asked().await[1].1.desk, "district");
    desk.rig.drain().await;
    assert_eq!(desk.asked().await.len(), 2, "once");
}
