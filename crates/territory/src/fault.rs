//! What can be wrong with a street's territory, and what is worth a look.

use ids::TenantId;

use crate::{LayerKey, Point};

/// So much area, in square metres, two features may share or a feature may lie outside of its street.
///
/// Neighbours are digitised by different desks, and converted or rounded apart: a border of some hundred metres drawn
/// twice with a few decimetres between gives slivers of this size. Nobody lives in one; a point there still has one
/// answer, the lowest code. What is larger is a mistake somebody must look at.
pub const SLIVER_M2_MAX: f64 = 100.0;

/// One thing wrong with a street's territory. Areas are rounded to whole square metres.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The layer `street` must have one feature.
    #[error("the layer street has {count} features instead of one")]
    Boundary {
        /// How many it has.
        count: usize,
    },
    /// All layers together have more than [`crate::TERRITORY_VERTICES_MAX`] vertices.
    #[error("the layers have {count} vertices, more than {}", crate::TERRITORY_VERTICES_MAX)]
    TooManyVertices {
        /// How many they have.
        count: usize,
    },
    /// A layer is listed twice.
    #[error("the layer {layer} is listed twice")]
    LayerTwice {
        /// Which.
        layer: LayerKey,
    },
    /// A code that is none in this layer.
    #[error("{layer} {code:?} is no code of this layer")]
    Code {
        /// The layer.
        layer: LayerKey,
        /// As given.
        code: String,
    },
    /// Two features of a layer have the same code.
    #[error("{layer} {code} is listed twice")]
    CodeTwice {
        /// The layer.
        layer: LayerKey,
        /// Which.
        code: String,
    },
    /// A code that does not begin with the first nine digits of its street's, or a boundary that is another street's.
    #[error("{layer} {code} does not belong to street {street}")]
    ForeignCode {
        /// The layer.
        layer: LayerKey,
        /// Whose.
        code: String,
        /// The street that is compiled.
        street: TenantId,
    },
    /// More than [`SLIVER_M2_MAX`] of a community or grid lies outside of the street's boundary.
    #[error("{layer} {code} lies outside of the street with {area_m2} m²")]
    Outside {
        /// The layer.
        layer: LayerKey,
        /// Whose.
        code: String,
        /// How much.
        area_m2: u64,
    },
    /// Two communities or two grids share more than [`SLIVER_M2_MAX`].
    #[error("{layer} {first} and {second} overlap with {area_m2} m²")]
    Overlap {
        /// The layer.
        layer: LayerKey,
        /// The lesser code.
        first: String,
        /// The greater code.
        second: String,
        /// How much.
        area_m2: u64,
    },
    /// No community holds the grid's interior point.
    #[error("grid {grid} lies in no community")]
    NoCommunity {
        /// The grid's code.
        grid: String,
    },
    /// The borders of a layer run through each other so much that measuring was given up.
    #[error("the borders of layer {layer} are too intricate to be measured")]
    TooIntricate {
        /// The layer.
        layer: LayerKey,
    },
}

/// Something that is allowed and worth a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    /// More than [`SLIVER_M2_MAX`] of the street lies in no grid. Points there have no grid.
    #[error("{area_m2} m² of the street lie in no grid")]
    Gap {
        /// How much in all.
        area_m2: u64,
        /// A place in it, where it is largest.
        at: Point,
    },
}
