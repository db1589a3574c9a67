//! A batch of commands of the doors: which cases they are about → lock and load each once → may they still? → answered before? →
//! decide, one after the other → save all that changed, with the answers.
//!
//! Commands on one case see one another's effects, in the order they came. A refused one leaves no trace, but that a link was
//! tried in vain is noted on its order.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use contract::document::LINK_SUBJECT;
use ids::{BodyRef, CaseId, TenantId};
use jiff::Timestamp;
use messaging::NewEvent;
use orders::Actor;
use pg::{ScopedTx, TenantScope, crash};

use super::answer::{Answer, Answers};
use super::calendars::Calendars;
use super::command::{CaseDeed, Command, LinkDeed, Touched, What};
use super::links::Links;
use super::save::{By, save_said, say};
use super::{Denied, Room, matters};
use crate::core::deed::Deed;
use crate::core::direct::Doing;
use crate::core::link::Link;
use crate::core::link_view::{IssuedKept, LinkView, LinkedOrder};
use crate::core::matter::Matter;
use crate::core::view::{CaseView, Listed, OrderView, VisitView};
use crate::store::{self, Key};

type Decided = Result<Answer, Denied>;

/// Decides each command once, whatever comes at the same time in whatever process; one answer for each, in order.
pub(super) async fn all(room: &Room, commands: &[&Command]) -> Result<Vec<Decided>, pg::Error> {
    pg::retrying(|| batch(room, commands, Locking::Free)).await
}

/// Decides one command, waiting for whoever holds its case.
pub(super) async fn alone(room: &Room, command: &Command) -> Decided {
    let commands = [command];
    let decided = pg::within(ALONE_WITHIN, pg::retrying(|| batch(room, &commands, Locking::Wait))).await;
    match decided {
        Ok(decided) => decided.into_iter().next().expect("one answer for one command"),
        Err(error) => Err(Denied::Failed(bootstrap::house::database_problem(&error))),
    }
}

/// Longer than any caller waits: a connection that the server has given up must not be waited on for ever.
const ALONE_WITHIN: Duration = Duration::from_secs(5);

/// What is done about a case that somebody else holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Locking {
    /// Its commands are told [`Denied::Held`].
    Free,
    /// It is waited for.
    Wait,
}

async fn batch(room: &Room, commands: &[&Command], locking: Locking) -> Result<Vec<Decided>, pg::Error> {
    let tenants = commands.iter().map(|command| command.request.tenant);
    let mut tx = room.house.pool.begin(TenantScope::of_principal(tenants)).await?;
    let now = room.house.clock.now(&mut tx).await?;
    let places = places(&mut tx, commands).await?;
    let mut desk = Desk::load(&mut tx, commands, &places, locking).await?;
    let calendars = Calendars::of(room, &mut tx, now, desk.matters.values()).await?;
    let mut answers = Vec::with_capacity(commands.len());
    for (command, place) in commands.iter().zip(places) {
        answers.push(match place {
            Ok(place) => desk.take(room, &calendars, command, &place, now)?,
            Err(denied) => Err(denied),
        });
    }
    let said = desk.save(room, &mut tx, now).await?;
    crash::point("dispatch.before_commit");
    tx.commit().await?;
    crash::point("dispatch.after_commit");
    if said {
        room.house.committed();
    }
    Ok(answers)
}

/// Which case a command is about, and of whose order.
struct Place {
    case: (TenantId, CaseId),
    holder: Option<BodyRef>,
}

/// Of each command. Who may not touch an order is told before anything is locked for it.
async fn places(tx: &mut ScopedTx, commands: &[&Command]) -> Result<Vec<Result<Place, Denied>>, pg::Error> {
    let orders: Vec<Key> = commands
        .iter()
        .filter_map(|command| match command.what {
            What::Order(id, _) | What::Link(id, _) => Some((command.request.tenant, id.as_uuid())),
            What::Case(..) => None,
        })
        .collect();
    let belong = match orders.is_empty() {
        true => BTreeMap::new(),
        false => store::orders::belong(tx, &orders).await?,
    };
    let place = |command: &Command| {
        let tenant = command.request.tenant;
        match command.what {
            What::Case(id, _) => Ok(Place { case: (tenant, id), holder: None }),
            What::Order(id, _) | What::Link(id, _) => {
                let (case_id, body) = belong.get(&(tenant, id.as_uuid())).ok_or(Denied::NotFound)?;
                (command.may)(Touched::Order(body)).map_err(Denied::Access)?;
                Ok(Place { case: (tenant, *case_id), holder: Some(body.clone()) })
            }
        }
    };
    Ok(commands.iter().map(|command| place(command)).collect())
}

