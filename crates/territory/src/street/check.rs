//! Every fault of a street's layers.

use std::collections::BTreeSet;

use ids::{GridCode, TenantId};

use crate::fault::{Fault, SLIVER_M2_MAX, Warning};
use crate::layer::plain_code;
use crate::street::TERRITORY_VERTICES_MAX;
use crate::{Feature, Layer, LayerKey, Point, Shape, metres, sweep};

/// What was found.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) faults: Vec<Fault>,
    pub(super) warnings: Vec<Warning>,
}

/// Everything.
pub(super) fn thorough(street: TenantId, layers: &[Layer]) -> Findings {
    let mut findings = cheap(street, layers);
    if findings.faults.iter().any(|fault| matches!(fault, Fault::TooManyVertices { .. })) {
        return findings;
    }
    let boundary = features(layers, LayerKey::STREET).first().map(|feature| &feature.shape);
    for key in [LayerKey::COMMUNITY, LayerKey::GRID] {
        findings.measure(boundary, key, features(layers, key));
    }
    findings.faults.extend(orphans(layers));
    findings
}

/// What costs little: size, codes, and that there is one boundary.
pub(super) fn cheap(street: TenantId, layers: &[Layer]) -> Findings {
    let mut findings = Findings::default();
    let shapes = layers.iter().flat_map(|layer| &layer.features).map(|feature| &feature.shape);
    let count: usize = shapes.map(Shape::vertices).sum();
    if count > TERRITORY_VERTICES_MAX {
        findings.faults.push(Fault::TooManyVertices { count });
        return findings;
    }
    let mut known = BTreeSet::new();
    for layer in layers {
        if !known.insert(&layer.key) {
            findings.faults.push(Fault::LayerTwice { layer: layer.key.clone() });
        }
        findings.faults.extend(codes(street, layer));
    }
    let boundaries = features(layers, LayerKey::STREET).len();
    if boundaries != 1 {
        findings.faults.push(Fault::Boundary { count: boundaries });
    }
    findings
}

/// The features of a layer; none when it is not there.
fn features<'a>(layers: &'a [Layer], key: &str) -> &'a [Feature] {
    layers.iter().find(|layer| layer.key.as_str() == key).map_or(&[], |layer| &layer.features)
}

/// Codes that are malformed, foreign or there twice, in the order of codes.
fn codes(street: TenantId, layer: &Layer) -> Vec<Fault> {
    let mut sorted: Vec<&str> = layer.features.iter().map(|feature| feature.code.as_str()).collect();
    sorted.sort_unstable();
    let own = |code: &&str| code_fault(street, &layer.key, code);
    let mut faults: Vec<Fault> = sorted.iter().filter_map(own).collect();
    for pair in sorted.chunk_by(PartialEq::eq).filter(|equal| equal.len() > 1) {
        faults.push(Fault::CodeTwice { layer: layer.key.clone(), code: pair[0].to_owned() });
    }
    faults
}

fn code_fault(street: TenantId, layer: &LayerKey, code: &str) -> Option<Fault> {
    // What the first nine digits say, and whether the rest may be.
    let parsed = match layer.as_str() {
        LayerKey::STREET => code.parse().ok().map(|code: TenantId| code == street),
        LayerKey::COMMUNITY => {
            let code = code.parse().ok().filter(|code: &TenantId| *code != street);
            code.map(|code| code.as_i64() / 1_000 == street.as_i64() / 1_000)
        }
        LayerKey::GRID => {
            code.parse().ok().map(|code: GridCode| code.as_i64() / 1_000_000 == street.as_i64() / 1_000)
        }
        _ => plain_code(code).then_some(true),
    };
    let (layer, code) = (layer.clone(), code.to_owned());
    match parsed {
        Some(true) => None,
        Some(false) => Some(Fault::ForeignCode { layer, code, street }),
        None => Some(Fault::Code { layer, code }),
    }
}

/// Grids whose interior point no community holds, in the order of codes.
fn orphans(layers: &[Layer]) -> Vec<Fault> {
    let communities = features(layers, LayerKey::COMMUNITY);
    let lost = interior_points(features(layers, LayerKey::GRID))
        .filter(|(_, point)| !communities.iter().any(|community| community.shape.contains(*point)));
    let mut grids: Vec<_> = lost.map(|(grid, _)| grid.to_owned()).collect();
    grids.sort_unstable();
    grids.into_iter().map(|grid| Fault::NoCommunity { grid }).collect()
}

/// Codes with the point that speaks for the whole.
pub(super) fn interior_points(features: &[Feature]) -> impl Iterator<Item = (&str, Point)> {
    features.iter().map(|feature| (feature.code.as_str(), feature.shape.interior_point()))
}

impl Findings {
    /// Overlaps, what lies outside of the boundary, and what no grid covers.
    fn measure(&mut self, boundary: Option<&Shape>, key: &str, features: &[Feature]) {
        let layer: LayerKey = key.parse().expect("the layers of the house have well-formed keys");
        let mut sorted: Vec<&Feature> = features.iter().collect();
        sorted.sort_by(|a, b| a.code.cmp(&b.code));
        let shapes: Vec<&Shape> = sorted.iter().map(|feature| &feature.shape).collect();
        let Some(bounds) = boundary.or(shapes.first().copied()).map(Shape::bounds) else { return };
        let Some(coverage) = sweep::measure(boundary, &shapes) else {
            self.faults.push(Fault::TooIntricate { layer });
            return;
        };
        let large = |area: f64| Some(area * metres::square_e7_in_m2(bounds)).filter(|m2| *m2 > SLIVER_M2_MAX);
        let whole = |area: f64| large(area).map(|m2| m2.round() as u64);
        let code = |index: usize| sorted[index].code.clone();
        if boundary.is_some() {
            let outside = coverage.outside.iter().filter_map(|(feature, area)| {
                let area_m2 = whole(*area)?;
                Some(Fault::Outside { layer: layer.clone(), code: code(*feature), area_m2 })
            });
            self.faults.extend(outside);
        }
        self.faults.extend(coverage.overlaps.iter().filter_map(|((first, second), area)| {
            let (first, second, area_m2) = (code(*first), code(*second), whole(*area)?);
            Some(Fault::Overlap { layer: layer.clone(), first, second, area_m2 })
        }));
        if let (LayerKey::GRID, Some(area_m2), Some((at, _))) =
            (key, whole(coverage.gap), coverage.largest_gap)
        {
            self.warnings.push(Warning::Gap { area_m2, at });
        }
    }
}
