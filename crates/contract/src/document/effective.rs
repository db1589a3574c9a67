//! A district's pack as one street sees it: overrides applied, street-level keys turned to `key@street`.
//!
//! A view, not a copy: a thousand streets share one pack in memory, and a street's overrides are looked up when
//! asked for. What has a first or a last day counts on its days only, once a day is asked for ([`EffectivePack::on`]);
//! without one all of it is seen, as it is checked at apply. Promises: pure; every resolved item has a lead (no orphan, ever) who is not among its assistants.
//! Not here: what a plan makes of it (crate `routing`), when a limit ends (crate `sla`).

use std::collections::BTreeMap;

use ids::{BodyKey, BodyRef, Lane, TenantId};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::core::{Body, DistrictCore, Endpoint, Level, Name, StreetCore};
use super::item::{Item, Priority, Privacy, Urgency, VerifyBy};
use super::own_calendar;
use super::pair::{self, PairLimit};
use super::policy::{CalendarSpec, Chain, ChainAction, Limit, SlaPolicy, Stage};
use super::responsibility::{Duty, in_force};
use super::successors::in_place_of;
use super::validity::Validity;

/// Key of the policy an item derives from its own numbers.
pub const ITEM_POLICY: &str = "item";

/// One street's view of its district's pack.
#[derive(Debug, Clone, Copy)]
pub struct EffectivePack<'a> {
    /// The pack.
    pub district: &'a DistrictCore,
    /// The overrides.
    pub street: &'a StreetCore,
    /// The local day that is asked for; `None` sees everything that is written, whenever it counts.
    pub on: Option<Date>,
}

/// What an item means for one case of this street, as plain data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolvedItem {
    /// Code of the item.
    pub code: String,
    /// Its name.
    pub name: Name,
    /// The level the list reserves it for.
    pub level: Level,
    /// Who leads.
    pub lead: BodyRef,
    /// False when the list's lead cannot be named; [`Self::lead`] is then the catch-all body.
    pub lead_placed: bool,
    /// Who assists, in the list's order; never the lead, nobody twice.
    pub assists: Vec<BodyRef>,
    /// Community bodies of the item that cannot be named because the place's community is unknown.
    pub unplaced: Vec<BodyKey>,
    /// Priority.
    pub priority: Priority,
    /// Urgency.
    pub urgency: Urgency,
    /// The lane a report of this item deserves; a lane may only be raised.
    pub lane: Lane,
    /// Its time limits.
    pub policy: ResolvedPolicy,
    /// How many extensions may be granted.
    pub extensions_max: u32,
    /// How the result is verified.
    pub verify_by: VerifyBy,
    /// How private its cases are.
    pub privacy: Privacy,
}

/// A policy with its chain, complete: nobody looks anything up again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolvedPolicy {
    /// Its key; `item` when derived from the item's own numbers.
    pub key: String,
    /// The stages that exist.
    pub limits: BTreeMap<Stage, Limit>,
    /// Those that the policy defines itself, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "pair::known")]
    pub pairs: BTreeMap<String, PairLimit>,
    /// Warnings, in thousandths of the allowed time.
    pub warn_per_mille: Vec<u32>,
    /// What follows a breach.
    pub chain: Vec<ResolvedStep>,
    /// Id of the calendar that working time is counted on.
    pub calendar: String,
}

/// One step of a chain with its body in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolvedStep {
    /// Seconds after the breach.
    pub after_s: u32,
    /// What happens.
    pub action: ChainAction,
    /// To whom; none where that is the holder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<BodyRef>,
}

/// What the catch-all body takes a case under.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolvedCatchAll {
    /// Who takes it.
    pub body: BodyRef,
    /// Priority of its orders.
    pub priority: Priority,
    /// Their time limits.
    pub policy: ResolvedPolicy,
}

/// Puts a street's overrides on its district's pack.
pub const fn merge<'a>(district: &'a DistrictCore, street: &'a StreetCore) -> EffectivePack<'a> {
    EffectivePack { district, street, on: None }
}

impl<'a> EffectivePack<'a> {
    /// The same as it stands on a local day.
    pub const fn on(self, day: Date) -> Self {
        Self { on: Some(day), ..self }
    }