/// The cases of a batch, locked, with what happened to them so far.
struct Desk {
    matters: BTreeMap<(TenantId, CaseId), Matter>,
    answers: Answers,
    links: Links,
    said: Vec<NewEvent>,
    locking: Locking,
}

impl Desk {
    async fn load(
        tx: &mut ScopedTx,
        commands: &[&Command],
        places: &[Result<Place, Denied>],
        locking: Locking,
    ) -> Result<Self, pg::Error> {
        let known = || places.iter().filter_map(|place| place.as_ref().ok());
        let keys: BTreeSet<Key> = known().map(|Place { case: (t, id), .. }| (*t, id.as_uuid())).collect();
        let keys = Vec::from_iter(keys);
        if keys.is_empty() {
            let (matters, answers, links) = (BTreeMap::new(), Answers::default(), Links::default());
            return Ok(Self { matters, answers, links, said: Vec::new(), locking });
        }
        let cases = match locking {
            Locking::Free => store::cases::lock_free(tx, &keys).await?,
            Locking::Wait => store::cases::lock(tx, &keys).await?,
        };
        let keys: Vec<Key> = cases.iter().map(|of| (of.case.tenant, of.case.id.as_uuid())).collect();
        let orders = store::orders::lock_of_cases(tx, &keys).await?;
        let matters = matters(cases, orders).into_iter().map(|matter| (matter.key(), matter)).collect();
        // Asked under the locks of the cases, so two equal requests never both find none.
        let requests: Vec<_> = commands.iter().map(|command| &command.request).collect();
        let answers = Answers::given(tx, &requests).await?;
        let links = Links::load(tx, commands).await?;
        Ok(Self { matters, answers, links, said: Vec::new(), locking })
    }

    /// Decides one command on what the commands before it have left.
    fn take(
        &mut self,
        room: &Room,
        calendars: &Calendars,
        command: &Command,
        place: &Place,
        now: Timestamp,
    ) -> Result<Decided, pg::Error> {
        let Some(before) = self.matters.get(&place.case) else {
            // Held by somebody, or not there: whoever waits for it finds out.
            return Ok(Err(if self.locking == Locking::Free { Denied::Held } else { Denied::NotFound }));
        };
        let given = self.answers.find(&command.request)?;
        if let What::Case(_, deed) = &command.what
            && let Err(problem) = (command.may)(Touched::Case(before))
        {
            // What a community was answered stays its own, also when the case does not concern it any more.
            let kept = given.filter(|_| !deed.communities().is_empty());
            return Ok(kept.unwrap_or(Err(Denied::Access(problem))));
        }
        if let Err(denied) = self.links.admits(before, command, now) {
            self.note_refusal(room, command, place, &denied, now);
            return Ok(Err(denied));
        }
        if let Some(given) = given {
            return Ok(given);
        }
        let mut matter = before.clone();
        let link = match decide(room, calendars, &mut matter, &self.links, command, place, now) {
            Ok(link) => link,
            Err(denied) => return Ok(Err(denied)),
        };
        let traceparent = Some(command.traceparent.as_str());
        let by = By { otherwise: "clock", traceparent, note: &command.note };
        self.said.extend(say(room, now, &mut matter, by));
        let answer = match answered(&command.what, &matter, link.as_ref()) {
            Some((version, view)) => Ok(self.answers.add(&command.request, version, view)),
            None => Err(Denied::NotFound),
        };
        link.into_iter().for_each(|link| self.links.put(link));
        self.matters.insert(place.case, matter);
        Ok(answer)
    }

    /// A receipt on the order of a link that showed nothing, at most one a minute: with its reason, and with nothing that the
    /// caller said, whose trace is a text of its choice, too.
    fn note_refusal(
        &mut self,
        room: &Room,
        command: &Command,
        place: &Place,
        denied: &Denied,
        now: Timestamp,
    ) {
        let Some((order_id, link, why)) = self.links.tried(command, denied) else { return };
        room.metrics.link_refused(Some(why));
        let tells = self.links.tells_refusal(command.request.tenant, order_id, now);
        let (id, after) = (link.id, link.after_refusing(why, tells, now));
        if let Some(matter) = self.matters.get_mut(&place.case).filter(|_| tells) {
            let actor = Actor { principal: format!("{LINK_SUBJECT}{id}"), body: None };
            match matter.link_refused(order_id, id, why, actor, now) {
                Ok(()) => self.said.extend(say(room, now, matter, By::itself("clock"))),
                Err(refusal) => tracing::error!(code = refusal.code(), "a refusal of a link is refused"),
            }
        }
        self.links.put(after);
    }

