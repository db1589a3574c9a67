//! What is wrong with a document. Run at apply, before anything is published: a faulty pack reaches no service.
//!
//! Promises: all faults are reported, each with the path of the field; pure.
//! What passes here is no poison later: whatever the services' own crates would refuse of a document is refused now.
//! Not here: quality of the rules (gaps, shadows), what an address resolves to (egress).

use std::collections::BTreeSet;
use std::fmt::Display;

use ids::{BodyKey, BodyRef, TenantId};

use super::address::{self, Reach};
use super::calendars;
use super::core::{Body, Channel, DistrictCore, Endpoint, Level, StreetCore};
use super::effective::{EffectivePack, ITEM_POLICY, merge};
use super::item::Item;
use super::limits::{check_chain, check_limit, check_policy, check_warnings};
use super::pair::Milestone;
use super::policy::{Limit, Unit};
use super::responsibility::{self, DutyChange};
use super::rule;
use super::successors;
use super::terms;
use super::texts;
use super::validity::Validity;

/// Most bytes kept of a path.
const PATH_BYTES_MAX: usize = 1_024;

/// One thing wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct Fault {
    /// Path of the field, e.g. `items.TRA-01.lead`.
    pub path: String,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What can be wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each variant is its message")]
pub enum Problem {
    #[error("no body has the key {0}")]
    UnknownBody(BodyKey),
    #[error("body {0} may not lead")]
    CannotLead(BodyKey),
    #[error("body {0} is not of the district: `raise` names one that is")]
    NotOfDistrict(BodyKey),
    #[error("who holds the order is told: leave `body` out, or write `notify`")]
    HolderIsTold,
    #[error("nobody is told: name a `body`")]
    NobodyIsTold,
    #[error("body {0} leads already")]
    LeadAssists(BodyKey),
    #[error("body {0} stands here twice")]
    RepeatedBody(BodyKey),
    #[error("body {0} does not belong to this tenant")]
    ForeignBody(BodyRef),
    #[error("a street cannot define a body of the district")]
    DistrictBody,
    #[error("a role of this kind names the body it acts for")]
    BodyMissing,
    #[error("no item has the code {0}")]
    UnknownItem(String),
    #[error("no category has the code {0}")]
    UnknownCategory(String),
    #[error("no policy has the key {0}")]
    UnknownPolicy(String),
    #[error("no chain has the key {0}")]
    UnknownChain(String),
    #[error("no calendar has the id {0}")]
    UnknownCalendar(String),
    #[error("{0} is the district's own calendar")]
    CalendarTaken(String),
    #[error("a calendar's id is 1 to 64 of a-z, 0-9 and -, and does not begin with street-")]
    BadCalendarId,
    #[error("the key item is reserved")]
    ReservedKey,
    #[error("the level is not the lead's")]
    LevelDiffers,
    #[error("words must be there and not be empty")]
    EmptyWord,
    #[error("the limit is zero")]
    ZeroLimit,
    #[error("the limit is longer than ten years")]
    LimitTooLong,
    #[error("a false closure is one within 1 to 365 days")]
    BadFalseClosureDays,
    #[error("a plan waits 1 to 1,440 minutes for its review")]
    BadPlanReviewMinutes,
    #[error("a report waits 1 to 1,440 minutes for a person")]
    BadReportReviewMinutes,
    #[error("what came before is counted 1 to 365 days back")]
    BadRepeatDays,
    #[error("a published year lies between 2000 and 2199")]
    BadYear,
    #[error("a text must not contain U+0000")]
    NulCharacter,
    #[error("a name has at most 200 characters, any other text 4,000")]
    TextTooLong,
    #[error("a key has 1 to 64 of the characters a-z, A-Z, 0-9, '.', '_' and '-'")]
    BadKey,
    #[error("an endpoint must not have this address")]
    EndpointNotAllowed,
    #[error("working days are counted on the working clock only")]
    WorkdayOnClock,
    #[error("limits in seconds are for demo policies only")]
    SecondsNotDemo,
    #[error("acknowledge ends after on site")]
    AcknowledgeAfterOnSite,
    #[error("the name of a pair is 1 to 32 of a-z, 0-9 and -, beginning with a letter")]
    BadPairName,
    #[error("{0} is a fixed stage: give the pair a name of its own, or write a limit under `limits`")]
    FixedStage(String),
    #[error("the pair begins and ends with {}: name two milestones", .0.as_str())]
    PairOfOne(Milestone),
    #[error("{} never comes after {}", to.as_str(), from.as_str())]
    BackwardPair { from: Milestone, to: Milestone },
    #[error("a policy has at most eight pairs")]
    TooManyPairs,
    #[error("warnings are ascending and between 1 and 999")]
    BadWarnings,
    #[error("steps are in order of time")]
    StepsOutOfOrder,
    #[error("not supported by this build")]
    Unsupported,
    #[error("an address starts with http:// or https://")]
    NotHttp,
    #[error("variable {0} is not allowed here")]
    UnknownVariable(String),
    #[error("community {0} is not one of this street")]
    ForeignCommunity(TenantId),
    #[error("community {0} stands here twice")]
    RepeatedCommunity(TenantId),
    #[error("working hours are HH:MM, ascending and without overlap; only the last may end after midnight")]
    BadFrames,
    #[error("a weekday stands here twice")]
    RepeatedWeekday,
    #[error("an exceptional day lies outside the published years or stands here twice")]
    BadDay,
    #[error("the version of a calendar is between 1 and 9,999")]
    BadVersion,
    #[error("the last day comes before the first")]
    EmptyValidity,
    #[error("changes are in order of their days, no two on one day")]
    DaysOutOfOrder,
    #[error("exactly one successor names no items and takes the rest")]
    OneHeir,
    #[error("a successor stands at the level of the body it succeeds")]
    HeirLevel,
    #[error("item {0} is taken by two successors")]
    RepeatedItem(String),
    #[error("body {0} would take its own place")]
    SuccessionCircle(BodyKey),
    #[error("a quota is at least 1")]
    ZeroQuota,
    #[error(
        "the rule says nothing: name a lead, assistants, bodies to inform, a policy, a priority or a level"
    )]
    RuleSaysNothing,
    #[error("place {0} is not one of this tenant")]
    ForeignPlace(TenantId),
    #[error("the list reserves item {0} for a higher level than this body's")]
    PushedDown(String),
    #[error("the kind of the manifest does not suit its spec")]
    WrongKind,
}

