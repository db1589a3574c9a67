//! What dispatch says, into triage's memory of what may be joined (D10). Nothing is emitted because of it.

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

/// Notes the newest of what was heard of each case; older news than is known changes nothing (D9).
pub async fn remember(tx: &mut ScopedTx, heard: impl IntoIterator<Item = Heard>) -> Result<(), pg::Error> {
    let mut newest: BTreeMap<(TenantId, CaseId), Heard> = BTreeMap::new();
    for news in heard {
        let known = newest.entry((news.tenant, news.case_id)).or_insert(news);
        if known.version < news.version {
            *known = news;
        }
    }
    let tenants: BTreeSet<TenantId> = newest.keys().map(|(tenant, _)| *tenant).collect();
    store::desks::lock(tx, &tenants).await?;
    let keys: Vec<(TenantId, CaseId)> = newest.keys().copied().collect();
    store::cases::remember(tx, &newest.into_values().collect::<Vec<_>>()).await?;
    let texts = store::bands::texts(tx, &keys).await?;
    let of = |open: bool| {
        let some = texts.iter().filter(move |(.., is_open)| *is_open == open);
        some.map(|(tenant, case_id, text, _)| Text { tenant: *tenant, case_id: *case_id, text })
            .collect::<Vec<_>>()
    };
    store::bands::forget(tx, &of(false)).await?;
    store::bands::keep(tx, &of(true)).await
}
