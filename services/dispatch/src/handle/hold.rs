//! The cases that a batch of triage's messages is about, locked at once.

use std::collections::BTreeSet;

use pg::ScopedTx;

use super::open::Command;
use crate::core::merged::MergedCase;
use crate::store::{self, Key};

/// Opening, following and calling off lock their cases one after the other, each in the order of keys. Where a batch does more than
/// open cases, two of them could wait for each other so. Hence all that are known are locked first; what the steps lock is theirs then.
pub(crate) async fn known(
    tx: &mut ScopedTx,
    routed: &[Command],
    merged: &[MergedCase],
) -> Result<(), pg::Error> {
    let held = || merged.iter().filter(|merged| merged.routed);
    if held().next().is_none() && routed.iter().all(|command| command.routed.redrawn.is_none()) {
        return Ok(());
    }
    let both = held().flat_map(|merged| [merged.key(), merged.other()]);
    let named = routed.iter().flat_map(|Command { routed, .. }| {
        let earlier = routed.repeats.map(|(earlier, _)| earlier);
        [Some(routed.case_id), earlier].into_iter().flatten().map(move |id| (routed.tenant, id.as_uuid()))
    });
    let keys: BTreeSet<Key> = named.chain(both).collect();
    store::cases::lock(tx, &Vec::from_iter(keys)).await?;
    Ok(())
}
