//! Made-up streets: a lattice whose corners are moved and whose sides are wavy, cut into blocks of cells that share
//! their borders vertex by vertex. The same seed gives the same lattice. Shared with the tests.

use territory::{Feature, Layer, Shape};

/// A lattice of cells; everything in e7.
#[derive(Debug, Clone, Copy)]
pub struct Lattice {
    pub seed: u64,
    /// The south-western corner, longitude and latitude.
    pub origin: [i32; 2],
    /// Width and height of a cell.
    pub cell: [i32; 2],
    /// Vertices between two corners.
    pub waves: i32,
}

/// Cells from west and south (included) to east and north (left out).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    pub west: i32,
    pub south: i32,
    pub east: i32,
    pub north: i32,
}

/// Chance from a seed (SplitMix64, Steele, Lea and Flood 2014).
pub fn chance(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

impl Lattice {
    /// A number from -1 to 1 that belongs to a place.
    fn jitter(&self, place: [i32; 4]) -> f64 {
        let mut state = self.seed;
        for part in place {
            state = chance(&mut state) ^ u64::from(part.cast_unsigned());
        }
        (chance(&mut state) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }

    /// A corner of cells, moved by up to 15 % of a cell.
    pub fn corner(&self, column: i32, row: i32) -> [i32; 2] {
        let along = |at: i32, axis: usize| {
            let moved = self.jitter([column, row, axis as i32, -1]) * 0.15 * f64::from(self.cell[axis]);
            self.origin[axis] + at * self.cell[axis] + moved.round() as i32
        };
        [along(column, 0), along(row, 1)]
    }

    /// From a corner along a side to the next one (left out), to the east or to the north; 4 % of a cell high waves.
    fn side(&self, column: i32, row: i32, north: bool) -> Vec<[i32; 2]> {
        let from = self.corner(column, row);
        let to = self.corner(column + i32::from(!north), row + i32::from(north));
        let mut side = vec![from];
        for step in 1..=self.waves {
            let part = f64::from(step) / f64::from(self.waves + 1);
            let at = |axis: usize| {
                let wave = self.jitter([column, row, step * 4 + axis as i32, i32::from(north)]) * 0.04;
                let straight = f64::from(from[axis]) + f64::from(to[axis] - from[axis]) * part;
                (straight + wave * f64::from(self.cell[axis])).round() as i32
            };
            side.push([at(0), at(1)]);
        }
        side.dedup();
        side
    }

    /// The closed outline of a block, counter-clockwise.
    pub fn outline(&self, block: Block) -> Vec<[i32; 2]> {
        let Block { west, south, east, north } = block;
        let back = |mut forth: Vec<[i32; 2]>, end: [i32; 2]| {
            forth.push(end);
            forth.reverse();
            forth.pop();
            forth
        };
        let level = |row: i32| (west..east).flat_map(move |column| self.side(column, row, false)).collect();
        let upright =
            |column: i32| (south..north).flat_map(move |row| self.side(column, row, true)).collect();
        let mut ring: Vec<[i32; 2]> = level(south);
        ring.extend::<Vec<_>>(upright(east));
        ring.extend(back(level(north), self.corner(east, north)));
        ring.extend(back(upright(west), self.corner(west, north)));
        ring.push(ring[0]);
        ring
    }

    /// A block as a feature.
    pub fn feature(&self, code: String, block: Block) -> Feature {
        let shape = Shape::from_e7(&[vec![self.outline(block)]]).expect("blocks are sound");
        Feature { name: Some(format!("name of {code}")), code, shape }
    }

    /// A street of 11 × 10 cells: 17 communities, 106 grids (four of two cells), four police beats.
    pub fn street(&self, code: i64, column: i32, row: i32) -> Vec<Layer> {
        let block = |west: i32, south: i32, width: i32, height: i32| {
            let (west, south) = (column + west, row + south);
            Block { west, south, east: west + width, north: south + height }
        };
        let mut communities = Vec::new();
        for (band, widths) in
            [&[4, 4, 3][..], &[4, 4, 3], &[4, 4, 3], &[3, 3, 3, 2], &[3, 3, 3, 2]].iter().enumerate()
        {
            let mut west = 0;
            for width in *widths {
                communities.push(block(west, band as i32 * 2, *width, 2));
                west += width;
            }
        }
        let mut grids = Vec::new();
        for south in 0..10 {
            let first_width = if south < 4 { 2 } else { 1 };
            grids.push(block(0, south, first_width, 1));
            grids.extend((first_width..11).map(|west| block(west, south, 1, 1)));
        }
        let beats = [block(0, 0, 6, 5), block(6, 0, 5, 5), block(0, 5, 6, 5), block(6, 5, 5, 5)];
        let layer = |key: &str, blocks: &[Block], code: &dyn Fn(usize) -> String| Layer {
            key: key.parse().expect("a key"),
            features: blocks
                .iter()
                .enumerate()
                .map(|(at, block)| self.feature(code(at + 1), *block))
                .collect(),
        };
        vec![
            layer("street", &[block(0, 0, 11, 10)], &|_| code.to_string()),
            layer("community", &communities, &|at| (code + at as i64).to_string()),
            layer("grid", &grids, &|at| (code * 1_000 + at as i64).to_string()),
            layer("police-beat", &beats, &|at| format!("PB-{at}")),
        ]
    }
}
