//! Where the list of each cell begins, in as little memory as the many equal neighbours allow: looking up is waiting
//! for memory, and what a thousand streets take has to stay in the cache.
//!
//! Cells stand in blocks of four by four. A block whose cells have one list is that list; the others say where their
//! sixteen are.

/// Cells along a block: 2 to the power of this.
const BLOCK: u32 = 2;
const BLOCK_CELLS: usize = 1 << (2 * BLOCK);
/// Marks a block whose cells differ.
const MIXED: u16 = 1 << 15;

/// Starts of lists by column and row.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// Blocks along.
    columns: u32,
    /// Blocks in all; behind them the cells of those that are mixed.
    blocks: u32,
    starts: Box<[u16]>,
}

impl Table {
    /// Of the starts of all cells, row by row. Nothing when a start or the mixed blocks are too many for 15 bits.
    pub(super) fn new(cell_columns: usize, cells: &[u16]) -> Option<Self> {
        let cell_rows = cells.len() / cell_columns;
        let (columns, rows) = (cell_columns.div_ceil(1 << BLOCK), cell_rows.div_ceil(1 << BLOCK));
        let (mut starts, mut mixed) = (Vec::with_capacity(columns * rows), Vec::new());
        for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
            // Cells beyond the edge are asked for by nobody: they are as their nearest neighbour.
            let cell = |at: usize| {
                let row = ((row << BLOCK) + (at >> BLOCK)).min(cell_rows - 1);
                let column = ((column << BLOCK) + (at & ((1 << BLOCK) - 1))).min(cell_columns - 1);
                cells[row * cell_columns + column]
            };
            let own: [u16; BLOCK_CELLS] = std::array::from_fn(cell);
            if own.iter().all(|start| *start == own[0]) {
                starts.push(Some(own[0]).filter(|start| start & MIXED == 0)?);
            } else {
                let block = u16::try_from(mixed.len() / BLOCK_CELLS).ok()?;
                starts.push(Some(block).filter(|block| block & MIXED == 0)? | MIXED);
                mixed.extend(own);
            }
        }
        let blocks = starts.len() as u32;
        starts.extend(mixed);
        Some(Self { columns: columns as u32, blocks, starts: starts.into() })
    }

    /// Where the list of a cell begins.
    #[inline]
    pub(super) fn at(&self, (column, row): (usize, usize)) -> usize {
        let start = self.starts[(row >> BLOCK) * self.columns as usize + (column >> BLOCK)];
        if start & MIXED == 0 {
            return usize::from(start);
        }
        let within = ((row & ((1 << BLOCK) - 1)) << BLOCK) | (column & ((1 << BLOCK) - 1));
        let block = usize::from(start & !MIXED) * BLOCK_CELLS;
        usize::from(self.starts[self.blocks as usize + block + within])
    }

    pub(super) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.starts)
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    /// Every cell is found again, whatever the table's size leaves over at its edges.
    #[test]
    fn every_cell_is_where_it_was() {
        for (columns, rows) in [(1, 1), (3, 9), (4, 4), (17, 6), (64, 33)] {
            let cell = |at: usize| ((at % columns / 7) * 5 + (at / columns) / 3) as u16;
            let cells: Vec<u16> = (0..columns * rows).map(cell).collect();
            let table = Table::new(columns, &cells).unwrap();
            for (at, start) in cells.iter().enumerate() {
                let cell = (at % columns, at / columns);
                assert_eq!(table.at(cell), usize::from(*start), "{columns} by {rows}, {cell:?}");
            }
        }
    }

    /// A start that needs all bits is refused, for coarser cells.
    #[test]
    fn too_many_lists_are_refused() {
        assert!(Table::new(4, &[40_000; 16]).is_none());
    }
}
