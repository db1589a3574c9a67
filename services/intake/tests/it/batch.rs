//! The room takes batches over many streets; each command gets its own answer, in order.

use intake::handle::{Refusal, accept};

use crate::desk::{Desk, OTHER_STREET, STREET, command};

#[tokio::test]
async fn one_batch_over_two_streets_folds_equal_keys() {
    let desk = Desk::open().await;
    let room = desk.another_process("1000");
    accept(&room, vec![command("a", STREET, 1, "旧的")]).await.unwrap();
    let batch = vec![
        command("a", STREET, 2, "路灯不亮"),
        command("a", OTHER_STREET, 2, "路灯不亮"),
        command("a", STREET, 2, "路灯不亮"),
        command("a", STREET, 2, "井盖缺失"),
        command("a", STREET, 1, "旧的"),
        command("a", STREET, 1, "新的"),
        command("a", "990199001000", 3, "路灯不亮"),
    ];
    let answers = accept(&room, batch).await.unwrap();
    let ids: Vec<_> = answers.iter().map(|answer| answer.as_ref().map(|receipt| receipt.report_id)).collect();
    assert!(ids[0].is_ok() && ids[1].is_ok() && ids[4].is_ok());
    assert_ne!(ids[0], ids[1], "another street, another report");
    assert_eq!(answers[0], answers[2]);
    assert_eq!(answers[3], Err(Refusal::KeyReused));
    assert_eq!(answers[5], Err(Refusal::KeyReused));
    assert_eq!(answers[6], Err(Refusal::UnknownStreet));
    assert_eq!((desk.count("reports").await, desk.said().await.len()), (3, 3));
    let strays: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM intake.reports r JOIN intake.journal j ON j.aggregate_id = r.report_id
         WHERE j.tenant_id <> r.tenant_id",
    )
    .fetch_one(desk.rig.admin())
    .await
    .unwrap();
    assert_eq!(strays, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_with_overlapping_batches_agree() {
    let desk = Desk::open().await;
    let (one, two) = (desk.another_process("1000"), desk.another_process("1000"));
    let batch = |from: u128| (from..from + 20).map(|n| command("a", STREET, n, "路灯不亮")).collect();
    let (first, second) = tokio::join!(accept(&one, batch(0)), accept(&two, batch(10)));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first[10..], second[..10]);
    assert_eq!((desk.count("reports").await, desk.said().await.len()), (30, 30));
}