    /// An item by its code, if the list has it on the day.
    pub fn item(&self, code: &str) -> Option<&'a Item> {
        self.district.items.get(code).filter(|item| self.counts(&item.validity))
    }

    /// What an item means for a case in this street; `community` is the place's, if known.
    /// `None` when the pack has no such item.
    pub fn resolve(&self, code: &str, community: Option<TenantId>) -> Option<ResolvedItem> {
        let item = self.item(code)?;
        let duty = self.duty(code, item);
        let assist_keys = duty.assists;
        let body_ref = |key: &BodyKey| self.placed(self.successor(key, Some(code)), community);
        let lead = body_ref(duty.lead);
        let missing = |key: &&BodyKey| body_ref(key).is_none();
        let unplaced = std::iter::once(duty.lead).chain(assist_keys).filter(missing).cloned().collect();
        let lead_placed = lead.is_some();
        let lead = lead.unwrap_or_else(|| self.catch_all_body());
        let mut assists: Vec<BodyRef> = Vec::new();
        for body in assist_keys.iter().filter_map(body_ref) {
            if body != lead && !assists.contains(&body) {
                assists.push(body);
            }
        }
        Some(ResolvedItem {
            code: code.to_owned(),
            name: item.name.clone(),
            level: item.level,
            lead,
            lead_placed,
            assists,
            unplaced,
            priority: item.priority,
            urgency: item.urgency,
            lane: if item.priority == Priority::P1 { Lane::Urgent } else { Lane::Normal },
            policy: self.item_policy(duty, item),
            extensions_max: item.extensions_max,
            verify_by: item.verify_by,
            privacy: item.privacy,
        })
    }

    /// Who takes what nobody owns.
    pub fn catch_all(&self) -> ResolvedCatchAll {
        let terms = &self.district.catch_all;
        let only_verify = SlaPolicy {
            limits: of_case(self.district).collect(),
            pairs: BTreeMap::new(),
            warn_per_mille: self.district.warn_per_mille.clone(),
            chain: self.district.chain.clone(),
            demo: false,
        };
        let policy = self.policy(&terms.policy).unwrap_or(&only_verify);
        ResolvedCatchAll {
            body: self.catch_all_body(),
            priority: terms.priority,
            policy: self.resolve_policy(&terms.policy, policy),
        }
    }

    /// A policy by key with its chain, complete.
    pub fn policy_of(&self, key: &str) -> Option<ResolvedPolicy> {
        Some(self.resolve_policy(key, self.policy(key)?))
    }

    /// How long after a close the same matter again counts as a false closure, in seconds.
    pub fn false_closure_s(&self) -> u64 {
        u64::from(self.district.false_closure_days) * 24 * 3_600
    }

    /// Bodies informed of every case of this street.
    pub fn informs(&self) -> Vec<BodyRef> {
        self.district.informs.iter().filter_map(|key| self.body_ref(key, None)).collect()
    }

    /// Bodies told of an emergency at a place besides, the lowest level first; none of a community that is not known.
    pub fn emergency_informs(&self, community: Option<TenantId>) -> Vec<BodyRef> {
        self.district.emergency_informs.iter().filter_map(|key| self.body_ref(key, community)).collect()
    }

    /// The body a key means in this street, on the day its successor; `None` for a community body without a known
    /// community, or a key nobody has.
    pub fn body_ref(&self, key: &BodyKey, community: Option<TenantId>) -> Option<BodyRef> {
        self.placed(self.successor(key, None), community)
    }

    /// The same for an item's duty, which a successor may have taken by itself.
    pub fn body_for(&self, key: &BodyKey, item: &str, community: Option<TenantId>) -> Option<BodyRef> {
        self.placed(self.successor(key, Some(item)), community)
    }

    fn successor<'k>(&'k self, key: &'k BodyKey, item: Option<&str>) -> &'k BodyKey {
        self.on.map_or(key, |day| in_place_of(&self.district.successors, key, item, day))
    }

    fn placed(&self, key: &BodyKey, community: Option<TenantId>) -> Option<BodyRef> {
        match self.body_of_key(key)?.level {
            Level::District => Some(BodyRef::district(key.clone())),
            Level::Street => Some(BodyRef::local(key.clone(), self.street.code)),
            Level::Community => {
                let known = community.filter(|code| self.communities().any(|known| known == *code));
                known.map(|code| BodyRef::local(key.clone(), code))
            }
        }
    }

    /// A body by its full name, if it is the district's, this street's or one of its communities'.
    pub fn body(&self, body: &BodyRef) -> Option<&'a Body> {
        let found = self.body_of_key(&body.key)?;
        let ours = match found.level {
            Level::District => body.at.is_none(),
            Level::Street => body.at == Some(self.street.code),
            Level::Community => self.communities().any(|code| Some(code) == body.at),
        };
        ours.then_some(found)
    }

    /// Every body of this street and its district, sorted.
    pub fn bodies(&self) -> BTreeMap<BodyRef, &'a Body> {
        let keys = self.district.bodies.keys().chain(self.street.bodies.keys());
        let communities = || self.communities().map(Some);
        keys.flat_map(|key| std::iter::once(None).chain(communities()).map(move |at| (key, at)))
            .filter_map(|(key, at)| self.body_ref(key, at))
            .filter_map(|body| self.body(&body).map(|found| (body, found)))
            .collect()
    }

    /// Endpoints of the street and its district: the owning tenant, the key, the endpoint (D1).
    pub fn endpoints(&self) -> impl Iterator<Item = (TenantId, &'a str, &'a Endpoint)> {
        let owned = |tenant, map: &'a BTreeMap<String, Endpoint>| {
            map.iter().map(move |(key, endpoint)| (tenant, key.as_str(), endpoint))
        };
        owned(self.district.code, &self.district.endpoints)
            .chain(owned(self.street.code, &self.street.endpoints))
    }

    /// A policy by key, the street's first. The key `item` has none.
    pub fn policy(&self, key: &str) -> Option<&'a SlaPolicy> {
        self.street.policies.get(key).or_else(|| self.district.policies.get(key))
    }

    /// A chain by key, the street's first.
    pub fn chain(&self, key: &str) -> Option<&'a Chain> {
        self.street.chains.get(key).or_else(|| self.district.chains.get(key))
    }

    /// The calendar that working time is counted on: always the street's own, also where it changes nothing, so that open cases
    /// are on it when it does for the first time.
    pub fn calendar(&self) -> Option<CalendarSpec> {
        let base = self.district.calendars.get(&self.district.default_calendar)?;
        Some(own_calendar::of(self.street, base))
    }

    /// Id of the calendar that a body's own limits count on, where it keeps hours of its own.
    pub fn calendar_of(&self, body: &BodyRef) -> Option<&'a str> {
        self.body(body)?.calendar.as_deref()
    }

    fn calendar_id(&self) -> String {
        own_calendar::id_of(self.street.code)
    }

    /// The codes of the communities that are there on the day.
    pub fn communities(&self) -> impl Iterator<Item = TenantId> {
        let there = self.street.communities.iter().filter(|community| self.counts(&community.validity));
        there.map(|community| community.code)
    }

    fn counts(&self, validity: &Validity) -> bool {
        self.on.is_none_or(|day| validity.holds(day))
    }

    /// What the list says of an item: the pack's line, the district's changes to it, the street's, and its changes.
    fn duty(&self, code: &str, item: &'a Item) -> Duty<'a> {
        let listed = Duty::of(item).changed(in_force(&item.changes, self.on));
        match self.street.items.get(code).filter(|own| self.counts(&own.validity)) {
            None => listed,
            Some(own) => {
                let own_duty = listed.with(None, own.assists.as_ref(), own.policy.as_ref());
                own_duty.changed(in_force(&own.changes, self.on))
            }
        }
    }

    /// What is in force now of a policy that was resolved before: the one of its key, else that of the item.
    pub fn policy_in_force(&self, key: &str, item: &str) -> Option<ResolvedPolicy> {
        let named = (key != ITEM_POLICY).then(|| self.policy(key)).flatten();
        match named {
            Some(policy) => Some(self.resolve_policy(key, policy)),
            None => Some(self.resolve(item, None)?.policy),
        }
    }

    fn item_policy(&self, duty: Duty<'_>, item: &Item) -> ResolvedPolicy {
        let named = duty.policy.filter(|key| *key != ITEM_POLICY);
        match named.and_then(|key| Some((key, self.policy(key)?))) {
            Some((key, policy)) => self.resolve_policy(key, policy),
            None => self.resolve_policy(ITEM_POLICY, &derived_policy(self.district, item)),
        }
    }

    fn resolve_policy(&self, key: &str, policy: &SlaPolicy) -> ResolvedPolicy {
        let steps = policy.chain.as_ref().and_then(|key| self.chain(key)).map_or(&[][..], |c| &c.steps);
        let resolve = |body| self.body_ref(body, None);
        let chain = steps.iter().filter_map(|step| {
            let body = match &step.body {
                None => None,
                Some(key) => Some(resolve(key)?),
            };
            Some(ResolvedStep { after_s: step.after_s, action: step.action, body })
        });
        ResolvedPolicy {
            key: key.to_owned(),
            limits: policy.limits.clone(),
            pairs: policy.pairs.clone(),
            warn_per_mille: policy.warn_per_mille.clone(),
            chain: chain.collect(),
            calendar: self.calendar_id(),
        }
    }

    fn catch_all_body(&self) -> BodyRef {
        let key = self.successor(&self.district.catch_all.body, None);
        self.placed(key, None).unwrap_or_else(|| BodyRef::local(key.clone(), self.street.code))
    }

    fn body_of_key(&self, key: &BodyKey) -> Option<&'a Body> {
        self.street.bodies.get(key).or_else(|| self.district.bodies.get(key))
    }
}

/// The district's limits of a case's own stages.
fn of_case(district: &DistrictCore) -> impl Iterator<Item = (Stage, Limit)> {
    let adjudicate = district.adjudicate.map(|limit| (Stage::Adjudicate, limit));
    std::iter::once((Stage::Verify, district.verify)).chain(adjudicate)
}

/// The policy an item derives from its own numbers and the district's defaults (D47).
fn derived_policy(district: &DistrictCore, item: &Item) -> SlaPolicy {
    let minutes = |amount| Limit { amount, unit: super::policy::Unit::Minute, clock: item.clock };
    let resolve = Limit { amount: item.resolve.amount, unit: item.resolve.unit, clock: item.clock };
    let mut limits =
        BTreeMap::from([(Stage::Acknowledge, minutes(item.acknowledge_minutes)), (Stage::Resolve, resolve)]);
    limits.extend(of_case(district));
    limits.extend(item.on_site_minutes.map(|amount| (Stage::OnSite, minutes(amount))));
    SlaPolicy {
        limits,
        pairs: BTreeMap::new(),
        warn_per_mille: district.warn_per_mille.clone(),
        chain: district.chain.clone(),
        demo: false,
    }
}