/// Collects faults.
#[derive(Default)]
pub(super) struct Faults(pub(super) Vec<Fault>);

impl Faults {
    /// A path holds keys of the caller's: one of a hundred thousand characters is not kept once for each fault.
    pub(super) fn add(&mut self, path: impl Display, problem: Problem) {
        let mut path = path.to_string();
        path.truncate(path.floor_char_boundary(PATH_BYTES_MAX));
        self.0.push(Fault { path, problem });
    }

    pub(super) fn unless(&mut self, fine: bool, path: impl Display, problem: impl FnOnce() -> Problem) {
        if !fine {
            self.add(path, problem());
        }
    }
}

/// Everything wrong with a district's core.
pub fn check_district(core: &DistrictCore) -> Vec<Fault> {
    let mut faults = Faults::default();
    texts::check(&mut faults, core);
    for (code, item) in &core.items {
        check_item(&mut faults, core, code, item);
    }
    for (key, policy) in &core.policies {
        check_policy(&mut faults, key, policy, |chain| core.chains.contains_key(chain));
    }
    for (key, chain) in &core.chains {
        check_chain(&mut faults, key, chain, |body| core.bodies.get(body).map(|body| body.level));
    }
    calendars::check(&mut faults, core);
    for (word, items) in &core.alarm_words {
        let path = format!("alarm_words.{word}");
        faults.unless(!word.trim().is_empty() && !items.is_empty(), &path, || Problem::EmptyWord);
        for code in items.iter().filter(|code| !core.items.contains_key(*code)) {
            faults.add(&path, Problem::UnknownItem(code.clone()));
        }
    }
    check_defaults(&mut faults, core);
    successors::check(&mut faults, core);
    let books = rule::Books {
        items: &core.items,
        body: &|key| core.bodies.get(key),
        policy: &|key| core.policies.contains_key(key),
        // Any street or community of it; which of them there are is not known here.
        ours: &|place| place.as_i64() / 1_000_000 == core.code.as_i64() / 1_000_000 && place != core.code,
    };
    rule::check(&mut faults, &core.rules, &books);
    for (key, endpoint) in &core.endpoints {
        let ours = endpoint.body.at.is_none()
            && core.bodies.get(&endpoint.body.key).is_some_and(|b| b.level == Level::District);
        check_endpoint(&mut faults, key, endpoint, ours);
    }
    faults.0
}

