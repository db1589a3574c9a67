//! The board of candidates: open cases by the spot they stand on, so that a report is compared with those around it
//! and not with every open case of its item.

use std::collections::BTreeMap;

use ids::TenantId;
use jiff::Timestamp;

use super::distance::Point;
use super::grid::{cell_of, cells_around};
use super::join::{self, Candidate};

/// Where candidates stand: cases of one spot differ in nothing that keeps them from being one matter but in place
/// and time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// Whose.
    pub tenant: TenantId,
    /// Of which item.
    pub item: String,
    /// `wgs84`, `gcj02` or `bd09`.
    pub datum: &'static str,
    /// A rehearsal.
    pub drill: bool,
    /// See [`super::grid`].
    pub cell: i64,
}

/// A report that looks for its case.
#[derive(Debug, Clone, Copy)]
pub struct Seeking<'a> {
    /// Whose.
    pub tenant: TenantId,
    /// Its item.
    pub item: &'a str,
    /// The datum of its point.
    pub datum: &'static str,
    /// A rehearsal joins rehearsals only (D26).
    pub drill: bool,
    /// Where.
    pub point: Point,
}

/// Candidates by spot.
#[derive(Debug, Default)]
pub struct Board(BTreeMap<Spot, Vec<Candidate>>);

impl Seeking<'_> {
    /// Where a case it may join can stand: at most nine spots.
    pub fn spots(&self) -> impl Iterator<Item = Spot> {
        cells_around(self.point).into_iter().map(|cell| self.spot(cell))
    }

    /// Where the case it opens will stand.
    pub fn own_spot(&self) -> Spot {
        self.spot(cell_of(self.point))
    }

    fn spot(&self, cell: i64) -> Spot {
        let Self { tenant, item, datum, drill, .. } = *self;
        Spot { tenant, item: item.to_owned(), datum, drill, cell }
    }
}

impl Board {
    /// Puts a case on its spot.
    pub fn add(&mut self, spot: Spot, case: Candidate) {
        self.0.entry(spot).or_default().push(case);
    }

    /// The case that is the same matter, if there is one: [`join::choose`] among those around.
    pub fn choose(&self, seeking: &Seeking<'_>, now: Timestamp) -> Option<Candidate> {
        let around = seeking.spots().filter_map(|spot| self.0.get(&spot)).flatten();
        join::choose(seeking.point, now, around.copied())
    }
}

#[cfg(test)]
mod tests {
    use ids::CaseId;
    use jiff::SignedDuration;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const STREETS: [&str; 2] = ["990102001000", "990102002000"];
    const ITEMS: [&str; 2] = ["TRA-01", "TRA-03"];
    const DATUMS: [&str; 2] = ["wgs84", "gcj02"];
    /// A corner of cells in the city, where columns widen, the date line, the last degrees.
    const PLACES: [(f64, f64); 6] =
        [(106.55, 29.56), (106.55, 60.0), (180.0, 12.345), (-180.0, 75.0), (30.0, 88.999), (0.0, 90.0)];

    #[derive(Debug, Clone)]
    struct Report {
        street: usize,
        item: usize,
        datum: usize,
        drill: bool,
        point: Point,
        hours: i64,
    }

    impl Report {
        fn seeking(&self) -> Seeking<'static> {
            Seeking {
                tenant: STREETS[self.street].parse().unwrap(),
                item: ITEMS[self.item],
                datum: DATUMS[self.datum],
                drill: self.drill,
                point: self.point,
            }
        }
    }

    /// Within some 1.5 km of one of the places: some join, some do not.
    fn report() -> impl Strategy<Value = Report> {
        let place = (prop::sample::select(&PLACES[..]), -1.0..=1.0f64, -1.0..=1.0f64);
        let point = place.prop_map(|((lon, lat), east, north)| {
            let lat = (lat + north * 0.007).clamp(-90.0, 90.0);
            let degrees = 0.007 / lat.to_radians().cos().max(1e-4);
            Point::from_degrees((lon + east * degrees + 540.0).rem_euclid(360.0) - 180.0, lat).unwrap()
        });
        let kind =
            (0usize..2, 0usize..2, prop::sample::select(vec![0usize, 0, 0, 1]), prop::bool::weighted(0.2));
        (kind, point, 0i64..60).prop_map(|((street, item, datum, drill), point, hours)| Report {
            street,
            item,
            datum,
            drill,
            point,
            hours,
        })
    }

    proptest! {
        /// The rule as it is written (D50), over all cases there are, and the board agree on every report.
        #[test]
        fn the_board_finds_what_looking_at_every_case_finds(reports in prop::collection::vec(report(), 1..60)) {
            let mut now: Timestamp = "2026-11-23T02:00:00Z".parse().unwrap();
            let (mut board, mut all) = (Board::default(), Vec::new());
            for (report, n) in reports.iter().zip(0u128..) {
                now += SignedDuration::from_hours(report.hours);
                let seeking = report.seeking();
                let same = |other: &(Spot, Candidate)| {
                    let spot = seeking.own_spot();
                    Spot { cell: spot.cell, ..other.0.clone() } == spot
                };
                let naive = join::choose(report.point, now, all.iter().filter(|c| same(c)).map(|(_, case)| *case));
                let found = board.choose(&seeking, now);
                prop_assert_eq!(found, naive);
                if found.is_none() {
                    let case_id = CaseId(Uuid::from_u128(n));
                    let case = Candidate { case_id, point: report.point, opened_at: now };
                    board.add(seeking.own_spot(), case);
                    all.push((seeking.own_spot(), case));
                }
            }
        }
    }
}
