//! Published examples, round trips, and where nothing is moved.

use proptest::prelude::*;
use rstest::rstest;
use territory::{Datum, InvalidPoint, Point};

/// Metres between two places, well enough for less than a kilometre.
fn metres(a: (f64, f64), b: (f64, f64)) -> f64 {
    let north = (a.1 - b.1) * 111_320.0;
    north.hypot((a.0 - b.0) * 111_320.0 * a.1.to_radians().cos())
}

/// From the tests of `eviltransform` and the page of `coordtransform`.
#[rstest]
#[case::shanghai(Datum::Gcj02, (121.527_210_6, 31.177_427_6), (121.531_541_859_215, 31.175_303_983_645_97))]
#[case::shenzhen(Datum::Gcj02, (113.912_316, 22.543_847), (113.917_176_480_836_3, 22.540_796_131_694_766))]
#[case::beijing(Datum::Gcj02, (116.377_817, 39.911_954), (116.384_047_224_556_57, 39.913_345_455_360_69))]
#[case::tiananmen(Datum::Gcj02, (116.404, 39.915), (116.410_244_499_169_38, 39.916_404_281_501_64))]
fn published_examples(#[case] datum: Datum, #[case] wgs: (f64, f64), #[case] moved: (f64, f64)) {
    assert!(metres(datum.from_wgs84(wgs.0, wgs.1), moved) < 0.01);
    assert!(metres(datum.to_wgs84(moved.0, moved.1), wgs) < 0.01);
}

#[test]
fn bd09_lies_on_top_of_gcj02() {
    let (gcj, bd) = ((116.404, 39.915), (116.410_369_493_710_29, 39.921_336_993_510_22));
    let wgs = Datum::Gcj02.to_wgs84(gcj.0, gcj.1);
    assert!(metres(Datum::Bd09.from_wgs84(wgs.0, wgs.1), bd) < 0.01);
    assert!(metres(Datum::Bd09.to_wgs84(bd.0, bd.1), wgs) < 0.01);
}

#[rstest]
#[case::new_york(-73.98, 40.75)]
#[case::sydney(151.2, -33.87)]
#[case::london(-0.12, 51.5)]
#[case::pole(0.0, 90.0)]
#[case::date_line(180.0, 20.0)]
fn elsewhere_nothing_is_moved(#[case] lon: f64, #[case] lat: f64) {
    for datum in [Datum::Wgs84, Datum::Gcj02, Datum::Bd09] {
        assert_eq!(datum.to_wgs84(lon, lat), (lon, lat));
        assert_eq!(datum.from_wgs84(lon, lat), (lon, lat));
    }
}

#[rstest]
#[case(f64::NAN, 30.0, InvalidPoint::NotFinite)]
#[case(104.0, f64::INFINITY, InvalidPoint::NotFinite)]
#[case(180.000_1, 30.0, InvalidPoint::OutOfRange)]
#[case(104.0, -90.000_1, InvalidPoint::OutOfRange)]
#[case(1e300, 1e300, InvalidPoint::OutOfRange)]
fn what_is_no_point_is_refused(#[case] lon: f64, #[case] lat: f64, #[case] why: InvalidPoint) {
    for datum in [Datum::Wgs84, Datum::Gcj02, Datum::Bd09] {
        assert_eq!(Point::from_degrees(lon, lat, datum), Err(why));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn there_and_back_is_the_same_place(lon in 73.0..136.0_f64, lat in 3.5..54.0_f64) {
        for datum in [Datum::Wgs84, Datum::Gcj02, Datum::Bd09] {
            let there = datum.from_wgs84(lon, lat);
            let back = datum.to_wgs84(there.0, there.1);
            prop_assert!(metres(back, (lon, lat)) < 0.001, "{:?}: {}", datum, metres(back, (lon, lat)));
            let again = datum.from_wgs84(back.0, back.1);
            prop_assert!(metres(again, there) < 0.001);
        }
    }

    #[test]
    fn any_numbers_make_a_point_or_a_refusal(lon: f64, lat: f64) {
        for datum in [Datum::Wgs84, Datum::Gcj02, Datum::Bd09] {
            let _ = Point::from_degrees(lon, lat, datum);
        }
    }

    #[test]
    fn all_of_the_range_is_a_point(lon in -180.0..=180.0_f64, lat in -90.0..=90.0_f64) {
        for datum in [Datum::Wgs84, Datum::Gcj02, Datum::Bd09] {
            prop_assert!(Point::from_degrees(lon, lat, datum).is_ok());
        }
    }
}
