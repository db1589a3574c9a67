//! The shipped pack and demo manifests: what must hold of these very files.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use jiff::ToSpan;
use jiff::civil::{Weekday, date};
use serde::de::DeserializeOwned;

use super::manifest::{DistrictSpec, Manifest, ManifestHead, ManifestKind, StreetSpec};
use super::pack::Pack;
use super::*;

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../packs").join(name)
}

fn read<T: DeserializeOwned>(name: &str) -> T {
    let text = fs::read_to_string(path(name)).unwrap();
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn pack() -> Pack {
    Pack {
        bodies: read("default/bodies.yaml"),
        items: read("default/items.yaml"),
        calendar: read("default/calendar.yaml"),
        policies: read("default/policies.yaml"),
        alarm_words: read("default/alarm-words.yaml"),
    }
}

fn sink() -> Variables {
    [("SINK_URL".to_owned(), "http://127.0.0.1:9400".to_owned())].into()
}

fn district() -> Compiled<DistrictCore> {
    let manifest: Manifest<DistrictSpec> = read("demo/district-990102000000.yaml");
    compile_district(manifest, pack(), &sink(), Reach::Private).unwrap()
}

fn street(code: &str) -> Compiled<StreetCore> {
    let manifest: Manifest<StreetSpec> = read(&format!("demo/street-{code}.yaml"));
    compile_street(manifest, &district().core, 1, &sink(), Reach::Private).unwrap()
}

fn limit(amount: u32, unit: Unit, clock: Clock) -> Limit {
    Limit { amount, unit, clock }
}

#[test]
fn the_pack_is_complete() {
    let core = district().core;
    let repeated = core.bodies.values().filter(|body| body.level != Level::District).count();
    assert_eq!((core.bodies.len(), repeated, core.items.len(), core.categories.len()), (46, 10, 132, 15));
    assert_eq!(core.items.values().filter(|item| item.on_site_minutes.is_none()).count(), 43);
    assert_eq!(core.calendars["cn-official"].days.len(), 108);
    assert_eq!(check_district(&core), []);
}

#[test]
fn urgency_decides_the_clock() {
    for (code, item) in &district().core.items {
        let hasty = item.priority <= Priority::P2;
        assert_eq!(item.clock == Clock::Clock, hasty, "{code}");
        assert_eq!(item.resolve.unit == Unit::Hour, hasty, "{code}");
        assert_eq!(item.resolve.unit == Unit::Workday, !hasty, "{code}");
        assert_eq!(item.extensions_max, u32::from(!hasty), "{code}");
        assert_eq!(item.urgency == Urgency::Critical, item.priority == Priority::P1, "{code}");
        assert!(!hasty || item.on_site_minutes.is_some(), "{code}");
    }
}

#[test]
fn working_days_are_as_published() {
    let calendar = &district().core.calendars["cn-official"];
    let worked = |year: i16| {
        let days = date(year, 1, 1).series(1.day()).take_while(|day| day.year() == year);
        let listed = |day| calendar.days.iter().find(|d| d.date == day).map(|d| d.kind);
        let weekend = |day: jiff::civil::Date| matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        days.filter(|day| match listed(*day) {
            Some(kind) => kind == DayKind::MakeupWorkday,
            None => !weekend(*day),
        })
        .count()
    };
    assert_eq!([2024, 2025, 2026].map(worked), [251, 248, 248]);
}

#[test]
fn alarm_words_point_at_the_listed_items_only() {
    let core = district().core;
    let pointed: BTreeSet<&str> = core.alarm_words.values().flatten().map(String::as_str).collect();
    let listed = "TRA-11 HOU-05 SAF-01 SAF-02 SAF-11 POL-01 DIS-03 LIV-02 HEA-04 HEA-06 EMG-01 EMG-02 EMG-03 \
                  EMG-04 EMG-06 IOT-01 IOT-02 IOT-09";
    assert_eq!(pointed, listed.split(' ').collect());
    assert!(pointed.iter().all(|code| core.items[*code].priority == Priority::P1));
    assert_eq!(core.alarm_words["煤气泄漏"], ["SAF-02"]);
    let said = |text: &str| core.alarm_words.keys().any(|word| text.contains(word.as_str()));
    assert!(!said(&core.items["TRA-01"].example) && !said("公交306路改道绕行，取消站点，出行不便"));
}

#[test]
fn the_story_s_item_resolves_as_told() {
    let (district, street) = (district().core, street("990102001000").core);
    let pack = merge(&district, &street);
    let item = pack.resolve("TRA-01", None).unwrap();
    assert_eq!(item.lead.to_string(), "transport");
    assert_eq!(
        item.assists.iter().map(|b| b.to_string()).collect::<Vec<_>>(),
        ["traffic-police", "bus-company"]
    );
    let limits = [
        (Stage::Acknowledge, limit(120, Unit::Minute, Clock::Work)),
        (Stage::OnSite, limit(450, Unit::Minute, Clock::Work)),
        (Stage::Resolve, limit(10, Unit::Workday, Clock::Work)),
        (Stage::Verify, limit(2, Unit::Workday, Clock::Work)),
    ];
    assert_eq!(item.policy.limits, limits.into());
    assert_eq!((item.policy.key.as_str(), item.policy.warn_per_mille), ("item", vec![800]));
    assert_eq!((item.level, item.lane, item.unplaced), (Level::District, ids::Lane::Normal, vec![]));
    assert_eq!(
        pack.informs(),
        ["street-centre@990102001000", "governance-centre"].map(|b| b.parse().unwrap())
    );
    assert_eq!(street.communities.len(), 17);
    let told: Vec<_> = pack.endpoints().map(|(tenant, key, e)| (tenant, key, e.body.to_string())).collect();
    assert_eq!(told.len(), 5);
    assert_eq!(told[4], (street.code, "street-centre", "street-centre@990102001000".to_owned()));
}

#[test]
fn the_second_street_overrides_one_item() {
    let (district, street) = (district().core, street("990102002000").core);
    let item = merge(&district, &street).resolve("TRA-03", None).unwrap();
    assert_eq!((item.lead.to_string().as_str(), item.assists), ("bus-company", vec![]));
    assert_eq!(item.policy.key, "demo-fast");
    assert_eq!(item.policy.limits, [(Stage::Acknowledge, limit(5, Unit::Second, Clock::Clock))].into());
    let step = ResolvedStep {
        after_s: 0,
        action: ChainAction::Notify,
        body: Some("governance-centre".parse().unwrap()),
    };
    assert_eq!((item.policy.warn_per_mille, item.policy.chain), (vec![800], vec![step]));
    assert!(street.policies["demo-fast"].demo);
}

/// How long a ruling may take is named by a policy of a manifest, or for the derived ones by the district; else by nobody.
#[test]
fn a_policy_may_say_how_long_a_ruling_takes() {
    let mut core = district().core;
    let of = |core: &DistrictCore, street: &StreetCore, item: &str| {
        merge(core, street).resolve(item, None).unwrap().policy.limits.get(&Stage::Adjudicate).copied()
    };
    let plain = street("990102002000").core;
    assert_eq!((of(&core, &plain, "TRA-01"), of(&core, &plain, "TRA-03")), (None, None));
    let text = fs::read_to_string(path("demo/street-990102002000.yaml")).unwrap();
    let named = "      limits:\n        adjudicate: { amount: 4, unit: hour, clock: work }\n";
    let manifest =
        serde_saphyr::from_str::<Manifest<StreetSpec>>(&text.replace("      limits:\n", named)).unwrap();
    let named = compile_street(manifest, &core, 1, &sink(), Reach::Private).unwrap().core;
    let hours = Some(limit(4, Unit::Hour, Clock::Work));
    assert_eq!((of(&core, &named, "TRA-01"), of(&core, &named, "TRA-03")), (None, hours));
    core.adjudicate = Some(limit(2, Unit::Workday, Clock::Work));
    assert_eq!(of(&core, &named, "TRA-01"), core.adjudicate);
    assert_eq!(of(&core, &named, "TRA-03"), hours, "what a policy names itself");
    core.adjudicate = Some(limit(0, Unit::Workday, Clock::Work));
    let faults: Vec<_> = check_district(&core).into_iter().map(|fault| fault.to_string()).collect();
    assert!(matches!(&faults[..], [fault] if fault.starts_with("adjudicate: ")), "{faults:?}");
}

#[test]
fn every_item_has_a_lead_in_every_place() {
    let (district, street) = (district().core, street("990102001000").core);
    let pack = merge(&district, &street);
    for community in [None, Some(street.communities[4].code), Some("990102009001".parse().unwrap())] {
        for code in district.items.keys() {
            let item = pack.resolve(code, community).unwrap();
            assert!(pack.body(&item.lead).unwrap().can_lead, "{code}");
            assert!(!item.assists.contains(&item.lead), "{code}");
            assert!(item.assists.iter().all(|body| pack.body(body).is_some()), "{code}");
        }
    }
    let placed = pack.resolve("ENV-04", Some(street.communities[4].code)).unwrap();
    assert_eq!(placed.lead.to_string(), "community@990102001005");
    let unplaced = pack.resolve("ENV-04", None).unwrap();
    assert_eq!((unplaced.lead, unplaced.lead_placed), (pack.catch_all().body, false));
    assert!(placed.lead_placed);
    assert_eq!(unplaced.unplaced, ["community".parse().unwrap()]);
    assert_eq!(pack.bodies().len(), 36 + 8 + 2 * 17);
}

#[test]
fn personas_have_their_grants() {
    let district = district();
    let own = street("990102002000").people.members;
    let members: BTreeSet<&str> =
        district.people.members.keys().chain(own.keys()).map(String::as_str).collect();
    let personas = "auditor bus-company governance-centre grid-worker resident sre street-centre traffic-police transport \
                    verifier";
    assert_eq!(members, personas.split(' ').collect());
    let centre = &own["street-centre"][0];
    assert_eq!(centre.body, Some("street-centre@990102002000".parse().unwrap()));
    assert_eq!(centre.scope.to_string(), "990102002000");
}

#[test]
fn documents_of_the_demo_survive_their_bytes() {
    let document = Document::district(1, district().core);
    assert_eq!(Document::decode(&document.encode().unwrap()).unwrap(), document);
    let document = Document::street(1, street("990102002000").core);
    assert_eq!(Document::decode(&document.encode().unwrap()).unwrap(), document);
}

#[test]
fn a_slip_of_the_pen_is_refused() {
    let text = fs::read_to_string(path("demo/street-990102002000.yaml")).unwrap();
    assert_eq!(serde_saphyr::from_str::<ManifestHead>(&text).unwrap().kind, ManifestKind::Street);
    for (good, bad) in [
        ("routing_mode", "routing_mod"),
        ("warn_per_mille", "warn_permille"),
        ("streetwise/v1", "streetwise/v2"),
        ("{ role: verifier }", "{ role: verifier, scop: all }"),
        ("amount: 5, unit: second", "amount: 5, unit: seconds"),
    ] {
        assert!(text.contains(good), "{good}");
        let parsed = serde_saphyr::from_str::<Manifest<StreetSpec>>(&text.replace(good, bad));
        assert!(parsed.is_err(), "{bad}");
    }
}

#[test]
fn faults_name_their_field() {
    let text = fs::read_to_string(path("demo/street-990102002000.yaml")).unwrap();
    let district = district().core;
    let faults = |good: &str, bad: &str| -> Vec<String> {
        assert!(text.contains(good), "{good}");
        let manifest = serde_saphyr::from_str::<Manifest<StreetSpec>>(&text.replace(good, bad)).unwrap();
        let refused = compile_street(manifest, &district, 1, &sink(), Reach::Private).unwrap_err();
        refused.iter().map(Fault::to_string).collect()
    };
    let one = |good, bad, expected: &str| assert_eq!(faults(good, bad), [expected]);
    one("TRA-03: {", "TRA-99: {", "items.TRA-99: no item has the code TRA-99");
    one("assists: []", "assists: [bus-company]", "items.TRA-03.assists.0: body bus-company leads already");
    one("assists: []", "assists: [nobody]", "items.TRA-03.assists.0: no body has the key nobody");
    one("policy: demo-fast", "policy: fast", "items.TRA-03.policy: no policy has the key fast");
    one(
        "      demo: true\n",
        "",
        "policies.demo-fast.limits.acknowledge: limits in seconds are for demo policies only",
    );
    one(
        "[800]",
        "[800, 800]",
        "policies.demo-fast.warn_per_mille: warnings are ascending and between 1 and 999",
    );
    one("chain: to", "chain: too", "policies.demo-fast.chain: no chain has the key too-district-centre");
    one(
        "990102002003",
        "990102001003",
        "communities.2.code: community 990102001003 is not one of this street",
    );
    one("990102002003", "990102002002", "communities.2.code: community 990102002002 stands here twice");
    one("${SINK_URL}/", "http://${HOME}/", "endpoints.street-centre.url: variable HOME is not allowed here");
    one(
        "{ body: street-centre,",
        "{ body: transport,",
        "endpoints.street-centre.body: body transport does not belong to this tenant",
    );
    one("kind: Street", "kind: District", "kind: the kind of the manifest does not suit its spec");
}

#[test]
fn a_faulty_pack_is_refused() {
    let core = district().core;
    let faults = |break_it: fn(&mut DistrictCore)| {
        let mut broken = core.clone();
        break_it(&mut broken);
        check_district(&broken).into_iter().map(|fault| fault.problem).collect::<Vec<_>>()
    };
    assert_eq!(
        faults(|core| core.items.get_mut("TRA-01").unwrap().lead = "meteorology".parse().unwrap()),
        [Problem::CannotLead("meteorology".parse().unwrap())]
    );
    assert_eq!(
        faults(|core| core.items.get_mut("TRA-01").unwrap().level = Level::Street),
        [Problem::LevelDiffers]
    );
    assert_eq!(
        faults(|core| core.items.get_mut("TRA-01").unwrap().keywords.push(" ".into())),
        [Problem::EmptyWord]
    );
    assert_eq!(
        faults(|core| core.items.get_mut("TRA-01").unwrap().similar.push(String::new())),
        [Problem::EmptyWord]
    );
    assert_eq!(
        faults(|core| core.items.get_mut("TRA-01").unwrap().on_site_minutes = Some(119)),
        [Problem::AcknowledgeAfterOnSite]
    );
    assert_eq!(
        faults(|core| core.items.get_mut("SAF-02").unwrap().resolve.unit = Unit::Workday),
        [Problem::WorkdayOnClock]
    );
    assert_eq!(
        faults(|core| core.alarm_words.get_mut("着火").unwrap().push("SAF-99".into())),
        [Problem::UnknownItem("SAF-99".into())]
    );
    assert_eq!(
        faults(|core| core.catch_all.body = "community".parse().unwrap()),
        [Problem::CannotLead("community".parse().unwrap())]
    );
    assert_eq!(
        faults(|core| core.calendars.get_mut("cn-official").unwrap().years = vec![2024, 2025]),
        [Problem::BadDay]
    );
    assert_eq!(
        faults(|core| core.calendars.get_mut("cn-official").unwrap().frames[0].end = "15:00".into()),
        [Problem::BadFrames]
    );
    let no_limit = |core: &mut DistrictCore, amount, unit| {
        core.verify = Limit { amount, unit, clock: Clock::Work };
    };
    assert_eq!(faults(|core| core.verify.amount = 3_661), [Problem::LimitTooLong]);
    let mut longest = core.clone();
    no_limit(&mut longest, 3_660, Unit::Workday);
    assert_eq!(check_district(&longest), [], "ten years are taken");
    no_limit(&mut longest, u32::MAX, Unit::Hour);
    assert_eq!(check_district(&longest)[0].problem, Problem::LimitTooLong);
    assert_eq!(faults(|core| core.name.zh.push('\0')), [Problem::NulCharacter]);
    assert_eq!(faults(|core| core.name.en = "n".repeat(201)), [Problem::TextTooLong]);
    let renamed = |core: &mut DistrictCore| {
        let mut policy = core.policies.values().next().cloned().unwrap();
        policy.chain = None;
        core.policies.insert("加急".to_owned(), policy);
    };
    assert_eq!(faults(renamed), [Problem::BadKey]);
    assert_eq!(
        faults(|core| core.endpoints.values_mut().next().unwrap().url = "https://u:p@a.cn/".into()),
        [Problem::EndpointNotAllowed]
    );
    assert_eq!(
        faults(|core| core.calendars.get_mut("cn-official").unwrap().years.push(1999)),
        [Problem::BadYear]
    );
}

/// Outside development the demo's endpoints are refused: they are on this machine.
#[test]
fn private_endpoints_are_for_development() {
    let manifest: Manifest<DistrictSpec> = read("demo/district-990102000000.yaml");
    let faults = compile_district(manifest, pack(), &sink(), Reach::Public).unwrap_err();
    assert_eq!(faults.len(), 4);
    assert!(faults.iter().all(|fault| fault.problem == Problem::EndpointNotAllowed), "{faults:?}");
}

/// An emergency is told to every level that there is.
#[test]
fn every_level_hears_of_an_emergency() {
    let (district, street) = (district().core, street("990102001000").core);
    let pack = merge(&district, &street);
    let told = |community: Option<&str>| {
        let bodies = pack.emergency_informs(community.map(|code| code.parse().unwrap()));
        bodies.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let centres = ["street-centre@990102001000", "governance-centre"];
    assert_eq!(told(None), centres);
    assert_eq!(told(Some("990102001003")), [&["community@990102001003"], &centres[..]].concat());
    assert_eq!(told(Some("990102002003")), centres, "a community of another street is none");
    let mut unknown = district.clone();
    unknown.emergency_informs.push("nobody".parse().unwrap());
    assert_eq!(check_district(&unknown)[0].to_string(), "emergency_informs: no body has the key nobody");
}

/// Rules look back a month unless told, and no further than a year.
#[test]
fn what_came_before_is_counted_within_bounds() {
    let mut core = street("990102001000").core;
    assert_eq!(core.repeat_days, 30);
    for days in [0, 366] {
        core.repeat_days = days;
        let faults = check_street(&district().core, &core);
        assert_eq!(faults[0].to_string(), "repeat_days: what came before is counted 1 to 365 days back");
    }
}

/// A plan waits for its review, and not for ever.
#[test]
fn a_review_has_an_end() {
    let mut core = street("990102001000").core;
    (core.routing_mode, core.plan_review_minutes) = (RoutingMode::StreetReview, 1_440);
    assert_eq!(check_street(&district().core, &core), []);
    for minutes in [0, 1_441] {
        core.plan_review_minutes = minutes;
        let faults = check_street(&district().core, &core);
        assert_eq!(
            faults[0].to_string(),
            "plan_review_minutes: a plan waits 1 to 1,440 minutes for its review"
        );
    }
}

/// A report waits as long as its street says, which says nothing in a document from before it could.
#[test]
fn a_report_waits_for_minutes() {
    let core = street("990102001000").core;
    assert_eq!((core.report_review_minutes, core.urgent_review_minutes), (30, 5));
    let mut before = serde_json::to_value(&core).unwrap();
    let fields = before.as_object_mut().unwrap();
    for field in ["report_review_minutes", "urgent_review_minutes"] {
        assert!(fields.remove(field).is_some(), "{field}");
    }
    assert_eq!(serde_json::from_value::<StreetCore>(before).unwrap(), core);
    for minutes in [0, 1_441] {
        let core =
            StreetCore { report_review_minutes: minutes, urgent_review_minutes: minutes, ..core.clone() };
        let faults: Vec<String> =
            check_street(&district().core, &core).iter().map(ToString::to_string).collect();
        let fault = |field| format!("{field}: a report waits 1 to 1,440 minutes for a person");
        assert_eq!(faults, [fault("report_review_minutes"), fault("urgent_review_minutes")]);
    }
}
