//! Keeps a batch: one line of the timeline for each event, and the newest news of each case, order and report.
//!
//! Full state and versions make the order of hearing harmless (D9): of a batch only the newest news of a row is
//! written, and the tables take only what is newer than what they have. Tables are written in one order, rows in the
//! order of their keys, so that the consumers of two publishers do not wait for each other in a circle.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use ids::TenantId;
use jiff::Timestamp;
use messaging::Received;
use pg::ScopedTx;
use uuid::Uuid;

use super::Room;
use crate::core::heard::{CaseNews, CaseProgress, Heard, News, OrderNews, ReportNews};
use crate::store;
use crate::store::timeline::NewLine;

/// What a batch says, per row.
#[derive(Default)]
struct Latest {
    cases: BTreeMap<(TenantId, Uuid), CaseNews>,
    progress: BTreeMap<(TenantId, Uuid), CaseProgress>,
    orders: BTreeMap<(TenantId, Uuid), OrderNews>,
    reports: BTreeMap<(TenantId, Uuid), ReportNews>,
    codes: BTreeMap<[u8; 32], (TenantId, Uuid)>,
}

/// Keeps events never kept before.
pub(crate) async fn record(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    fresh: Vec<(Received, Heard)>,
) -> Result<(), pg::Error> {
    let mut latest = Latest::default();
    let mut lines = Vec::with_capacity(fresh.len());
    for (received, heard) in fresh {
        room.events.heard(&received.envelope);
        latest.take(received.envelope.tenant, heard.news);
        lines.push(NewLine { envelope: received.envelope, payload: received.payload, line: heard.line });
    }
    store::cases::news(tx, &latest.cases).await?;
    store::cases::progress(tx, &latest.progress).await?;
    store::orders::news(tx, &latest.orders).await?;
    store::reports::news(tx, &latest.reports).await?;
    store::tracking::enter(tx, &latest.codes).await?;
    store::timeline::insert(tx, now, &lines).await
}

impl Latest {
    fn take(&mut self, tenant: TenantId, news: News) {
        match news {
            News::Report(report) => self.report(tenant, report),
            News::Case(case, report) => {
                newest(&mut self.cases, (tenant, case.case_id), case, |case| case.version);
                if let Some(report) = report {
                    self.report(tenant, report);
                }
            }
            News::Progress(case) => {
                newest(&mut self.progress, (tenant, case.case_id), case, |case| case.version)
            }
            News::Order(order) => {
                newest(&mut self.orders, (tenant, order.order_id), order, |order| order.version)
            }
            News::Nothing => {}
        }
    }

    fn report(&mut self, tenant: TenantId, news: ReportNews) {
        if let Some(code) = news.tracking_sha256 {
            self.codes.insert(code, (tenant, news.report_id));
        }
        match self.reports.entry((tenant, news.report_id)) {
            Entry::Vacant(place) => {
                place.insert(news);
            }
            Entry::Occupied(mut known) => known.get_mut().join(news),
        }
    }
}

fn newest<N>(
    known: &mut BTreeMap<(TenantId, Uuid), N>,
    key: (TenantId, Uuid),
    news: N,
    version: fn(&N) -> u64,
) {
    match known.entry(key) {
        Entry::Vacant(place) => {
            place.insert(news);
        }
        Entry::Occupied(mut place) if version(&news) > version(place.get()) => {
            place.insert(news);
        }
        Entry::Occupied(_) => {}
    }
}
