//! The form people write for a territory: GeoJSON (RFC 7946) by layer, beside the datum of its numbers.
//!
//! RFC 7946 knows WGS-84 only and forbids `crs`; Chinese maps give GCJ-02 or BD-09 under the same form. So the datum
//! stands beside it, once, and is required. Strict like [`super::manifest`].

use std::collections::BTreeMap;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pack::NameForm;
use super::schema;

/// Where a street lies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TerritoryForm {
    /// What the numbers of all layers refer to; nothing is guessed (坐标系).
    pub datum: DatumForm,
    /// By key: `street`, `community`, `grid` and whatever else the street has, e.g. `police-beat` (图层).
    pub layers: BTreeMap<String, LayerForm>,
}

/// The datum of coordinates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DatumForm {
    /// As GPS gives it.
    Wgs84,
    /// As Chinese maps give it (国测局坐标).
    Gcj02,
    /// As Baidu's maps give it (百度坐标).
    Bd09,
}

/// One division of the street.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LayerForm {
    /// Its name (名称).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<NameForm>,
    /// Its parts (图形).
    pub geojson: FeatureCollectionForm,
}

/// A GeoJSON FeatureCollection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FeatureCollectionForm {
    /// As RFC 7946 spells it (类型).
    #[serde(rename = "type")]
    pub kind: FeatureCollectionWord,
    /// The parts of the layer; of `street` exactly one (要素).
    pub features: Vec<FeatureForm>,
}

/// The word `FeatureCollection`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum FeatureCollectionWord {
    /// As RFC 7946 spells it.
    FeatureCollection,
}

/// A GeoJSON Feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FeatureForm {
    /// As RFC 7946 spells it (类型).
    #[serde(rename = "type")]
    pub kind: FeatureWord,
    /// Its code and name (属性).
    pub properties: PropertiesForm,
    /// Its shape (图形).
    pub geometry: GeometryForm,
}

/// The word `Feature`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum FeatureWord {
    /// As RFC 7946 spells it.
    Feature,
}

/// What a feature is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PropertiesForm {
    /// Unique in the layer; of a community its 12 digits, of a grid its 15, in quotes (代码).
    pub code: String,
    /// Its name (名称).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<NameForm>,
    /// The first day on which it is there, a local date (生效日).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<schema::Day>")]
    pub valid_from: Option<Date>,
    /// The last day on which it is there (失效日，当日仍有效).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<schema::Day>")]
    pub valid_until: Option<Date>,
}

/// A GeoJSON geometry that covers an area.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "coordinates", deny_unknown_fields)]
pub enum GeometryForm {
    /// Rings of positions: the shell, then holes (多边形：外环在前，内环在后).
    Polygon(PolygonForm),
    /// Several polygons (多个多边形).
    MultiPolygon(Vec<PolygonForm>),
}

/// Rings of positions; the last position of a ring is the first again.
pub type PolygonForm = Vec<Vec<PositionForm>>;

/// Degrees east and north.
pub type PositionForm = [f64; 2];

impl GeometryForm {
    /// Its polygons, one or several.
    pub fn polygons(&self) -> &[PolygonForm] {
        match self {
            GeometryForm::Polygon(polygon) => std::slice::from_ref(polygon),
            GeometryForm::MultiPolygon(polygons) => polygons,
        }
    }
}
