//! Links of the orders a batch is about: read under the locks of their cases, decided with the commands, saved with
//! everything else.

use std::collections::{BTreeMap, BTreeSet};

use ids::{LinkId, OrderId, TenantId};
use jiff::{SignedDuration, Timestamp};
use orders::{LinkDeed as Deed, LinkDenial};
use pg::ScopedTx;

use super::answer::Request;
use super::command::{Command, LinkDeed, What};
use super::{Denied, Room};
use crate::core::direct::Doing;
use crate::core::link::{LINKS_MAX, Link, LinkAct, LinkRefusal, NewLink, tells_refusal};
use crate::core::matter::Matter;
use crate::core::token::{Claims, Token};
use crate::store::{self, Key};

/// All links of the orders in hand.
#[derive(Debug, Default)]
pub(super) struct Links {
    known: BTreeMap<(TenantId, LinkId), Link>,
    entered: BTreeSet<(TenantId, LinkId)>,
    changed: BTreeSet<(TenantId, LinkId)>,
}

impl Links {
    /// Asks nothing where no command is about a link.
    pub async fn load(tx: &mut ScopedTx, commands: &[&Command]) -> Result<Self, pg::Error> {
        let about = commands.iter().filter_map(|command| match command.what {
            What::Link(id, _) => Some((command.request.tenant, id.as_uuid())),
            _ => None,
        });
        let orders: BTreeSet<Key> = about.collect();
        if orders.is_empty() {
            return Ok(Self::default());
        }
        let links = store::links::of_orders(tx, &Vec::from_iter(orders)).await?;
        let known = links.into_iter().map(|link| ((link.tenant, link.id), link)).collect();
        Ok(Self { known, ..Self::default() })
    }

    /// Whether a command that is done by a link may be done at all, whatever it was answered before: an answer shows the order, and
    /// who held a link that opens nothing any more is shown nothing.
    pub fn admits(&self, matter: &Matter, command: &Command, now: Timestamp) -> Result<(), Denied> {
        match &command.what {
            What::Link(_, LinkDeed::Forged(_)) => Err(Denied::NotFound),
            What::Link(id, deed) => match deed.token() {
                Some(token) => self.opened(matter, *id, token, now).map(drop),
                None => Ok(()),
            },
            What::Order(..) | What::Case(..) => Ok(()),
        }
    }

    /// Whether a refusal leaves a receipt on this order now.
    pub fn tells_refusal(&self, tenant: TenantId, order_id: OrderId, now: Timestamp) -> bool {
        tells_refusal(self.of_order(tenant, order_id), now)
    }

    fn of_order(&self, tenant: TenantId, order_id: OrderId) -> impl Iterator<Item = &Link> {
        self.known.values().filter(move |link| (link.tenant, link.order_id) == (tenant, order_id))
    }

    /// The link of an order that was tried in vain, and why: what [`Self::admits`] refused. One that is not known, or is another
    /// order's, leaves nothing.
    pub fn tried(&self, command: &Command, denied: &Denied) -> Option<(OrderId, &Link, LinkDenial)> {
        let What::Link(order_id, deed) = &command.what else { return None };
        let id = match deed {
            LinkDeed::Forged(id) => *id,
            _ => deed.token()?.claims.link,
        };
        let link = self.known.get(&(command.request.tenant, id)).filter(|link| link.order_id == *order_id)?;
        let why = match denied {
            Denied::Link(refusal) => refusal.denial()?,
            // A true signature for another row of that id, as after a restore.
            Denied::NotFound => LinkDenial::Forged,
            _ => return None,
        };
        Some((*order_id, link, why))
    }

    /// The link of a token, if it opens its order.
    fn opened(
        &self,
        matter: &Matter,
        order_id: OrderId,
        token: &Token,
        now: Timestamp,
    ) -> Result<&Link, Denied> {
        let link = self.known.get(&(token.claims.tenant, token.claims.link));
        let link =
            link.filter(|link| link.order_id == order_id && link.is_of(token)).ok_or(Denied::NotFound)?;
        link.opens(matter.order(order_id).ok_or(Denied::NotFound)?, now).map_err(Denied::Link)?;
        Ok(link)
    }

