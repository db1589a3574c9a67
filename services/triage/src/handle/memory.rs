//! What dispatch says, into triage's memory of what may be joined, and of plans that may be asked for again (D10). Nothing is emitted
//! because of it, but of voices that joined a case which was over already ([`super::after_close`], ADR 087).

use std::collections::{BTreeMap, BTreeSet};

use ids::{CaseId, TenantId};
use jiff::Timestamp;
use pg::ScopedTx;

use crate::store;
use crate::store::bands::Text;

/// A case closed, was called off or reopened, as of a version of dispatch's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub case_id: CaseId,
    /// Dispatch's version of the case.
    pub version: u64,
    /// When it closed; `None` for one that is open again.
    pub closed_at: Option<Timestamp>,
    /// Called off: nobody closed it.
    pub called_off: bool,
}

/// A plan that triage drew anew came too late: bodies have what they had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotFollowed {
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub case_id: CaseId,
    /// Triage's version of the case, at which it said the plan.
    pub version: u64,
}

/// A word of dispatch's that triage remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// Whether a case is over.
    Standing(Heard),
    /// A re-route that was refused.
    Refused(NotFollowed),
}

/// Notes the newest of what was heard of each case; older news than is known changes nothing (D9). What was refused is noted at
/// the plan it is about, whatever was said since. Answers the cases that are over by what was heard.
pub async fn remember(
    tx: &mut ScopedTx,
    heard: impl IntoIterator<Item = News>,
) -> Result<Vec<(TenantId, CaseId)>, pg::Error> {
    let mut newest: BTreeMap<(TenantId, CaseId), Heard> = BTreeMap::new();
    let mut refused: BTreeSet<NotFollowed> = BTreeSet::new();
    for news in heard {
        match news {
            News::Standing(news) => {
                let known = newest.entry((news.tenant, news.case_id)).or_insert(news);
                if known.version < news.version {
                    *known = news;
                }
            }
            News::Refused(of) => {
                refused.insert(of);
            }
        }
    }
    let of_cases = newest.keys().map(|(tenant, _)| *tenant);
    let tenants: BTreeSet<TenantId> = of_cases.chain(refused.iter().map(|of| of.tenant)).collect();
    store::desks::lock(tx, &tenants).await?;
    if !refused.is_empty() {
        store::reroutes::refused(tx, &refused.into_iter().collect::<Vec<_>>()).await?;
    }
    if newest.is_empty() {
        return Ok(Vec::new());
    }
    let over = newest.values().filter(|news| news.closed_at.is_some());
    let over = over.map(|news| (news.tenant, news.case_id)).collect();
    let keys: Vec<(TenantId, CaseId)> = newest.keys().copied().collect();
    store::cases::remember(tx, &newest.into_values().collect::<Vec<_>>()).await?;
    let texts = store::bands::texts(tx, &keys).await?;
    let of = |open: bool| {
        let some = texts.iter().filter(move |(.., is_open)| *is_open == open);
        some.map(|(tenant, case_id, text, _)| Text { tenant: *tenant, case_id: *case_id, text })
            .collect::<Vec<_>>()
    };
    store::bands::forget(tx, &of(false)).await?;
    store::bands::keep(tx, &of(true)).await?;
    Ok(over)
}
