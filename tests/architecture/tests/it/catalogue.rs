use architecture::catalogue::MACHINES;
use architecture::source::{self, Source};

use crate::none;

#[test]
fn whatever_happens_to_an_order_or_case_is_said() {
    let sources = source::read(&["rs"]);
    assert!(MACHINES.iter().all(|machine| machine.readable(&sources)), "the machines' words were not found");
    none(MACHINES.iter().flat_map(|machine| machine.unsaid(&sources)).collect());
}

#[test]
fn a_word_without_an_event_type_is_named() {
    let check = |word: &str| {
        let text = format!(
            "impl E {{\n    pub fn name(&self) -> &str {{\n        match self {{ A => \"{word}\" }}\n    }}\n\n    fn note() {{ \"x\" }}\n}}\n"
        );
        MACHINES[0].unsaid(&[Source::made_up("crates/orders/src/order/event.rs", &text)])
    };
    assert_eq!(check("seen"), Vec::<String>::new());
    assert_eq!(check("evaporated").len(), 1);
    assert!(!MACHINES[0].readable(&[Source::made_up("crates/orders/src/order/event.rs", "fn label() {}")]));
}
