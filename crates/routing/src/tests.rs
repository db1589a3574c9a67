//! Plans of the story, and what holds of every plan.

use ids::{BodyRef, Lane};
use proptest::prelude::*;

use crate::{
    Assigned, Entry, Explanation, Facts, Level, Priority, RoutingMode, Seat, Settings, plan, recompute,
};

fn seat(body: &str, level: Level) -> Seat {
    let body: BodyRef = body.parse().unwrap();
    Seat { zh: format!("单位{body}"), en: format!("body {body}"), body, level }
}

fn facts(item: &str, lane: Lane) -> Facts {
    Facts {
        street: "990102001000".parse().unwrap(),
        community: None,
        item: item.into(),
        lane,
        assigned: None,
        ladder: Vec::new(),
        circumstances: None,
    }
}

fn settings() -> Settings {
    let centre = seat("street-centre@990102001000", Level::Street);
    Settings {
        informs: vec![centre.clone(), seat("governance-centre", Level::District)],
        catch_all: centre,
        catch_all_policy: "catch-all".into(),
        catch_all_priority: Priority::P3,
        routing_mode: RoutingMode::Auto,
        pack_generation: 7,
        street_generation: 3,
    }
}

fn entry(level: Level, lead: Option<Seat>, assists: Vec<Seat>) -> Entry {
    let unplaced = if lead.is_none() { vec!["community".to_owned()] } else { vec![] };
    let (policy, priority) = ("item".to_owned(), Priority::P3);
    Entry { item: "TRA-01".into(), level, lead, assists, unplaced, policy, priority }
}

fn rules(explanation: &Explanation) -> Vec<&str> {
    explanation.steps.iter().map(|step| step.rule.as_str()).collect()
}

fn texts(bodies: &[BodyRef]) -> Vec<String> {
    bodies.iter().map(BodyRef::to_string).collect()
}

#[test]
fn the_bus_line_goes_to_the_district_with_all_its_bodies() {
    let assists = vec![seat("traffic-police", Level::District), seat("bus-company", Level::District)];
    let entry = entry(Level::District, Some(seat("transport", Level::District)), assists);
    let (plan, explanation) = plan(&facts("TRA-01", Lane::Normal), Some(&entry), &settings(), &[]);
    assert_eq!((plan.level, plan.lead.to_string().as_str()), (Level::District, "transport"));
    assert_eq!(texts(&plan.assists), ["traffic-police", "bus-company"]);
    assert_eq!(texts(&plan.informs), ["street-centre@990102001000", "governance-centre"]);
    assert_eq!((plan.policy.as_str(), plan.priority, plan.lane), ("item", Priority::P3, Lane::Normal));
    assert_eq!((plan.pack_generation, plan.street_generation), (7, 3));
    assert_eq!(rules(&explanation), ["list.entry", "level.reserved_above", "level.reserved_above"]);
    assert_eq!(explanation.steps[1].zh, "由社区升至街道：清单规定由区级办理，主办为单位transport");
    assert_eq!(
        explanation.steps[2].en,
        "up from street to district: the list reserves it for the district, body transport leads"
    );
}

#[test]
fn what_crosses_bodies_climbs_to_who_commands_them_all() {
    let lead = || Some(seat("street-enforcement@990102001000", Level::Street));
    let level_with = |assists: Vec<Seat>| {
        let (plan, explanation) = plan(
            &facts("ENV-02", Lane::Bulk),
            Some(&entry(Level::Street, lead(), assists)),
            &settings(),
            &[],
        );
        (plan.level, rules(&explanation).last().unwrap().to_string())
    };
    assert_eq!(level_with(vec![]), (Level::Street, "level.reserved_above".into()));
    let ecology = seat("ecology", Level::District);
    assert_eq!(level_with(vec![ecology]), (Level::District, "level.cross_body".into()));
}