/// Everything wrong with a street's core, given its district's.
pub fn check_street(district: &DistrictCore, core: &StreetCore) -> Vec<Fault> {
    let mut faults = Faults::default();
    let pack = merge(district, core);
    texts::check(&mut faults, core);
    let minutes = 1..=1_440;
    let fine = minutes.contains(&core.plan_review_minutes);
    faults.unless(fine, "plan_review_minutes", || Problem::BadPlanReviewMinutes);
    let waits = [
        ("report_review_minutes", core.report_review_minutes),
        ("urgent_review_minutes", core.urgent_review_minutes),
    ];
    for (field, wait) in waits {
        faults.unless(minutes.contains(&wait), field, || Problem::BadReportReviewMinutes);
    }
    let days = (1..=365).contains(&core.repeat_days);
    faults.unless(days, "repeat_days", || Problem::BadRepeatDays);
    check_communities(&mut faults, core);
    calendars::check_own(&mut faults, pack);
    terms::check(&mut faults, core.quotas.as_ref());
    faults.unless(core.district == district.code, "district", || Problem::ForeignCommunity(core.district));
    for (key, body) in &core.bodies {
        let local = |body: &Body| body.level != Level::District;
        let fine = local(body) && district.bodies.get(key).is_none_or(local);
        faults.unless(fine, format!("bodies.{key}"), || Problem::DistrictBody);
    }
    let known = |key: &BodyKey| district.bodies.contains_key(key) || core.bodies.contains_key(key);
    check_overrides(&mut faults, pack, known);
    let books = rule::Books {
        items: &district.items,
        body: &|key| core.bodies.get(key).or_else(|| district.bodies.get(key)),
        policy: &|key| pack.policy(key).is_some(),
        ours: &|place| place == core.code || core.communities.iter().any(|community| community.code == place),
    };
    rule::check(&mut faults, &core.rules, &books);
    for (key, policy) in &core.policies {
        check_policy(&mut faults, key, policy, |chain| pack.chain(chain).is_some());
    }
    for (key, chain) in &core.chains {
        let body = |key: &BodyKey| core.bodies.get(key).or_else(|| district.bodies.get(key));
        check_chain(&mut faults, key, chain, |key| body(key).map(|body| body.level));
    }
    for (key, endpoint) in &core.endpoints {
        let ours = endpoint.body.at.is_some() && pack.body(&endpoint.body).is_some();
        check_endpoint(&mut faults, key, endpoint, ours);
    }
    faults.0
}

