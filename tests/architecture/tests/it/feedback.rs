use architecture::feedback::offences;
use contract::topology::{HEARS, Hears};

use crate::none;

#[test]
fn events_go_forward_but_for_the_declared_feedback() {
    assert!(HEARS.len() > 5, "the table of subscriptions is nearly empty");
    none(offences(HEARS));
}

#[test]
fn a_wrong_subscription_is_named() {
    let check = |service, upstream, events: &'static [&'static str], feedback, said: &str| {
        let found = offences(&[Hears { service, upstream, events, feedback }]);
        assert!(found.len() == 1 && found[0].contains(said), "{service} hears {upstream}: {found:?}");
    };
    check("triage", "dispatch", &["dispatch.case.closed"], false, "points back");
    check("intake", "console", &["dispatch.case.closed"], true, "nothing console says");
    check("triage", "dispatch", &["dispatch.order.seen"], true, "write an ADR");
    check("triage", "dispatch", &["dispatch.case.*"], true, "write an ADR");
    check("triage", "notification", &["notification.delivery.delivered"], true, "write an ADR");
    check("dispatch", "dispatch", &["dispatch.order.seen"], false, "points back");
    check("dispatch", "triage", &["triage.case.routed"], true, "feedback mark");
    check("dispatch", "triage", &["triage.case.guessed"], false, "nothing triage says");
    check("dispatch", "directory", &["directory.document.core"], false, "not in the flow");
}
