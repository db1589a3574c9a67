//! What can be wrong with a shape.

use std::fmt;

/// A vertex of a shape, all counted from 0 as in GeoJSON coordinates. The vertex also names the edge that starts at
/// it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Spot {
    /// Which polygon of a multipolygon; 0 for a polygon.
    pub polygon: usize,
    /// Which ring: 0 is the shell, the others are holes.
    pub ring: usize,
    /// Which position of the ring.
    pub vertex: usize,
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { polygon, ring, vertex } = self;
        write!(f, "polygon {polygon} ring {ring} vertex {vertex}")
    }
}

/// How two edges that should not meet do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contact {
    /// They cross.
    Crosses,
    /// They lie on each other for some length.
    Overlaps,
    /// They share one point.
    Touches,
}

impl fmt::Display for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Crosses => "crosses",
            Self::Overlaps => "overlaps",
            Self::Touches => "touches",
        })
    }
}

/// One thing wrong with a shape. Positions are compared after rounding to 1e-7 degrees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShapeFault {
    /// No polygon at all.
    #[error("the shape has no polygon")]
    Empty,
    /// A polygon needs a shell.
    #[error("polygon {polygon} has no ring")]
    NoRing {
        /// Which polygon.
        polygon: usize,
    },
    /// More than [`crate::VERTICES_MAX`] positions in all rings together; nothing else is looked at then.
    #[error("the shape has {count} vertices, more than {}", crate::VERTICES_MAX)]
    TooManyVertices {
        /// Positions of all rings.
        count: usize,
    },
    /// NaN or infinite.
    #[error("{at}: a coordinate is not a finite number")]
    NotFinite {
        /// Where.
        at: Spot,
    },
    /// Not on the earth.
    #[error("{at}: a coordinate is out of range")]
    OutOfRange {
        /// Where.
        at: Spot,
    },
    /// The last position must repeat the first.
    #[error("polygon {polygon} ring {ring} is not closed")]
    NotClosed {
        /// Which polygon.
        polygon: usize,
        /// Which ring.
        ring: usize,
    },
    /// A closed ring has at least four positions.
    #[error("polygon {polygon} ring {ring} has {count} positions, fewer than 4")]
    TooFewPositions {
        /// Which polygon.
        polygon: usize,
        /// Which ring.
        ring: usize,
        /// How many it has.
        count: usize,
    },
    /// The same as the position before it.
    #[error("{at} repeats the position before it")]
    Repeated {
        /// The second of the two.
        at: Spot,
    },
    /// A ring encloses nothing.
    #[error("polygon {polygon} ring {ring} has no area")]
    ZeroArea {
        /// Which polygon.
        polygon: usize,
        /// Which ring.
        ring: usize,
    },
    /// Two edges of the shape meet that should not: of one ring, of two rings, or of two polygons.
    #[error("the edge from {first} {contact} the edge from {second}")]
    Meets {
        /// Start of the one edge.
        first: Spot,
        /// Start of the other.
        second: Spot,
        /// How.
        contact: Contact,
    },
    /// More than [`crate::CONTACTS_MAX`] edges meet; the others are not listed.
    #[error("more than {} pairs of edges meet, the others are not listed", crate::CONTACTS_MAX)]
    MoreContacts,
    /// A hole that does not lie in its shell.
    #[error("polygon {polygon} ring {ring} is a hole outside of its shell")]
    HoleOutside {
        /// Which polygon.
        polygon: usize,
        /// Which ring.
        ring: usize,
    },
    /// A hole inside another hole.
    #[error("polygon {polygon} ring {ring} is a hole inside hole {outer}")]
    HoleInHole {
        /// Which polygon.
        polygon: usize,
        /// The inner one.
        ring: usize,
        /// The outer one.
        outer: usize,
    },
    /// A polygon of a multipolygon inside another one.
    #[error("polygon {polygon} lies inside polygon {outer}")]
    PolygonInside {
        /// The inner one.
        polygon: usize,
        /// The outer one.
        outer: usize,
    },
}
