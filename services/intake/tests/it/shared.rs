//! One share for all replicas, by a real Redis; and none of it matters when that is away (F8).

use std::sync::Arc;

use intake::handle::submit::Unkept;
use intake::handle::{Refusal, Room};
use intake::quotas::shared::Sharing;
use testkit::redis::Redis;

use crate::desk::{Desk, OTHER_STREET, STREET, command};

/// Ten reports, and the next one six seconds later.
const TEN: [(&str, &str); 2] =
    [("STREETWISE_STREET_REPORTS_PER_MINUTE", "10"), ("STREETWISE_STREET_URGENT_PER_MINUTE", "1")];

/// A process of intake that shares with others.
struct Replica {
    room: Arc<Room>,
    sharing: Sharing,
}

impl Replica {
    fn of(desk: &Desk, redis: &Redis) -> Self {
        let room = Arc::new(desk.process(&TEN));
        let client = redis::Client::open(redis.url()).unwrap();
        Self { sharing: Sharing::new(room.clone(), client), room }
    }

    /// How many of `count` reports are let in.
    async fn let_in(&self, street: &str, from: u128, count: u128) -> usize {
        let mut let_in = 0;
        for n in from..from + count {
            match self.room.submit(command("a", street, n, "路灯不亮")).await {
                Ok(_) => let_in += 1,
                Err(Unkept::Refused(Refusal::QuotaExceeded { .. })) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        let_in
    }
}

#[tokio::test]
async fn replicas_share_a_streets_share() {
    let (desk, redis) = (Desk::open().await, Redis::start().await.unwrap());
    let (one, two) = (Replica::of(&desk, &redis), Replica::of(&desk, &redis));
    assert_eq!((one.let_in(STREET, 0, 6).await, two.let_in(STREET, 100, 6).await), (6, 6));
    assert_eq!((one.sharing.tell().await, two.sharing.tell().await), (1, 1));
    assert_eq!(two.let_in(STREET, 200, 3).await, 0, "twelve of ten");
    assert_eq!(one.let_in(STREET, 300, 1).await, 1, "not heard yet");
    one.sharing.tell().await;
    assert_eq!(one.let_in(STREET, 400, 3).await, 0);
    assert_eq!(two.let_in(OTHER_STREET, 500, 3).await, 3, "another street has its own");
    assert_eq!(one.sharing.tell().await, 0, "nothing was let in since");
}

/// What stands in Redis names its street by the twelve digits and one word of ours: no two streets and shares can meet in
/// one key, whatever anybody sends (`reliability.md`, isolation).
#[tokio::test]
async fn keys_name_their_street_and_nothing_a_caller_wrote() {
    let (desk, redis) = (Desk::open().await, Redis::start().await.unwrap());
    let one = Replica::of(&desk, &redis);
    one.let_in(STREET, 0, 2).await;
    one.let_in(OTHER_STREET, 100, 2).await;
    assert!(one.room.submit(command("a", "990102999000", 200, "路灯不亮")).await.is_err(), "no such street");
    one.sharing.tell().await;
    let mut connection =
        redis::Client::open(redis.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let mut keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut connection).await.unwrap();
    keys.sort();
    let of = |street: &str| format!("intake:quota:{street}:ordinary");
    assert_eq!(keys, [of(STREET), of(OTHER_STREET), of("unknown")]);
}

#[tokio::test]
async fn without_redis_each_counts_for_itself_and_afterwards_nobody_owes_for_it() {
    let (desk, redis) = (Desk::open().await, Redis::start().await.unwrap());
    let (one, two) = (Replica::of(&desk, &redis), Replica::of(&desk, &redis));
    assert_eq!((one.let_in(STREET, 0, 1).await, one.sharing.tell().await), (1, 1));
    redis.pause().await;
    for n in 1..=4 {
        assert_eq!((one.let_in(STREET, n * 10, 2).await, one.sharing.tell().await), (2, 0), "{n}");
    }
    assert_eq!(one.let_in(STREET, 50, 3).await, 1, "its own bucket has ten");
    redis.resume();
    assert_eq!((two.let_in(STREET, 100, 5).await, two.sharing.tell().await), (5, 1));
    assert_eq!(two.let_in(STREET, 200, 1).await, 1, "what was not told in time is not owed");

    redis.kill().await;
    assert_eq!((one.let_in(OTHER_STREET, 300, 4).await, one.sharing.tell().await), (4, 0));
    redis.restart().await.unwrap();
    assert_eq!(
        (one.let_in(OTHER_STREET, 400, 1).await, one.sharing.tell().await),
        (1, 1),
        "it is found again"
    );
}

#[tokio::test]
async fn what_is_in_redis_may_be_anything() {
    let (desk, redis) = (Desk::open().await, Redis::start().await.unwrap());
    let key = format!("intake:quota:{STREET}:ordinary");
    for (n, what) in [
        "SET K nonsense",
        "SET K nan",
        "SET K -1",
        "SET K 9e18",
        "SET K 99999999999999999999999",
        "LPUSH K 1",
    ]
    .into_iter()
    .enumerate()
    {
        redis.say("FLUSHALL").await.unwrap();
        redis.say(&what.replace('K', &key)).await.unwrap();
        let replica = Replica::of(&desk, &redis);
        assert_eq!(
            (replica.let_in(STREET, n as u128, 1).await, replica.sharing.tell().await),
            (1, 1),
            "{what}"
        );
        let left_ms: u64 = left(&redis.say(&format!("PTTL {key}")).await.unwrap());
        assert!((1..=120_001).contains(&left_ms), "{what}: {left_ms} ms");
    }
}

fn left(answer: &str) -> u64 {
    answer.lines().next().and_then(|line| line.strip_prefix(':')).unwrap().parse().unwrap()
}
