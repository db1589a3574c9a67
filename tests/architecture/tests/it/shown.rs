use architecture::shown::missing;
use architecture::source::{self, Source};

use crate::none;

#[test]
fn every_test_a_page_names_exists() {
    let (root, pages) = (source::root(), source::pages());
    let read = |file: &str| std::fs::read_to_string(root.join(file)).ok();
    let named = pages.iter().filter(|page| page.text.contains(".rs::")).count();
    assert!(named > 0, "no page names a test");
    none(pages.iter().flat_map(|page| missing(page, read)).collect());
}

#[test]
fn a_test_that_is_not_there_is_named() {
    let read = |file: &str| (file == "a/b.rs").then(|| "async fn it_holds() {}".to_owned());
    let missing = |text: &str| missing(&Source::made_up("docs/page.md", text), read).len();
    assert_eq!(missing("`a/b.rs::it_holds` and a/b.rs::not_in_a_span"), 0);
    assert_eq!(missing("`a/b.rs::it` and `a/c.rs::it_holds`"), 2);
}
