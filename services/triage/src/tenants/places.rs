//! Where in its street a place lies, by the street's own territory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use contract::document::{Territory, territory as forms};
use contract::proto::intake::{Datum as Declared, Place};
use ids::TenantId;
use jiff::civil::Date;
use territory::{Datum, Feature, Layer, Located, Point, Shape, StreetTerritory};

/// What a street's layers say of a place inside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The community; nothing where none is drawn.
    pub community: Option<TenantId>,
    /// The grid; nothing in a gap.
    pub grid: Option<String>,
}

/// Compiles territories, each once: a street is compiled anew whenever its district moves.
#[derive(Debug, Default)]
pub(super) struct Compiler {
    made: Mutex<BTreeMap<TenantId, Made>>,
}

type Compile = fn(TenantId, Vec<Layer>) -> Result<StreetTerritory, Vec<territory::Fault>>;

/// A document and what was made of it.
type Made = (Arc<Territory>, Arc<Drawings>);

/// A street's drawings, each with its first day; the first counts since ever. Nothing where nothing is drawn.
#[derive(Debug, Default)]
pub struct Drawings(Vec<(Date, Option<StreetTerritory>)>);

impl Drawings {
    /// Of a drawing that is only proposed, with every check.
    pub(crate) fn proposed(territory: &Territory) -> Result<Self, String> {
        Self::of(territory, |street, layers| {
            StreetTerritory::compile(street, layers).map(|(street, _)| street)
        })
    }

    /// Of a document. The directory has checked it; what fails here was written by another build.
    fn published(territory: &Territory) -> Result<Self, String> {
        Self::of(territory, StreetTerritory::published)
    }

    /// Compiled for each stretch between two changes.
    fn of(territory: &Territory, compile: Compile) -> Result<Self, String> {
        let days = [Date::MIN].into_iter().chain(territory.turns());
        let drawing = |day| {
            let layers = layers(territory, day)?;
            let made =
                if layers.is_empty() { None } else { Some(compile(territory.code, layers).map_err(said)?) };
            Ok((day, made))
        };
        Ok(Self(days.map(drawing).collect::<Result<_, String>>()?))
    }

    /// What is drawn on a day.
    pub(crate) fn on(&self, day: Date) -> Option<&StreetTerritory> {
        self.0.iter().rev().find(|(first, _)| *first <= day)?.1.as_ref()
    }
}

impl Compiler {
    pub(super) fn compile(&self, territory: &Arc<Territory>) -> Result<Arc<Drawings>, String> {
        let made = || self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, known)) = made().get(&territory.code)
            && Arc::ptr_eq(of, territory)
        {
            return Ok(known.clone());
        }
        // Nobody waits meanwhile: many streets are compiled side by side.
        let fresh = Arc::new(Drawings::published(territory)?);
        made().insert(territory.code, (territory.clone(), fresh.clone()));
        Ok(fresh)
    }
}

/// Nothing for a place outside, and for one whose datum this build does not know.
pub(crate) fn locate(street: &StreetTerritory, place: &Place) -> Option<Placed> {
    let located = located(street, place)?;
    Some(Placed { community: located.community, grid: located.grid.map(|grid| grid.to_string()) })
}

/// What of the layers besides street, community and grid holds a place, as conditions of rules call it: `layer/code`, sorted.
/// Nothing outside. Only rules ask for it, so nothing is kept of it with a place.
pub(crate) fn layers_at(street: &StreetTerritory, place: &Place) -> Vec<String> {
    let holding = located(street, place).into_iter().flat_map(|located| located.layers());
    holding.map(|hit| format!("{}/{}", hit.layer, hit.code)).collect()
}

fn located<'a>(street: &'a StreetTerritory, place: &Place) -> Option<Located<'a>> {
    let datum = match place.datum() {
        Declared::Wgs84 => Datum::Wgs84,
        Declared::Gcj02 => Datum::Gcj02,
        Declared::Bd09 => Datum::Bd09,
        Declared::Unspecified => return None,
    };
    let point = Point::from_degrees(place.lon, place.lat, datum).ok()?;
    Some(street.locate(point)).filter(|located| located.street.is_some())
}

/// What is drawn on a day.
fn layers(territory: &Territory, day: Date) -> Result<Vec<Layer>, String> {
    let layers = territory.layers.iter().map(|(key, layer)| {
        let key = key.parse().map_err(|error| format!("layer {key}: {error}"))?;
        let there = layer.features.iter().filter(|feature| feature.validity.holds(day));
        let features: Vec<_> = there.map(feature).collect::<Result<_, String>>()?;
        Ok(Layer { key, features })
    });
    let layers: Vec<Layer> = layers.collect::<Result<_, String>>()?;
    Ok(layers.into_iter().filter(|layer| !layer.features.is_empty()).collect())
}

fn said(faults: Vec<territory::Fault>) -> String {
    faults.first().map_or_else(String::new, |fault| format!("{fault} ({} in all)", faults.len()))
}

fn feature(form: &forms::Feature) -> Result<Feature, String> {
    let shape = Shape::from_e7(&form.polygons).map_err(|faults| {
        let fault = faults.first().map(ToString::to_string);
        format!("feature {}: {}", form.code, fault.unwrap_or_default())
    })?;
    let name = form.name.as_ref().map(|name| name.zh.clone());
    Ok(Feature { code: form.code.clone(), name, shape })
}
