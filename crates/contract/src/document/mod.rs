//! Tenant documents: what the directory says about a district or a street, and all services read.
//!
//! A document is one JSON object, the last value of its subject `directory.document.<part>.<tenant>`: an
//! [`envelope`] and a body ([`DistrictCore`], [`StreetCore`], [`Territory`], [`People`] or [`Classifier`]). A street's document holds its
//! overrides and the pack's generation, never the merged pack (D21); [`effective::merge`] puts the two together
//! at the reader's. [`manifest`] and [`pack`] are the forms people write (YAML, strict), [`compile`] turns them into documents,
//! [`check`] says what is wrong with them, [`address`] where an endpoint may be, [`schema`] what the forms are.
//!
//! Promises: reading tolerates unknown fields, so that an older reader takes a newer document; numbers are
//! integers; maps are sorted, so equal documents have equal bytes.
//! Not here: reading YAML or files, generations' bookkeeping (service `directory`), what a polygon must fulfil (crate
//! `territory`), who is on duty by a rota (service `directory`).

pub mod address;
mod body_calendar;
mod calendars;
pub mod check;
pub mod classifier;
pub mod compile;
pub mod core;
pub mod duty;
pub mod duty_form;
pub mod effective;
pub mod envelope;
pub mod geojson;
pub mod item;
mod limits;
pub mod manifest;
pub mod own_calendar;
pub mod pack;
pub mod pair;
pub mod people;
pub mod policy;
pub mod responsibility;
pub mod rule;
pub mod rule_form;
pub mod schema;
pub mod successors;
pub mod terms;
pub mod territory;
mod texts;
pub mod validity;

#[cfg(test)]
mod pack_tests;

pub use self::address::Reach;
pub use self::check::{Fault, Problem, check_district, check_street};
pub use self::classifier::{Classifier, ClassifierModel};
pub use self::compile::{
    Compiled, Variables, compile_district, compile_street, draft_district, draft_street,
};
pub use self::core::{
    Body, CatchAll, Channel, Community, DistrictCore, Endpoint, Level, Name, RoutingMode, StreetCore,
};
pub use self::effective::{
    EffectivePack, ITEM_POLICY, ResolvedCatchAll, ResolvedItem, ResolvedPolicy, ResolvedStep, merge,
};
pub use self::envelope::{Document, DocumentBody, DocumentError, Header, Kind, Part};
pub use self::item::{Item, ItemOverride, JoinedBy, Priority, Privacy, Resolve, Urgency, VerifyBy};
pub use self::own_calendar::CalendarChange;
pub use self::pair::{Milestone, PairLimit};
pub use self::people::{ApiKey, Grant, KEY_SUBJECT, LINK_SUBJECT, People};
pub use self::policy::{
    CalendarSpec, Chain, ChainAction, ChainStep, Clock, DayException, DayKind, DayOfWeek, Frame, Limit,
    SlaPolicy, Stage, Unit, WeekDay,
};
pub use self::responsibility::DutyChange;
pub use self::rule::{Rule, RuleThen, Rules};
pub use self::successors::{Succession, Successor};
pub use self::terms::{Features, Quotas};
pub use self::territory::Territory;
pub use self::validity::Validity;
