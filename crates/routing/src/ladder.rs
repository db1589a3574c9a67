//! The level ladder: solve at the lowest level that can close the matter (小事不出社区、大事不出街道).
//!
//! It starts at the community and climbs while a power is missing, and each climb names that power: the list
//! reserves the item for a higher level, or somebody in the plan stands above the rung and cannot be commanded
//! from it. A downward push of what the list reserves above can therefore not happen.
//!
//! An emergency climbs nothing: it goes to the level that can act at once, and whoever stands on the way is told.

use crate::input::{Level, Seat};
use crate::outcome::Step;

/// The level of an emergency: the one that climbing would end at, without asking those below.
pub(crate) fn leap(
    reserved: Level,
    at_least: Option<Level>,
    lead: &Seat,
    assists: &[&Seat],
    told: &[Seat],
) -> (Level, Step) {
    let beyond = assists.iter().map(|seat| seat.level);
    let needed = beyond.chain(at_least).chain([lead.level]).max();
    let level = needed.map_or(reserved, |needed| needed.max(reserved));
    let mut zh = format!("紧急事项（P1），直达{}级办理，不逐级上报", level.zh());
    let mut en =
        format!("an emergency (P1): straight to the {}, no level below is asked first", level.as_str());
    if !told.is_empty() {
        let names = |name: fn(&Seat) -> &str, by: &str| told.iter().map(name).collect::<Vec<_>>().join(by);
        zh.push_str(&format!("，各级同时知悉：{}", names(|seat| &seat.zh, "、")));
        en.push_str(&format!("; every level is told: {}", names(|seat| &seat.en, ", ")));
    }
    (level, Step::new("level.emergency", zh, en))
}

/// The level, and why it is not a lower one.
pub(crate) fn climb(
    reserved: Level,
    at_least: Option<Level>,
    lead: &Seat,
    assists: &[&Seat],
) -> (Level, Vec<Step>) {
    let mut steps = Vec::new();
    let mut level = Level::Community;
    for above in Level::ALL.into_iter().skip(1) {
        match missing_power(level, reserved, at_least, lead, assists) {
            None => break,
            Some((rule, zh, en)) => {
                let en = format!("up from {} to {}: {en}", level.as_str(), above.as_str());
                steps.push(Step::new(rule, format!("由{}升至{}：{zh}", level.zh(), above.zh()), en));
                level = above;
            }
        }
    }
    if steps.is_empty() {
        let zh = "社区层级即可办结".to_owned();
        steps.push(Step::new("level.kept", zh, "the community can close it".to_owned()));
    }
    (level, steps)
}

fn missing_power(
    level: Level,
    reserved: Level,
    at_least: Option<Level>,
    lead: &Seat,
    assists: &[&Seat],
) -> Option<(&'static str, String, String)> {
    if lead.level > level && lead.level > reserved {
        return Some((
            "level.of_lead",
            format!("主办{}属{}级", lead.zh, lead.level.zh()),
            format!("{}, who leads, is of the {}", lead.en, lead.level.as_str()),
        ));
    }
    if reserved > level {
        let needed = reserved;
        return Some((
            "level.reserved_above",
            format!("清单规定由{}级办理，主办为{}", needed.zh(), lead.zh),
            format!("the list reserves it for the {}, {} leads", needed.as_str(), lead.en),
        ));
    }
    if let Some(beyond) = assists.iter().find(|seat| seat.level > level) {
        return Some((
            "level.cross_body",
            format!("跨部门事项，需{}级{}协办", beyond.level.zh(), beyond.zh),
            format!("it crosses bodies, {} of the {} must assist", beyond.en, beyond.level.as_str()),
        ));
    }
    let asked = at_least.filter(|asked| *asked > level)?;
    Some((
        "level.by_rule",
        format!("规则要求至少由{}级办理", asked.zh()),
        format!("a rule asks for at least the {}", asked.as_str()),
    ))
}
