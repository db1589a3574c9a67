//! The decision itself.

use ids::{BodyRef, Lane, TenantId};

use crate::input::{Entry, Facts, Priority, Seat, Settings};
use crate::ladder;
use crate::outcome::{CasePlan, Explanation, Inputs, Step};

/// The plan for a matter, from the responsibility list's line for its item, with the explanation to store.
/// Without a line, or with a lead this place does not have, the catch-all body leads.
pub fn plan(facts: &Facts, entry: Option<&Entry>, settings: &Settings) -> (CasePlan, Explanation) {
    let mut steps: Vec<Step> = facts.community.map(located).into_iter().collect();
    let lead = choose_lead(facts, entry, settings, &mut steps);
    let listed = entry.map_or(&[][..], |entry| &entry.assists);
    let assists = without_repeats(listed, &[&lead.body], &mut steps);
    let mut taken: Vec<&BodyRef> = vec![&lead.body];
    taken.extend(assists.iter().map(|seat| &seat.body));
    let informs = without_repeats(&settings.informs, &taken, &mut steps);
    let reserved = entry.map_or(lead.level, |entry| entry.level);
    let (level, climbed) = ladder::climb(reserved, lead, &assists);
    steps.extend(climbed);
    let priority = entry.map_or(settings.catch_all_priority, |entry| entry.priority);
    let plan = CasePlan {
        level,
        lead: lead.body.clone(),
        assists: bodies(&assists),
        informs: bodies(&informs),
        policy: entry.map_or(&settings.catch_all_policy, |entry| &entry.policy).clone(),
        priority,
        lane: raise(facts.lane, priority, &mut steps),
        routing_mode: settings.routing_mode,
        pack_generation: settings.pack_generation,
        street_generation: settings.street_generation,
    };
    let inputs = Inputs { facts: facts.clone(), entry: entry.cloned(), settings: settings.clone() };
    let method = "responsibility-list".to_owned();
    (plan.clone(), Explanation { method, inputs, plan, steps })
}

/// The explanation made again from its own inputs. The same code version gives equal bytes (D37).
pub fn recompute(explanation: &Explanation) -> Explanation {
    let Inputs { facts, entry, settings } = &explanation.inputs;
    plan(facts, entry.as_ref(), settings).1
}

fn located(community: TenantId) -> Step {
    let zh = format!("地点位于社区{community}");
    Step::new("place.located", zh, format!("the place lies in community {community}"))
}

fn choose_lead<'a>(
    facts: &Facts,
    entry: Option<&'a Entry>,
    settings: &'a Settings,
    steps: &mut Vec<Step>,
) -> &'a Seat {
    let catch_all = &settings.catch_all;
    let Some(entry) = entry else {
        steps.push(Step::new(
            "list.no_entry",
            format!("责任清单中没有事项{}，由{}兜底主办", facts.item, catch_all.zh),
            format!("the responsibility list has no item {}, {} takes it", facts.item, catch_all.en),
        ));
        return catch_all;
    };
    if !entry.unplaced.is_empty() {
        let keys = entry.unplaced.join(", ");
        steps.push(Step::new(
            "list.unplaced",
            format!("所属社区未知，无法确定：{keys}"),
            format!("the community of the place is unknown, so these cannot be named: {keys}"),
        ));
    }
    let Some(lead) = &entry.lead else {
        steps.push(Step::new(
            "list.catch_all_leads",
            format!("清单主办单位无法确定，由{}兜底主办", catch_all.zh),
            format!("the list's lead cannot be named, {} takes it", catch_all.en),
        ));
        return catch_all;
    };
    steps.push(Step::new(
        "list.entry",
        format!("责任清单：事项{}由{}主办", entry.item, lead.zh),
        format!("responsibility list: {} leads item {}", lead.en, entry.item),
    ));
    lead
}

/// The seats whose body is neither taken nor named before; each one left out is told.
fn without_repeats<'a>(seats: &'a [Seat], taken: &[&BodyRef], steps: &mut Vec<Step>) -> Vec<&'a Seat> {
    let mut kept: Vec<&Seat> = Vec::new();
    for seat in seats {
        if taken.contains(&&seat.body) || kept.iter().any(|earlier| earlier.body == seat.body) {
            steps.push(Step::new(
                "roles.repeated",
                format!("{}在本案已有职责，不重复派单", seat.zh),
                format!("{} has a role in this case already", seat.en),
            ));
        } else {
            kept.push(seat);
        }
    }
    kept
}

fn raise(came_in: Lane, priority: Priority, steps: &mut Vec<Step>) -> Lane {
    if priority != Priority::P1 || came_in == Lane::Urgent {
        return came_in;
    }
    let en = "priority P1, into the urgent lane".to_owned();
    steps.push(Step::new("lane.raised", "优先级P1，转入紧急车道".to_owned(), en));
    came_in.raised_to(Lane::Urgent)
}

fn bodies(seats: &[&Seat]) -> Vec<BodyRef> {
    seats.iter().map(|seat| seat.body.clone()).collect()
}