#[test]
fn the_community_keeps_what_it_can_close() {
    let entry = entry(Level::Community, Some(seat("community@990102001005", Level::Community)), vec![]);
    let (plan, explanation) = plan(&facts("ENV-04", Lane::Normal), Some(&entry), &settings(), &[]);
    assert_eq!(plan.level, Level::Community);
    assert_eq!(rules(&explanation), ["list.entry", "level.kept"]);
}

#[test]
fn nobody_s_matter_is_the_catch_all_s() {
    let (none, explanation) = plan(&facts("XXX-99", Lane::Normal), None, &settings(), &[]);
    assert_eq!(
        (none.lead.to_string().as_str(), none.policy.as_str()),
        ("street-centre@990102001000", "catch-all")
    );
    assert_eq!(texts(&none.informs), ["governance-centre"]);
    assert_eq!(rules(&explanation), ["list.no_entry", "roles.repeated", "level.reserved_above"]);
    let unplaced = entry(Level::Community, None, vec![]);
    let (unplaced, explanation) = plan(&facts("ENV-04", Lane::Normal), Some(&unplaced), &settings(), &[]);
    assert_eq!((unplaced.lead, unplaced.level), (none.lead, Level::Street));
    assert_eq!(rules(&explanation)[..2], ["list.unplaced", "list.catch_all_leads"]);
}

#[test]
fn p1_rides_in_the_urgent_lane_and_no_lane_sinks() {
    let lane = |priority, came_in| {
        let entry = Entry { priority, ..entry(Level::District, Some(seat("gas", Level::District)), vec![]) };
        plan(&facts("SAF-02", came_in), Some(&entry), &settings(), &[]).0.lane
    };
    assert_eq!(lane(Priority::P1, Lane::Bulk), Lane::Urgent);
    assert_eq!(lane(Priority::P4, Lane::Urgent), Lane::Urgent);
    assert_eq!(lane(Priority::P2, Lane::Bulk), Lane::Bulk);
}

fn assigned(by: Level, lead: Option<Seat>, assists: Vec<Seat>) -> Facts {
    let unplaced = if lead.is_none() { vec!["gone".to_owned()] } else { Vec::new() };
    let assigned = Some(Assigned { by, lead, assists, unplaced });
    Facts { assigned, ..facts("TRA-01", Lane::Normal) }
}

#[test]
fn a_centre_says_who_acts_but_not_below_what_the_list_reserves() {
    let police = seat("traffic-police", Level::District);
    let list = entry(Level::Street, Some(seat("transport", Level::District)), vec![police]);
    let centre = seat("street-centre@990102001000", Level::Street);
    let grid = seat("community@990102001005", Level::Community);
    let given = assigned(Level::District, Some(centre.clone()), vec![grid.clone()]);
    let (given, explanation) = plan(&given, Some(&list), &settings(), &[]);
    assert_eq!((&given.lead, texts(&given.assists)), (&centre.body, vec![grid.body.to_string()]));
    assert_eq!((explanation.method.as_str(), given.level), ("assignment", Level::Street));
    assert_eq!(explanation.steps[1].zh, format!("区级交办：由{}主办", centre.zh));
    let (below, explanation) =
        plan(&assigned(Level::District, Some(grid), Vec::new()), Some(&list), &settings(), &[]);
    assert_eq!(
        (below.lead.to_string(), texts(&below.assists)),
        ("transport".into(), vec!["traffic-police".into()])
    );
    assert_eq!(rules(&explanation)[1], "assigned.reserved");
    let (gone, explanation) = plan(&assigned(Level::Street, None, Vec::new()), Some(&list), &settings(), &[]);
    assert_eq!((gone.lead.to_string().as_str(), rules(&explanation)[1]), ("transport", "assigned.unplaced"));
}

/// Who stands for each level at a place of the street.
fn ladder() -> Vec<Seat> {
    vec![
        seat("community@990102001005", Level::Community),
        seat("street-centre@990102001000", Level::Street),
        seat("governance-centre", Level::District),
    ]
}

