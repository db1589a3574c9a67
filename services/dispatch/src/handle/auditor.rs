//! One look of the auditor: some open cases with their orders, as of one instant. It writes nothing and mends nothing; whoever
//! is alarmed decides.

use ids::TenantId;
use pg::TenantScope;
use uuid::Uuid;

use super::Room;
use crate::core::auditor::{Difference, Suspicions};
use crate::store::{self, Key};

/// Cases of one look.
const CASES_MAX: usize = 50;

/// What a look came to.
#[derive(Debug)]
pub(crate) struct Look {
    /// The last case looked at; none when there are no more.
    pub last: Option<Key>,
    /// What differs, and of which subject.
    pub differences: Vec<(TenantId, Uuid, Difference)>,
}

/// Looks at the open cases after this one, from the first if there is none.
pub(crate) async fn look(
    room: &Room,
    after: Option<Key>,
    suspicions: &mut Suspicions,
) -> Result<Look, pg::Error> {
    let view = room.house.snapshot.view();
    let streets: Vec<TenantId> = view.streets().map(|street| street.code).collect();
    let Some(first) = streets.first().copied() else {
        return Ok(Look { last: None, differences: Vec::new() });
    };
    let after = after.unwrap_or((first, Uuid::nil()));
    let mut tx = room.house.pool.begin(TenantScope::for_snapshot(streets)).await?;
    let now = room.house.clock.now(&mut tx).await?;
    let mut subjects = store::auditor::cases(&mut tx, after, CASES_MAX as i64).await?;
    let cases: Vec<Key> = subjects.iter().map(|case| (case.tenant, case.id)).collect();
    subjects.extend(store::auditor::orders(&mut tx, &cases).await?);
    store::auditor::project(&mut tx, &mut subjects).await?;
    tx.commit().await?;
    room.metrics.audited(subjects.len());
    let mut differences = Vec::new();
    for subject in &subjects {
        for difference in subject.differences(now) {
            if difference == Difference::Overdue && !suspicions.confirmed(subject, now) {
                continue;
            }
            room.metrics.differs(subject, difference);
            differences.push((subject.tenant, subject.id, difference));
        }
    }
    Ok(Look { last: cases.last().copied().filter(|_| cases.len() == CASES_MAX), differences })
}
