//! Where the borders of a made-up street run.
//!
//! A street is eight strips; a row of communities is two of them. Points are made once for each border and used by
//! both sides of it, in whole 1e-7 degrees: so tiles fit to the last digit. The street's own border is straight, and
//! on a straight border along an axis a point of one side lies on the other side's edge exactly.

use std::collections::BTreeSet;

/// East and north in 1e-7 degrees.
pub(super) type Point = (i32, i32);

/// Communities of each of the four rows: 17 in all.
const ROWS: [usize; 4] = [4, 4, 4, 5];
/// Grids of the first communities; all others have six. 8 + 7 + 7 + 14 × 6 = 106.
const LARGER: [usize; 3] = [8, 7, 7];
const GRIDS: usize = 6;
/// 2.8 km² at 29.3° north. Both are multiples of 240, so that every border falls on a whole number.
const WIDTH: i32 = 172_800;
const HEIGHT: i32 = 150_480;
const STRIPS: i32 = 8;
/// How far a border strays: a fifth of the narrowest tile at most.
const STRAY_EAST: i32 = WIDTH / 80;
const STRAY_NORTH: i32 = HEIGHT / 80;
/// South-west corner of the first street.
const ORIGIN: Point = (1_064_000_000, 293_000_000);
/// Streets side by side.
const COLUMNS: i32 = 32;

/// A made-up street.
pub(super) struct Lattice {
    seed: u64,
    n: u16,
}

/// A stretch of one strip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tile {
    /// The lowest strip.
    pub strip: i32,
    /// How many strips high.
    pub strips: i32,
    /// From the western border.
    pub west: i32,
    /// From the western border.
    pub east: i32,
}

/// A community with its grids.
pub(super) struct Community {
    pub tile: Tile,
    pub grids: Vec<Tile>,
}

impl Lattice {
    pub(super) fn new(seed: u64, n: u16) -> Self {
        Self { seed, n }
    }

    /// The whole street.
    pub(super) fn whole(&self) -> Tile {
        Tile { strip: 0, strips: STRIPS, west: 0, east: WIDTH }
    }

    /// The four rows.
    pub(super) fn rows(&self) -> impl Iterator<Item = Tile> {
        (0..ROWS.len() as i32).map(|row| Tile { strip: 2 * row, strips: 2, west: 0, east: WIDTH })
    }

    /// The communities, row by row.
    pub(super) fn communities(&self) -> Vec<Community> {
        communities()
    }

    /// The ring around a tile, counter-clockwise; the first point is not repeated.
    pub(super) fn ring(&self, tile: Tile) -> Vec<Point> {
        let top = tile.strip + tile.strips;
        let mut ring = self.along(tile.strip, tile);
        ring.extend(self.up(tile, tile.east));
        let mut back = self.along(top, tile);
        back.reverse();
        ring.extend(back);
        let mut down = self.up(tile, tile.west);
        down.reverse();
        ring.extend(down);
        ring
    }

    /// Points of a horizontal border from a tile's west to its east, both corners among them.
    fn along(&self, line: i32, tile: Tile) -> Vec<Point> {
        let stops = stops(line);
        let within = stops.into_iter().filter(|east| (tile.west..=tile.east).contains(east));
        within.map(|east| self.crossing(line, east)).collect()
    }

    /// Points of a vertical border, the tile's own corners left out.
    fn up(&self, tile: Tile, east: i32) -> Vec<Point> {
        let mut points = Vec::new();
        for strip in tile.strip..tile.strip + tile.strips {
            if strip > tile.strip {
                points.push(self.crossing(strip, east));
            }
            if east != 0 && east != WIDTH {
                points.extend((1..4).map(|quarter| self.between(strip, east, quarter)));
            }
        }
        points
    }

    fn crossing(&self, line: i32, east: i32) -> Point {
        let edge = line == 0 || line == STRIPS || east == 0 || east == WIDTH;
        let stray = if edge { 0 } else { self.stray([line, east, 0], STRAY_NORTH) };
        self.at(east, line * (HEIGHT / STRIPS) + stray)
    }

    fn between(&self, strip: i32, east: i32, quarter: i32) -> Point {
        let stray = self.stray([strip, east, quarter], STRAY_EAST);
        self.at(east + stray, strip * (HEIGHT / STRIPS) + quarter * (HEIGHT / STRIPS / 4))
    }

