//! What lies where it should not: holes outside of their shell or in each other, polygons inside polygons.
//!
//! Of rings that meet nothing is said: that they do is told already, and only without contact does one vertex speak
//! for the whole ring. At most one fault a ring, however deep they nest.

use std::collections::BTreeSet;

use crate::Bounds;
use crate::edge::ring_holds;
use crate::shape::check::DraftRing;
use crate::shape::fault::{Contact, ShapeFault, Spot};

type Key = (usize, usize);

struct Nesting<'a> {
    /// Pairs of rings that meet, the lesser first.
    meeting: BTreeSet<(Key, Key)>,
    /// Shell and holes of each polygon whose shell could be read.
    polygons: Vec<Vec<Placed<'a>>>,
}

struct Placed<'a> {
    ring: &'a DraftRing,
    bounds: Option<Bounds>,
}

/// The faults of all rings.
pub(super) fn faults(rings: &[DraftRing], met: &[(Spot, Spot, Contact)]) -> Vec<ShapeFault> {
    let key = |spot: &Spot| (spot.polygon, spot.ring);
    let meeting = met.iter().map(|(first, second, _)| (key(first), key(second))).collect();
    let polygons = rings.chunk_by(|one, next| one.polygon == next.polygon);
    let readable = polygons.filter(|rings| rings.first().is_some_and(|shell| shell.ring == 0));
    let polygons = readable.map(|rings| rings.iter().map(Placed::new).collect()).collect();
    let nesting = Nesting { meeting, polygons };
    let holes = nesting.polygons.iter().flat_map(|rings| nesting.holes(rings));
    let shells = nesting.polygons.iter().filter_map(|rings| nesting.shell(rings));
    holes.chain(shells).collect()
}

impl Nesting<'_> {
    fn holes(&self, rings: &[Placed<'_>]) -> Vec<ShapeFault> {
        let Some((shell, holes)) = rings.split_first() else { return Vec::new() };
        let outside = holes.iter().filter(|hole| self.apart(shell, hole) && !shell.holds(hole));
        let outside =
            outside.map(|hole| ShapeFault::HoleOutside { polygon: hole.ring.polygon, ring: hole.ring.ring });
        let nested = holes.iter().filter_map(|hole| {
            let outer = holes.iter().find(|other| other.holds(hole) && self.apart(other, hole))?;
            let (polygon, ring) = (hole.ring.polygon, hole.ring.ring);
            Some(ShapeFault::HoleInHole { polygon, ring, outer: outer.ring.ring })
        });
        outside.chain(nested).collect()
    }

    /// A polygon may lie in another one's hole: an island in a lake.
    fn shell(&self, rings: &[Placed<'_>]) -> Option<ShapeFault> {
        let inner = rings.first()?;
        let around = self.polygons.iter().filter_map(|other| other.split_first());
        let mut around =
            around.filter(|(shell, holes)| shell.holds(inner) && !holes.iter().any(|hole| hole.holds(inner)));
        let (outer, _) = around.find(|(shell, _)| self.apart(shell, inner))?;
        Some(ShapeFault::PolygonInside { polygon: inner.ring.polygon, outer: outer.ring.polygon })
    }

    fn apart(&self, one: &Placed<'_>, two: &Placed<'_>) -> bool {
        let (one, two) = (one.key(), two.key());
        one != two && !self.meeting.contains(&(one.min(two), one.max(two)))
    }
}

impl<'a> Placed<'a> {
    fn new(ring: &'a DraftRing) -> Self {
        Self { ring, bounds: Bounds::of(&ring.points) }
    }

    fn key(&self) -> Key {
        (self.ring.polygon, self.ring.ring)
    }

    /// Whether the other ring's first vertex lies in this one.
    fn holds(&self, other: &Placed<'_>) -> bool {
        let vertex = other.ring.points.first().zip(self.bounds).filter(|(v, bounds)| bounds.hold(**v));
        vertex.is_some_and(|(vertex, _)| ring_holds(&self.ring.points, *vertex))
    }
}
