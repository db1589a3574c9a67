//! Where the value stands that a fault points at, or what is nearest above it.

use std::collections::HashMap;

use super::fault::{Fault, escaped};
use super::tree::{At, Id, Tree, View};

/// Gives each fault its place in the manifest it is about.
///
/// The contract joins the steps of a path with dots, and a key may hold dots itself: which of them divide is seen
/// here, where the keys are. What does not stand in the manifest (a field left out, a line of the pack) has the
/// place of what it would stand in.
pub(super) fn place(faults: &mut [Fault], text: &str) {
    // What was read once is read again; a file that cannot be has no places.
    let Ok(tree) = Tree::read(text) else { return };
    let index = Index::of(&tree);
    for fault in faults {
        let (pointer, at) = index.settle(&fault.pointer);
        (fault.pointer, fault.at) = (pointer, at);
    }
}

/// The values of all mappings by their keys: a fault is found without searching.
struct Index<'a> {
    tree: &'a Tree,
    values: HashMap<(Id, &'a str), Id>,
}

impl<'a> Index<'a> {
    fn of(tree: &'a Tree) -> Self {
        let mut values = HashMap::new();
        for (map, entries) in tree.maps() {
            for entry in entries.chunks_exact(2) {
                if let Some(key) = tree.key(entry[0]) {
                    values.entry((map, key)).or_insert(entry[1]);
                }
            }
        }
        Self { tree, values }
    }

    fn settle(&self, pointer: &str) -> (String, Option<At>) {
        let steps: Vec<String> = pointer.split('/').skip(1).map(plain).collect();
        let (mut node, mut taken, mut settled) = (self.tree.root(), 0, String::new());
        while let Some((id, count)) = node.and_then(|id| self.step(id, &steps[taken..])) {
            settled.push_str(&escaped(&steps[taken..taken + count].join(".")));
            (node, taken) = (Some(id), taken + count);
        }
        let rest = steps[taken..].iter().map(|step| escaped(step));
        settled.extend(rest);
        (settled, node.map(|id| self.tree.at(id)))
    }

    /// The value below, and how many steps its key takes: as many as make a key that is there.
    fn step(&self, id: Id, steps: &[String]) -> Option<(Id, usize)> {
        match self.tree.view(id) {
            View::Text { .. } => None,
            View::List(items) => Some((*items.get(steps.first()?.parse::<usize>().ok()?)?, 1)),
            View::Map(_) => (1..=steps.len()).rev().find_map(|count| {
                let key = steps[..count].join(".");
                self.values.get(&(self.tree.target(id), key.as_str())).map(|value| (*value, count))
            }),
        }
    }
}

/// Bytes that the index of a text takes beside its tree.
#[cfg(test)]
pub(super) fn bytes_of_places(text: &str) -> usize {
    let tree = Tree::read(text);
    tree.map_or(0, |tree| Index::of(&tree).values.capacity() * (size_of::<((Id, &str), Id)>() + 1))
}

fn plain(step: &str) -> String {
    step.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "spec:\n  items:\n    A.1: { policy: x }\n    A: &a\n      policy: y\n  list: [p, *a]\n";

    fn settled(pointer: &str) -> (String, u32, u32) {
        let tree = Tree::read(TEXT).unwrap();
        let (pointer, at) = Index::of(&tree).settle(pointer);
        let at = at.unwrap();
        (pointer, at.line, at.column)
    }

    #[test]
    fn a_fault_stands_where_its_value_stands_or_above() {
        for (pointer, expected, line, column) in [
            ("", "", 1, 1),
            ("/spec/items/A/policy", "/spec/items/A/policy", 5, 15),
            ("/spec/items/A/1/policy", "/spec/items/A.1/policy", 3, 20),
            ("/spec/items/A/1/assists", "/spec/items/A.1/assists", 3, 10),
            ("/spec/items/B/policy", "/spec/items/B/policy", 3, 5),
            ("/spec/list/0", "/spec/list/0", 6, 10),
            ("/spec/list/1", "/spec/list/1", 6, 13),
            ("/spec/list/1/policy", "/spec/list/1/policy", 5, 15),
            ("/spec/list/7", "/spec/list/7", 6, 9),
            ("/nowhere", "/nowhere", 1, 1),
        ] {
            assert_eq!(settled(pointer), (expected.to_owned(), line, column), "{pointer}");
        }
    }
}