    fn at(&self, east: i32, north: i32) -> Point {
        let place = i32::from(self.n) - 1;
        let corner = (ORIGIN.0 + place % COLUMNS * WIDTH, ORIGIN.1 + place / COLUMNS * HEIGHT);
        (corner.0 + east, corner.1 + north)
    }

    /// Between −`most` and `most`; the same for the same border of the same street and seed.
    fn stray(&self, of: [i32; 3], most: i32) -> i32 {
        let words = of.into_iter().map(|word| word as u64);
        let mixed = words.fold(mix(self.seed ^ mix(u64::from(self.n))), |mixed, word| mix(mixed ^ word));
        (mixed % (2 * most as u64 + 1)) as i32 - most
    }
}

/// The output step of SplitMix64 (Steele, Lea, Flood, 2014): the same on every machine and in every version.
fn mix(word: u64) -> u64 {
    let word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

fn communities() -> Vec<Community> {
    let mut sizes = LARGER.into_iter().chain(std::iter::repeat(GRIDS));
    let mut made = Vec::new();
    for (row, count) in ROWS.into_iter().enumerate() {
        let width = WIDTH / count as i32;
        for column in 0..count as i32 {
            let west = column * width;
            let tile = Tile { strip: 2 * row as i32, strips: 2, west, east: west + width };
            let grids = sizes.next().unwrap_or(GRIDS);
            let lower = grids.div_ceil(2);
            let mut tiles = split(tile, tile.strip, lower);
            tiles.extend(split(tile, tile.strip + 1, grids - lower));
            made.push(Community { tile, grids: tiles });
        }
    }
    made
}

/// A strip of a community in equal parts.
fn split(of: Tile, strip: i32, parts: usize) -> Vec<Tile> {
    let width = (of.east - of.west) / parts as i32;
    let part = |n: i32| Tile { strip, strips: 1, west: of.west + n * width, east: of.west + (n + 1) * width };
    (0..parts as i32).map(part).collect()
}

/// Where a horizontal border has points: the corners of the tiles above and below, and the middles between them.
fn stops(line: i32) -> BTreeSet<i32> {
    let touching = |tile: &Tile| tile.strip == line || tile.strip + tile.strips == line;
    let grids = communities().into_iter().flat_map(|community| community.grids);
    let mut stops: BTreeSet<i32> = grids.filter(touching).flat_map(|tile| [tile.west, tile.east]).collect();
    if line != 0 && line != STRIPS {
        let corners: Vec<i32> = stops.iter().copied().collect();
        stops.extend(corners.windows(2).map(|pair| pair[0].midpoint(pair[1])));
    }
    stops
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_street_has_its_parts() {
        let communities = Lattice::new(1, 1).communities();
        assert_eq!(communities.len(), 17);
        let grids: Vec<usize> = communities.iter().map(|community| community.grids.len()).collect();
        assert_eq!((&grids[..4], grids.iter().sum::<usize>()), (&[8, 7, 7, 6][..], 106));
    }

    /// Twice the area, by the shoelace formula.
    fn doubled_area(ring: &[Point]) -> i64 {
        let next = ring.iter().cycle().skip(1);
        let cross =
            |(a, b): (&Point, &Point)| i64::from(a.0) * i64::from(b.1) - i64::from(b.0) * i64::from(a.1);
        ring.iter().zip(next).map(cross).sum()
    }

    #[test]
    fn parts_fill_the_whole_to_the_last_digit() {
        for (seed, n) in [(1, 1), (7, 32), (7, 33), (99, 999)] {
            let lattice = Lattice::new(seed, n);
            let area = |tile| doubled_area(&lattice.ring(tile));
            let whole = area(lattice.whole());
            let communities = lattice.communities();
            assert_eq!(whole, 2 * i64::from(WIDTH) * i64::from(HEIGHT));
            assert_eq!(lattice.rows().map(area).sum::<i64>(), whole);
            assert_eq!(communities.iter().map(|community| area(community.tile)).sum::<i64>(), whole);
            for community in &communities {
                let grids: i64 = community.grids.iter().map(|tile| area(*tile)).sum();
                assert_eq!(grids, area(community.tile));
                assert!(community.grids.iter().all(|tile| area(*tile) > 0));
            }
        }
    }

    #[test]
    fn another_seed_draws_another_street_and_the_same_the_same() {
        let ring = |seed| {
            let lattice = Lattice::new(seed, 3);
            lattice.ring(lattice.communities()[5].tile)
        };
        assert_eq!(ring(1), ring(1));
        assert_ne!(ring(1), ring(2));
    }
}
