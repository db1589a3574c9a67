//! What a person makes of a drawn plan before orders go out. Pure.

use contract::proto::triage as wire;
use ids::BodyRef;
use jiff::Timestamp;
use routing::Level;
use serde::{Deserialize, Serialize};

use super::desk::{Desk, Ground, Refusal};
use super::reroute;

/// What the person wants otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Another lead.
    pub lead: Option<BodyRef>,
    /// These assistants instead of those of the plan.
    pub assists: Option<Vec<BodyRef>>,
}

/// What became of a plan that waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It went out as it was drawn.
    Approved,
    /// It went out changed.
    Changed,
    /// Nobody decided in time: it went out as it was drawn.
    Lapsed,
    /// Words of mortal danger came: it went out as it was drawn.
    Pressed,
    /// Nobody has to act.
    Rejected,
    /// Its voices went to another case.
    Merged,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Outcome; 6] = [
        Outcome::Approved,
        Outcome::Changed,
        Outcome::Lapsed,
        Outcome::Pressed,
        Outcome::Rejected,
        Outcome::Merged,
    ];

    /// As stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::Approved => "approved",
            Outcome::Changed => "changed",
            Outcome::Lapsed => "lapsed",
            Outcome::Pressed => "pressed",
            Outcome::Rejected => "rejected",
            Outcome::Merged => "merged",
        }
    }

    /// From the stored word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }
}

/// The stored explanation of a review: what was drawn, what went out, on whose desk (D37). Who the person was stands in the
/// journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewExplanation {
    /// `street-review` or `district-review`.
    pub mode: String,
    /// Whose desk it lay on at the end.
    pub desk: Desk,
    /// What became of it.
    pub outcome: Outcome,
    /// The lead and the assistants as they were drawn.
    pub drawn: Duties,
    /// The lead and the assistants as they went out.
    pub decided: Duties,
    /// The person's words.
    pub note: String,
    /// Why nobody has to act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<Ground>,
    /// The case its voices went to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub into_case_no: Option<String>,
    /// Since when it waited.
    pub requested_at: Timestamp,
    /// When it went out.
    pub decided_at: Timestamp,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// Who does the work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duties {
    /// 主办
    pub lead: String,
    /// 协办
    pub assists: Vec<String>,
}

impl Duties {
    /// Those of a plan.
    pub fn of(plan: &wire::CasePlan) -> Self {
        let of = |role: wire::Role| {
            let orders = plan.orders.iter().filter(move |order| order.role() == role);
            orders.map(|order| order.body.clone())
        };
        Self {
            lead: of(wire::Role::Lead).next().unwrap_or_default(),
            assists: of(wire::Role::Assist).collect(),
        }
    }
}

/// What is known of a review when it ends.
#[derive(Debug, Clone, Copy)]
pub struct Review<'a> {
    /// `street-review` or `district-review`.
    pub mode: &'a str,
    /// Whose desk it lay on.
    pub desk: Desk,
    /// Since when.
    pub requested_at: Timestamp,
    /// The person's words.
    pub note: &'a str,
    /// Why nobody has to act.
    pub ground: Option<Ground>,
    /// The case its voices went to.
    pub into_case_no: Option<&'a str>,
}

/// What a body may be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Where it stands.
    pub level: Level,
    /// The others only assist.
    pub may_lead: bool,
}

/// The plan with a change. `standing_of` knows the bodies of the street and its district. A body that only assists leads nothing. What
/// is led at a level is given to a body below it by the district only; who assists from above reserves nothing.
pub fn amended(
    drawn: &wire::CasePlan,
    change: &Change,
    rank: Desk,
    standing_of: impl Fn(&BodyRef) -> Option<Standing>,
) -> Result<wire::CasePlan, Refusal> {
    let duties = Duties::of(drawn);
    let level_of = |body: &BodyRef| standing_of(body).map(|standing| standing.level);
    let lead = match &change.lead {
        None => duties.lead.clone(),
        Some(body) => {
            let Standing { level: theirs, may_lead } =
                standing_of(body).ok_or(Refusal::UnknownBody("/lead"))?;
            if !may_lead {
                return Err(Refusal::CannotLead);
            }
            let known = duties.lead.parse().ok().and_then(|lead| level_of(&lead));
            // A lead that is not there any more says nothing: then all the plan reaches is kept.
            let reserved = known.or_else(|| reroute::level_of(&drawn.level));
            if rank < Desk::District && reserved.is_some_and(|reserved| theirs < reserved) {
                return Err(Refusal::ReservedAbove);
            }
            body.to_string()
        }
    };
    let mut assists = match &change.assists {
        None => duties.assists.clone(),
        Some(bodies) => {
            let known = bodies.iter().all(|body| standing_of(body).is_some());
            let named: Vec<String> = bodies.iter().map(ToString::to_string).collect();
            if known { named } else { return Err(Refusal::UnknownBody("/assists")) }
        }
    };
    assists.retain(|body| *body != lead);
    let mut seen = std::collections::BTreeSet::new();
    assists.retain(|body| seen.insert(body.clone()));
    let level =
        level_after(drawn, &duties, &Duties { lead: lead.clone(), assists: assists.clone() }, level_of);
    let working = |order: &&wire::PlannedOrder| order.body != lead && !assists.contains(&order.body);
    let informs = drawn.orders.iter().filter(|order| order.role() == wire::Role::Inform).filter(working);
    let order =
        |role: wire::Role, body: &String| wire::PlannedOrder { body: body.clone(), role: role.into() };
    let orders = std::iter::once(order(wire::Role::Lead, &lead))
        .chain(assists.iter().map(|body| order(wire::Role::Assist, body)))
        .chain(informs.cloned())
        .collect();
    Ok(wire::CasePlan { orders, level, ..drawn.clone() })
}