    /// What a command does to the matter, and the link as it is after it. Nothing of it is kept before [`Self::put`].
    pub fn decide(
        &self,
        room: &Room,
        matter: &mut Matter,
        (order_id, deed): (OrderId, &LinkDeed),
        request: &Request,
        doing: Doing<'_>,
    ) -> Result<Link, Denied> {
        let order = matter.order(order_id).ok_or(Denied::NotFound)?;
        match deed {
            LinkDeed::Issue(_) | LinkDeed::Revoke(_) if order.phase.ended() => {
                Err(Denied::Link(LinkRefusal::Ended))
            }
            LinkDeed::Issue(new) => {
                let link = self.issued(room, (order_id, new), request, doing.now)?;
                matter.link(order_id, link.id, Deed::Issue { until: link.expires_at }, doing)?;
                Ok(link)
            }
            LinkDeed::Revoke(id) => {
                let link = self.known.get(&(request.tenant, *id)).filter(|link| link.order_id == order_id);
                let link = link.ok_or(Denied::NotFound)?;
                if link.revoked_at.is_none() {
                    matter.link(order_id, link.id, Deed::Revoke, doing)?;
                }
                Ok(link.after_revoking(doing.now))
            }
            LinkDeed::Forged(_) => Err(Denied::NotFound),
            LinkDeed::Open(token) | LinkDeed::Act(token, _) | LinkDeed::Sign(token, _) => {
                let link = self.opened(matter, order_id, token, doing.now)?;
                match deed {
                    LinkDeed::Act(_, act) => {
                        link.allows(*act).map_err(Denied::Link)?;
                        matter.by_link(order_id, *act, doing)?;
                    }
                    LinkDeed::Sign(_, visit) => {
                        link.allows(LinkAct::Sign).map_err(Denied::Link)?;
                        matter.sign_visit(order_id, *visit, doing)?;
                    }
                    _ => {
                        if !link.just_opened(doing.now) {
                            matter.link(order_id, link.id, Deed::Open, doing)?;
                        }
                        return Ok(link.after_opening(doing.now));
                    }
                }
                Ok(link.clone())
            }
        }
    }

    fn issued(
        &self,
        room: &Room,
        (order_id, new): (OrderId, &NewLink),
        request: &Request,
        now: Timestamp,
    ) -> Result<Link, Denied> {
        let tenant = request.tenant;
        if self.of_order(tenant, order_id).count() >= LINKS_MAX {
            return Err(Denied::Link(LinkRefusal::TooMany));
        }
        let expires_at = Timestamp::from_second(now.as_second())
            .and_then(|now| now.checked_add(SignedDuration::from_hours(new.hours.into())))
            .map_err(|_| Denied::Refused(orders::Refusal::TimeOutOfRange))?;
        let claims = Claims { tenant, link: room.house.minter.mint(now).into(), expires_at };
        let (_, token_sha256) = room.links.keys.issue(claims, request.key);
        Ok(Link {
            tenant,
            id: claims.link,
            order_id,
            acts: new.acts.clone(),
            label: new.label.clone(),
            token_sha256,
            issued_at: now,
            issued_by: request.principal.clone(),
            expires_at,
            revoked_at: None,
            opened: 0,
            last_opened_at: None,
            refused: BTreeMap::new(),
        })
    }

    /// Keeps a link as it is after a command.
    pub fn put(&mut self, link: Link) {
        let key = (link.tenant, link.id);
        match self.known.insert(key, link) {
            None => drop(self.entered.insert(key)),
            Some(before) if before != self.known[&key] && !self.entered.contains(&key) => {
                self.changed.insert(key);
            }
            Some(_) => {}
        }
    }

    /// Saves them; one that was given out in this batch is entered as it is now.
    pub async fn save(&self, tx: &mut ScopedTx) -> Result<(), pg::Error> {
        for key in &self.entered {
            store::links::insert(tx, &self.known[key]).await?;
        }
        let changed: Vec<&Link> = self.changed.iter().map(|key| &self.known[key]).collect();
        if changed.is_empty() { Ok(()) } else { store::links::update(tx, &changed).await }
    }
}
