//! The promises of the writer, with a room that breaks when it is told to. What it promises of a database is shown by
//! intake and dispatch on a real one.
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::sync::{Arc, Mutex};

use futures_util::future::join_all;
use ids::TenantId;
use tokio::sync::Semaphore;
use writer::{Keep, Line, Unkept, Writer};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Fine(usize),
    /// The database does not take it.
    Refused,
    /// We break at it.
    Panics,
    /// The database is away.
    Away,
}

/// Keeps what is fine. Each batch needs a permit.
struct Room {
    kept: Mutex<Vec<Vec<usize>>>,
    turned_away: Mutex<Vec<Unkept>>,
    permits: Semaphore,
}

impl Keep for Room {
    const KIND: &'static str = "tests";
    const BATCH_MAX: usize = 16;
    type Request = Asked;
    type Answer = usize;

    async fn keep(&self, batch: &[&Asked]) -> Result<Vec<usize>, pg::Error> {
        self.permits.acquire().await.unwrap().forget();
        let mut numbers = Vec::new();
        for asked in batch {
            match asked {
                Asked::Fine(n) => numbers.push(*n),
                Asked::Refused => {
                    self.permits.add_permits(1);
                    return Err(pg::Error::impossible_row("a test's"));
                }
                Asked::Panics => {
                    self.permits.add_permits(1);
                    panic!("as told")
                }
                Asked::Away => return Err(pg::Error::overdue("a test")),
            }
        }
        self.kept.lock().unwrap().push(numbers.clone());
        self.permits.add_permits(1);
        Ok(numbers)
    }

    fn began(&self, requests: usize) {
        assert!((1..=Self::BATCH_MAX).contains(&requests));
    }

    fn turned_away(&self, why: Unkept) {
        self.turned_away.lock().unwrap().push(why);
    }
}

fn room() -> Arc<Room> {
    let permits = Semaphore::new(1);
    Arc::new(Room { kept: Mutex::default(), turned_away: Mutex::default(), permits })
}

fn line(n: i64) -> Line {
    Line { street: TenantId::from_i64(990_102_000_000 + n * 1_000).unwrap(), urgent: false }
}

async fn all(room: &Arc<Room>, asked: &[Asked]) -> Vec<Result<usize, Unkept>> {
    let writer = Writer::new(1_000);
    let answers = join_all(asked.iter().map(|asked| writer.submit(room, line(1), *asked))).await;
    writer.idle().await;
    assert_eq!(writer.waiting(), 0);
    answers
}

#[tokio::test]
async fn what_comes_together_is_kept_together_and_each_has_its_answer() {
    let room = room();
    let asked: Vec<Asked> = (0..40).map(Asked::Fine).collect();
    let answers = all(&room, &asked).await;
    assert_eq!(answers, (0..40).map(Ok).collect::<Vec<_>>());
    let kept = room.kept.lock().unwrap();
    assert_eq!(kept.iter().map(Vec::len).collect::<Vec<_>>(), [16, 16, 8]);
}

#[tokio::test]
async fn whoever_is_refused_or_breaks_us_fails_alone() {
    for culprit in [Asked::Refused, Asked::Panics] {
        for place in 0..16 {
            let room = room();
            let mut asked: Vec<Asked> = (0..16).map(Asked::Fine).collect();
            asked[place] = culprit;
            let answers = all(&room, &asked).await;
            for (n, answer) in answers.into_iter().enumerate() {
                assert_eq!(
                    answer,
                    if n == place { Err(Unkept::Failed) } else { Ok(n) },
                    "{culprit:?} at {place}"
                );
            }
            let mut kept = room.kept.lock().unwrap().concat();
            kept.sort_unstable();
            assert_eq!(kept, (0..16).filter(|n| *n != place).collect::<Vec<_>>(), "each of the others once");
        }
    }
}

#[tokio::test]
async fn an_absent_database_is_nobody_s_fault() {
    let room = room();
    let answers = all(&room, &[Asked::Fine(0), Asked::Away, Asked::Fine(2)]).await;
    assert_eq!(answers, [Err(Unkept::Unavailable); 3]);
}

#[tokio::test]
async fn a_full_queue_makes_room_for_the_street_that_has_less_in_it_and_for_what_is_urgent() {
    let room = room();
    room.permits.forget_permits(1);
    let writer = Writer::new(4);
    let urgent = Line { urgent: true, ..line(1) };
    // Writers take what waits only when the test is over pushing: it does not yield before.
    let lines = [line(1), line(1), line(1), line(1), line(1), line(2), urgent];
    let answers = lines.iter().enumerate().map(|(n, line)| writer.submit(&room, *line, Asked::Fine(n)));
    let answers = join_all(answers);
    let (answers, ()) = tokio::join!(answers, async { room.permits.add_permits(1) });
    let (full, over) = (Err(Unkept::Full), Err(Unkept::OverShare));
    assert_eq!(answers, [Ok(0), Ok(1), Ok(2), over, full, Ok(5), Ok(6)]);
    assert_eq!(*room.turned_away.lock().unwrap(), [Unkept::Full, Unkept::OverShare]);
}