#[test]
fn an_emergency_asks_no_level_first_and_tells_them_all() {
    let gas = |priority| {
        let assists = vec![seat("fire@990102001000", Level::Street)];
        let entry = Entry { priority, ..entry(Level::District, Some(seat("gas", Level::District)), assists) };
        let facts = Facts { ladder: ladder(), ..facts("SAF-02", Lane::Urgent) };
        plan(&facts, Some(&entry), &settings(), &[])
    };
    let (plan, explanation) = gas(Priority::P1);
    assert_eq!((plan.level, plan.lead.to_string().as_str()), (Level::District, "gas"));
    assert_eq!(
        texts(&plan.informs),
        ["street-centre@990102001000", "governance-centre", "community@990102001005"]
    );
    assert_eq!(rules(&explanation), ["list.entry", "level.emergency"]);
    assert_eq!(
        explanation.steps[1].zh,
        "紧急事项（P1），直达区级办理，不逐级上报，各级同时知悉：单位community@990102001005、单位street-centre@990102001000、单位governance-centre"
    );
    let (plan, explanation) = gas(Priority::P2);
    assert_eq!(texts(&plan.informs), ["street-centre@990102001000", "governance-centre"]);
    assert_eq!(rules(&explanation), ["list.entry", "level.reserved_above", "level.reserved_above"]);
}

#[test]
fn where_the_community_leads_an_emergency_it_is_not_told_besides() {
    let entry = Entry {
        priority: Priority::P1,
        ..entry(Level::Community, Some(seat("community@990102001005", Level::Community)), vec![])
    };
    let facts = Facts { ladder: ladder(), ..facts("HOU-05", Lane::Urgent) };
    let (plan, explanation) = plan(&facts, Some(&entry), &settings(), &[]);
    assert_eq!(plan.level, Level::Community);
    assert_eq!(texts(&plan.informs), ["street-centre@990102001000", "governance-centre"]);
    assert_eq!(rules(&explanation), ["list.entry", "level.emergency"]);
}

fn seats() -> impl Strategy<Value = Seat> {
    let level = prop::sample::select(Level::ALL.to_vec());
    ("[a-d]", prop::bool::ANY, level)
        .prop_map(|(key, local, level)| seat(&if local { format!("{key}@990102001000") } else { key }, level))
}

fn entries() -> impl Strategy<Value = Entry> {
    let priority = prop::sample::select(vec![Priority::P1, Priority::P2, Priority::P3, Priority::P4]);
    let level = prop::sample::select(Level::ALL.to_vec());
    (level, prop::option::of(seats()), prop::collection::vec(seats(), 0..6), priority)
        .prop_map(|(level, lead, assists, priority)| Entry { priority, ..entry(level, lead, assists) })
}

