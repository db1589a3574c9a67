//! A case that bodies have already turns out to be about another item, or to lie elsewhere (重新派单): what is wanted, and who may
//! have it. Pure.

use contract::proto::intake::Place;
use routing::Level;
use serde::Serialize;

use super::desk::{Desk, Refusal};
use super::report::datum_word;

/// What a person corrects; one of the two at least.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// What it is about.
    pub item: Option<String>,
    /// Where it is.
    pub place: Option<Place>,
}

#[derive(Serialize)]
struct Asked<'a> {
    item: Option<&'a str>,
    place: Option<AskedPlace<'a>>,
}

#[derive(Serialize)]
struct AskedPlace<'a> {
    lon: f64,
    lat: f64,
    datum: Option<&'static str>,
    address: &'a str,
}

impl Wanted {
    /// As it is kept, to know the same request again. Words said with it are not part of it.
    pub fn asked(&self) -> String {
        let place = self.place.as_ref().map(|place| AskedPlace {
            lon: place.lon,
            lat: place.lat,
            datum: datum_word(place.datum()),
            address: &place.address,
        });
        let asked = Asked { item: self.item.as_deref(), place };
        serde_json::to_string(&asked).expect("texts and finite numbers can be written")
    }
}

/// What decides at whose desk a case is re-routed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stakes {
    /// Whose centre gave it from above.
    pub given_by: Option<Desk>,
    /// Whose desk the new plan would have to pass.
    pub waits_for: Option<Desk>,
    /// Where who led before stands; nothing where it cannot be read any more.
    pub led_before: Option<Level>,
    /// Where who leads now stands.
    pub led: Option<Level>,
}

/// Whether a person may. What the district gave, what it has to look at, and what a body of the district led and one below it would
/// lead now, goes by the district only: a street does not take it down by another item. Who assists makes nothing the district's.
pub fn may(rank: Desk, stakes: Stakes) -> Result<(), Refusal> {
    let Stakes { given_by, waits_for, led_before, led } = stakes;
    let districts = given_by.max(waits_for) == Some(Desk::District);
    let taken_down = led_before == Some(Level::District) && led.is_some_and(|now| now < Level::District);
    if rank < Desk::District && (districts || taken_down) {
        return Err(Refusal::DistrictReroutes);
    }
    Ok(())
}

/// A level by its word in a plan.
pub fn level_of(word: &str) -> Option<Level> {
    Level::ALL.into_iter().find(|level| level.as_str() == word)
}

#[cfg(test)]
mod tests {
    use contract::proto::intake::Datum;

    use super::*;

    const NOTHING: Stakes =
        Stakes { given_by: None, waits_for: None, led_before: Some(Level::Street), led: Some(Level::Street) };

    fn place(lon: f64, address: &str) -> Place {
        Place { lon, lat: 29.5, datum: Datum::Gcj02.into(), address: address.to_owned() }
    }

    #[test]
    fn the_same_request_is_known_again_and_another_is_not() {
        let wanted = |item: Option<&str>, place: Option<Place>| {
            Wanted { item: item.map(str::to_owned), place }.asked()
        };
        let both = wanted(Some("TRA-01"), Some(place(106.5, "滨江路")));
        assert_eq!(
            both,
            r#"{"item":"TRA-01","place":{"lon":106.5,"lat":29.5,"datum":"gcj02","address":"滨江路"}}"#
        );
        assert_eq!(both, wanted(Some("TRA-01"), Some(place(106.5, "滨江路"))));
        let others = [
            wanted(Some("TRA-01"), None),
            wanted(None, Some(place(106.5, "滨江路"))),
            wanted(Some("TRA-02"), Some(place(106.5, "滨江路"))),
            wanted(Some("TRA-01"), Some(place(106.500_000_1, "滨江路"))),
            wanted(Some("TRA-01"), Some(place(106.5, "滨江路1号"))),
        ];
        assert!(others.iter().all(|other| *other != both));
    }

    #[test]
    fn the_district_may_whatever_is_at_stake() {
        let desks = [None, Some(Desk::Street), Some(Desk::District)];
        let levels = [None, Some(Level::Community), Some(Level::Street), Some(Level::District)];
        for (given_by, waits_for) in desks.iter().flat_map(|given| desks.map(|waits| (*given, waits))) {
            for (led_before, led) in levels.iter().flat_map(|before| levels.map(|now| (*before, now))) {
                let stakes = Stakes { given_by, waits_for, led_before, led };
                assert_eq!(may(Desk::District, stakes), Ok(()));
                let above = given_by == Some(Desk::District) || waits_for == Some(Desk::District);
                let down = led_before == Some(Level::District)
                    && matches!(led, Some(Level::Community | Level::Street));
                assert_eq!(may(Desk::Street, stakes).is_err(), above || down, "{stakes:?}");
            }
        }
    }

    #[test]
    fn a_street_re_routes_what_is_its_own_or_goes_up() {
        for level in Level::ALL {
            assert_eq!(may(Desk::Street, Stakes { led: Some(level), ..NOTHING }), Ok(()));
        }
        let down = Stakes { led_before: Some(Level::District), ..NOTHING };
        assert_eq!(may(Desk::Street, down), Err(Refusal::DistrictReroutes));
        assert_eq!(level_of("district"), Some(Level::District));
        assert_eq!(level_of("realm"), None);
    }
}
