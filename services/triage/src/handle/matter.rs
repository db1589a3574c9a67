//! A report with what is found about it: its item, its lane, where it lies, and what that makes of it.

use contract::proto::triage as wire;
use ids::Lane;
use jiff::Timestamp;
use snapshot::View;

use super::Submission;
use crate::core::amend::Duties;
use crate::core::desk::Desk;
use crate::core::item::{self, Finding};
use crate::core::pressing::Sameness;
use crate::tenants::{Placed, Street, ruled};

/// A report with what was found about it.
pub(super) struct Matter<'a> {
    pub(super) submission: &'a Submission,
    pub(super) finding: Finding,
    /// The lane it goes on in. Raised for words of mortal danger, whoever let them in (D15): the door that chose its
    /// lane may have had older words, or none. Raised too where the words are near to an item of mortal danger: then a
    /// person looks first.
    pub(super) lane: Lane,
    /// A life may depend on it: its item is of priority P1, or nobody has looked at what is in the urgent lane.
    pub(super) pressing: bool,
    /// What makes it the matter of an open case of its item.
    pub(super) sameness: Sameness,
    /// Where in the street it is; nothing where the street has drawn nothing, or it is outside of all of it.
    pub(super) place: Option<Placed>,
    /// Outside of a street that has drawn where it lies.
    pub(super) outside: bool,
    /// Whether its street lets it join a case.
    pub(super) joins: bool,
    /// Whether it may by its words alone.
    pub(super) joins_by_words: bool,
}

impl Matter<'_> {
    /// Whether whoever holds the case it joins is told of it, whatever its number.
    pub(super) fn alarming(&self) -> bool {
        self.pressing || self.lane == Lane::Urgent
    }

    /// Whether a person must say whose it is. A person who has decided has seen the place; and mortal danger waits
    /// for nobody: its orders go out from the street it was reported to.
    pub(super) fn astray(&self) -> bool {
        self.outside && self.submission.decided.is_none() && self.lane != Lane::Urgent && !self.pressing
    }

    /// Whose desk a plan has to pass before it goes out; nothing of what waits for nobody: mortal danger and drills, and
    /// what was decided by a person who may decide there.
    pub(super) fn reviewed_at(&self, plan: &wire::CasePlan, lane: Lane) -> Option<Desk> {
        let desk = match plan.routing_mode.as_str() {
            "street-review" => Desk::Street,
            "district-review" => Desk::District,
            _ => return None,
        };
        let reviewed = self.submission.decided.as_ref().and_then(|decided| decided.reviewed_at);
        // A centre that gives a matter has decided who acts; where that could not be followed, nobody has.
        let given = self.submission.report.assigned.as_ref();
        let followed = given.filter(|given| Duties::of(plan).lead == given.lead.to_string());
        let decided = reviewed.max(followed.map(|given| given.by));
        let waits = lane != Lane::Urgent && !self.submission.drill && decided.is_none_or(|at| at < desk);
        waits.then_some(desk)
    }

    /// When the report was accepted; never later than now.
    pub(super) fn accepted_at(&self, now: Timestamp) -> Timestamp {
        self.submission.report.accepted_at.map_or(now, |at| at.min(now))
    }

    /// The same, as rules see it.
    pub(super) fn for_rules<'m>(&'m self, item: &'m str, now: Timestamp) -> ruled::Matter<'m> {
        let report = &self.submission.report;
        ruled::Matter {
            item,
            community: self.place.as_ref().and_then(|place| place.community),
            grid: self.place.as_ref().and_then(|place| place.grid.as_deref()),
            place: Some(&report.place),
            layers: None,
            lane: self.lane,
            reporter: &report.source,
            drill: self.submission.drill,
            text: &report.text,
            households: report.households,
            reading_milli: report.reading_milli,
            assigned: report.assigned.as_ref(),
            repetition: None,
            now,
        }
    }
}

/// What is found about a report by the documents of now.
pub(super) fn matter<'a>(
    view: &View<Street>,
    submission: &'a Submission,
    now: Timestamp,
) -> Result<Matter<'a>, pg::Error> {
    let report = &submission.report;
    // A street once seen stays in the view, and reports of one never seen do not get here (`Refused::NotYet`).
    let left = || pg::Error::broken("settling a report", "its street left the snapshot");
    let street = &view.street(report.tenant).ok_or_else(left)?.of;
    let (given, day) = (report.given.as_deref(), street.day(now));
    let finding = match &submission.decided {
        Some(decided) => item::decided(&decided.item, given),
        None if knows(submission) => item::find_for_who_knows(given, &report.text, &street.list(day)),
        None => item::find(given, &report.text, &street.list(day)),
    };
    // A drill stays where it was put: a rehearsed emergency must not delay a real one.
    let feared = street.alarms(&report.text) || finding.explanation.danger.is_some();
    let lane =
        if feared && !submission.drill { submission.lane.raised_to(Lane::Urgent) } else { submission.lane };
    let emergency = finding.item.as_ref().is_ok_and(|item| street.mortal(item, day));
    // A person who decides on an ordinary item has looked at what the lane was raised for.
    let unseen = lane == Lane::Urgent && submission.decided.is_none();
    let pressing = !submission.drill && (emergency || unseen);
    let joined_by = finding.item.as_ref().ok().map(|item| street.joined_by(item));
    let place = street.locate(&report.place, day);
    let outside = place.is_none() && street.drawn(day);
    Ok(Matter {
        submission,
        finding,
        lane,
        pressing,
        sameness: Sameness::of(report.by_device(), pressing, joined_by),
        place,
        outside,
        joins: street.joins(),
        joins_by_words: street.joins_by_words(),
    })
}

/// Whether the item it names needs no second look: a centre gives it, a device measures it, somebody rehearses it.
fn knows(submission: &Submission) -> bool {
    let Submission { report, drill, .. } = submission;
    *drill || report.assigned.is_some() || report.by_device()
}
