//! The writer behind the door (ADR 018): batches, bounds, and nobody left without an answer.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use intake::handle::submit::Unkept;
use intake::handle::{Receipt, Refusal, Room, SubmitReport};
use seal::Sensitive;
use testkit::wait;

use crate::desk::{Desk, OTHER_STREET, STREET, command};

type Answer = Result<Receipt, Unkept>;

/// Submits all while the table of reports is locked, so that they come during one another's commit; then lets go.
async fn during_a_commit(desk: &Desk, room: &Arc<Room>, commands: Vec<SubmitReport>) -> Vec<Answer> {
    let mut held = desk.rig.admin().begin().await.unwrap();
    sqlx::query("LOCK TABLE intake.reports IN EXCLUSIVE MODE").execute(&mut *held).await.unwrap();
    let answers = join_all(commands.into_iter().map(|command| room.submit(command)));
    tokio::join!(answers, async { held.rollback().await.unwrap() }).0
}

#[tokio::test]
async fn what_comes_during_a_commit_is_one_transaction() {
    let desk = Desk::open().await;
    let room = Arc::new(desk.process(&[("STREETWISE_STREET_REPORTS_PER_MINUTE", "6000")]));
    let commands = (0..600).map(|n| command("a", STREET, n, "路灯不亮")).collect();
    let answers = during_a_commit(&desk, &room, commands).await;
    assert!(answers.iter().all(Result::is_ok));
    let (reports, transactions): (i64, i64) =
        sqlx::query_as("SELECT count(*), count(DISTINCT xmin::text) FROM intake.reports")
            .fetch_one(desk.rig.admin())
            .await
            .unwrap();
    assert_eq!(reports, 600);
    assert!((2..=4).contains(&transactions), "600 in batches of at most 512: {transactions} transactions");
    assert_eq!(room.writer().waiting(), 0);
}

#[tokio::test]
async fn a_request_the_database_does_not_take_fails_alone() {
    let desk = Desk::open().await;
    let room = Arc::new(desk.another_process("1000"));
    let mut commands: Vec<_> = (0..20).map(|n| command("a", STREET, n, "路灯不亮")).collect();
    commands[13].place.lon = 200.0;
    let answers = during_a_commit(&desk, &room, commands).await;
    for (n, answer) in answers.iter().enumerate() {
        assert_eq!(answer.as_ref().err(), (n == 13).then_some(&Unkept::Failed), "{n}");
    }
    assert_eq!((desk.count("reports").await, desk.said().await.len()), (19, 19));
}

