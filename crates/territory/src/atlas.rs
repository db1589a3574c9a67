//! Many streets: from a point to the street that holds it.

use std::collections::BTreeMap;
use std::sync::Arc;

use ids::TenantId;
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use crate::fault::SLIVER_M2_MAX;
use crate::located::Located;
use crate::{Bounds, Point, StreetTerritory, metres, sweep};

/// `i64`, because the tree adds coordinates when it packs, and two longitudes in e7 do not fit into an `i32`.
type Corner = [i64; 2];
type Entry = GeomWithData<Rectangle<Corner>, u32>;

/// Streets, found by their bounds, then exactly. Cheap to make: the streets are shared, only the outer index is new.
#[derive(Debug, Clone, Default)]
pub struct Atlas {
    /// By code.
    streets: Vec<Arc<StreetTerritory>>,
    /// Positions in `streets`.
    index: RTree<Entry>,
}

/// Two streets that claim the same ground; a point there belongs to the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overlap {
    /// The lesser code, which wins.
    pub first: TenantId,
    /// The greater code.
    pub second: TenantId,
    /// How much they share, in whole square metres.
    pub area_m2: u64,
}

impl Atlas {
    /// Of streets in any order; of two with the same code the later one counts.
    pub fn new(streets: impl IntoIterator<Item = Arc<StreetTerritory>>) -> Self {
        let by_code: BTreeMap<_, _> = streets.into_iter().map(|street| (street.code(), street)).collect();
        let streets: Vec<_> = by_code.into_values().collect();
        let entry = |(position, street): (u32, &Arc<StreetTerritory>)| {
            let bounds = street.bounds();
            let corners = Rectangle::from_corners(corner(bounds.low()), corner(bounds.high()));
            GeomWithData::new(corners, position)
        };
        let index = RTree::bulk_load((0..).zip(&streets).map(entry).collect());
        Self { streets, index }
    }

    /// With one street added or replaced.
    #[must_use]
    pub fn with(&self, street: Arc<StreetTerritory>) -> Self {
        Self::new(self.streets.iter().cloned().chain([street]))
    }

    /// Without one street.
    #[must_use]
    pub fn without(&self, street: TenantId) -> Self {
        Self::new(self.streets.iter().filter(|known| known.code() != street).cloned())
    }

    /// A street by its code.
    pub fn street(&self, code: TenantId) -> Option<&Arc<StreetTerritory>> {
        let at = self.streets.binary_search_by_key(&code, |street| street.code()).ok()?;
        self.streets.get(at)
    }

    /// All streets, by code.
    pub fn streets(&self) -> impl Iterator<Item = &Arc<StreetTerritory>> {
        self.streets.iter()
    }

    /// What the point lies in. Where streets overlap, the lowest code wins; outside of every street all is empty.
    pub fn locate(&self, point: Point) -> Located<'_> {
        let near = self.index.locate_in_envelope_intersecting(&AABB::from_point(corner(point)));
        let holding = near.filter_map(|entry| {
            let street = &*self.streets[entry.data as usize];
            Some((entry.data, street, street.inside(point)?))
        });
        let lowest = holding.min_by_key(|(position, ..)| *position);
        lowest.map_or_else(Located::default, |(_, street, entries)| street.locate_among(entries, point))
    }

    /// Streets that claim more than [`SLIVER_M2_MAX`] of the same ground, by their codes. For reports: it measures
    /// every pair of neighbours.
    pub fn overlaps(&self) -> Vec<Overlap> {
        let mut found = Vec::new();
        for (position, first) in (0..).zip(&self.streets) {
            let mut near: Vec<u32> = self.near(first.bounds()).filter(|other| *other > position).collect();
            near.sort_unstable();
            found.extend(near.iter().filter_map(|second| overlap(first, &self.streets[*second as usize])));
        }
        found
    }

    fn near(&self, bounds: Bounds) -> impl Iterator<Item = u32> {
        let envelope = AABB::from_corners(corner(bounds.low()), corner(bounds.high()));
        self.index.locate_in_envelope_intersecting(&envelope).map(|entry| entry.data)
    }

    /// Bytes the streets and the outer index take in memory, without what the allocator adds.
    pub fn memory_bytes(&self) -> usize {
        let entries = self.streets.len() * (size_of::<Entry>() + size_of::<Arc<StreetTerritory>>());
        entries + self.streets.iter().map(|street| street.memory_bytes()).sum::<usize>()
    }
}

fn corner(point: Point) -> Corner {
    point.wide().into()
}

fn overlap(first: &StreetTerritory, second: &StreetTerritory) -> Option<Overlap> {
    // Two outlines have at most 20,000 vertices: measuring is never given up.
    let coverage = sweep::measure(None, &[first.outline(), second.outline()])?;
    let area_m2 = coverage.overlaps.get(&(0, 1))? * metres::square_e7_in_m2(first.bounds());
    let (first, second) = (first.code(), second.code());
    (area_m2 > SLIVER_M2_MAX).then_some(Overlap { first, second, area_m2: area_m2.round() as u64 })
}