    /// Saves what changed. Returns whether anything was said.
    async fn save(self, room: &Room, tx: &mut ScopedTx, now: Timestamp) -> Result<bool, pg::Error> {
        let matters: Vec<Matter> = self.matters.into_values().collect();
        let said = !self.said.is_empty();
        save_said(room, tx, &matters, &self.said).await?;
        self.links.save(tx).await?;
        self.answers.keep(tx, now).await?;
        Ok(said)
    }
}

/// Returns the link it was about, as it is after it.
fn decide(
    room: &Room,
    calendars: &Calendars,
    matter: &mut Matter,
    links: &Links,
    command: &Command,
    place: &Place,
    now: Timestamp,
) -> Result<Option<Link>, Denied> {
    let version = match command.what {
        // Asked for at the door of the case.
        What::Order(_, Deed::RecordVisit { .. }) => Some(matter.case.version),
        What::Order(id, _) | What::Link(id, _) => matter.order(id).map(|order| order.version),
        What::Case(..) => Some(matter.case.version),
    };
    if !version.is_some_and(|version| command.request.matches(version)) {
        return Err(Denied::Stale);
    }
    let clocks = calendars.of_matter(matter).ok_or(Denied::NotReady)?;
    if !matches!(command.what, What::Case(_, CaseDeed::Verify(_))) {
        matter.end_suspensions(clocks, now)?;
    }
    let body = match &command.what {
        What::Order(_, deed) => place.holder.clone().filter(|_| deed.by_body()),
        What::Link(_, deed) => place.holder.clone().filter(|_| deed.by_link()),
        What::Case(_, deed) => matter.concerned(deed.communities()).cloned(),
    };
    let actor = Actor { principal: command.request.principal.clone(), body };
    let adopts = matches!(command.what, What::Order(_, Deed::Adopt));
    let terms = if adopts { room.terms_in_force(matter, now)? } else { None };
    let doing = Doing { actor: &actor, note: &command.note, clocks, now, terms: terms.as_ref() };
    let mint = || room.mint_order(now);
    match &command.what {
        What::Order(id, deed) => matter.does(*id, deed, doing, mint)?,
        What::Case(_, CaseDeed::Cancel) => matter.cancel(&actor, &command.note, now)?,
        What::Case(_, CaseDeed::Whistle { bodies, check_in, .. }) => {
            matter.whistle(bodies, *check_in, doing, mint)?;
        }
        What::Case(_, CaseDeed::Verify(verify)) => {
            matter.verify(verify.clone(), &actor, clocks, now, mint)?;
        }
        What::Link(id, deed) => {
            return links.decide(room, matter, (*id, deed), &command.request, doing).map(Some);
        }
    }
    Ok(None)
}

/// What the caller is shown, and its version.
fn answered(what: &What, matter: &Matter, link: Option<&Link>) -> Option<(u64, Vec<u8>)> {
    let json = |view: serde_json::Result<Vec<u8>>| view.expect("a view can be written");
    let shown = |id| {
        let order = matter.order(id)?;
        Some((order.version, OrderView::of(&Listed::of(order, &matter.facts))))
    };
    match what {
        What::Order(_, Deed::RecordVisit { .. }) => {
            let visit = matter.case.visits.last()?;
            let view = VisitView::of(&matter.case, visit);
            Some((matter.case.version, json(serde_json::to_vec(&view))))
        }
        What::Order(id, Deed::SignVisit { visit }) => {
            let view = VisitView::of(&matter.case, matter.case.visit(*visit)?);
            Some((matter.order(*id)?.version, json(serde_json::to_vec(&view))))
        }
        What::Order(id, _) => {
            let (version, view) = shown(*id)?;
            Some((version, json(serde_json::to_vec(&view))))
        }
        What::Link(id, deed) => {
            let ((version, order), link) = (shown(*id)?, link?);
            let view = match deed {
                LinkDeed::Issue(_) => {
                    let kept = IssuedKept { link: LinkView::of(link), token_sha256: link.token_sha256 };
                    serde_json::to_vec(&kept)
                }
                LinkDeed::Revoke(_) | LinkDeed::Forged(_) => serde_json::to_vec(&LinkView::of(link)),
                LinkDeed::Open(_) | LinkDeed::Act(..) | LinkDeed::Sign(..) => {
                    serde_json::to_vec(&LinkedOrder::of(link, order, &matter.case))
                }
            };
            Some((version, json(view)))
        }
        What::Case(_, deed) => {
            let (facts, case, orders) = (&matter.facts, &matter.case, &matter.orders);
            let view = match deed.communities() {
                [] => CaseView::whole(facts, case, orders),
                communities => CaseView::for_bodies(facts, case, orders, communities),
            };
            Some((matter.case.version, json(serde_json::to_vec(&view))))
        }
    }
}
