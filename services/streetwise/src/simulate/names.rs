//! Names of what does not exist.

const COMMUNITIES: [(&str, &str); 24] = [
    ("滨江路", "Riverside Road"),
    ("老码头", "Old Wharf"),
    ("黄葛树", "Banyan Tree"),
    ("石板坡", "Flagstone Slope"),
    ("文化宫", "Culture Palace"),
    ("体育场", "Stadium"),
    ("新桥", "New Bridge"),
    ("南桥头", "South Bridgehead"),
    ("青年路", "Youth Road"),
    ("和平里", "Peace Lane"),
    ("学府", "Academy"),
    ("工人村", "Workers Village"),
    ("长江支路", "River Branch Road"),
    ("凤凰台", "Phoenix Terrace"),
    ("望江", "River View"),
    ("梨园", "Pear Orchard"),
    ("清水溪", "Clearwater Brook"),
    ("松林坡", "Pine Slope"),
    ("水竹湾", "Bamboo Bay"),
    ("云岭", "Cloud Ridge"),
    ("花园口", "Garden Gate"),
    ("钟楼", "Bell Tower"),
    ("渔家巷", "Fishers Lane"),
    ("果园", "Orchard"),
];

pub(super) fn street(n: u16) -> (String, String) {
    (format!("示范{n}街道"), format!("Demonstration Street {n}"))
}

/// Seventeen of the names, in an order that seed and street decide.
pub(super) fn community(seed: u64, n: u16, number: usize) -> (String, String) {
    let first = seed.wrapping_add(u64::from(n).wrapping_mul(7)) as usize % COMMUNITIES.len();
    let (zh, en) = COMMUNITIES[(first + number) % COMMUNITIES.len()];
    (format!("{zh}社区"), format!("{en} Community"))
}

pub(super) fn grid(seed: u64, n: u16, number: usize, part: usize) -> (String, String) {
    let (zh, en) = community(seed, n, number);
    (format!("{zh}第{part}网格"), format!("{en} Grid {part}"))
}

pub(super) fn beat(number: usize) -> (String, String) {
    (format!("第{number}警务区"), format!("Police Beat {number}"))
}
