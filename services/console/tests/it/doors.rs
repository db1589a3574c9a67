//! Who sees what, pages of a list, the page.

use axum::http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{OTHER_STREET, STREET, Said, Story, World, cases, report_id};

fn numbers(page: &Value) -> Vec<&str> {
    page["cases"].as_array().unwrap().iter().map(|case| case["case_no"].as_str().unwrap()).collect()
}

fn bodies(case: &Value) -> Vec<&str> {
    case["orders"].as_array().unwrap().iter().map(|order| order["body"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_street_and_a_foreign_case_do_not_exist() {
    let world = World::start().await;
    let (mut here, mut there) = (Story::new(STREET, 1), Story::new(OTHER_STREET, 2));
    world.hear(&[here.opened(1), there.opened(9)]).await;
    let nowhere = world.get("desk", &cases("990102009000")).await;
    assert_eq!((nowhere.0, &nowhere.1["code"]), (StatusCode::NOT_FOUND, &json!("not-found")));
    for path in [
        cases(OTHER_STREET),
        format!("{}/{}", cases(OTHER_STREET), there.case_id),
        format!("{}/{}/timeline", cases(OTHER_STREET), there.case_id),
        // The right case in the wrong street, and no case at all.
        format!("{}/{}", cases(STREET), there.case_id),
        format!("{}/{}/timeline", cases(STREET), there.case_id),
        format!("{}/{}", cases(STREET), Uuid::from_u128(1)),
        format!("{}/306", cases(STREET)),
    ] {
        assert_eq!(world.get("desk", &path).await, nowhere, "{path}");
    }
    assert_eq!(world.get("stranger", &cases(STREET)).await, nowhere);
    assert_eq!(world.get("resident", &cases(STREET)).await.0, StatusCode::FORBIDDEN);
    let (_, page) = world.get("governance-centre", &cases(OTHER_STREET)).await;
    assert_eq!(numbers(&page), ["990102001-261123-0002"]);
}

/// The same events as a drill's.
fn drilled(events: Vec<Said>) -> Vec<Said> {
    let mark = |(envelope, payload): Said| (contract::Envelope { drill: true, ..envelope }, payload);
    events.into_iter().map(mark).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_is_shown_to_who_drills_and_apart_from_cases() {
    let world = World::start().await;
    let (mut real, mut drill) = (Story::new(STREET, 1), Story::new(STREET, 2));
    world.hear(&real.whole()).await;
    world.hear(&drilled(vec![drill.accepted(17), drill.opened(17), drill.routed()])).await;
    world.hear(&drilled(vec![drill.dispatched("bus-company", "lead")])).await;
    let list = async |query: &str| world.get("street-centre", &format!("{}{query}", cases(STREET))).await.1;
    assert_eq!(numbers(&list("").await), ["990102001-261123-0001"]);
    let drills = list("?drills=true").await;
    assert_eq!(
        (numbers(&drills), &drills["cases"][0]["drill"]),
        (vec!["990102001-261123-0002"], &json!(true))
    );
    let door = |report: Uuid| format!("/console/v1/streets/{STREET}/drills/{report}");
    let (status, shown) = world.get("sre", &door(report_id(17))).await;
    assert_eq!((status, &shown["case_id"]), (StatusCode::OK, &json!(drill.case_id)), "{shown:#}");
    let types: Vec<&str> =
        shown["lines"].as_array().unwrap().iter().map(|line| line["type"].as_str().unwrap()).collect();
    assert_eq!(
        types,
        ["intake.report.accepted", "triage.case.opened", "triage.case.routed", "dispatch.order.dispatched"]
    );
    // A report that is none is not there, and others do not drill.
    assert_eq!(world.get("sre", &door(report_id(1))).await.0, StatusCode::NOT_FOUND);
    assert_eq!(world.get("sre", &door(Uuid::from_u128(99))).await.0, StatusCode::NOT_FOUND);
    assert_eq!(world.get("street-centre", &door(report_id(17))).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_sees_its_cases_and_its_orders_in_them() {
    let world = World::start().await;
    let (mut one, mut two) = (Story::new(STREET, 1), Story::new(STREET, 2));
    world.hear(&one.whole()).await;
    world.hear(&[two.opened(17), two.dispatched("bus-company", "lead")]).await;
    let list = async |subject: &str| world.get(subject, &cases(STREET)).await.1;
    assert_eq!(numbers(&list("street-centre").await), ["990102001-261123-0002", "990102001-261123-0001"]);
    assert_eq!(numbers(&list("traffic-police").await), ["990102001-261123-0001"]);
    assert_eq!(numbers(&list("bus-company").await), ["990102001-261123-0002"]);

    let case = format!("{}/{}", cases(STREET), one.case_id);
    let (_, whole) = world.get("street-centre", &case).await;
    assert_eq!(bodies(&whole), ["transport", "traffic-police"]);
    assert_eq!((&whole["phase"], &whole["voices"]), (&json!("closed"), &json!(2)));
    let (_, own) = world.get("traffic-police", &case).await;
    assert_eq!(bodies(&own), ["traffic-police"]);
    // Called as the documents call it.
    let order = &own["orders"][0];
    let (zh, en) = (order["body_zh"].as_str().unwrap(), order["body_en"].as_str().unwrap());
    assert!(!zh.is_ascii() && en.is_ascii() && en != "traffic-police", "{order}");
    assert_eq!(world.get("bus-company", &case).await.0, StatusCode::NOT_FOUND);
    // A grid worker reads cases, not orders.
    let (status, without) = world.get("grid-worker", &case).await;
    assert_eq!((status, &without["orders"]), (StatusCode::OK, &json!([])));

    let kinds = async |subject: &str| {
        let (_, timeline) = world.get(subject, &format!("{case}/timeline?limit=200")).await;
        let entries = timeline["entries"].as_array().unwrap().clone();
        let kind = |entry: &Value| entry["type"].as_str().unwrap().to_owned();
        entries.iter().map(kind).collect::<Vec<_>>()
    };
    let has = |kinds: &[String], prefix: &str| kinds.iter().any(|kind| kind.starts_with(prefix));
    let of_worker = kinds("grid-worker").await;
    assert!(!has(&of_worker, "dispatch.order.") && !has(&of_worker, "notification."), "{of_worker:?}");
    assert!(has(&of_worker, "dispatch.case.") && has(&of_worker, "intake."), "{of_worker:?}");
    // A verifier reads orders, and no deliveries.
    let of_verifier = kinds("verifier").await;
    assert!(has(&of_verifier, "dispatch.order.") && !has(&of_verifier, "notification."), "{of_verifier:?}");
    assert!(has(&kinds("street-centre").await, "notification.delivery."));

    let (_, timeline) = world.get("traffic-police", &format!("{case}/timeline?limit=200")).await;
    let told: Vec<&Value> =
        timeline["entries"].as_array().unwrap().iter().map(|entry| &entry["body"]).collect();
    assert!(told.contains(&&json!("traffic-police")) && !told.contains(&&json!("transport")), "{told:?}");
    let (status, _) = world.get("bus-company", &format!("{case}/timeline")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_has_a_due_time_or_awaits_a_year() {
    let world = World::start().await;
    let mut story = Story::new(STREET, 1);
    world.hear(&[story.opened(1), story.dispatched("transport", "lead")]).await;
    let (_, case) = world.get("transport", &format!("{}/{}", cases(STREET), story.case_id)).await;
    let stages = &case["orders"][0]["stages"];
    let expected = |stage: &str, due_at: Value, awaiting_year: Value| json!({ "stage": stage, "due_at": due_at, "awaiting_year": awaiting_year, "verdict": null, "met_at": null });
    assert_eq!(stages[0], expected("acknowledge", json!("2026-11-23T04:00:00Z"), Value::Null));
    assert_eq!(stages[1], expected("resolve", Value::Null, json!(2027)));
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_bounded_filtered_and_paged() {
    let world = World::start().await;
    let mut events = Vec::new();
    for number in 1..=5 {
        events.push(Story::new(STREET, number).opened(number as u8));
    }
    events.extend(Story::new(STREET, 6).whole());
    world.hear(&events).await;
    let get = async |query: &str| world.get("verifier", &format!("{}?{query}", cases(STREET))).await;
    let (_, first) = get("limit=4").await;
    let (_, second) = get(&format!("limit=4&before={}", first["next"].as_str().unwrap())).await;
    let all = [numbers(&first), numbers(&second)].concat();
    assert_eq!(all, (1..=6).rev().map(|n| format!("990102001-261123-{n:04}")).collect::<Vec<_>>());
    assert_eq!(second["next"], Value::Null);
    assert_eq!(numbers(&get("phase=closed").await.1), ["990102001-261123-0006"]);
    assert_eq!(numbers(&get("phase=open").await.1).len(), 5);
    for bad in ["limit=0", "limit=201", "phase=nap", "colour=red", "before=1"] {
        assert_eq!(get(bad).await.0, StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_static_and_strict() {
    let world = World::start().await;
    let page = format!("/console/cases/{STREET}/{}", Uuid::from_u128(1));
    let mut texts = Vec::new();
    for (path, kind) in [
        (page.as_str(), "text/html"),
        ("/console/app.js", "text/javascript"),
        ("/console/app.css", "text/css"),
    ] {
        // As a browser asks.
        let accept = [("accept", "text/html,*/*;q=0.1")];
        let (status, headers, text) = world.rig.http("GET", path, None, &accept, None).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert!(headers["content-type"].to_str().unwrap().starts_with(kind), "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{policy}");
        texts.push(text.as_str().unwrap().to_owned());
    }
    // What the policy would refuse is not there, and no text of an answer becomes markup.
    assert!(!texts[0].contains("style=") && !texts[0].contains("onclick") && !texts[0].contains("<script>"));
    for markup in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
        assert!(!texts[1].contains(markup), "{markup}");
    }
    assert!(texts[1].contains("年日历 / awaiting calendar"));
    let (status, _, _) = world.rig.http("GET", "/console/cases/306/306", None, &[], None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_door_is_described() {
    let world = World::start().await;
    let (_, description) = world.get("sre", "/openapi.json").await;
    let paths: Vec<&String> = description["paths"].as_object().unwrap().keys().collect();
    assert_eq!(
        paths,
        [
            "/console/v1/clock:accept",
            "/console/v1/export/{code}/{table}",
            "/console/v1/parked",
            "/console/v1/parked/{target}",
            "/console/v1/removals/{code}",
            "/console/v1/streets/{street}/cases",
            "/console/v1/streets/{street}/cases/{id}",
            "/console/v1/streets/{street}/cases/{id}/readers",
            "/console/v1/streets/{street}/cases/{id}/timeline",
            "/console/v1/streets/{street}/drills/{report_id}",
            "/console/v1/streets/{street}/live",
            "/console/v1/tracking:follow",
        ]
    );
}

/// An order keeps the body it was given to, by the name of then; beside it stands who has taken its place.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_names_its_body_of_then_and_of_now() {
    use contract::document::{DocumentBody, Succession, Successor};
    let world = World::start().await;
    let mut story = Story::new(STREET, 1);
    world.hear(&story.whole()).await;
    let case = format!("{}/{}", cases(STREET), story.case_id);
    let (_, before) = world.get("street-centre", &case).await;
    assert!(before["orders"].as_array().unwrap().iter().all(|order| order.get("succeeded_by").is_none()));

    let mut documents = testkit::demo::documents(9);
    for document in &mut documents {
        if let DocumentBody::District(core) = &mut document.body {
            let heir = Successor { body: "urban-mgmt".parse().unwrap(), items: Vec::new() };
            let succession = Succession { from: "2026-11-24".parse().unwrap(), to: vec![heir] };
            core.successors.insert("transport".parse().unwrap(), succession);
        }
    }
    world.rig.documents(&documents).await;
    let succeeded = async |at: &str| {
        world.rig.clock.set(at.parse().unwrap());
        let (_, case) = world.get("street-centre", &case).await;
        let order = case["orders"][0].clone();
        assert_eq!((&order["body"], order["body_zh"].is_string()), (&json!("transport"), true));
        order["succeeded_by"].clone()
    };
    assert_eq!(succeeded("2026-11-23T15:59:59Z").await, Value::Null);
    let heir = succeeded("2026-11-23T16:00:00Z").await;
    assert_eq!(heir["body"], "urban-mgmt");
    assert!(heir["zh"].is_string() && heir["en"].is_string(), "{heir}");
}

/// What a centre gave from above is listed by whose it is, and its timeline says so; in whatever order the two are heard.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_from_above_is_listed_by_its_centre() {
    let world = World::start().await;
    let mut stories: Vec<Story> = (1..=3).map(|number| Story::new(STREET, number)).collect();
    let [district, street, resident] = &mut stories[..] else { panic!("three") };
    let (first, second) = (district.report(1), street.report(1));
    let by_district =
        [district.given(first, "district", "street-safety@990102001000"), district.opened(first)];
    let by_street = [street.given(second, "street", "community@990102001005"), street.opened(second)];
    world.hear(&by_district).await;
    world.hear(&[by_street[1].clone(), by_street[0].clone()]).await;
    let third = resident.report(1);
    world.hear(&[resident.accepted(third), resident.opened(third)]).await;
    let listed = async |query: &str| {
        let (status, page) = world.get("governance-centre", &format!("{}{query}", cases(STREET))).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        page["cases"].as_array().unwrap().iter().map(|case| case["case_id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(listed("").await.len(), 3);
    let [case] = &listed("?assigned_by=district").await[..] else { panic!("one case") };
    assert_eq!(listed("?assigned_by=street").await.len(), 1);
    let path = format!("{}/{}/timeline", cases(STREET), case.as_str().unwrap());
    let (_, timeline) = world.get("governance-centre", &path).await;
    let line = timeline["entries"]
        .as_array()
        .unwrap()
        .iter()
        .find(|line| line["type"] == "intake.report.accepted")
        .unwrap();
    let told = (&line["detail"]["reason"], &line["detail"]["desk"], &line["detail"]["to"]);
    assert_eq!(told, (&json!("assignment"), &json!("district"), &json!("street-safety@990102001000")));
    assert_eq!(
        world.get("governance-centre", &format!("{}?assigned_by=nobody", cases(STREET))).await.0.as_u16(),
        422
    );
}
