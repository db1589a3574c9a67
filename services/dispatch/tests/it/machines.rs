//! Cases, joint visits, rulings and what is done by a link, over gRPC: the same room, keys and refusals as at the HTTP door.

use axum::http::StatusCode;
use contract::EventType;
use contract::proto::dispatch as wire;
use contract::proto::dispatch::case_service_client::CaseServiceClient;
use contract::proto::dispatch::link_bearer_service_client::LinkBearerServiceClient;
use contract::proto::dispatch::link_service_client::LinkServiceClient;
use contract::proto::dispatch::order_service_client::OrderServiceClient;
use contract::proto::{from_wire, to_wire};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;
use uuid::Uuid;

use crate::life::not_ours;
use crate::world::{FAST_STREET, STREET, World, path_of};

impl World {
    fn cases(&self) -> CaseServiceClient<bootstrap::rpc::Fronted<tonic::service::Routes>> {
        CaseServiceClient::new(self.rig.rpc())
    }

    fn links(&self) -> LinkServiceClient<bootstrap::rpc::Fronted<tonic::service::Routes>> {
        LinkServiceClient::new(self.rig.rpc())
    }

    fn bearers(&self) -> LinkBearerServiceClient<bootstrap::rpc::Fronted<tonic::service::Routes>> {
        LinkBearerServiceClient::new(self.rig.rpc())
    }
}

/// The code of the protocol, and ours.
fn refused(status: &Status) -> (Code, String) {
    let details = status.get_error_details();
    (status.code(), details.error_info().expect("every refusal names its code").reason.clone())
}

fn told(code: Code, reason: &str) -> (Code, String) {
    (code, reason.to_owned())
}

fn id(view: &Value, field: &str) -> String {
    view[field].as_str().unwrap().to_owned()
}

