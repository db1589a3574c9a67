//! Every fault of a shape, not only the first.
//!
//! In order: number of positions; each position; each ring for itself; where edges meet; what lies in what. A later
//! step looks only at what the earlier ones left usable, so that one mistake is not told twice.

use crate::Point;
use crate::edge::sides;
use crate::point::InvalidPoint;
use crate::shape::contacts::{Side, contacts};
use crate::shape::fault::{ShapeFault, Spot};
use crate::shape::measure::doubled_area;
use crate::shape::{CONTACTS_MAX, Ring, VERTICES_MAX, nesting};

/// A ring with the places its vertices had as given; the closing position and repeated ones are left out.
pub(super) struct DraftRing {
    pub(super) polygon: usize,
    pub(super) ring: usize,
    pub(super) points: Ring,
    places: Vec<usize>,
}

/// What was read, and what was wrong with it.
pub(crate) struct Draft {
    rings: Vec<DraftRing>,
    faults: Vec<ShapeFault>,
}

/// Reads positions. An error where nothing further can be looked at.
pub(crate) fn draft<P: PartialEq>(
    polygons: &[Vec<Vec<P>>],
    read: impl Fn(&P) -> Result<Point, InvalidPoint>,
) -> Result<Draft, Vec<ShapeFault>> {
    let count = polygons.iter().flatten().map(Vec::len).sum();
    if count > VERTICES_MAX {
        return Err(vec![ShapeFault::TooManyVertices { count }]);
    }
    let mut draft = Draft { rings: Vec::new(), faults: Vec::new() };
    if polygons.is_empty() {
        draft.faults.push(ShapeFault::Empty);
    }
    for (polygon, rings) in polygons.iter().enumerate() {
        if rings.is_empty() {
            draft.faults.push(ShapeFault::NoRing { polygon });
        }
        for (ring, positions) in rings.iter().enumerate() {
            draft.read_ring((polygon, ring), positions, &read);
        }
    }
    Ok(draft)
}

impl Draft {
    fn read_ring<P: PartialEq>(
        &mut self,
        (polygon, ring): (usize, usize),
        positions: &[P],
        read: impl Fn(&P) -> Result<Point, InvalidPoint>,
    ) {
        let before = self.faults.len();
        let points = positions.iter().map(read).enumerate().filter_map(|(vertex, point)| {
            let at = Spot { polygon, ring, vertex };
            point.map_err(|why| self.faults.push(position_fault(why, at))).ok()
        });
        let points: Ring = points.collect();
        if self.faults.len() == before {
            self.faults.extend(open_ring(polygon, ring, positions));
        }
        if self.faults.len() == before {
            self.close_ring((polygon, ring), points);
        }
    }

    /// Leaves out the closing position and what repeats the one before.
    fn close_ring(&mut self, (polygon, ring): (usize, usize), mut points: Ring) {
        points.pop();
        let mut kept = DraftRing { polygon, ring, points: Ring::new(), places: Vec::new() };
        let last = points.len() - 1;
        for (vertex, point) in points.iter().copied().enumerate() {
            let closes = vertex == last && vertex > 0 && points.first() == Some(&point);
            if kept.points.last() == Some(&point) || closes {
                // A last vertex that is the first once more is repeated by the closing position behind it.
                let vertex = if closes { vertex + 1 } else { vertex };
                self.faults.push(ShapeFault::Repeated { at: Spot { polygon, ring, vertex } });
            } else {
                kept.points.push(point);
                kept.places.push(vertex);
            }
        }
        if doubled_area(&kept.points) == 0 {
            self.faults.push(ShapeFault::ZeroArea { polygon, ring });
        }
        self.rings.push(kept);
    }

    fn finish(self) -> Result<Vec<Vec<Ring>>, Vec<ShapeFault>> {
        if !self.faults.is_empty() {
            return Err(self.faults);
        }
        let mut polygons: Vec<Vec<Ring>> = Vec::new();
        for ring in self.rings {
            match polygons.get_mut(ring.polygon) {
                Some(rings) => rings.push(ring.points),
                None => polygons.push(vec![ring.points]),
            }
        }
        Ok(polygons)
    }
}

fn position_fault(why: InvalidPoint, at: Spot) -> ShapeFault {
    match why {
        InvalidPoint::NotFinite => ShapeFault::NotFinite { at },
        InvalidPoint::OutOfRange => ShapeFault::OutOfRange { at },
    }
}

/// Too short, or its last position is not its first.
fn open_ring<P: PartialEq>(polygon: usize, ring: usize, positions: &[P]) -> Vec<ShapeFault> {
    let mut faults = Vec::new();
    let count = positions.len();
    if count < 4 {
        faults.push(ShapeFault::TooFewPositions { polygon, ring, count });
    }
    if count > 1 && positions.first() != positions.last() {
        faults.push(ShapeFault::NotClosed { polygon, ring });
    }
    faults
}

/// Without looking at pairs of edges.
pub(crate) fn cheap(draft: Draft) -> Result<Vec<Vec<Ring>>, Vec<ShapeFault>> {
    draft.finish()
}

/// With everything.
pub(crate) fn thorough(mut draft: Draft) -> Result<Vec<Vec<Ring>>, Vec<ShapeFault>> {
    let met = contacts(draft.rings.iter().flat_map(ring_sides).collect(), CONTACTS_MAX);
    let listed = met.iter().take(CONTACTS_MAX);
    draft.faults.extend(listed.map(|&(first, second, contact)| ShapeFault::Meets { first, second, contact }));
    if met.len() > CONTACTS_MAX {
        draft.faults.push(ShapeFault::MoreContacts);
    } else {
        draft.faults.extend(nesting::faults(&draft.rings, &met));
    }
    draft.finish()
}

fn ring_sides(ring: &DraftRing) -> impl Iterator<Item = Side> {
    let place = |&vertex: &usize| Spot { polygon: ring.polygon, ring: ring.ring, vertex };
    let sides = sides(&ring.points).zip(ring.places.iter().map(place));
    sides.map(|((from, to), at)| Side { from, to, at })
}