fn check_overrides(faults: &mut Faults, pack: EffectivePack<'_>, known: impl Fn(&BodyKey) -> bool) {
    for (code, change) in &pack.street.items {
        let path = format!("items.{code}");
        match pack.district.items.get(code) {
            None => faults.add(&path, Problem::UnknownItem(code.clone())),
            Some(item) => {
                let assists = change.assists.as_deref().unwrap_or_default();
                check_assists(faults, &path, &item.lead, assists, &known);
                let body =
                    |key: &BodyKey| pack.street.bodies.get(key).or_else(|| pack.district.bodies.get(key));
                responsibility::check(faults, &path, item, &change.changes, body);
                check_changes(faults, &path, &change.changes, &item.lead, &known, |key| {
                    pack.policy(key).is_some()
                });
            }
        }
        check_validity(faults, &path, &change.validity);
        check_policy_key(faults, &path, change.policy.as_ref(), |key| pack.policy(key).is_some());
    }
}

fn check_validity(faults: &mut Faults, path: &str, validity: &Validity) {
    faults.unless(validity.possible(), format!("{path}.valid_until"), || Problem::EmptyValidity);
}

fn check_policy_key(faults: &mut Faults, path: &str, policy: Option<&String>, known: impl Fn(&str) -> bool) {
    if let Some(key) = policy {
        let fine = key == ITEM_POLICY || known(key);
        faults.unless(fine, format!("{path}.policy"), || Problem::UnknownPolicy(key.clone()));
    }
}

/// Assistants and policies of dated changes. A change without a lead keeps the one written without a day.
fn check_changes(
    faults: &mut Faults,
    path: &str,
    changes: &[DutyChange],
    lead: &BodyKey,
    known: impl Fn(&BodyKey) -> bool,
    policy_known: impl Fn(&str) -> bool,
) {
    for (position, change) in changes.iter().enumerate() {
        let path = format!("{path}.changes.{position}");
        let lead = change.lead.as_ref().unwrap_or(lead);
        check_assists(faults, &path, lead, change.assists.as_deref().unwrap_or_default(), &known);
        check_policy_key(faults, &path, change.policy.as_ref(), &policy_known);
    }
}

fn check_item(faults: &mut Faults, core: &DistrictCore, code: &str, item: &Item) {
    let path = format!("items.{code}");
    let known = |key: &BodyKey| core.bodies.contains_key(key);
    match core.bodies.get(&item.lead) {
        None => faults.add(format!("{path}.lead"), Problem::UnknownBody(item.lead.clone())),
        Some(body) => {
            faults.unless(body.can_lead, format!("{path}.lead"), || Problem::CannotLead(item.lead.clone()));
            faults.unless(body.level == item.level, format!("{path}.level"), || Problem::LevelDiffers);
        }
    }
    check_assists(faults, &path, &item.lead, &item.assists, known);
    let category = || Problem::UnknownCategory(item.category.clone());
    faults.unless(core.categories.contains_key(&item.category), format!("{path}.category"), category);
    let words = !item.keywords.is_empty() && item.keywords.iter().all(|word| !word.trim().is_empty());
    faults.unless(words, format!("{path}.keywords"), || Problem::EmptyWord);
    let phrases = item.similar.iter().all(|phrase| !phrase.trim().is_empty());
    faults.unless(phrases, format!("{path}.similar"), || Problem::EmptyWord);
    let in_time = item.on_site_minutes.is_none_or(|on_site| item.acknowledge_minutes <= on_site);
    faults.unless(in_time, &path, || Problem::AcknowledgeAfterOnSite);
    let minutes = |amount| Limit { amount, unit: Unit::Minute, clock: item.clock };
    let resolve = Limit { amount: item.resolve.amount, unit: item.resolve.unit, clock: item.clock };
    check_limit(faults, &format!("{path}.acknowledge_minutes"), minutes(item.acknowledge_minutes), false);
    check_limit(
        faults,
        &format!("{path}.on_site_minutes"),
        minutes(item.on_site_minutes.unwrap_or(1)),
        false,
    );
    check_limit(faults, &format!("{path}.resolve"), resolve, false);
    let policy_known = |key: &str| core.policies.contains_key(key);
    check_policy_key(faults, &path, item.policy.as_ref(), policy_known);
    check_validity(faults, &path, &item.validity);
    responsibility::check(faults, &path, item, &item.changes, |key| core.bodies.get(key));
    check_changes(faults, &path, &item.changes, &item.lead, known, policy_known);
}

