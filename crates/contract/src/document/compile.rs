//! From manifests and a pack to documents: fills in, qualifies, checks. All or nothing.
//!
//! Pure: the parsed files and the allowed variables are arguments.

use std::collections::BTreeMap;

use ids::{BodyKey, BodyRef, TenantId};

use super::address::Reach;
use super::body_calendar;
use super::check::{Fault, Faults, Problem, check_district, check_reach, check_street};
use super::core::{Body, CatchAll, Community, DistrictCore, Endpoint, Level, Name, StreetCore};
use super::duty::{Post, Rota};
use super::duty_form::PostForm;
use super::effective::merge;
use super::item::{Item, ItemOverride, Resolve};
use super::manifest::{
    ApiKeyForm, CalendarChangeForm, DistrictSpec, DutyChangeForm, EndpointForm, GrantForm, ItemOverrideForm,
    ItemTermsForm, Manifest, ManifestKind, StreetSpec, SuccessionForm,
};
use super::own_calendar::CalendarChange;
use super::pack::{
    BodyForm, CalendarForm, ChainForm, DayForm, FrameForm, ItemForm, LimitForm, NameForm, Pack, PairForm,
    PolicyForm,
};
use super::pair::PairLimit;
use super::people::{ApiKey, Grant, People};
use super::policy::{CalendarSpec, Chain, ChainStep, DayException, Frame, Limit, SlaPolicy};
use super::responsibility::DutyChange;
use super::successors::{Succession, Successor};
use super::terms::{Features, Quotas};
use super::validity::Validity;

/// The two parts of a tenant, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiled<Core> {
    /// The core part.
    pub core: Core,
    /// The people part.
    pub people: People,
}

/// Values of the `${VARIABLE}`s that addresses may hold. Only what the reader puts here is ever filled in, so
/// a manifest cannot read the rest of a process's environment.
pub type Variables = BTreeMap<String, String>;

/// A district's documents from its manifest and its pack, or everything that is wrong with them.
pub fn compile_district(
    manifest: Manifest<DistrictSpec>,
    pack: Pack,
    variables: &Variables,
    reach: Reach,
) -> Result<Compiled<DistrictCore>, Vec<Fault>> {
    whole(draft_district(manifest, pack, variables, reach))
}

/// The same, with the documents beside what is wrong with them: for a caller that has more to check.
pub fn draft_district(
    manifest: Manifest<DistrictSpec>,
    pack: Pack,
    variables: &Variables,
    reach: Reach,
) -> (Compiled<DistrictCore>, Vec<Fault>) {
    let mut faults = Faults::default();
    faults.unless(manifest.kind == ManifestKind::District, "kind", || Problem::WrongKind);
    let code = manifest.metadata.code;
    let spec = manifest.spec;
    let calendar: CalendarSpec = pack.calendar.into();
    let mut bodies: BTreeMap<BodyKey, Body> =
        convert(pack.bodies.bodies.into_iter().chain(spec.bodies).collect());
    for (key, id) in spec.body_calendars {
        match bodies.get_mut(&key) {
            Some(body) => body.calendar = Some(id),
            None => faults.add(format!("body_calendars.{key}"), Problem::UnknownBody(key)),
        }
    }
    let own = spec.calendars.into_iter();
    let own = own.map(|(id, form)| (id.clone(), body_calendar::of(&id, form, &calendar)));
    let mut calendars: BTreeMap<String, CalendarSpec> = own.collect();
    if calendars.insert(calendar.id.clone(), calendar.clone()).is_some() {
        faults.add(format!("calendars.{}", calendar.id), Problem::CalendarTaken(calendar.id.clone()));
    }
    let core = DistrictCore {
        code,
        name: manifest.metadata.name.into(),
        time_zone: spec.time_zone,
        bodies,
        categories: convert(pack.items.categories),
        items: items(&mut faults, convert(pack.items.items), spec.items),
        policies: convert(pack.policies.policies),
        chains: convert(pack.policies.chains),
        default_calendar: calendar.id,
        calendars,
        verify: pack.policies.defaults.verify.into(),
        adjudicate: pack.policies.defaults.adjudicate.map(Into::into),
        false_closure_days: pack.policies.defaults.false_closure_days,
        warn_per_mille: pack.policies.defaults.warn_per_mille,
        chain: pack.policies.defaults.chain,
        alarm_words: pack.alarm_words.alarm_words,
        catch_all: CatchAll {
            body: pack.policies.catch_all.body,
            policy: pack.policies.catch_all.policy,
            priority: pack.policies.catch_all.priority,
        },
        informs: pack.policies.informs,
        emergency_informs: pack.policies.emergency_informs,
        endpoints: endpoints(&mut faults, spec.endpoints, variables, |body| body),
        successors: convert(spec.successors),
        rules: convert(spec.rules),
    };
    let ours = |body: &BodyRef| {
        body.at.is_none() && core.bodies.get(&body.key).is_some_and(|b| b.level == Level::District)
    };
    let mut people =
        Bodies { scope: code, qualify: |body| body, ours }.people(&mut faults, spec.members, spec.keys);
    people.posts = posts(&mut faults, spec.posts, |body| body, ours);
    people.rotas = convert::<_, _, Rota>(spec.rotas);
    faults.0.extend(check_district(&core));
    check_reach(&mut faults, &core.endpoints, reach);
    (Compiled { core, people }, faults.0)
}

