use std::time::Duration;

use jiff::Timestamp;
use testkit::clock::ManualClock;

#[test]
fn clones_share_one_time_in_microseconds() {
    let start: Timestamp = "2026-11-23T00:30:00.123456789Z".parse().unwrap();
    let clock = ManualClock::at(start);
    let same = clock.clone();
    clock.advance(Duration::from_secs(90));
    assert_eq!(same.now(), "2026-11-23T00:31:30.123456Z".parse().unwrap());
    same.set("2026-11-22T00:00:00Z".parse().unwrap());
    assert_eq!(clock.now(), "2026-11-22T00:00:00Z".parse().unwrap());
}