#[tokio::test]
async fn a_street_whose_key_does_not_open_fails_alone() {
    let desk = Desk::open().await;
    let foreign = vec![9_u8; 80];
    sqlx::query("INSERT INTO intake.tenant_keys (tenant_id, wrapped, made_at) VALUES ($1, $2, now())")
        .bind(STREET.parse::<i64>().unwrap())
        .bind(foreign)
        .execute(desk.rig.admin())
        .await
        .unwrap();
    let room = Arc::new(desk.another_process("1000"));
    let with_contact = |street, n| {
        let contact = Some(Sensitive::new("13800000000".to_owned()));
        SubmitReport { contact, ..command("a", street, n, "路灯不亮") }
    };
    let commands = vec![
        with_contact(STREET, 1),
        command("a", STREET, 2, "路灯不亮"),
        with_contact(OTHER_STREET, 3),
        command("a", OTHER_STREET, 4, "路灯不亮"),
    ];
    let answers = intake::handle::accept(&room, commands).await.unwrap();
    assert_eq!(answers[0], Err(Refusal::ContactUnsealed));
    assert!(answers[1..].iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(room.submit(with_contact(STREET, 5)).await, Err(Unkept::Refused(Refusal::ContactUnsealed)));
    assert_eq!(desk.count("reports").await, 3);
}

#[tokio::test]
async fn a_full_queue_refuses_and_urgent_reports_have_as_much_again() {
    let desk = Desk::open().await;
    let room = Arc::new(desk.process(&[("STREETWISE_INTAKE_QUEUE_MAX", "3")]));
    let ordinary = |n| command("a", STREET, n, "路灯不亮");
    let urgent = |n| command("a", STREET, n, "煤气泄漏");
    let mut commands: Vec<_> = (0..5).map(ordinary).collect();
    commands.extend((5..10).map(urgent));
    let answers = during_a_commit(&desk, &room, commands).await;
    let overloaded: Vec<usize> =
        (0..answers.len()).filter(|n| answers[*n] == Err(Unkept::Refused(Refusal::Overloaded))).collect();
    assert_eq!(
        overloaded,
        [1, 2, 3, 4],
        "three ordinary ones waited, of which two left for the last urgent ones"
    );
    assert_eq!(desk.count("reports").await, 6);
    assert!(room.submit(ordinary(20)).await.is_ok(), "there is room again");
}

#[tokio::test]
async fn a_full_queue_has_room_for_the_street_that_has_less_in_it() {
    let desk = Desk::open().await;
    let room = Arc::new(desk.process(&[("STREETWISE_INTAKE_QUEUE_MAX", "4")]));
    let mut commands: Vec<_> = (0..6).map(|n| command("a", STREET, n, "路灯不亮")).collect();
    commands.extend((6..9).map(|n| command("a", OTHER_STREET, n, "路灯不亮")));
    let answers = during_a_commit(&desk, &room, commands).await;
    let told: Vec<Option<&Unkept>> = answers.iter().map(|answer| answer.as_ref().err()).collect();
    let (full, over) =
        (Unkept::Refused(Refusal::Overloaded), Unkept::Refused(Refusal::QuotaExceeded { retry_after_s: 1 }));
    let (full, over) = (Some(&full), Some(&over));
    assert_eq!(told, [None, None, over, over, full, full, None, None, full]);
    assert_eq!(desk.count("reports").await, 4);
}

#[tokio::test]
async fn what_waits_is_kept_although_its_caller_went_away() {
    let desk = Desk::open().await;
    let room = Arc::new(desk.another_process("1000"));
    let mut held = desk.rig.admin().begin().await.unwrap();
    sqlx::query("LOCK TABLE intake.reports IN EXCLUSIVE MODE").execute(&mut *held).await.unwrap();
    for n in 0..5 {
        let mut leaving = Box::pin(room.submit(command("a", STREET, n, "路灯不亮")));
        assert!((&mut leaving).now_or_never().is_none(), "it waits");
    }
    held.rollback().await.unwrap();
    room.writer().idle().await;
    assert_eq!((desk.count("reports").await, desk.said().await.len()), (5, 5));
}

#[tokio::test]
async fn nobody_waits_for_a_database_that_is_away() {
    let desk = Desk::open().await;
    let room = Arc::new(desk.another_process("1000"));
    let mut held = desk.rig.admin().begin().await.unwrap();
    sqlx::query("LOCK TABLE intake.reports IN EXCLUSIVE MODE").execute(&mut *held).await.unwrap();
    let answers = join_all((0..8).map(|n| room.submit(command("a", STREET, n, "路灯不亮"))));
    let cut = async {
        wait::until(Duration::from_secs(20), async || {
            let cut: i64 = sqlx::query_scalar(
                "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity
                 WHERE usename = 'intake' AND wait_event_type = 'Lock' AND datname = current_database()",
            )
            .fetch_one(desk.rig.admin())
            .await
            .unwrap();
            (cut > 0).then_some(())
        })
        .await
        .unwrap();
    };
    let (answers, ()) = tokio::join!(answers, cut);
    assert!(answers.iter().all(|answer| *answer == Err(Unkept::Unavailable)), "{answers:?}");
    held.rollback().await.unwrap();
    assert!(room.submit(command("a", STREET, 1, "路灯不亮")).await.is_ok(), "the same key, later");
    assert_eq!(desk.count("reports").await, 1);
}
