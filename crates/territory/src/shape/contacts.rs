//! Where edges of a shape meet that should not. Exact: only signs of whole numbers are compared.
//!
//! An edge here holds its start and not its end. So neighbours in a ring do not meet, a vertex that two rings share
//! is one contact and not four, and nobody has to know which edges are neighbours.

use std::cmp::Ordering;

use crate::Point;
use crate::shape::fault::{Contact, Spot};

/// A side of a ring, in the ring's direction.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Side {
    pub(crate) from: Point,
    pub(crate) to: Point,
    /// Where it starts.
    pub(crate) at: Spot,
}

impl Side {
    fn lats(&self) -> (i32, i32) {
        order(self.from.lat_e7(), self.to.lat_e7())
    }

    fn lons(&self) -> (i32, i32) {
        order(self.from.lon_e7(), self.to.lon_e7())
    }

    /// On which side of this one a point lies. Products fit into an `i64`, see `edge`.
    fn turn(&self, point: Point) -> Ordering {
        let ((from_lon, from_lat), (to_lon, to_lat)) = (self.from.wide(), self.to.wide());
        let (lon, lat) = point.wide();
        ((to_lon - from_lon) * (lat - from_lat)).cmp(&((to_lat - from_lat) * (lon - from_lon)))
    }

    /// Whether a point on the same line lies on this side, its end left out.
    fn holds(&self, point: Point) -> bool {
        let ((west, east), (south, north)) = (self.lons(), self.lats());
        point != self.to
            && (west..=east).contains(&point.lon_e7())
            && (south..=north).contains(&point.lat_e7())
    }
}

fn order(a: i32, b: i32) -> (i32, i32) {
    if a <= b { (a, b) } else { (b, a) }
}

/// Every pair of sides that meet, in the order of their places; at most `limit` and one.
///
/// Sides are gone through from south to north. A border of n short edges costs about n log n; the worst case, thousands
/// of long edges beside each other, is n² comparisons, and n is bounded.
pub(crate) fn contacts(mut sides: Vec<Side>, limit: usize) -> Vec<(Spot, Spot, Contact)> {
    sides.sort_by_key(|side| (side.lats().0, side.at));
    let mut found = Vec::new();
    for (index, side) in sides.iter().enumerate() {
        let (north, (west, east)) = (side.lats().1, side.lons());
        for other in sides[index + 1..].iter().take_while(|other| other.lats().0 <= north) {
            let (other_west, other_east) = other.lons();
            if other_west > east || west > other_east {
                continue;
            }
            if let Some(contact) = contact(side, other) {
                found.push((side.at.min(other.at), side.at.max(other.at), contact));
            }
            if found.len() > limit {
                return found;
            }
        }
    }
    found.sort_by_key(|(first, second, _)| (*first, *second));
    found
}

fn contact(one: &Side, other: &Side) -> Option<Contact> {
    let (from, to) = (one.turn(other.from), one.turn(other.to));
    if from == to && from != Ordering::Equal {
        return None;
    }
    if from == Ordering::Equal && to == Ordering::Equal {
        return on_one_line(one, other);
    }
    let (back_from, back_to) = (other.turn(one.from), other.turn(one.to));
    let apart = |a: Ordering, b: Ordering| a != Ordering::Equal && a == b.reverse();
    if apart(from, to) && apart(back_from, back_to) {
        return Some(Contact::Crosses);
    }
    let starts_on = (from == Ordering::Equal && one.holds(other.from))
        || (back_from == Ordering::Equal && other.holds(one.from));
    starts_on.then_some(Contact::Touches)
}

fn on_one_line(one: &Side, other: &Side) -> Option<Contact> {
    let shared = |(a, b): (i32, i32), (c, d): (i32, i32)| i64::from(b.min(d)) - i64::from(a.max(c));
    let length = shared(one.lons(), other.lons()).min(shared(one.lats(), other.lats()));
    let longest = shared(one.lons(), other.lons()).max(shared(one.lats(), other.lats()));
    match (length, longest) {
        (..0, _) => None,
        (_, 1..) => Some(Contact::Overlaps),
        _ => (one.from == other.from).then_some(Contact::Touches),
    }
}
