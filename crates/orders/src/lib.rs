//! The life of an order and of its case, as two pure machines: fed commands and `now`, they answer events,
//! the state after them, and when to wake them.
//!
//! Promises (each has a test in `tests/it`):
//! * The state is the fold of the events; versions are 1, 2, 3 without a gap.
//! * A stage has at most one verdict, and exactly one once its order or round has ended. No breach is
//!   recorded before its due time, and the times decide it, not whether a wake-up or an act came first.
//! * After a wake-up has been handled the next one is strictly later or there is none. Wake-ups carry no
//!   data, so late, double and lost ones are harmless.
//! * A round has exactly one lead; no case closes over an open duty; who handled it does not verify it.
//! * A return waits for its ruling with the body that asked; at most two of a duty, and who asks does not rule.
//! * A named pair charges nothing outside its two milestones.
//! * Time on hold is not charged, whoever is late: a suspension ends at its instant, not at its wake-up.
//! * What was used stays as it was counted, whatever calendar is published later.
//! * A plan drawn anew moves duties as long as the round is open: a round goes on with one lead, and what was done stays. The next
//!   round has no duty that the plan does not name.
//! * Every state but an ended case has a way out, in a full enumeration of small cases.
//!
//! Deliberately not here: the clock and ids (arguments), who may act (`access`), storing and sending (the
//! dispatch service).
//!
//! The map: [`Order`] and [`Case`] are the states; [`OrderCommand`] and [`CaseCommand`] what can be asked;
//! [`OrderEvent`] and [`CaseEvent`] what happened; [`StageState`] one limit and its verdict; [`ChainStep`]
//! what follows a breach; [`Refusal`] the answers that are no.
//!
//! Choices worth knowing:
//! * An act done before (`See`, `Acknowledge`, `Arrive`, `Submit`) is [`Decision::Unchanged`], also by
//!   another person; `Progress` is recorded every time.
//! * A named pair begins with its first milestone and is met by its second; whichever comes first in fact, it measures only
//!   from the one to the other. With [`Milestone::Arrived`] at its end it asks for a visit, as [`Stage::OnSite`] does.
//! * Acknowledging implies seeing. Arriving needs an acknowledgement and may come after progress.
//! * One `Warned` for each fraction; a warning whose due time has come too is skipped.
//! * Chain steps count from the due time on the 24-hour clock and stop once the stage is met after all. Stages of a case have the
//!   chain, too; whose they are is no body, so who is late with them is told apart ([`Case::late`]).
//! * The verification counts from the lead's submit. When it fails, the orders of the round are done with
//!   outcome `failed` and their duties are issued again.
//!
//! ```
//! use orders::{Actor, Case, CaseCommand, CasePlan, Decision, Order, OrderCommand, OrderPlan, Phase};
//! use orders::{Role, RoundVerdict, Stage, StagePlan, VerifyCommand};
//! use sla::{Calendar, ClockKind, Limit, PerMille, Unit};
//!
//! let calendar: Calendar = serde_json::from_str(
//!     r#"{ "id": "cn-office", "version": 1, "zone": "Asia/Shanghai", "years": [2026], "days": [],
//!          "frames": [{"start": "09:00", "end": "12:30"}, {"start": "14:00", "end": "18:00"}] }"#,
//! )?;
//! let now = "2026-11-23T10:00:00+08:00".parse()?;
//! let (case_id, order_id) = (uuid::Uuid::from_u128(1).into(), uuid::Uuid::from_u128(2).into());
//! let (tenant, transport): (ids::TenantId, ids::BodyRef) = ("990102001000".parse()?, "transport".parse()?);
//!
//! // A routed case arrives: open it and issue its orders.
//! let terms = StagePlan::default_verification()?.into();
//! let (case, _) = Case::open(CasePlan { case_id, tenant, lead: transport.clone(), terms, plan_version: 0 }, None, now)?;
//! let acknowledge = StagePlan {
//!     stage: Stage::Acknowledge,
//!     limit: Limit::new(ClockKind::Work, 120, Unit::Minute)?,
//!     warn: vec![PerMille::new(800)?],
//! };
//! let (role, stages) = (Role::Lead, vec![acknowledge]);
//! let (pairs, chain, follows, summoned, round) = (vec![], vec![], None, false, 1);
//! let body = transport;
//! let plan = OrderPlan { order_id, tenant, case_id, round, body, role, stages, pairs, chain, follows, summoned };
//! let (order, events) = Order::dispatch(plan, &calendar, None, now)?;
//! assert_eq!(events[0].kind.name(), "dispatched");
//! assert_eq!(order.wake_at(), Some("2026-11-23T11:36:00+08:00".parse()?));
//!
//! // The wake-up says only "look at this order".
//! let woken_at = order.wake_at().unwrap();
//! let Decision::Changed { state: order, events } = order.decide(OrderCommand::Tick, woken_at)? else { panic!() };
//! assert_eq!(events[0].kind.name(), "warned");
//!
//! // The body acts; the lead's submit takes the case along, in the same transaction.
//! let actor = |name: &str| Actor { principal: name.to_owned(), body: None };
//! let (lead, verifier) = (actor("li"), actor("wang"));
//! let taken = OrderCommand::Acknowledge { actor: lead.clone(), calendars: (&calendar).into() };
//! let taken = order.decide(taken, woken_at)?;
//! let (order, _) = taken.or_unchanged(order);
//! let (actor, calendars, note) = (lead.clone(), (&calendar).into(), "stop restored".into());
//! let submit = OrderCommand::Submit { actor, calendars, note, orders: &[] };
//! let (order, _) = order.decide(submit, woken_at)?.or_unchanged(order);
//! let orders = [order];
//! let submit = CaseCommand::Submit { actor: lead.clone(), orders: &orders, calendar: &calendar };
//! let (case, _) = case.decide(submit, woken_at)?.or_unchanged(case);
//!
//! // Somebody else verifies, and the orders end with the case.
//! let pass = |actor| CaseCommand::Verify {
//!     actor, command: VerifyCommand::Pass { note: "called two residents".into() }, orders: &orders,
//! };
//! assert_eq!(case.decide(pass(lead), woken_at).unwrap_err().code(), "handler-may-not-verify");
//! let (case, events) = case.decide(pass(verifier.clone()), woken_at)?.or_unchanged(case);
//! assert_eq!(events.last().unwrap().kind.name(), "closed");
//! assert_eq!(case.holder(), None);
//! let [order] = &orders;
//! let close = OrderCommand::CloseWithCase { actor: verifier, verdict: RoundVerdict::Passed };
//! let (order, _) = order.decide(close, woken_at)?.or_unchanged(order.clone());
//! assert_eq!((order.phase, order.wake_at()), (Phase::Done, None));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod actor;
mod case;
mod chain;
mod decision;
mod order;
mod publications;
mod refusal;
mod round;
mod stage;

pub use actor::Actor;
pub use case::{
    Adjudication, Case, CaseCommand, CaseEvent, CaseEventKind, CasePhase, CasePlan, CaseTerms, Deciding,
    Holder, HolderInterval, NotRerouted, RoundVerdict, Ruling, RulingAsked, Signature, VerifyCommand, Visit,
};
pub use chain::{ChainAction, ChainStep, Measure};
pub use decision::{BrokenHistory, Decision};
pub use order::{
    Act, HoldReason, LinkDeed, LinkDenial, Order, OrderCommand, OrderEvent, OrderEventKind, OrderPlan, Phase,
    ReturnAsked, ReturnGround, Role, Suspension, Terms, TimeAsked, TimeWanted,
};
pub use publications::Publications;
pub use refusal::{PlanFault, Refusal};
pub use round::{open_assistants, superseded};
pub use stage::{
    AwaitedCalendar, DueAt, Milestone, NoPairName, PairName, PairPlan, Relimited, Stage, StageClock,
    StageDue, StageEvent, StageMove, StagePlan, StageState, Starts, Verdict, Warn,
};