/// The level as the ladder ends with these bodies: the lowest that can command them all, and no lower than where the list or a
/// rule had put it beyond its bodies.
fn level_after(
    drawn: &wire::CasePlan,
    before: &Duties,
    after: &Duties,
    level_of: impl Fn(&BodyRef) -> Option<Level>,
) -> String {
    let of = |body: &String| level_of(&body.parse().ok()?);
    let reached = |duties: &Duties| std::iter::once(&duties.lead).chain(&duties.assists).filter_map(of).max();
    let level = reroute::level_of(&drawn.level).filter(|_| before != after);
    let level = level.map(|level| ladder(level, reached(before), reached(after)));
    level.map_or_else(|| drawn.level.clone(), |level| level.as_str().to_owned())
}

/// Where the ladder ends when the bodies of a plan reach another level than before.
pub fn ladder(drawn: Level, reached_before: Option<Level>, reached_after: Option<Level>) -> Level {
    let beyond = Some(drawn).filter(|level| reached_before < Some(*level));
    reached_after.max(beyond).unwrap_or(drawn)
}

/// Says what a review made of a plan.
pub fn explained(
    review: Review<'_>,
    outcome: Outcome,
    drawn: &wire::CasePlan,
    decided: &wire::CasePlan,
    now: Timestamp,
) -> ReviewExplanation {
    let desk = review.desk;
    let (zh, en) = match outcome {
        Outcome::Lapsed => (
            format!("{}未在时限内审核，按原方案派单", desk.zh()),
            format!("the {} did not review it in time: it went out as drawn", desk.as_str()),
        ),
        Outcome::Pressed => (
            "有人可能有生命危险，不再等待审核，按原方案派单".to_owned(),
            "a life may be in danger: it waited no longer and went out as drawn".to_owned(),
        ),
        Outcome::Changed => {
            (format!("{}审核后调整派单方案", desk.zh()), format!("changed by the {}'s review", desk.as_str()))
        }
        Outcome::Rejected => (
            format!("{}审核：不予受理", desk.zh()),
            format!("the {}'s review found that nobody has to act", desk.as_str()),
        ),
        Outcome::Merged => {
            let into = review.into_case_no.unwrap_or_default();
            (
                format!("{}审核：并入案件{into}", desk.zh()),
                format!("the {}'s review put its reports into case {into}", desk.as_str()),
            )
        }
        Outcome::Approved => {
            (format!("{}审核通过", desk.zh()), format!("approved by the {}'s review", desk.as_str()))
        }
    };
    ReviewExplanation {
        mode: review.mode.to_owned(),
        desk,
        outcome,
        drawn: Duties::of(drawn),
        decided: Duties::of(decided),
        note: review.note.to_owned(),
        ground: review.ground,
        into_case_no: review.into_case_no.map(str::to_owned),
        requested_at: review.requested_at,
        decided_at: now,
        zh,
        en,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> wire::CasePlan {
        let order =
            |body: &str, role: wire::Role| wire::PlannedOrder { body: body.to_owned(), role: role.into() };
        wire::CasePlan {
            orders: vec![
                order("transport", wire::Role::Lead),
                order("traffic-police", wire::Role::Assist),
                order("street-centre@990102001000", wire::Role::Inform),
                order("governance-centre", wire::Role::Inform),
            ],
            level: "district".to_owned(),
            ..wire::CasePlan::default()
        }
    }

    fn standing(body: &BodyRef) -> Option<Standing> {
        let (level, may_lead) = match body.key.as_str() {
            "nobody" => return None,
            key if key.starts_with("community") => (Level::Community, true),
            key if key.starts_with("street") => (Level::Street, true),
            key => (Level::District, key != "women-federation"),
        };
        Some(Standing { level, may_lead })
    }

    fn body(name: &str) -> BodyRef {
        name.parse().unwrap()
    }

    fn shown(plan: &wire::CasePlan) -> Vec<String> {
        plan.orders.iter().map(|order| format!("{:?} {}", order.role(), order.body)).collect()
    }

    #[test]
    fn nothing_wanted_changes_nothing() {
        let same = amended(&plan(), &Change::default(), Desk::Street, standing).unwrap();
        assert_eq!(same, plan());
    }

    #[test]
    fn there_is_one_lead_and_everybody_works_once() {
        let change = Change {
            lead: Some(body("traffic-police")),
            assists: Some(vec![body("transport"), body("transport"), body("governance-centre")]),
        };
        let changed = amended(&plan(), &change, Desk::Street, standing).unwrap();
        assert_eq!(
            shown(&changed),
            [
                "Lead traffic-police",
                "Assist transport",
                "Assist governance-centre",
                "Inform street-centre@990102001000"
            ]
        );
        let change = Change { lead: Some(body("traffic-police")), assists: None };
        let changed = amended(&plan(), &change, Desk::Street, standing).unwrap();
        assert_eq!(shown(&changed)[..2], ["Lead traffic-police", "Inform street-centre@990102001000"]);
    }

    #[test]
    fn what_is_reserved_above_goes_down_by_the_district_only() {
        let down = Change { lead: Some(body("street-centre@990102001000")), assists: None };
        assert_eq!(amended(&plan(), &down, Desk::Street, standing), Err(Refusal::ReservedAbove));
        let changed = amended(&plan(), &down, Desk::District, standing).unwrap();
        assert_eq!(changed.level, "district", "who assists stands there");
        assert_eq!(shown(&changed)[..2], ["Lead street-centre@990102001000", "Assist traffic-police"]);
        let alone = Change { assists: Some(vec![]), ..down };
        assert_eq!(amended(&plan(), &alone, Desk::District, standing).unwrap().level, "street");
    }

    /// A line like that of ENV-01: the street's, with a body of the district to help.
    #[test]
    fn an_assistant_from_above_reserves_nothing() {
        let order =
            |body: &str, role: wire::Role| wire::PlannedOrder { body: body.to_owned(), role: role.into() };
        let drawn = |level: &str| wire::CasePlan {
            orders: vec![
                order("street-livelihood@990102001000", wire::Role::Lead),
                order("sanitation", wire::Role::Assist),
            ],
            level: level.to_owned(),
            ..wire::CasePlan::default()
        };
        let to = |lead: &str| Change { lead: Some(body(lead)), assists: None };
        let swapped = |change: &Change| amended(&drawn("district"), change, Desk::Street, standing);
        let plan = swapped(&to("street-enforcement@990102001000")).unwrap();
        assert_eq!(plan.level, "district");
        assert_eq!(shown(&plan), ["Lead street-enforcement@990102001000", "Assist sanitation"]);
        // What is led at the street stays there.
        assert_eq!(swapped(&to("community@990102001001")), Err(Refusal::ReservedAbove));
        // A lead that is gone: nobody knows what it was.
        let mut gone = drawn("district");
        gone.orders[0].body = "nobody".to_owned();
        let change = to("street-enforcement@990102001000");
        assert_eq!(amended(&gone, &change, Desk::Street, standing), Err(Refusal::ReservedAbove));
        // Without the help it is the street's; where a rule asks for the district, it stays the district's.
        let alone = Change { lead: None, assists: Some(vec![]) };
        assert_eq!(swapped(&alone).unwrap().level, "street");
        let mut by_rule = drawn("district");
        by_rule.orders.pop();
        assert_eq!(amended(&by_rule, &change, Desk::Street, standing).unwrap().level, "district");
    }

    #[test]
    fn bodies_nobody_knows_are_refused_with_their_place() {
        let change = Change { lead: Some(body("nobody")), assists: None };
        assert_eq!(amended(&plan(), &change, Desk::District, standing), Err(Refusal::UnknownBody("/lead")));
        let change = Change { lead: None, assists: Some(vec![body("transport"), body("nobody")]) };
        assert_eq!(
            amended(&plan(), &change, Desk::District, standing),
            Err(Refusal::UnknownBody("/assists"))
        );
    }

    #[test]
    fn a_body_that_only_assists_is_given_no_lead() {
        let only_assists = body("women-federation");
        let change = Change { lead: Some(only_assists.clone()), assists: None };
        for rank in [Desk::Street, Desk::District] {
            assert_eq!(amended(&plan(), &change, rank, standing), Err(Refusal::CannotLead));
        }
        let change = Change { lead: None, assists: Some(vec![only_assists]) };
        assert_eq!(
            shown(&amended(&plan(), &change, Desk::Street, standing).unwrap())[1],
            "Assist women-federation"
        );
    }

    #[test]
    fn outcomes_read_back_and_an_explanation_says_both_plans() {
        let now: Timestamp = "2026-11-23T02:00:00Z".parse().unwrap();
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::of(outcome.as_str()), Some(outcome));
        }
        let change = Change { lead: Some(body("traffic-police")), assists: None };
        let changed = amended(&plan(), &change, Desk::Street, standing).unwrap();
        let review = Review {
            mode: "street-review",
            desk: Desk::Street,
            requested_at: now,
            note: "因",
            ground: None,
            into_case_no: None,
        };
        let said = explained(review, Outcome::Changed, &plan(), &changed, now);
        assert_eq!((said.drawn.lead.as_str(), said.decided.lead.as_str()), ("transport", "traffic-police"));
        let bytes = serde_json::to_vec(&said).unwrap();
        assert_eq!(serde_json::from_slice::<ReviewExplanation>(&bytes).unwrap(), said);
    }
}
