//! The decision itself.

mod duty;

use ids::{BodyRef, Lane, TenantId};

use crate::input::{Entry, Facts, Priority, Seat, Settings};
use crate::ladder;
use crate::outcome::{CasePlan, Explanation, Inputs, Step};
use crate::rules::{Repetition, Tried};

use self::duty::Duty;
pub(crate) use self::duty::FAILED;

/// The plan for a matter, from the responsibility list's line for its item and the rules that were tried, with the
/// explanation to store. Without a line, or with a lead this place does not have, the catch-all body leads unless a rule names
/// another. Whom a centre above has given the matter to, acts: no rule says otherwise, but what the list reserves above is not
/// pushed down.
pub fn plan(
    facts: &Facts,
    entry: Option<&Entry>,
    settings: &Settings,
    rules: &[Tried],
) -> (CasePlan, Explanation) {
    let mut steps: Vec<Step> =
        facts.community.map(located).into_iter().chain(in_layers(facts)).chain(repeated(facts)).collect();
    let mut duty = Duty::listed(facts, entry, settings, &mut steps);
    rules.iter().for_each(|tried| duty.follow(tried, &mut steps));
    if let Some(assigned) = &facts.assigned {
        duty.assign(assigned, &mut steps);
    }
    let lead = &duty.lead;
    let assists = without_repeats(&duty.assists, &[&lead.body], &mut steps);
    let mut taken: Vec<&BodyRef> = vec![&lead.body];
    taken.extend(assists.iter().map(|seat| &seat.body));
    let mut informs = without_repeats(&duty.informs, &taken, &mut steps);
    let level = if duty.priority == Priority::P1 {
        pass_over(&facts.ladder, &taken, &mut informs);
        let (level, leapt) = ladder::leap(duty.reserved, duty.at_least, lead, &assists, &facts.ladder);
        steps.push(leapt);
        level
    } else {
        let (level, climbed) = ladder::climb(duty.reserved, duty.at_least, lead, &assists);
        steps.extend(climbed);
        level
    };
    let plan = CasePlan {
        level,
        lead: lead.body.clone(),
        assists: bodies(&assists),
        informs: bodies(&informs),
        policy: duty.policy.clone(),
        priority: duty.priority,
        lane: raise(facts.lane, duty.priority, &mut steps),
        routing_mode: settings.routing_mode,
        pack_generation: settings.pack_generation,
        street_generation: settings.street_generation,
    };
    let inputs = Inputs {
        facts: facts.clone(),
        entry: entry.cloned(),
        settings: settings.clone(),
        rules: rules.to_vec(),
    };
    let method = match &facts.assigned {
        Some(_) => "assignment",
        None if rules.iter().any(Tried::decides) => "rules",
        None => "responsibility-list",
    };
    (plan.clone(), Explanation { method: method.to_owned(), inputs, plan, steps })
}

/// The explanation made again from its own inputs, every kept condition tried again. The same code version gives equal bytes
/// (D37).
pub fn recompute(explanation: &Explanation) -> Explanation {
    let Inputs { facts, entry, settings, rules } = &explanation.inputs;
    let again: Vec<Tried> = match facts.event() {
        Some(event) => rules.iter().map(|tried| tried.again(&event)).collect(),
        None => rules.clone(),
    };
    plan(facts, entry.as_ref(), settings, &again).1
}

fn located(community: TenantId) -> Step {
    let zh = format!("地点位于社区{community}");
    Step::new("place.located", zh, format!("the place lies in community {community}"))
}

fn in_layers(facts: &Facts) -> Option<Step> {
    let known = facts.circumstances.as_ref()?.layers.as_ref().filter(|layers| !layers.is_empty())?;
    let zh = format!("地点所在的其他图层：{}", known.join("、"));
    Some(Step::new("place.layers", zh, format!("further layers that hold the place: {}", known.join(", "))))
}

fn repeated(facts: &Facts) -> Option<Step> {
    let known = facts.circumstances.as_ref()?.repetition.filter(|known| known.cases > 0)?;
    let Repetition { cases, voices, days } = known;
    let zh = format!("同一事项{days}日内在此处已立案{cases}件，连同本件共{voices}次上报");
    let en = format!(
        "the same item has had {cases} cases here within {days} days; {voices} reports with this one"
    );
    Some(Step::new("place.repeated", zh, en))
}

/// Those an emergency passes over are told, unless they have a role. That they have one is not worth a step: the step of the level
/// names them all.
fn pass_over<'a>(ladder: &'a [Seat], taken: &[&BodyRef], informs: &mut Vec<&'a Seat>) {
    for seat in ladder {
        if !taken.contains(&&seat.body) && !informs.iter().any(|told| told.body == seat.body) {
            informs.push(seat);
        }
    }
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
