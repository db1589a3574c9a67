//! Two predicates (D8): which tenants, and which rows. What is not seen looks unknown.

use access::{Action, BodyScope, Denied, Grant, Membership, Resource, Role, Scope};
use proptest::prelude::*;

use crate::{
    DISTRICT, FOREIGN_DISTRICT, FOREIGN_STREET, SECOND_STREET, STREET, body, body_scope, holder, tenant,
};

fn row(street: &str, district: &str, holder: &str) -> Resource {
    Resource::of(tenant(street), tenant(district)).held_by(body(holder))
}

fn only(name: &str) -> BodyScope {
    BodyScope::Only(vec![body(name)])
}

#[test]
fn a_district_body_acts_on_its_orders_in_every_street_of_its_district_and_nowhere_else() {
    let transport = holder([(Role::BodyUser, body_scope(DISTRICT, "transport"))]);
    let act = |resource| transport.may(Action::OrderAct, &resource);
    assert_eq!(act(row(STREET, DISTRICT, "transport")), Ok(only("transport")));
    assert_eq!(act(row(SECOND_STREET, DISTRICT, "transport")), Ok(only("transport")));
    assert_eq!(act(row(STREET, DISTRICT, "traffic-police")), Err(Denied::NotFound));
    assert_eq!(act(row(FOREIGN_STREET, FOREIGN_DISTRICT, "transport")), Err(Denied::NotFound));
}

#[test]
fn a_street_body_ends_at_its_street() {
    let name = "street-centre@990102001000";
    let centre = holder([(Role::BodyUser, body_scope(STREET, name))]);
    assert_eq!(centre.may(Action::OrderAct, &row(STREET, DISTRICT, name)), Ok(only(name)));
    assert_eq!(centre.may(Action::OrderAct, &row(SECOND_STREET, DISTRICT, name)), Err(Denied::NotFound));
}

#[test]
fn a_wrong_role_in_the_own_street_is_forbidden_and_a_foreign_street_unknown() {
    let worker = holder([(Role::GridWorker, Scope::Street(tenant(STREET)))]);
    for action in [Action::OrderAct, Action::DocumentApply, Action::CaseVerify] {
        let here = Resource::of(tenant(STREET), tenant(DISTRICT));
        assert_eq!(worker.may(action, &here), Err(Denied::Forbidden));
    }
    for (street, district) in
        [(SECOND_STREET, DISTRICT), (FOREIGN_STREET, FOREIGN_DISTRICT), (DISTRICT, DISTRICT)]
    {
        let there = Resource::of(tenant(street), tenant(district));
        for action in Action::ALL {
            assert_eq!(worker.may(action, &there), Err(Denied::NotFound), "{street} {action}");
        }
    }
}

#[test]
fn grants_add_up() {
    let both = holder([
        (Role::BodyUser, body_scope(DISTRICT, "transport")),
        (Role::BodyUser, body_scope(DISTRICT, "bus-company")),
        (Role::Verifier, Scope::Street(tenant(SECOND_STREET))),
    ]);
    let territory = [(STREET, DISTRICT), (SECOND_STREET, DISTRICT), (FOREIGN_STREET, FOREIGN_DISTRICT)];
    let territory = territory.map(|(street, district)| (tenant(street), tenant(district)));
    let reach = both.reach(Action::OrderList, territory);
    let bodies = BodyScope::Only(vec![body("bus-company"), body("transport")]);
    assert_eq!(
        reach.into_iter().collect::<Vec<_>>(),
        [(tenant(STREET), bodies), (tenant(SECOND_STREET), BodyScope::All)]
    );
}

#[test]
fn a_stranger_sees_nothing() {
    let stranger = Membership::default().principal("nobody");
    for action in Action::ALL {
        let here = Resource::of(tenant(STREET), tenant(DISTRICT));
        assert_eq!(stranger.may(action, &here), Err(Denied::NotFound));
    }
}

fn scope() -> impl Strategy<Value = Scope> {
    let streets = prop::sample::select(vec![STREET, SECOND_STREET, FOREIGN_STREET]);
    let districts = prop::sample::select(vec![DISTRICT, FOREIGN_DISTRICT]);
    let bodies = (districts.clone(), prop::sample::select(vec!["transport", "bus-company"]));
    prop_oneof![
        streets.prop_map(|code| Scope::Street(tenant(code))),
        districts.prop_map(|code| Scope::District(tenant(code))),
        bodies.prop_map(|(home, name)| body_scope(home, name)),
        Just(Scope::Installation),
    ]
}

proptest! {
    /// More grants never take a right away, and rows seen before stay seen.
    #[test]
    fn rights_only_grow(held in prop::collection::vec((prop::sample::select(Role::ALL.to_vec()), scope()), 0..5),
                        more in (prop::sample::select(Role::ALL.to_vec()), scope()),
                        action in prop::sample::select(Action::ALL.to_vec()),
                        name in prop::sample::select(vec!["transport", "bus-company"])) {
        let known = |(role, scope)| Grant::new(role, scope).ok().map(|grant| ("li", grant));
        let before: Membership = held.into_iter().filter_map(known).collect();
        let mut after = before.clone();
        after.merge(&known(more).into_iter().collect());
        let resource = row(STREET, DISTRICT, name);
        let (before, after) = (before.principal("li"), after.principal("li"));
        if let Ok(rows) = before.may(action, &resource) {
            let wider = after.may(action, &resource).expect("still allowed");
            prop_assert!(rows.contains(&body(name)) && wider.contains(&body(name)));
        }
    }
}