/// A street's documents from its manifest, against its district's core of generation `pack_generation`, or
/// everything that is wrong with them.
pub fn compile_street(
    manifest: Manifest<StreetSpec>,
    district: &DistrictCore,
    pack_generation: u64,
    variables: &Variables,
    reach: Reach,
) -> Result<Compiled<StreetCore>, Vec<Fault>> {
    whole(draft_street(manifest, district, pack_generation, variables, reach))
}

/// The same, as [`draft_district`].
pub fn draft_street(
    manifest: Manifest<StreetSpec>,
    district: &DistrictCore,
    pack_generation: u64,
    variables: &Variables,
    reach: Reach,
) -> (Compiled<StreetCore>, Vec<Fault>) {
    let mut faults = Faults::default();
    faults.unless(manifest.kind == ManifestKind::Street, "kind", || Problem::WrongKind);
    let code = manifest.metadata.code;
    let spec = manifest.spec;
    let community = |form: super::manifest::CommunityForm| Community {
        code: form.code,
        name: form.name.into(),
        validity: Validity { valid_from: form.valid_from, valid_until: form.valid_until },
    };
    let mut core = StreetCore {
        code,
        name: manifest.metadata.name.into(),
        district: spec.district,
        pack_generation,
        communities: spec.communities.into_iter().map(community).collect(),
        routing_mode: spec.routing_mode,
        plan_review_minutes: spec.plan_review_minutes,
        report_review_minutes: spec.report_review_minutes,
        urgent_review_minutes: spec.urgent_review_minutes,
        repeat_days: spec.repeat_days,
        bodies: convert(spec.bodies),
        items: convert(spec.items),
        policies: convert(spec.policies),
        chains: convert(spec.chains),
        endpoints: BTreeMap::new(),
        rules: convert(spec.rules),
        calendar: spec.calendar.map(CalendarChange::from),
        calendar_since: 0,
        quotas: spec
            .quotas
            .map(|form| Quotas { reports_per_minute: form.reports_per_minute, burst: form.burst }),
        features: Features {
            anonymous_reports: spec.features.anonymous_reports,
            join_reports: spec.features.join_reports,
            join_by_words: spec.features.join_by_words,
        },
    };
    let bodies = core.clone();
    let pack = merge(district, &bodies);
    let qualify = |body: BodyRef| match body.at {
        None => pack.body_ref(&body.key, None).unwrap_or(body),
        Some(_) => body,
    };
    core.endpoints = endpoints(&mut faults, spec.endpoints, variables, qualify);
    let ours = |body: &BodyRef| body.at.is_some() && pack.body(body).is_some();
    let mut people = Bodies { scope: code, qualify, ours }.people(&mut faults, spec.members, spec.keys);
    people.posts = posts(&mut faults, spec.posts, qualify, ours);
    people.rotas = convert::<_, _, Rota>(spec.rotas);
    faults.0.extend(check_street(district, &core));
    check_reach(&mut faults, &core.endpoints, reach);
    (Compiled { core, people }, faults.0)
}

