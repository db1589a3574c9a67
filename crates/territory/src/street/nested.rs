//! The lists of cells while they grow: every list is a shorter one and an entry, so equal lists are one.
//!
//! Neighbours mostly get the same entry behind the same list, so what was looked up last is remembered.

use std::collections::HashMap;

use super::cells::Entry;

/// The list of nothing.
const EMPTY: u32 = 0;

/// A list: all but its last entry, and that.
struct Node {
    before: u32,
    last: Entry,
    length: u32,
}

/// Every cell's list so far.
pub(super) struct Nested {
    /// By cell, its node.
    cells: Vec<u32>,
    nodes: Vec<Node>,
    longer: HashMap<(u32, Entry), u32>,
    /// What was looked up last, and its answer.
    latest: ((u32, Entry), u32),
}

impl Nested {
    /// A number of cells with nothing in them.
    pub(super) fn new(cells: usize) -> Self {
        let nothing = Node { before: EMPTY, last: Entry(0), length: 0 };
        // No list but the empty one is the node 0: the first question is not answered by this.
        let latest = ((u32::MAX, Entry(0)), EMPTY);
        Self { cells: vec![EMPTY; cells], nodes: vec![nothing], longer: HashMap::new(), latest }
    }

    /// Adds an entry to a cell's list. Entries come in the order of their places.
    pub(super) fn push(&mut self, cell: usize, entry: Entry) {
        let question = (self.cells[cell], entry);
        if self.latest.0 != question {
            let (before, length) = (question.0, self.nodes[question.0 as usize].length + 1);
            let (nodes, next) = (&mut self.nodes, &mut self.longer);
            let longer = *next.entry(question).or_insert_with(|| {
                nodes.push(Node { before, last: entry, length });
                (nodes.len() - 1) as u32
            });
            self.latest = (question, longer);
        }
        self.cells[cell] = self.latest.1;
    }

    /// Where each cell's list begins, and the lists: of each its length, then its entries. Nothing when there is more
    /// than two bytes tell apart.
    pub(super) fn flat(self) -> Option<(Vec<u16>, Box<[Entry]>)> {
        let mut starts = vec![None; self.nodes.len()];
        let (mut cells, mut lists) = (Vec::with_capacity(self.cells.len()), Vec::new());
        for node in &self.cells {
            let at = *node as usize;
            if starts[at].is_none() {
                starts[at] = Some(u16::try_from(lists.len()).ok()?);
                self.write(at, &mut lists);
            }
            cells.extend(starts[at]);
        }
        Some((cells, lists.into()))
    }

    fn write(&self, node: usize, lists: &mut Vec<Entry>) {
        let length = self.nodes[node].length;
        let start = lists.len();
        lists.resize(start + 1 + length as usize, Entry(length));
        let mut at = node;
        for place in lists[start + 1..].iter_mut().rev() {
            *place = self.nodes[at].last;
            at = self.nodes[at].before as usize;
        }
    }
}
