use std::path::Path;

use architecture::links::dead;
use architecture::source::{self, Source};

use crate::none;

#[test]
fn every_link_of_a_page_leads_somewhere() {
    let (root, pages) = (source::root(), source::pages());
    assert!(pages.len() > 30, "the pages were not read: {}", pages.len());
    none(pages.iter().flat_map(|page| dead(page, |file| root.join(file).exists())).collect());
}

#[test]
fn a_dead_link_is_named() {
    let dead = |text: &str| {
        dead(&Source::made_up("docs/page.md", text), |file| file == Path::new("docs/a.md")).len()
    };
    assert_eq!(dead("[a](a.md) [b](a.md#part) [c](#part) [d](https://example.com/x)"), 0);
    assert_eq!(dead("[a](b.md) and [b](../a.md)"), 2);
}
