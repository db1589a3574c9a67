//! One matter, one case, whoever races (D35, D50, invariant I1).

use std::time::Duration;

use contract::proto::intake::Datum;
use futures_util::future::try_join_all;
use pg::TenantScope;
use triage::handle::{Settled, settle};

use crate::desk::{Desk, OTHER_STREET, STREET, Sent, report};

/// 0.0045° of latitude are 500.4 m.
const JUST_TOO_FAR: f64 = 0.0045;

#[tokio::test]
async fn reports_of_one_batch_join_each_other() {
    let desk = Desk::open().await;
    let reports: Vec<Sent> = (1..=12).map(|n| report(n, "TRA-01", "改线")).collect();
    let submissions: Vec<_> = reports.iter().map(Sent::submission).collect();
    let room = desk.replica();
    let mut tx = desk.rig.house.pool.begin(TenantScope::of_subjects([reports[0].tenant()])).await.unwrap();
    let settled = settle(&room, &mut tx, desk.rig.clock.now(), &submissions).await.unwrap();
    tx.commit().await.unwrap();
    let voices: Vec<u32> = settled
        .iter()
        .map(|settled| match settled {
            Settled::InCase { voice, .. } => *voice,
            Settled::ToReview => 0,
        })
        .collect();
    assert_eq!(voices, (1..=12).collect::<Vec<u32>>());
    assert_eq!(desk.cases(STREET).await, [(1..=12).collect::<Vec<u128>>()]);
    let told: Vec<u32> = desk
        .joined()
        .await
        .iter()
        .filter(|joined| !joined.told_bodies.is_empty())
        .map(|joined| joined.case.as_ref().unwrap().voices)
        .collect();
    assert_eq!(told, [2, 5, 10]);
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_replicas_open_one_case() {
    let desk = Desk::open().await;
    let race = (1..=6).map(|n| {
        let (room, pool) = (desk.replica(), desk.rig.house.pool.clone());
        let (sent, now) = (report(n, "TRA-01", "改线"), desk.rig.clock.now());
        async move {
            let mut tx = pool.begin(TenantScope::of_subjects([sent.tenant()])).await?;
            settle(&room, &mut tx, now, &[sent.submission()]).await?;
            tx.commit().await
        }
    });
    try_join_all(race).await.unwrap();
    assert_eq!(desk.cases(STREET).await, [[1, 2, 3, 4, 5, 6]]);
    assert_eq!(desk.opened().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_replicas_with_two_streets_each_do_not_wait_for_each_other_for_ever() {
    let desk = Desk::open().await;
    let race = (0..8u128).map(|n| {
        let (room, pool) = (desk.replica(), desk.rig.house.pool.clone());
        let one = report(2 * n + 1, "TRA-01", "改线");
        let other = Sent { street: OTHER_STREET, ..report(2 * n + 2, "TRA-01", "改线") };
        let now = desk.rig.clock.now();
        async move {
            let batch = if n % 2 == 0 { [one, other] } else { [other, one] };
            let scope = TenantScope::of_subjects(batch.iter().map(Sent::tenant));
            let submissions: Vec<_> = batch.iter().map(Sent::submission).collect();
            let mut tx = pool.begin(scope).await?;
            settle(&room, &mut tx, now, &submissions).await?;
            tx.commit().await
        }
    });
    try_join_all(race).await.unwrap();
    for street in [STREET, OTHER_STREET] {
        let cases = desk.cases(street).await;
        assert_eq!((cases.len(), cases[0].len()), (1, 8));
    }
}

#[tokio::test]
async fn what_is_far_or_other_is_another_case() {
    let desk = Desk::open().await;
    let first = report(1, "TRA-01", "改线");
    desk.hear(&[
        first.clone(),
        Sent { n: 2, lat: first.lat + JUST_TOO_FAR, ..first.clone() },
        Sent { n: 3, datum: Datum::Gcj02, ..first.clone() },
        Sent { n: 4, item: "TRA-03", ..first.clone() },
        Sent { n: 5, drill: true, ..first.clone() },
        Sent { n: 6, street: OTHER_STREET, ..first.clone() },
        Sent { n: 7, lat: first.lat + JUST_TOO_FAR - 0.0001, ..first.clone() },
        Sent { n: 8, drill: true, ..first.clone() },
    ])
    .await;
    let cases: [&[u128]; 6] = [&[1], &[2, 7], &[3], &[4], &[5], &[8]];
    assert_eq!(desk.cases(STREET).await, cases, "the nearest case is joined, a rehearsal joins nothing");
    assert_eq!(desk.cases(OTHER_STREET).await, [[6]]);
    let said = desk.said().await;
    let drills = said.iter().filter(|(envelope, _)| envelope.drill).count();
    assert_eq!(drills, 4, "opened and routed twice: a drill joins nothing");
}

#[tokio::test]
async fn a_week_later_it_is_a_new_case() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "TRA-01", "改线")]).await;
    desk.rig.clock.advance(Duration::from_secs(7 * 24 * 3600));
    desk.hear(&[report(2, "TRA-01", "改线")]).await;
    desk.rig.clock.advance(Duration::from_micros(1));
    desk.hear(&[report(3, "TRA-01", "改线")]).await;
    let cases: [&[u128]; 2] = [&[1, 2], &[3]];
    assert_eq!(desk.cases(STREET).await, cases);
}

#[tokio::test]
async fn case_numbers_count_per_street_and_local_day() {
    let desk = Desk::open().await;
    let apart =
        |n: u128, street| Sent { street, lat: 29.0 + n as f64 / 100.0, ..report(n, "TRA-01", "改线") };
    desk.hear(&[apart(1, STREET), apart(2, STREET), apart(3, OTHER_STREET)]).await;
    desk.rig.clock.set("2026-11-23T15:59:59.999999Z".parse().unwrap());
    desk.hear(&[apart(4, STREET)]).await;
    desk.rig.clock.set("2026-11-23T16:00:00Z".parse().unwrap());
    desk.hear(&[apart(5, STREET)]).await;
    let mut numbers: Vec<_> =
        desk.opened().await.into_iter().map(|opened| opened.case.unwrap().case_no).collect();
    numbers.sort();
    let expected = [
        "990102001-261123-0001",
        "990102001-261123-0002",
        "990102001-261123-0003",
        "990102001-261124-0001",
        "990102002-261123-0001",
    ];
    assert_eq!(numbers, expected);
}
