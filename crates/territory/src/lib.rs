//! Point to street, community, grid and every other layer.
//!
//! Promises: pure; whether a shape holds a point is decided in whole numbers ([`Point`], 1e-7 degrees, WGS-84), so of
//! features that share a border exactly one holds a point on it, always the same; outside of every street there is
//! no answer, never a neighbour; a [`Shape`] or [`StreetTerritory`] that exists was checked, and what is wrong with
//! one that does not is told whole, with codes and places. A look-up allocates nothing.
//!
//! Deliberately not here: reading GeoJSON or documents, Chinese texts of faults, addresses, distances and routes, what
//! is done with a point outside of every street (manual placing, by triage).
//!
//! The way in: degrees of a declared [`Datum`] → [`Point`]s and [`Shape`]s → [`Layer`]s → [`StreetTerritory::compile`]
//! → [`Atlas`] → [`Atlas::locate`]. [`redraw`] compares two territories of one street.
//!
//! ```
//! use std::sync::Arc;
//! use territory::{Atlas, Datum, Feature, Layer, Point, Shape, StreetTerritory};
//!
//! let square = |west: f64, east: f64| {
//!     let ring = vec![[west, 30.0], [east, 30.0], [east, 30.01], [west, 30.01], [west, 30.0]];
//!     Shape::from_degrees(&[vec![ring]], Datum::Wgs84).unwrap()
//! };
//! let layer = |key: &str, features: &[(&str, Shape)]| Layer {
//!     key: key.parse().unwrap(),
//!     features: features
//!         .iter()
//!         .map(|(code, shape)| Feature { code: (*code).to_owned(), name: None, shape: shape.clone() })
//!         .collect(),
//! };
//! let layers = vec![
//!     layer("street", &[("990102001000", square(104.00, 104.02))]),
//!     layer("community", &[("990102001001", square(104.00, 104.02))]),
//!     layer("grid", &[
//!         ("990102001001001", square(104.00, 104.01)),
//!         ("990102001001002", square(104.01, 104.02)),
//!     ]),
//! ];
//! let (street, warnings) = StreetTerritory::compile("990102001000".parse()?, layers).unwrap();
//! assert!(warnings.is_empty());
//!
//! let atlas = Atlas::new([Arc::new(street)]);
//! let on_the_border = Point::from_degrees(104.01, 30.005, Datum::Wgs84)?;
//! assert_eq!(atlas.locate(on_the_border).grid, Some("990102001001002".parse()?));
//! let outside = Point::from_degrees(104.03, 30.005, Datum::Wgs84)?;
//! assert_eq!(atlas.locate(outside).street, None);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod atlas;
mod bounds;
mod datum;
mod edge;
mod fault;
mod layer;
mod located;
mod metres;
mod point;
mod redraw;
mod region;
mod shape;
mod street;
mod sweep;

pub use atlas::{Atlas, Overlap};
pub use bounds::Bounds;
pub use datum::{Datum, STEP_MAX_DEGREES};
pub use fault::{Fault, SLIVER_M2_MAX, Warning};
pub use layer::{Feature, InvalidLayerKey, Layer, LayerKey};
pub use located::{Hit, Located};
pub use point::{InvalidPoint, Point};
pub use redraw::{Move, redraw};
pub use shape::{CONTACTS_MAX, Contact, Shape, ShapeFault, Spot, VERTICES_MAX};
pub use street::{StreetTerritory, TERRITORY_VERTICES_MAX};
