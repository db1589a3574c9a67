//! How much area features share, lie outside of the boundary with, or leave uncovered.
//!
//! One sweep from south to north measures all of it: between two neighbouring latitudes of vertices (and of crossings)
//! every border runs straight and none crosses, so the stretches between borders are trapezoids, and walking them from
//! west to east tells what each lies in. Areas are `f64`, in square e7; borders that are the same on both sides
//! cancel exactly. Cost: latitudes × borders at a latitude, bounded by [`STRIPS_MAX`].

use std::collections::BTreeMap;

use crate::edge::Edge;
use crate::{Point, Shape};

/// So many borders are met on the way north before measuring is given up: about a second of work. A street of a
/// hundred grids meets a hundred thousand.
const STRIPS_MAX: usize = 20_000_000;
/// Crossings looked for between two latitudes; with more the borders are a scribble and the area is large anyway.
const CUTS_MAX: usize = 256;
/// Of more features on top of each other the pairs are not all told.
const DEPTH_MAX: usize = 8;
/// Longitudes closer than this, in e7, are the same: far above the noise of an `f64`, far below a vertex's distance.
const SAME_E7: f64 = 1e-4;

/// What was measured, in square e7.
#[derive(Debug, Default)]
pub(crate) struct Coverage {
    /// Shared by two features, by their positions, the lesser first.
    pub(crate) overlaps: BTreeMap<(usize, usize), f64>,
    /// Of each feature outside of the boundary; nothing without a boundary.
    pub(crate) outside: BTreeMap<usize, f64>,
    /// Of the boundary in no feature.
    pub(crate) gap: f64,
    /// The middle of the largest piece of the gap, and its area.
    pub(crate) largest_gap: Option<(Point, f64)>,
}

/// A border between two latitudes.
#[derive(Clone, Copy)]
struct Strip {
    south_lon: f64,
    north_lon: f64,
    owner: Owner,
}

#[derive(Clone, Copy, PartialEq)]
enum Owner {
    Boundary,
    Feature(usize),
}

/// Measures; `None` when it would take too long.
pub(crate) fn measure(boundary: Option<&Shape>, features: &[&Shape]) -> Option<Coverage> {
    let borders = boundary.into_iter().flat_map(|shape| owned(shape, Owner::Boundary));
    let of_feature = |(index, shape): (usize, &&Shape)| owned(shape, Owner::Feature(index));
    let mut lines: Vec<_> = borders.chain(features.iter().enumerate().flat_map(of_feature)).collect();
    lines.sort_by_key(|(edge, _)| edge.low().lat_e7());
    let ends = lines.iter().flat_map(|(edge, _)| [edge.low().lat_e7(), edge.high().lat_e7()]);
    let mut lats: Vec<i32> = ends.collect();
    lats.sort_unstable();
    lats.dedup();

    let (mut coverage, mut steps) = (Coverage::default(), 0);
    let (mut coming, mut active) = (lines.into_iter().peekable(), Vec::new());
    for (south, north) in lats.iter().zip(lats.iter().skip(1)) {
        active.retain(|(edge, _): &(Edge, Owner)| edge.high().lat_e7() > *south);
        active.extend(std::iter::from_fn(|| coming.next_if(|(edge, _)| edge.low().lat_e7() == *south)));
        steps += active.len();
        if steps > STRIPS_MAX {
            return None;
        }
        let cuts = cuts(&active, f64::from(*south), f64::from(*north));
        steps += active.len() * (cuts.len() - 2);
        for (south, north) in cuts.iter().zip(&cuts[1..]) {
            coverage.add_band(&active, *south, *north);
        }
    }
    Some(coverage)
}

fn owned(shape: &Shape, owner: Owner) -> Vec<(Edge, Owner)> {
    shape.edges().map(|edge| (edge, owner)).collect()
}

fn strips(active: &[(Edge, Owner)], south: f64, north: f64) -> Vec<Strip> {
    let strip = |&(edge, owner): &(Edge, Owner)| {
        let (south_lon, north_lon) = (edge.lon_at(south), edge.lon_at(north));
        Strip { south_lon, north_lon, owner }
    };
    active.iter().map(strip).collect()
}

/// The latitudes from south to north between which no borders cross, both ends included. Sorting by the northern
/// longitudes what is sorted by the southern ones swaps just those that cross.
fn cuts(active: &[(Edge, Owner)], south: f64, north: f64) -> Vec<f64> {
    let mut strips = strips(active, south, north);
    strips.sort_by(|a, b| a.south_lon.total_cmp(&b.south_lon).then(a.north_lon.total_cmp(&b.north_lon)));
    let mut cuts = vec![south, north];
    for sorted in 1..strips.len() {
        for at in (1..=sorted).rev() {
            let (west, east) = (strips[at - 1], strips[at]);
            let closing = west.north_lon - east.north_lon;
            if closing <= SAME_E7 || cuts.len() > CUTS_MAX {
                break;
            }
            let apart = east.south_lon - west.south_lon;
            cuts.push(south + (north - south) * (apart / (apart + closing)));
            strips.swap(at - 1, at);
        }
    }
    cuts.sort_by(f64::total_cmp);
    cuts
}

impl Coverage {
    /// Between two latitudes that no crossing separates.
    fn add_band(&mut self, active: &[(Edge, Owner)], south: f64, north: f64) {
        let mut strips = strips(active, south, north);
        let middle = |strip: &Strip| strip.south_lon + strip.north_lon;
        strips.sort_by(|a, b| middle(a).total_cmp(&middle(b)));
        let (mut features, mut bounded) = (Vec::new(), false);
        for (west, east) in strips.iter().zip(strips.iter().skip(1)) {
            match west.owner {
                Owner::Boundary => bounded = !bounded,
                Owner::Feature(feature) => toggle(&mut features, feature),
            }
            let area = (middle(east) - middle(west)) / 2.0 * (north - south);
            if area > 0.0 {
                self.add(&features, bounded, area, || {
                    let lon = (middle(east) + middle(west)) / 4.0;
                    Point::between(lon.round() as i32, f64::midpoint(south, north).round() as i32)
                });
            }
        }
    }

    fn add(&mut self, features: &[usize], bounded: bool, area: f64, middle: impl FnOnce() -> Point) {
        for (at, first) in features.iter().take(DEPTH_MAX).enumerate() {
            for second in &features[at + 1..features.len().min(DEPTH_MAX)] {
                *self.overlaps.entry((*first.min(second), *first.max(second))).or_default() += area;
            }
        }
        if !bounded {
            features.iter().for_each(|feature| *self.outside.entry(*feature).or_default() += area);
        } else if features.is_empty() {
            self.gap += area;
            if self.largest_gap.is_none_or(|(_, largest)| largest < area) {
                self.largest_gap = Some((middle(), area));
            }
        }
    }
}

/// In or out.
fn toggle(features: &mut Vec<usize>, feature: usize) {
    match features.iter().position(|known| *known == feature) {
        Some(at) => {
            features.swap_remove(at);
        }
        None => features.push(feature),
    }
}
