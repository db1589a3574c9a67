use std::time::Duration;

use testkit::wait::{eventually, until};

#[tokio::test(start_paused = true)]
async fn asks_again_until_the_level_is_there() {
    let mut asked = 0;
    let answer = eventually(Duration::from_secs(60), "the fifth question", async || {
        asked += 1;
        (asked == 5).then_some("there")
    });
    assert_eq!(answer.await, "there");
}

#[tokio::test(start_paused = true)]
async fn a_question_that_hangs_is_cut_off_at_the_deadline() {
    let answer = until(Duration::from_secs(60), async || std::future::pending::<Option<()>>().await);
    assert_eq!(answer.await, None);
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "in vain for a green light")]
async fn says_what_it_waited_for() {
    eventually(Duration::from_secs(1), "a green light", async || None::<()>).await;
}
