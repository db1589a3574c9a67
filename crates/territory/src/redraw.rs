//! What would change hands if a street were redrawn.

use crate::located::Located;
use crate::{Point, StreetTerritory};

/// Something that would change hands, e.g. an open case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move<'a, K> {
    /// What the caller calls it.
    pub key: K,
    /// What it lies in now.
    pub from: Located<'a>,
    /// What it would lie in.
    pub to: Located<'a>,
}

/// Every point whose street, community, grid or any other layer differs between the two territories, in the given
/// order. Names do not count. A point outside of both stays where it is: nowhere.
pub fn redraw<'a, K>(
    old: &'a StreetTerritory,
    new: &'a StreetTerritory,
    points: impl IntoIterator<Item = (K, Point)>,
) -> Vec<Move<'a, K>> {
    let moves =
        points.into_iter().map(|(key, point)| Move { key, from: old.locate(point), to: new.locate(point) });
    moves.filter(|moved| moved.from != moved.to).collect()
}