fn check_assists(
    faults: &mut Faults,
    path: &str,
    lead: &BodyKey,
    assists: &[BodyKey],
    known: impl Fn(&BodyKey) -> bool,
) {
    let mut seen = BTreeSet::new();
    for (position, key) in assists.iter().enumerate() {
        let path = format!("{path}.assists.{position}");
        faults.unless(known(key), &path, || Problem::UnknownBody(key.clone()));
        faults.unless(key != lead, &path, || Problem::LeadAssists(key.clone()));
        faults.unless(seen.insert(key), &path, || Problem::RepeatedBody(key.clone()));
    }
}

fn check_defaults(faults: &mut Faults, core: &DistrictCore) {
    check_limit(faults, "verify", core.verify, false);
    if let Some(adjudicate) = core.adjudicate {
        check_limit(faults, "adjudicate", adjudicate, false);
    }
    let days = (1..=365).contains(&core.false_closure_days);
    faults.unless(days, "false_closure_days", || Problem::BadFalseClosureDays);
    check_warnings(faults, "defaults", &core.warn_per_mille);
    if let Some(chain) = core.chain.as_ref().filter(|key| !core.chains.contains_key(*key)) {
        faults.add("chain", Problem::UnknownChain(chain.clone()));
    }
    let calendar = &core.default_calendar;
    let published = core.calendars.contains_key(calendar);
    faults.unless(published, "default_calendar", || Problem::UnknownCalendar(calendar.clone()));
    let terms = &core.catch_all;
    match core.bodies.get(&terms.body) {
        None => faults.add("catch_all.body", Problem::UnknownBody(terms.body.clone())),
        // A community body would need a known community, and the catch-all must always be there.
        Some(body) => {
            let fine = body.can_lead && body.level != Level::Community;
            faults.unless(fine, "catch_all.body", || Problem::CannotLead(terms.body.clone()));
        }
    }
    let policy = core.policies.contains_key(&terms.policy);
    faults.unless(policy, "catch_all.policy", || Problem::UnknownPolicy(terms.policy.clone()));
    for (path, keys) in [("informs", &core.informs), ("emergency_informs", &core.emergency_informs)] {
        for key in keys.iter().filter(|key| !core.bodies.contains_key(*key)) {
            faults.add(path, Problem::UnknownBody(key.clone()));
        }
    }
}

fn check_communities(faults: &mut Faults, core: &StreetCore) {
    let mut seen = BTreeSet::new();
    for (position, community) in core.communities.iter().enumerate() {
        let (code, path) = (community.code, format!("communities.{position}.code"));
        let ours = code != core.code && code.as_i64() / 1000 == core.code.as_i64() / 1000;
        faults.unless(ours, &path, || Problem::ForeignCommunity(code));
        faults.unless(seen.insert(code), &path, || Problem::RepeatedCommunity(code));
        check_validity(faults, &format!("communities.{position}"), &community.validity);
    }
}

fn check_endpoint(faults: &mut Faults, key: &str, endpoint: &Endpoint, ours: bool) {
    let path = format!("endpoints.{key}");
    faults.unless(ours, format!("{path}.body"), || Problem::ForeignBody(endpoint.body.clone()));
    faults
        .unless(endpoint.channel != Channel::Unsupported, format!("{path}.channel"), || Problem::Unsupported);
    if let Some(problem) = address::refused_always(&endpoint.url) {
        faults.add(format!("{path}.url"), problem);
    }
}

/// Endpoints that reach further than they may.
pub(super) fn check_reach<'a>(
    faults: &mut Faults,
    endpoints: impl IntoIterator<Item = (&'a String, &'a Endpoint)>,
    reach: Reach,
) {
    for (key, endpoint) in endpoints {
        if let Some(problem) = address::refused(&endpoint.url, reach) {
            faults.add(format!("endpoints.{key}.url"), problem);
        }
    }
}
