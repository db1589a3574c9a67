//! One step along a chain of seals: pure.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use super::Fault;
use crate::chain;

/// A seal as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// Its number, from 1.
    pub n: i64,
    /// Position of its first event, from 1.
    pub first_position: i64,
    /// Its events, in order.
    pub event_ids: Vec<Uuid>,
    /// The root before it.
    pub prev: Vec<u8>,
    /// Its root.
    pub root: Vec<u8>,
}

/// The hash a journal row carries, and the one its fields have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hashes {
    /// As it stands in the row: what was sealed.
    pub stored: [u8; 32],
    /// Of the fields as they are now.
    pub computed: [u8; 32],
}

/// Where a walk stands: behind a seal that is in order.
#[derive(Debug, Clone)]
pub struct Walk {
    n: i64,
    next_position: i64,
    head: [u8; 32],
}

impl Walk {
    /// Before the first seal.
    pub fn genesis() -> Self {
        Self { n: 0, next_position: 1, head: chain::GENESIS }
    }

    /// Behind a seal that is believed.
    pub fn behind(seal: &Seal) -> Self {
        let head = seal.root.as_slice().try_into().unwrap_or(chain::GENESIS);
        Self { n: seal.n, next_position: seal.first_position + seal.event_ids.len() as i64, head }
    }

    /// The last seal in order; 0 before the first.
    pub fn n(&self) -> i64 {
        self.n
    }

    /// Its root.
    pub fn head(&self) -> [u8; 32] {
        self.head
    }

    /// The next seal. Rows before `kept_from` have served their time: of seals with such rows only the links are
    /// looked at. `kept` are checkpoints of this chain, by seal.
    pub fn step(
        &mut self,
        seal: &Seal,
        contents: &HashMap<Uuid, Hashes>,
        kept_from: Uuid,
        kept: &BTreeMap<i64, [u8; 32]>,
    ) -> Result<(), Fault> {
        let n = self.n + 1;
        if seal.n != n {
            return Err(Fault::SealMissing { seal: n });
        }
        let (expected, found) = (self.next_position, seal.first_position);
        if expected != found {
            return Err(Fault::Gap { seal: n, expected, found });
        }
        if seal.prev != self.head {
            return Err(Fault::Broken { seal: n });
        }
        rows(seal, contents, kept_from)?;
        if kept.get(&n).is_some_and(|root| seal.root != root) {
            return Err(Fault::OtherThanKept { seal: n });
        }
        *self = Self::behind(seal);
        Ok(())
    }

    /// After the last seal: nothing that was kept may lie beyond it.
    pub fn end(&self, kept: &BTreeMap<i64, [u8; 32]>) -> Result<(), Fault> {
        match kept.last_key_value() {
            Some((&newest, _)) if newest > self.n => Err(Fault::CutOff { last: self.n, kept: newest }),
            _ => Ok(()),
        }
    }
}

/// Every row as it was sealed, and the seal as their hash.
fn rows(seal: &Seal, contents: &HashMap<Uuid, Hashes>, kept_from: Uuid) -> Result<(), Fault> {
    let mut sealed = Vec::with_capacity(seal.event_ids.len());
    for (place, &event) in seal.event_ids.iter().enumerate().filter(|(_, id)| **id >= kept_from) {
        let position = seal.first_position + place as i64;
        let hashes = contents.get(&event).ok_or(Fault::RowMissing { position, event })?;
        if hashes.stored != hashes.computed {
            return Err(Fault::RowChanged { position, event });
        }
        sealed.push(&hashes.stored[..]);
    }
    let whole = sealed.len() == seal.event_ids.len();
    let prev: Result<&[u8; 32], _> = seal.prev.as_slice().try_into();
    let holds = prev.is_ok_and(|prev| seal.root == chain::root(prev, sealed));
    if whole && !holds {
        return Err(Fault::SealChanged { seal: seal.n });
    }
    Ok(())
}
