//! What a newly published calendar does to the clocks of a matter (重排), as people read it: before it is done and after.

use jiff::Timestamp;
use orders::{
    Actor, CaseCommand, CaseEventKind, OrderCommand, OrderEventKind, Publications, Refusal, StageDue,
    StageMove,
};
use serde::{Deserialize, Serialize};
use sla::{Calendar, CalendarRef, Change};
use utoipa::ToSchema;
use uuid::Uuid;

use super::clocks::Clocks;
use super::matter::{Happened, Matter};

/// One clock that moves, or moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct MoveView {
    pub case_id: Uuid,
    pub case_no: String,
    /// The order; empty for the verification of the case, and for the clock of a ruling.
    pub order_id: Option<Uuid>,
    /// Who holds it.
    pub body: Option<String>,
    /// lead or assist.
    pub role: Option<String>,
    pub round: u32,
    /// see, acknowledge, on_site, resolve, verify or adjudicate, or the name of a pair.
    pub stage: String,
    pub due_before: Option<Timestamp>,
    /// Empty when a year is awaited from then on.
    pub due_after: Option<Timestamp>,
    /// That year.
    pub awaiting_year: Option<i16>,
    /// Its time is on hold: the due times are what they were before, and this much more, or less, is left; in seconds.
    pub left_more_s: Option<i64>,
    /// The differences that lie on its way.
    pub why_zh: String,
    pub why_en: String,
}

/// What one publication moves, case by case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct MovePage {
    /// Id of the calendar.
    pub calendar: String,
    /// The publication in force.
    pub version: u64,
    /// In order of their cases.
    pub moves: Vec<MoveView>,
    /// Numbers of cases whose clocks could not be moved, and stay as they are.
    #[serde(default)]
    pub refused: Vec<String>,
    /// Cases with running clocks that were looked at; most have nothing to move.
    pub cases: u32,
    /// How many there are behind them.
    pub cases_left: u64,
    /// Give it as `after` to go on; empty when none is left.
    pub next: Option<Uuid>,
}

impl Matter {
    /// What its clocks count on; `all` those that are decided, too, else those without a verdict, and of an order with a
    /// named pair to come all of its own: that pair will count on the same.
    pub fn counted_on(&self, all: bool) -> impl Iterator<Item = &CalendarRef> {
        let present = [self.case.verification(), self.case.adjudication()].into_iter().flatten();
        let past = self.case.verify.values().chain(self.case.adjudications.values().map(|of| &of.clock));
        let case = present.chain(past.filter(move |_| all)).map(move |stage| (stage, all));
        let orders = self.orders.iter().filter(move |order| all || !order.phase.ended());
        let stages = orders.flat_map(move |order| {
            let whole = all || order.awaits_pair();
            order.stages.iter().map(move |stage| (stage, whole))
        });
        let counted = stages.chain(case).filter(|(stage, whole)| *whole || stage.verdict.is_none());
        counted.filter_map(|(stage, _)| stage.counted_on())
    }

    /// Whether a clock counts on another publication of this calendar.
    pub fn counts_elsewhere(&self, present: &Calendar, all: bool) -> bool {
        let present = present.reference();
        self.counted_on(all).any(|reference| reference.id == present.id && reference != present)
    }

    /// Every clock on a calendar goes over to its publication in force where that makes a difference. All orders of the case must
    /// be loaded.
    pub fn replan(
        &mut self,
        actor: &Actor,
        (clocks, calendars): (Clocks<'_>, Publications<'_>),
        note: &str,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        if !self.counts_elsewhere(calendars.present(), false) {
            return Ok(());
        }
        self.end_suspensions(clocks, now)?;
        for id in self.order_ids() {
            let (actor, note) = (actor.clone(), note.to_owned());
            self.decide_order(id, OrderCommand::Replan { actor, calendars, note }, now)?;
        }
        let (actor, note) = (actor.clone(), note.to_owned());
        self.decide_case(CaseCommand::Replan { actor, calendars, note }, now).map(drop)
    }

    /// The moves among what happened.
    pub fn moves(&self) -> Vec<MoveView> {
        self.happened.iter().flat_map(|happened| self.moves_of(happened)).collect()
    }

    fn moves_of(&self, happened: &Happened) -> Vec<MoveView> {
        let (moves, order) = match happened {
            Happened::Order { event, after } => match &event.kind {
                OrderEventKind::Replanned { moves, .. } => (moves, Some(after)),
                _ => return Vec::new(),
            },
            Happened::Case { event, .. } => match &event.kind {
                CaseEventKind::Replanned { moves, .. } => (moves, None),
                _ => return Vec::new(),
            },
        };
        let view = |moved: &StageMove| MoveView {
            case_id: self.case.id.as_uuid(),
            case_no: self.facts.case_no.clone(),
            order_id: order.map(|order| order.id.as_uuid()),
            body: order.map(|order| order.body.to_string()),
            role: order.map(|order| order.role.as_str().to_owned()),
            round: order.map_or(self.case.round, |order| order.round),
            stage: moved.clock.stage.as_str().to_owned(),
            due_before: due_at(&moved.before),
            due_after: due_at(&moved.clock.due),
            awaiting_year: awaited(&moved.clock.due),
            left_more_s: (moved.left_more_us != 0).then_some(moved.left_more_us / 1_000_000),
            why_zh: reasons(&moved.why, Change::text_zh, "；"),
            why_en: reasons(&moved.why, Change::text_en, "; "),
        };
        moves.iter().map(view).collect()
    }
}

pub(super) fn due_at(due: &StageDue) -> Option<Timestamp> {
    match due {
        StageDue::At(due) => Some(due.due_at),
        StageDue::AwaitingCalendar(_) => None,
    }
}

pub(super) fn awaited(due: &StageDue) -> Option<i16> {
    match due {
        StageDue::At(_) => None,
        StageDue::AwaitingCalendar(awaited) => Some(awaited.year),
    }
}

pub(super) fn reasons(why: &[Change], text: fn(&Change) -> String, between: &str) -> String {
    why.iter().map(text).collect::<Vec<_>>().join(between)
}