/// Fills `${VARIABLE}`s in from `variables`; the error is the name of one that is not there.
pub fn fill_in(text: &str, variables: &Variables) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, tail) = after.split_once('}').ok_or_else(|| after.to_owned())?;
        filled.push_str(before);
        filled.push_str(variables.get(name).ok_or_else(|| name.to_owned())?);
        rest = tail;
    }
    filled.push_str(rest);
    Ok(filled)
}

fn whole<C>((compiled, faults): (Compiled<C>, Vec<Fault>)) -> Result<Compiled<C>, Vec<Fault>> {
    if faults.is_empty() { Ok(compiled) } else { Err(faults) }
}

/// The pack's items with what the district says of them.
fn items(
    faults: &mut Faults,
    mut items: BTreeMap<String, Item>,
    terms: BTreeMap<String, ItemTermsForm>,
) -> BTreeMap<String, Item> {
    for (code, form) in terms {
        match items.get_mut(&code) {
            None => faults.add(format!("items.{code}"), Problem::UnknownItem(code.clone())),
            Some(item) => {
                item.validity = Validity { valid_from: form.valid_from, valid_until: form.valid_until };
                item.changes = form.changes.into_iter().map(DutyChange::from).collect();
            }
        }
    }
    items
}

fn endpoints(
    faults: &mut Faults,
    forms: BTreeMap<String, EndpointForm>,
    variables: &Variables,
    qualify: impl Fn(BodyRef) -> BodyRef,
) -> BTreeMap<String, Endpoint> {
    let mut fill = |key: &str, url: String| {
        fill_in(&url, variables).unwrap_or_else(|name| {
            faults.add(format!("endpoints.{key}.url"), Problem::UnknownVariable(name));
            url
        })
    };
    let endpoint = |(key, form): (String, EndpointForm)| {
        let url = fill(&key, form.url);
        (key, Endpoint { body: qualify(form.body), channel: form.channel, url, drills: form.drills })
    };
    forms.into_iter().map(endpoint).collect()
}

/// Whose the bodies are that grants name.
struct Bodies<Q, O> {
    scope: TenantId,
    qualify: Q,
    ours: O,
}

impl<Q: Fn(BodyRef) -> BodyRef, O: Fn(&BodyRef) -> bool> Bodies<Q, O> {
    fn people(
        &self,
        faults: &mut Faults,
        members: BTreeMap<String, Vec<GrantForm>>,
        keys: BTreeMap<String, ApiKeyForm>,
    ) -> People {
        let mut people = People::default();
        for (subject, forms) in members {
            let grants = self.grants(faults, &format!("members.{subject}"), forms);
            people.members.insert(subject, grants);
        }
        for (name, ApiKeyForm { sha256, grants, expires_at }) in keys {
            let grants = self.grants(faults, &format!("keys.{name}.grants"), grants);
            people.keys.insert(name, ApiKey { sha256, grants, expires_at });
        }
        people
    }

    fn grants(&self, faults: &mut Faults, path: &str, forms: Vec<GrantForm>) -> Vec<Grant> {
        let grant = |(position, form): (usize, GrantForm)| {
            let path = format!("{path}.{position}");
            let body = form.body.map(&self.qualify);
            faults.unless(form.role != "body-user" || body.is_some(), &path, || Problem::BodyMissing);
            if let Some(body) = body.as_ref().filter(|body| !(self.ours)(body)) {
                faults.add(format!("{path}.body"), Problem::ForeignBody(body.clone()));
            }
            Grant { role: form.role, scope: self.scope, body }
        };
        forms.into_iter().enumerate().map(grant).collect()
    }
}

fn posts(
    faults: &mut Faults,
    forms: BTreeMap<String, PostForm>,
    qualify: impl Fn(BodyRef) -> BodyRef,
    ours: impl Fn(&BodyRef) -> bool,
) -> BTreeMap<String, Post> {
    let mut post = |(key, form): (String, PostForm)| {
        let body = qualify(form.body.clone());
        faults.unless(ours(&body), format!("posts.{key}.body"), || Problem::ForeignBody(body.clone()));
        (key, form.post(body))
    };
    forms.into_iter().map(&mut post).collect()
}

