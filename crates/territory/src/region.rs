//! A shape ready to be asked often: its edges by band of latitude. Same rule, same answers as [`Shape::contains`].
//!
//! Bands are of equal height, a power of two of e7, so that finding one is a subtraction and a shift. An edge stands
//! in every band it reaches into.

use crate::edge::{Edge, inside};
use crate::{Bounds, Point, Shape};

/// A band holds about so many edges: looking at them costs less than looking for fewer.
const EDGES_A_BAND: usize = 20;
/// Each edge stands in at most so many bands, on average: memory stays bounded whatever the shape.
const COPIES_MAX: usize = 2;

/// What of a shape is needed to place points. Rings are gone.
#[derive(Debug, Clone)]
pub(crate) struct Region {
    bounds: Bounds,
    /// Height of a band: 2 to the power of this, in e7.
    shift: u32,
    /// Where each band begins in `edges`, and the end of the last.
    starts: Box<[u32]>,
    edges: Box<[Edge]>,
}

impl Region {
    pub(crate) fn new(shape: &Shape) -> Self {
        let (bounds, edges) = (shape.bounds(), shape.edges().collect::<Vec<_>>());
        let south = bounds.low().wide().1;
        let height = (bounds.high().wide().1 - south) as usize;
        let fits = |shift: &u32| {
            let few = height >> shift <= edges.len() / EDGES_A_BAND;
            few && edges.iter().map(|edge| reach(edge, south, *shift).count()).sum::<usize>()
                <= COPIES_MAX * edges.len()
        };
        // At 32 there is one band.
        let shift = (0..32).find(fits).unwrap_or(32);
        let mut bands = vec![Vec::new(); (height >> shift) + 1];
        for edge in edges {
            reach(&edge, south, shift).for_each(|band| bands[band].push(edge));
        }
        Self { bounds, shift, starts: starts(&bands), edges: bands.concat().into() }
    }

    /// As [`Shape::contains`].
    #[inline]
    pub(crate) fn contains(&self, point: Point) -> bool {
        self.bounds.hold(point) && inside(self.band(point), point)
    }

    pub(crate) fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// The edges that may reach to the latitude of a point within the bounds.
    #[inline]
    fn band(&self, point: Point) -> &[Edge] {
        // Most shapes have one band, and looking where it begins would cost more than looking at its edges.
        if self.starts.len() == 2 {
            return &self.edges;
        }
        let band = ((point.wide().1 - self.bounds.low().wide().1) >> self.shift) as usize;
        &self.edges[self.starts[band] as usize..self.starts[band + 1] as usize]
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.starts) + size_of_val(&*self.edges)
    }
}

/// The bands an edge reaches into. It does not hold its upper end, so not the band that begins there.
fn reach(edge: &Edge, south: i64, shift: u32) -> std::ops::RangeInclusive<usize> {
    let band = |lat: i64| ((lat - south) >> shift) as usize;
    band(edge.low().wide().1)..=band(edge.high().wide().1 - 1)
}

fn starts(bands: &[Vec<Edge>]) -> Box<[u32]> {
    let ends = bands.iter().scan(0, |end, band| {
        *end += u32::try_from(band.len()).expect("a shape has at most 10,000 edges");
        Some(*end)
    });
    std::iter::once(0).chain(ends).collect()
}