/// A case on which its lead has begun.
async fn begun(world: &World) -> (Uuid, Value, Value) {
    let mut routed = world.routed(STREET, "TRA-01");
    routed.payload.case.as_mut().unwrap().place = Some(contract::proto::intake::Place {
        address: "滨江路社区公交站".to_owned(),
        ..Default::default()
    });
    let case_id = world.opened(&routed).await;
    let lead = world.order(case_id, 1, "transport", "lead").await;
    let bus = world.order(case_id, 1, "bus-company", "assist").await;
    world.act("transport", &lead, "acknowledge").await;
    (case_id, lead, bus)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_is_read_with_what_the_other_door_shows() {
    let world = World::start().await;
    let (case_id, _, bus) = begun(&world).await;
    let ask = |street: &str| wire::GetCaseRequest { street: street.to_owned(), case_id: case_id.to_string() };
    let get = async |who: &str, ask| world.cases().get_case(world.rig.signed(who, ask)).await;
    let seen = get("street-centre", ask(STREET)).await.unwrap().into_inner();
    let shown = world.case(case_id).await;
    let (case, detail) = (seen.case.unwrap(), seen.detail.unwrap());
    assert_eq!(
        (json!(case.case_no), json!(case.version)),
        (shown["case_no"].clone(), shown["version"].clone())
    );
    assert_eq!(
        (json!(detail.lead), json!(detail.item_zh)),
        (shown["lead"].clone(), shown["item_zh"].clone())
    );
    assert_eq!(detail.holders.len(), shown["holders"].as_array().unwrap().len());
    let orders = shown["orders"].as_array().unwrap();
    assert_eq!((seen.orders.len(), seen.order_details.len()), (orders.len(), orders.len()));
    for ((order, detail), shown) in seen.orders.iter().zip(&seen.order_details).zip(orders) {
        assert_eq!(
            (json!(order.order_id), json!(detail.address)),
            (shown["order_id"].clone(), shown["address"].clone())
        );
        let acts =
            detail.acts.iter().map(|(act, at)| (act.clone(), json!(from_wire(at).unwrap().to_string())));
        assert_eq!(Value::Object(acts.collect()), shown["acts"]);
    }
    // A body sees its own order of it, and a case in which it has none is not there.
    let own = get("bus-company", ask(STREET)).await.unwrap().into_inner();
    assert_eq!(
        own.orders.iter().map(|order| order.order_id.clone()).collect::<Vec<_>>(),
        [id(&bus, "order_id")]
    );
    for (who, ask) in [
        ("stranger", ask(STREET)),
        ("governance-centre", ask(FAST_STREET)),
        ("housing-construction", ask(STREET)),
    ] {
        let status = get(who, ask).await.unwrap_err();
        assert_eq!(refused(&status), told(Code::NotFound, "not-found"), "{who}");
    }
    let nobody = world.cases().get_case(Request::new(ask(STREET))).await.unwrap_err();
    assert_eq!(refused(&nobody), told(Code::Unauthenticated, "unauthenticated"));
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_listed_everywhere_and_drills_beside_them() {
    let world = World::start().await;
    begun(&world).await;
    world.opened(&world.routed(FAST_STREET, "TRA-03")).await;
    let mut drill = world.routed(STREET, "TRA-01");
    drill.envelope.drill = true;
    world.opened(&drill).await;
    let list = async |who: &str, street: &str, drills| {
        let ask =
            wire::ListOrdersRequest { street: street.to_owned(), limit: 200, drills, ..Default::default() };
        let listed = OrderServiceClient::new(world.rig.rpc()).list_orders(world.rig.signed(who, ask)).await;
        let page = listed.unwrap().into_inner();
        assert_eq!(page.orders.len(), page.details.len());
        page.orders.iter().map(|order| (order.street.clone(), order.drill)).collect::<Vec<_>>()
    };
    let (_, shown) = world.get("governance-centre", "/dispatch/v1/orders?limit=200").await;
    let everywhere = list("governance-centre", "", None).await;
    assert_eq!(everywhere.len(), shown["orders"].as_array().unwrap().len());
    assert!([STREET, FAST_STREET].iter().all(|street| everywhere.iter().any(|(of, _)| of == street)));
    assert!(everywhere.iter().all(|(_, drill)| !drill));
    let drills = list("governance-centre", STREET, Some(true)).await;
    assert!(!drills.is_empty() && drills.iter().all(|(_, drill)| *drill), "{drills:?}");
    assert!(list("stranger", "", None).await.is_empty());
    // One case by its number, and what is no number.
    let number = shown["orders"][0]["case_no"].as_str().unwrap();
    let of = async |case_no: &str| {
        let ask = wire::ListOrdersRequest { case_no: case_no.to_owned(), ..Default::default() };
        OrderServiceClient::new(world.rig.rpc()).list_orders(world.rig.signed("governance-centre", ask)).await
    };
    let found = of(number).await.unwrap().into_inner().orders;
    assert!(!found.is_empty() && found.iter().all(|order| order.case_no == number), "{found:?}");
    assert_eq!(refused(&of("九九零一").await.unwrap_err()), told(Code::InvalidArgument, "validation-failed"));
}

/// Nothing said is nothing said, at either door.
#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_an_act_counts_at_both_doors() {
    let world = World::start().await;
    let (_, _, bus) = begun(&world).await;
    for (act, verb, note) in
        [(wire::OrderAct::Acknowledge, "acknowledge", ""), (wire::OrderAct::Progress, "progress", "已出发")]
    {
        let key = world.next_id().to_string();
        let ask = wire::ActOnOrderRequest {
            street: STREET.to_owned(),
            order_id: id(&bus, "order_id"),
            idempotency_key: key.clone(),
            act: act.into(),
            note: note.to_owned(),
            ..Default::default()
        };
        let mut door = OrderServiceClient::new(world.rig.rpc());
        let acted = door.act_on_order(world.rig.signed("bus-company", ask)).await.unwrap().into_inner();
        let version = acted.order.unwrap().version;
        let body = if note.is_empty() { json!({}) } else { json!({ "note": note }) };
        let path = format!("{}:{verb}", path_of(&bus));
        let (status, _, same) = world.post("bus-company", &path, &[("idempotency-key", &key)], body).await;
        assert_eq!((status, &same["version"]), (StatusCode::OK, &json!(version)), "{same}");
    }
    assert_eq!(world.count_said(EventType::OrderProgressed).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visit_is_recorded_and_signed_and_its_key_counts_at_both_doors() {
    let world = World::start().await;
    let (case_id, _, bus) = begun(&world).await;
    world.act("bus-company", &bus, "acknowledge").await;
    world.rig.clock.advance(std::time::Duration::from_secs(1_800));
    let visited_at = world.rig.clock.now() - SignedDuration::from_secs(600);
    let key = world.next_id();
    let ask = |if_version| wire::RecordVisitRequest {
        street: STREET.to_owned(),
        case_id: case_id.to_string(),
        idempotency_key: key.to_string(),
        visited_at: Some(to_wire(visited_at)),
        order_ids: vec![id(&bus, "order_id")],
        note: "两家到场".to_owned(),
        if_version,
    };
    let record = async |who: &str, ask| world.cases().record_visit(world.rig.signed(who, ask)).await;
    let version = world.case(case_id).await["version"].as_u64().unwrap();
    let stale = record("transport", ask(version + 1)).await.unwrap_err();
    assert_eq!(refused(&stale), told(Code::Aborted, "precondition-failed"));
    let told_422 = told(Code::InvalidArgument, "validation-failed");
    let timeless = wire::RecordVisitRequest { visited_at: None, ..ask(0) };
    assert_eq!(refused(&record("transport", timeless).await.unwrap_err()), told_422);
    let nameless = wire::RecordVisitRequest { order_ids: vec!["x".to_owned()], ..ask(0) };
    assert_eq!(refused(&record("transport", nameless).await.unwrap_err()), told_422);
    let status = record("bus-company", ask(0)).await.unwrap_err();
    assert_eq!(refused(&status), told(Code::FailedPrecondition, "lead-records"));

    let first = record("transport", ask(version)).await.unwrap().into_inner();
    assert_eq!(first.case_version, world.case(case_id).await["version"].as_u64().unwrap());
    let visit = first.visit.clone().unwrap();
    assert_eq!((visit.by.as_str(), visit.signatures[0].signed_at), ("transport", None));
    // The same at the other door is the same request.
    let path = format!("/dispatch/v1/streets/{STREET}/cases/{case_id}/visits");
    let body =
        json!({ "visited_at": visited_at.to_string(), "orders": [bus["order_id"]], "note": "两家到场" });
    let headers = [("idempotency-key", key.to_string())];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (status, _, same) = world.post("transport", &path, &headers, body).await;
    assert_eq!((status, &same["visit_id"]), (StatusCode::OK, &json!(visit.visit_id)), "{same}");
    assert_eq!(world.count_said(EventType::CaseVisitRecorded).await, 1);

    let sign = |order: &Value| wire::SignVisitRequest {
        street: STREET.to_owned(),
        order_id: id(order, "order_id"),
        visit_id: visit.visit_id.clone(),
        idempotency_key: world.next_id().to_string(),
        ..Default::default()
    };
    let signed = async |who: &str, ask| world.cases().sign_visit(world.rig.signed(who, ask)).await;
    let status = signed("transport", sign(&bus)).await.unwrap_err();
    assert_eq!(refused(&status), told(Code::NotFound, "not-found"), "the lead for another");
    let stale = wire::SignVisitRequest { if_version: 9, ..sign(&bus) };
    let status = signed("bus-company", stale).await.unwrap_err();
    assert_eq!(refused(&status), told(Code::Aborted, "precondition-failed"));
    let done = signed("bus-company", sign(&bus)).await.unwrap().into_inner();
    assert!(done.visit.unwrap().signatures[0].signed_at.is_some());
    let order = world.order(case_id, 1, "bus-company", "assist").await;
    assert_eq!(
        (order["phase"].as_str(), order["version"].as_u64()),
        (Some("on_site"), Some(done.order_version))
    );
    let unknown = wire::SignVisitRequest { visit_id: "x".to_owned(), ..sign(&bus) };
    assert_eq!(
        refused(&signed("bus-company", unknown).await.unwrap_err()),
        told(Code::NotFound, "not-found")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rulings_that_wait_and_that_were_given_are_listed_with_the_rule_they_would_be() {
    let world = World::start().await;
    let (case_id, lead, _) = begun(&world).await;
    let list = async |who: &str, waiting, limit, before: &str| {
        let ask =
            wire::ListRulingsRequest { street: STREET.to_owned(), waiting, before: before.to_owned(), limit };
        world.cases().list_rulings(world.rig.signed(who, ask)).await.map(tonic::Response::into_inner)
    };
    world.deed("transport", &lead, "return", not_ours("traffic-police")).await;
    let waiting = list("street-centre", true, 0, "").await.unwrap();
    let [line] = &waiting.rulings[..] else { panic!("{waiting:?}") };
    let ruling = line.ruling.as_ref().unwrap();
    assert_eq!(
        (ruling.from.as_str(), ruling.to.as_str(), ruling.proposed.as_str()),
        ("transport", "", "traffic-police")
    );
    assert_eq!((line.clock.as_ref().unwrap().stage.as_str(), line.rule.as_str()), ("adjudicate", ""));
    assert!(list("street-centre", false, 0, "").await.unwrap().rulings.is_empty());

    let to_police = json!({ "to": "traffic-police", "note": "属交警" });
    world.deed("street-centre", &lead, "adjudicate", to_police).await;
    let ruled = list("governance-centre", false, 1, "").await.unwrap();
    let [line] = &ruled.rulings[..] else { panic!("{ruled:?}") };
    assert!(line.rule.contains("then: { lead: traffic-police }") && line.clock.is_none(), "{line:?}");
    assert_eq!(
        (line.case_id.as_str(), ruled.next.as_str()),
        (case_id.to_string().as_str(), case_id.to_string().as_str())
    );
    assert_eq!(
        list("governance-centre", false, 1, &ruled.next).await.unwrap(),
        wire::ListRulingsResponse::default()
    );
    for (who, limit, before, expected) in [
        ("transport", 0, "", told(Code::PermissionDenied, "forbidden")),
        ("stranger", 0, "x", told(Code::NotFound, "not-found")),
        ("street-centre", 201, "", told(Code::InvalidArgument, "validation-failed")),
        ("street-centre", 0, "x", told(Code::InvalidArgument, "bad-cursor")),
    ] {
        assert_eq!(refused(&list(who, false, limit, before).await.unwrap_err()), expected, "{who}");
    }
}

/// What is `If-Match` at the other door: a link is given out, and taken back, of the order as it was seen, or not at all.
#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_given_out_and_taken_back_of_the_version_that_was_seen() {
    let world = World::start().await;
    let (case_id, _, bus) = begun(&world).await;
    let issue = async |if_version| {
        let ask = wire::IssueLinkRequest {
            street: STREET.to_owned(),
            order_id: id(&bus, "order_id"),
            idempotency_key: world.next_id().to_string(),
            label: "调度室".to_owned(),
            if_version,
            ..Default::default()
        };
        let issued = world.links().issue_link(world.rig.signed("street-centre", ask)).await;
        issued.map(|issued| issued.into_inner().link.unwrap())
    };
    let stale = told(Code::Aborted, "precondition-failed");
    let version = bus["version"].as_u64().unwrap();
    assert_eq!(refused(&issue(version + 1).await.unwrap_err()), stale);
    assert_eq!(world.count_said(EventType::OrderLinkIssued).await, 0);
    let link = issue(version).await.unwrap();
    assert_eq!(refused(&issue(version).await.unwrap_err()), stale, "giving one out changes the order");
    issue(0).await.unwrap();

    let revoke = async |if_version| {
        let ask = wire::RevokeLinkRequest {
            street: STREET.to_owned(),
            link_id: link.link_id.clone(),
            idempotency_key: world.next_id().to_string(),
            if_version,
        };
        let revoked = world.links().revoke_link(world.rig.signed("street-centre", ask)).await;
        revoked.map(|revoked| revoked.into_inner().link.unwrap().revoked_at.is_some())
    };
    assert_eq!(refused(&revoke(version).await.unwrap_err()), stale);
    assert_eq!(world.count_said(EventType::OrderLinkRevoked).await, 0);
    let now = world.order(case_id, 1, "bus-company", "assist").await["version"].as_u64().unwrap();
    assert!(revoke(now).await.unwrap());
    assert!(revoke(0).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_holds_a_link_works_its_order_off_without_an_account() {
    let world = World::start().await;
    let (case_id, _, bus) = begun(&world).await;
    let give = async |body: Value| {
        let (_, _, link) = world.post("street-centre", &format!("{}/links", path_of(&bus)), &[], body).await;
        let token = link["url"].as_str().unwrap().split_once('#').unwrap().1.to_owned();
        (token, link)
    };
    let (token, link) = give(json!({ "label": "调度室" })).await;
    let open = async |token: &str, key: Uuid| {
        let ask = wire::OpenLinkRequest { token: token.to_owned(), idempotency_key: key.to_string() };
        world.bearers().open_link(Request::new(ask)).await.map(|answer| answer.into_inner().linked.unwrap())
    };
    let act = async |token: &str, act: wire::LinkAct, note: &str, visit_id: &str| {
        let ask = wire::ActByLinkRequest {
            token: token.to_owned(),
            idempotency_key: world.next_id().to_string(),
            act: act.into(),
            note: note.to_owned(),
            visit_id: visit_id.to_owned(),
        };
        let answer = world.bearers().act_by_link(Request::new(ask)).await;
        answer.map(|answer| answer.into_inner().linked.unwrap().order.unwrap().phase)
    };
    let key = world.next_id();
    let shown = open(&token, key).await.unwrap();
    assert_eq!((json!(shown.link_id), shown.acts.len()), (link["link_id"].clone(), 7));
    assert_eq!(
        (shown.order.unwrap().phase.as_str(), shown.detail.unwrap().address.as_str()),
        ("dispatched", "滨江路社区公交站")
    );
    // The key counts at the other door, too: one opening, one receipt.
    let headers = [("idempotency-key", key.to_string())];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let body = json!({ "token": token });
    let (status, _, same) =
        world.rig.http("POST", "/dispatch/v1/links:open", None, &headers, Some(body)).await;
    assert_eq!((status, &same["link_id"]), (StatusCode::OK, &link["link_id"]));
    assert_eq!(world.count_said(EventType::OrderLinkOpened).await, 1);

    assert_eq!(act(&token, wire::LinkAct::See, "", "").await.unwrap(), "seen");
    assert_eq!(act(&token, wire::LinkAct::Acknowledge, "", "").await.unwrap(), "acknowledged");
    assert_eq!(act(&token, wire::LinkAct::Ask, "哪一个站点？", "").await.unwrap(), "acknowledged");
    for (verb, note, visit, field) in [
        (wire::LinkAct::Unspecified, "", "", "/act"),
        (wire::LinkAct::Ask, " ", "", "/note"),
        (wire::LinkAct::Sign, "", "", "/visit_id"),
        (wire::LinkAct::Sign, "", "x", "/visit_id"),
    ] {
        let status = act(&token, verb, note, visit).await.unwrap_err();
        assert_eq!(refused(&status), told(Code::InvalidArgument, "validation-failed"), "{field}");
        assert_eq!(status.get_error_details().bad_request().unwrap().field_violations[0].field, field);
    }
    let early = act(&token, wire::LinkAct::Submit, "", "").await.unwrap_err();
    assert_eq!(refused(&early), told(Code::FailedPrecondition, "visit-required"));

    // A joint visit waits for this body's hand.
    let visited_at = world.rig.clock.now().to_string();
    let path = format!("/dispatch/v1/streets/{STREET}/cases/{case_id}/visits");
    let body = json!({ "visited_at": visited_at, "orders": [bus["order_id"]] });
    let (status, _, visit) = world.post("transport", &path, &[], body).await;
    assert_eq!(status, StatusCode::OK, "{visit}");
    let waiting = open(&token, world.next_id()).await.unwrap().to_sign;
    assert_eq!(json!(waiting[0].visit_id), visit["visit_id"]);
    assert_eq!(act(&token, wire::LinkAct::Sign, "", &waiting[0].visit_id).await.unwrap(), "on_site");
    assert_eq!(act(&token, wire::LinkAct::Submit, "", "").await.unwrap(), "submitted");
    assert!(world.order_event(EventType::OrderSubmitted).await.actor.unwrap().subject.starts_with("link:"));

    let (seeing, _) = give(json!({ "label": "夜班", "acts": ["see"] })).await;
    let status = act(&seeing, wire::LinkAct::Progress, "", "").await.unwrap_err();
    assert_eq!(refused(&status), told(Code::FailedPrecondition, "link-act-not-allowed"));
    let revoke = format!("/dispatch/v1/streets/{STREET}/links/{}:revoke", id(&link, "link_id"));
    world.post("street-centre", &revoke, &[], json!({})).await;
    let status = open(&token, world.next_id()).await.unwrap_err();
    assert_eq!(refused(&status), told(Code::FailedPrecondition, "link-revoked"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_without_a_link_is_bounded_and_told_nothing() {
    let world = World::start().await;
    let open = async |token: &str, from: &str, key: &str| {
        let ask = wire::OpenLinkRequest { token: token.to_owned(), idempotency_key: key.to_owned() };
        let mut request = Request::new(ask);
        request.metadata_mut().insert("x-forwarded-for", from.parse().unwrap());
        refused(&world.bearers().open_link(request).await.unwrap_err())
    };
    let key = world.next_id().to_string();
    let unknown = told(Code::NotFound, "not-found");
    for token in ["", "x", "swl_AAAA", world.rig.token("street-centre").as_str()] {
        assert_eq!(open(token, "198.51.100.1", &key).await, unknown);
    }
    assert_eq!(open("x", "198.51.100.1", "").await.0, Code::InvalidArgument);
    // An account opens nothing here, and is no way around.
    let ask = wire::OpenLinkRequest { token: "x".to_owned(), idempotency_key: key.clone() };
    let status = world.bearers().open_link(world.rig.signed("street-centre", ask)).await.unwrap_err();
    assert_eq!(refused(&status), unknown);

    let mut turned_away = false;
    for _ in 0..2_000 {
        let answer = open("swl_guess", "198.51.100.2", &key).await;
        if answer.0 == Code::ResourceExhausted {
            turned_away = true;
            break;
        }
        assert_eq!(answer, unknown);
    }
    assert!(turned_away, "nobody bounds who guesses");
    assert_eq!(open("swl_guess", "198.51.100.3", &key).await, unknown, "another is not held for it");
}