proptest! {
    /// An emergency ends where climbing would; each body has one role; whoever an ordinary matter tells is told, and those
    /// passed over besides.
    #[test]
    fn an_emergency_goes_where_climbing_ends_and_tells_no_fewer(
        entry in prop::option::of(entries()),
        catch_all in seats(),
        informs in prop::collection::vec(seats(), 0..4),
        ladder in prop::collection::vec(seats(), 0..4),
    ) {
        let settings = Settings { catch_all, informs, ..settings() };
        let facts = Facts { ladder, ..facts("TRA-01", Lane::Normal) };
        let with = |priority| {
            let entry = entry.clone().map(|entry| Entry { priority, ..entry });
            let settings = Settings { catch_all_priority: priority, ..settings.clone() };
            plan(&facts, entry.as_ref(), &settings, &[])
        };
        let (emergency, explanation) = with(Priority::P1);
        let (ordinary, _) = with(Priority::P3);
        prop_assert_eq!(emergency.level, ordinary.level);
        prop_assert_eq!((&emergency.lead, &emergency.assists), (&ordinary.lead, &ordinary.assists));
        prop_assert_eq!(&emergency.informs[..ordinary.informs.len()], &ordinary.informs[..]);

        let mut everybody = vec![emergency.lead.clone()];
        everybody.extend(emergency.assists.iter().chain(&emergency.informs).cloned());
        prop_assert!(facts.ladder.iter().all(|seat| everybody.contains(&seat.body)));
        let named = everybody.len();
        everybody.sort();
        everybody.dedup();
        prop_assert_eq!(everybody.len(), named, "no body twice");
        let climbed = |step: &crate::Step| step.rule.starts_with("level.");
        let levels: Vec<&str> =
            explanation.steps.iter().filter(|step| climbed(step)).map(|step| step.rule.as_str()).collect();
        prop_assert_eq!(levels, ["level.emergency"]);
        prop_assert_eq!(recompute(&explanation), explanation);
    }

    #[test]
    fn every_plan_has_one_lead_and_each_body_one_role(
        entry in prop::option::of(entries()),
        catch_all in seats(),
        informs in prop::collection::vec(seats(), 0..4),
        lane in prop::sample::select(Lane::ALL.to_vec()),
    ) {
        let settings = Settings { catch_all, informs, ..settings() };
        let (plan, explanation) = plan(&facts("TRA-01", lane), entry.as_ref(), &settings, &[]);

        let mut everybody = vec![plan.lead.clone()];
        everybody.extend(plan.assists.iter().chain(&plan.informs).cloned());
        let mut distinct = everybody.clone();
        distinct.sort();
        distinct.dedup();
        prop_assert_eq!(distinct.len(), everybody.len());
        let listed = entry.iter().flat_map(|e| e.lead.iter().chain(&e.assists)).chain(&settings.informs);
        for seat in listed {
            prop_assert!(everybody.contains(&seat.body));
        }
        let leads = entry.as_ref().and_then(|e| e.lead.as_ref()).unwrap_or(&settings.catch_all);
        prop_assert_eq!(&plan.lead, &leads.body);
        prop_assert!(plan.level >= leads.level);
        prop_assert!(entry.as_ref().is_none_or(|e| plan.level >= e.level));
        prop_assert!(plan.lane <= lane);

        let stored = serde_json::to_vec(&explanation).unwrap();
        let read: Explanation = serde_json::from_slice(&stored).unwrap();
        prop_assert_eq!(serde_json::to_vec(&recompute(&read)).unwrap(), stored);
        prop_assert_eq!(read.plan, plan);
    }

    /// Given from above: the centre's lead or the list's, never below what the list reserves, and everybody once.
    #[test]
    fn what_is_given_from_above_has_one_lead_too(
        entry in prop::option::of(entries()),
        by in prop::sample::select(Level::ALL.to_vec()),
        lead in prop::option::of(seats()),
        assists in prop::collection::vec(seats(), 0..4),
    ) {
        let facts = assigned(by, lead.clone(), assists);
        let (listed, _) = plan(&Facts { assigned: None, ..facts.clone() }, entry.as_ref(), &settings(), &[]);
        let (plan, explanation) = plan(&facts, entry.as_ref(), &settings(), &[]);
        let mut everybody: Vec<_> = plan.assists.iter().chain(&plan.informs).chain([&plan.lead]).collect();
        let count = everybody.len();
        everybody.sort();
        everybody.dedup();
        prop_assert_eq!(everybody.len(), count);
        let reserved = |lead: &Seat| entry.as_ref().is_some_and(|entry| lead.level < entry.level);
        match lead.filter(|lead| !reserved(lead)) {
            Some(lead) => prop_assert_eq!(&plan.lead, &lead.body),
            None => prop_assert_eq!((&plan.lead, &plan.assists), (&listed.lead, &listed.assists)),
        }
        let stored = serde_json::to_vec(&explanation).unwrap();
        let read: Explanation = serde_json::from_slice(&stored).unwrap();
        prop_assert_eq!(serde_json::to_vec(&recompute(&read)).unwrap(), stored);
    }
}