fn convert<K: Ord, F: Into<T>, T>(forms: BTreeMap<K, F>) -> BTreeMap<K, T> {
    forms.into_iter().map(|(key, form)| (key, form.into())).collect()
}

impl From<NameForm> for Name {
    fn from(form: NameForm) -> Self {
        Self { zh: form.zh, en: form.en }
    }
}

impl From<BodyForm> for Body {
    fn from(form: BodyForm) -> Self {
        Self {
            name: form.name.into(),
            short_name: form.short_name,
            kind: form.kind,
            level: form.level,
            duty_24x7: form.duty_24x7,
            can_lead: form.can_lead,
            duties: form.duties,
            aliases: form.aliases,
            calendar: None,
        }
    }
}

impl From<ItemForm> for Item {
    fn from(form: ItemForm) -> Self {
        Self {
            category: form.category,
            name: form.name.into(),
            level: form.level,
            lead: form.lead,
            assists: form.assists,
            priority: form.priority,
            urgency: form.urgency,
            clock: form.clock,
            acknowledge_minutes: form.acknowledge_minutes,
            on_site_minutes: form.on_site_minutes,
            resolve: Resolve { amount: form.resolve.amount, unit: form.resolve.unit },
            extensions_max: form.extensions_max,
            verify_by: form.verify_by,
            privacy: form.privacy,
            joined_by: form.joined_by,
            policy: form.policy,
            keywords: form.keywords,
            similar: form.similar,
            example: form.example,
            validity: Validity::default(),
            changes: Vec::new(),
        }
    }
}

impl From<ItemOverrideForm> for ItemOverride {
    fn from(form: ItemOverrideForm) -> Self {
        Self {
            assists: form.assists,
            policy: form.policy,
            validity: Validity { valid_from: form.valid_from, valid_until: form.valid_until },
            changes: form.changes.into_iter().map(DutyChange::from).collect(),
        }
    }
}

impl From<DutyChangeForm> for DutyChange {
    fn from(form: DutyChangeForm) -> Self {
        Self { from: form.from, lead: form.lead, assists: form.assists, policy: form.policy }
    }
}

impl From<SuccessionForm> for Succession {
    fn from(form: SuccessionForm) -> Self {
        let heir = |form: super::manifest::SuccessorForm| Successor { body: form.body, items: form.items };
        Self { from: form.from, to: form.to.into_iter().map(heir).collect() }
    }
}

impl From<LimitForm> for Limit {
    fn from(form: LimitForm) -> Self {
        Self { amount: form.amount, unit: form.unit, clock: form.clock }
    }
}

impl From<PolicyForm> for SlaPolicy {
    fn from(form: PolicyForm) -> Self {
        Self {
            limits: convert(form.limits),
            pairs: convert(form.pairs),
            warn_per_mille: form.warn_per_mille,
            chain: form.chain,
            demo: form.demo,
        }
    }
}

impl From<PairForm> for PairLimit {
    fn from(form: PairForm) -> Self {
        Self { name: form.name.into(), from: form.from, to: form.to, limit: form.limit.into() }
    }
}

impl From<ChainForm> for Chain {
    fn from(form: ChainForm) -> Self {
        let step = |step: super::pack::ChainStepForm| ChainStep {
            after_s: step.after_s,
            action: step.action,
            body: step.body,
        };
        Self { steps: form.steps.into_iter().map(step).collect() }
    }
}

impl From<CalendarForm> for CalendarSpec {
    fn from(form: CalendarForm) -> Self {
        Self {
            id: form.id,
            version: form.version,
            zone: form.zone,
            frames: form.frames.into_iter().map(Frame::from).collect(),
            week: Vec::new(),
            years: form.years,
            days: form.days.into_iter().map(DayException::from).collect(),
        }
    }
}

impl From<FrameForm> for Frame {
    fn from(form: FrameForm) -> Self {
        Self { start: form.start, end: form.end }
    }
}

impl From<DayForm> for DayException {
    fn from(form: DayForm) -> Self {
        Self { date: form.date, kind: form.kind }
    }
}

impl From<CalendarChangeForm> for CalendarChange {
    fn from(form: CalendarChangeForm) -> Self {
        Self {
            frames: form.frames.into_iter().map(Frame::from).collect(),
            days: form.days.into_iter().map(DayException::from).collect(),
        }
    }
}
