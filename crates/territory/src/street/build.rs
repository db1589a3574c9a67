//! From checked layers to places and cells.

use std::str::FromStr;

use ids::TenantId;

use crate::region::Region;
use crate::street::StreetTerritory;
use crate::street::cells::Cells;
use crate::street::check::interior_points;
use crate::street::places::{Named, Other, Places};
use crate::{Fault, Feature, Layer, LayerKey, Shape};

const CHECKED: &str = "the layers were checked";

/// Layers must have passed `check::cheap`. Refused are grids that no community holds.
pub(super) fn build(street: TenantId, mut layers: Vec<Layer>) -> Result<StreetTerritory, Vec<Fault>> {
    layers.sort_by(|a, b| a.key.cmp(&b.key));
    // Codes of one layer that has a rule are equally long, so their texts sort as their numbers do.
    layers.iter_mut().for_each(|layer| layer.features.sort_by(|a, b| a.code.cmp(&b.code)));
    let mut take = |key: &str| {
        let at = layers.iter().position(|layer| layer.key.as_str() == key);
        at.map(|at| layers.remove(at).features).unwrap_or_default()
    };
    let outline = take(LayerKey::STREET).pop().expect(CHECKED).shape;
    let (communities, grids) = (take(LayerKey::COMMUNITY), take(LayerKey::GRID));

    let of_others = layers.iter().flat_map(|layer| &layer.features);
    let features = communities.iter().chain(&grids).chain(of_others);
    let shapes: Vec<&Shape> =
        std::iter::once(&outline).chain(features.map(|feature| &feature.shape)).collect();
    let regions: Box<[Region]> = shapes.iter().map(|shape| Region::new(shape)).collect();
    let placed: Vec<_> = shapes.into_iter().zip(&regions).collect();
    let cells = Cells::new(&placed);

    let parents = parents(&grids, &communities)?;
    let (communities, grids) = (named(communities), named(grids));
    let keys = layers.iter().map(|layer| layer.key.clone()).collect();
    let others = layers.into_iter().enumerate().flat_map(others).collect();
    let places = Places { regions, communities, grids, others, layers: keys };
    Ok(StreetTerritory { code: street, outline, cells, places, parents })
}

fn code<C: FromStr>(text: &str) -> C {
    text.parse().ok().expect(CHECKED)
}

fn named<C: FromStr>(features: Vec<Feature>) -> Named<C> {
    let named = |feature: Feature| (code(&feature.code), feature.name.map(String::into_boxed_str));
    features.into_iter().map(named).collect()
}

fn others((layer, features): (usize, Layer)) -> impl Iterator<Item = Other> {
    features.features.into_iter().map(move |feature| {
        let name = feature.name.map(String::into_boxed_str);
        Other { layer, code: feature.code.into_boxed_str(), name }
    })
}

/// The community of each grid, in the grids' order; both are in the order of their codes.
fn parents(grids: &[Feature], communities: &[Feature]) -> Result<Box<[TenantId]>, Vec<Fault>> {
    let (mut parents, mut orphans) = (Vec::with_capacity(grids.len()), Vec::new());
    for (grid, point) in interior_points(grids) {
        match communities.iter().find(|community| community.shape.contains(point)) {
            Some(community) => parents.push(code(&community.code)),
            None => orphans.push(Fault::NoCommunity { grid: grid.to_owned() }),
        }
    }
    if orphans.is_empty() { Ok(parents.into()) } else { Err(orphans) }
}
