//! What machines do with an order beside acting on it, over gRPC: links and what is done by them, clocks, and a calendar published anew. The same
//! rooms, keys and refusals as at the HTTP door.

use std::time::Duration;

use contract::proto::dispatch::calendar_service_client::CalendarServiceClient;
use contract::proto::dispatch::case_service_client::CaseServiceClient;
use contract::proto::dispatch::clock_service_client::ClockServiceClient;
use contract::proto::dispatch::link_bearer_service_client::LinkBearerServiceClient;
use contract::proto::dispatch::link_service_client::LinkServiceClient;
use contract::proto::dispatch::order_service_client::OrderServiceClient;
use contract::proto::dispatch::{
    ActByLinkRequest, ActOnOrderRequest, ApplyReplanRequest, GetCaseRequest, IssueLinkRequest, LinkAct,
    ListCalendarsRequest, ListLinksRequest, ListOrdersRequest, OpenLinkRequest, OrderAct, OrderState,
    PreviewReplanRequest, ReplanPage, RevokeLinkRequest, UnfoldCaseClocksRequest, UnfoldClocksRequest,
};
use contract::proto::intake::report_service_client::ReportServiceClient;
use harness::cluster::Cluster;
use harness::{invariants, streets};
use serde_json::{Value, json};
use testkit::wait;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use crate::machines::{channel, reason, report, signed};
use crate::replanning::{last_day, publish_day_off};

const WITHIN: Duration = Duration::from_secs(30);
const OWN: usize = 1;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn machines_give_links_out_unfold_clocks_and_move_them() {
    let cluster = Cluster::start_in_one_process(OWN).await.unwrap();
    let order = an_order(&cluster).await;
    links_are_given_out_and_revoked(&cluster, &order).await;
    an_order_is_worked_off_by_a_link(&cluster, &order).await;
    clocks_are_unfolded_for_now_and_then(&cluster, &order).await;
    clocks_of_a_case_are_unfolded(&cluster, &order).await;
    a_calendar_is_looked_at_and_applied(&cluster).await;
    invariants::quiet(&cluster, WITHIN).await.unwrap();
}

fn key(n: u128) -> String {
    uuid::Uuid::from_u128(n).to_string()
}

fn refused(status: &Status) -> (Code, String) {
    (status.code(), reason(status))
}

/// The lead's, of a matter that was just reported.
async fn an_order(cluster: &Cluster) -> OrderState {
    let mut reports = ReportServiceClient::new(channel(cluster, "intake").await);
    reports.submit_report(signed(cluster, "grid-worker", report(41, "TRA-01"))).await.unwrap();
    let orders = OrderServiceClient::new(channel(cluster, "dispatch").await);
    wait::eventually(WITHIN, "an order", async || {
        let list = ListOrdersRequest { street: streets::code(OWN), ..Default::default() };
        let listed = orders.clone().list_orders(signed(cluster, "transport", list)).await.ok()?;
        listed.into_inner().orders.pop()
    })
    .await
}

async fn links_are_given_out_and_revoked(cluster: &Cluster, order: &OrderState) {
    let mut client = LinkServiceClient::new(channel(cluster, "dispatch").await);
    let ask = IssueLinkRequest {
        street: streets::code(OWN),
        order_id: order.order_id.clone(),
        idempotency_key: key(42),
        label: "公交公司调度室".to_owned(),
        hours: 24,
        acts: vec!["see".to_owned(), "ask".to_owned()],
        ..Default::default()
    };
    let issued = client.issue_link(signed(cluster, "street-centre", ask.clone())).await.unwrap().into_inner();
    let link = issued.link.clone().unwrap();
    assert_eq!((link.order_id.as_str(), &link.acts), (order.order_id.as_str(), &ask.acts));
    // The key counts at both doors, and so does the answer.
    let url = format!(
        "{}/dispatch/v1/streets/{}/orders/{}/links",
        cluster.url("dispatch"),
        ask.street,
        order.order_id
    );
    let request = cluster.http().post(&url).bearer_auth(cluster.token("street-centre"));
    let request = request.header("idempotency-key", key(42));
    let body = json!({ "label": ask.label, "hours": ask.hours, "acts": ask.acts });
    let same: Value = request.json(&body).send().await.unwrap().json().await.unwrap();
    assert_eq!((&same["link_id"], &same["url"]), (&json!(link.link_id), &json!(issued.url)));

    let other = IssueLinkRequest { label: "别处".to_owned(), ..ask.clone() };
    let told = client.issue_link(signed(cluster, "street-centre", other)).await.unwrap_err();
    assert_eq!(refused(&told), (Code::InvalidArgument, "idempotency-key-reused".to_owned()));
    let personal =
        IssueLinkRequest { label: "13800138000".to_owned(), idempotency_key: key(43), ..ask.clone() };
    let told = client.issue_link(signed(cluster, "street-centre", personal)).await.unwrap_err();
    assert_eq!(refused(&told), (Code::InvalidArgument, "validation-failed".to_owned()));
    assert!(!told.message().contains("13800138000"), "{told:?}");

    let list = || ListLinksRequest { street: streets::code(OWN), order_id: order.order_id.clone() };
    let listed = client.list_links(signed(cluster, "street-centre", list())).await.unwrap().into_inner();
    assert_eq!(listed.links, std::slice::from_ref(&link), "never what opens them");
    let told = client.list_links(signed(cluster, "bus-company", list())).await.unwrap_err();
    assert_eq!(refused(&told), (Code::NotFound, "not-found".to_owned()));

    let revoke = |n| RevokeLinkRequest {
        street: streets::code(OWN),
        link_id: link.link_id.clone(),
        idempotency_key: key(n),
        ..Default::default()
    };
    for n in [44, 45, 44] {
        let done =
            client.revoke_link(signed(cluster, "street-centre", revoke(n))).await.unwrap().into_inner();
        assert!(done.link.unwrap().revoked_at.is_some());
    }
    let unknown = RevokeLinkRequest { link_id: key(9), ..revoke(46) };
    let told = client.revoke_link(signed(cluster, "street-centre", unknown)).await.unwrap_err();
    assert_eq!(refused(&told), (Code::NotFound, "not-found".to_owned()));
    let (_, token) = issued.url.split_once("/dispatch/link#").unwrap();
    let url = format!("{}/dispatch/v1/links:open", cluster.url("dispatch"));
    let request = cluster.http().post(url).header("idempotency-key", key(47));
    let told: Value = request.json(&json!({ "token": token })).send().await.unwrap().json().await.unwrap();
    assert_eq!(told["code"], "link-revoked");
    // Who holds it has no account; whoever has one, or none, opens nothing else.
    let mut bearers = LinkBearerServiceClient::new(channel(cluster, "dispatch").await);
    let open = OpenLinkRequest { token: token.to_owned(), idempotency_key: key(48) };
    let told = bearers.open_link(Request::new(open.clone())).await.unwrap_err();
    assert_eq!(refused(&told), (Code::FailedPrecondition, "link-revoked".to_owned()));
    assert!(!told.message().contains(token), "{told:?}");
    let told = client.list_links(Request::new(list())).await.unwrap_err();
    assert_eq!(refused(&told), (Code::Unauthenticated, "unauthenticated".to_owned()));
}

/// Without an account, over the wire: opened, and an act of the body.
async fn an_order_is_worked_off_by_a_link(cluster: &Cluster, order: &OrderState) {
    let mut client = LinkServiceClient::new(channel(cluster, "dispatch").await);
    let ask = IssueLinkRequest {
        street: streets::code(OWN),
        order_id: order.order_id.clone(),
        idempotency_key: key(49),
        label: "夜班".to_owned(),
        ..Default::default()
    };
    let issued = client.issue_link(signed(cluster, "street-centre", ask)).await.unwrap().into_inner();
    let (_, token) = issued.url.split_once("/dispatch/link#").unwrap();
    let mut bearers = LinkBearerServiceClient::new(channel(cluster, "dispatch").await);
    let open = OpenLinkRequest { token: token.to_owned(), idempotency_key: key(50) };
    let shown = bearers.open_link(Request::new(open)).await.unwrap().into_inner().linked.unwrap();
    assert_eq!(shown.order.unwrap().order_id, order.order_id);
    let see = ActByLinkRequest {
        token: token.to_owned(),
        idempotency_key: key(50),
        act: LinkAct::See.into(),
        ..Default::default()
    };
    let told = bearers.act_by_link(Request::new(see.clone())).await.unwrap_err();
    assert_eq!(refused(&told), (Code::InvalidArgument, "idempotency-key-reused".to_owned()));
    let see = ActByLinkRequest { idempotency_key: key(52), ..see };
    let seen = bearers.act_by_link(Request::new(see)).await.unwrap().into_inner().linked.unwrap();
    assert_eq!(seen.order.unwrap().phase, "seen");
    let mut cases = CaseServiceClient::new(channel(cluster, "dispatch").await);
    let ask = GetCaseRequest { street: streets::code(OWN), case_id: order.case_id.clone() };
    let case = cases.get_case(signed(cluster, "street-centre", ask)).await.unwrap().into_inner();
    let mine =
        case.orders.iter().position(|of| of.order_id == order.order_id).expect("the order of its case");
    assert!(case.order_details[mine].acts.contains_key("see"), "{case:?}");
}

/// What was told before an act is told of that moment after it.
async fn clocks_are_unfolded_for_now_and_then(cluster: &Cluster, order: &OrderState) {
    let mut client = ClockServiceClient::new(channel(cluster, "dispatch").await);
    let ask = |at| UnfoldClocksRequest { street: streets::code(OWN), order_id: order.order_id.clone(), at };
    let before = client.unfold_clocks(signed(cluster, "transport", ask(None))).await.unwrap().into_inner();
    assert_eq!(before.case_no, order.case_no);
    assert!(before.clocks.iter().all(|clock| clock.verdict.is_empty() && !clock.stretches.is_empty()));
    let act = ActOnOrderRequest {
        street: streets::code(OWN),
        order_id: order.order_id.clone(),
        idempotency_key: key(51),
        act: OrderAct::Acknowledge.into(),
        ..Default::default()
    };
    let mut orders = OrderServiceClient::new(channel(cluster, "dispatch").await);
    orders.act_on_order(signed(cluster, "transport", act)).await.unwrap();
    let after = client.unfold_clocks(signed(cluster, "transport", ask(None))).await.unwrap().into_inner();
    assert_eq!(after.clocks.iter().filter(|clock| clock.verdict == "met").count(), 1, "{after:?}");
    let then = client.unfold_clocks(signed(cluster, "transport", ask(before.at))).await.unwrap().into_inner();
    assert_eq!(then, before);

    let url = format!(
        "{}/dispatch/v1/streets/{}/orders/{}/clocks",
        cluster.url("dispatch"),
        streets::code(OWN),
        order.order_id
    );
    let request = cluster.http().get(url).bearer_auth(cluster.token("transport"));
    let http: Value = request.send().await.unwrap().json().await.unwrap();
    let texts = |list: &Value| -> Vec<String> {
        let clocks = list["clocks"].as_array().unwrap().iter();
        clocks.map(|clock| clock["stage"].as_str().unwrap().to_owned()).collect()
    };
    let stages: Vec<String> = after.clocks.iter().map(|clock| clock.stage.clone()).collect();
    assert_eq!(stages, texts(&http));

    let future = before.at.map(|at| prost_types::Timestamp { seconds: at.seconds + 86_400, ..at });
    let told = client.unfold_clocks(signed(cluster, "transport", ask(future))).await.unwrap_err();
    assert_eq!(refused(&told), (Code::InvalidArgument, "validation-failed".to_owned()));
    let details = told.get_error_details();
    let fault = &details.bad_request().unwrap().field_violations[0];
    assert!(fault.field == "/at" && fault.description.starts_with("in-future"), "{fault:?}");
    let told = client.unfold_clocks(signed(cluster, "bus-company", ask(None))).await.unwrap_err();
    assert_eq!(refused(&told), (Code::NotFound, "not-found".to_owned()));
}

/// Alike at both doors; a case that was not returned and not submitted has none yet.
async fn clocks_of_a_case_are_unfolded(cluster: &Cluster, order: &OrderState) {
    let mut client = ClockServiceClient::new(channel(cluster, "dispatch").await);
    let ask = |at| UnfoldCaseClocksRequest { street: streets::code(OWN), case_id: order.case_id.clone(), at };
    let before =
        client.unfold_case_clocks(signed(cluster, "transport", ask(None))).await.unwrap().into_inner();
    assert_eq!((before.case_no.as_str(), before.clocks.len()), (order.case_no.as_str(), 0));
    let url = format!(
        "{}/dispatch/v1/streets/{}/cases/{}/clocks",
        cluster.url("dispatch"),
        streets::code(OWN),
        order.case_id
    );
    let request = cluster.http().get(url).bearer_auth(cluster.token("transport"));
    let http: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!((&http["case_no"], &http["clocks"]), (&json!(before.case_no), &json!([])));
    let then =
        client.unfold_case_clocks(signed(cluster, "transport", ask(before.at))).await.unwrap().into_inner();
    assert_eq!(then, before);
    let future = before.at.map(|at| prost_types::Timestamp { seconds: at.seconds + 86_400, ..at });
    let told = client.unfold_case_clocks(signed(cluster, "transport", ask(future))).await.unwrap_err();
    assert_eq!(refused(&told), (Code::InvalidArgument, "validation-failed".to_owned()));
    let unknown = UnfoldCaseClocksRequest { case_id: key(9), ..ask(None) };
    let told = client.unfold_case_clocks(signed(cluster, "transport", unknown)).await.unwrap_err();
    assert_eq!(refused(&told), (Code::NotFound, "not-found".to_owned()));
}

async fn a_calendar_is_looked_at_and_applied(cluster: &Cluster) {
    let mut client = CalendarServiceClient::new(channel(cluster, "dispatch").await);
    let (street, calendar) = (streets::code(OWN), format!("street-{}", streets::code(OWN)));
    let list = || ListCalendarsRequest { street: street.clone() };
    let listed =
        client.list_calendars(signed(cluster, "governance-centre", list())).await.unwrap().into_inner();
    let known = listed.calendars.iter().find(|known| known.id == calendar).unwrap();
    assert!(known.version > 0 && known.zone == "Asia/Shanghai" && known.years.contains(&2026), "{known:?}");
    let told = client.list_calendars(signed(cluster, "transport", list())).await.unwrap_err();
    assert_eq!(refused(&told), (Code::PermissionDenied, "forbidden".to_owned()));

    let Some(day) = last_day(cluster).await else { return };
    publish_day_off(cluster, OWN, &day).await;
    let ask = || PreviewReplanRequest {
        street: street.clone(),
        calendar: calendar.clone(),
        after: String::new(),
        limit: 0,
    };
    let moves: ReplanPage = wait::eventually(WITHIN, "the publication", async || {
        let asked = client.clone().preview_replan(signed(cluster, "governance-centre", ask())).await;
        asked.ok()?.into_inner().page.filter(|page| page.moves.len() == 3)
    })
    .await;
    assert!(moves.moves.iter().all(|moved| moved.clock.as_ref().unwrap().stage == "resolve"), "{moves:?}");
    let apply = |n, version| ApplyReplanRequest {
        street: street.clone(),
        idempotency_key: key(n),
        calendar: calendar.clone(),
        version,
        after: String::new(),
        limit: 0,
        note: "调休".to_owned(),
    };
    let told = client
        .apply_replan(signed(cluster, "governance-centre", apply(61, known.version)))
        .await
        .unwrap_err();
    assert_eq!(refused(&told), (Code::FailedPrecondition, "other-publication".to_owned()));
    let forged = ApplyReplanRequest { after: "x".to_owned(), ..apply(62, moves.version) };
    let told = client.apply_replan(signed(cluster, "governance-centre", forged)).await.unwrap_err();
    assert_eq!(refused(&told), (Code::InvalidArgument, "bad-cursor".to_owned()));
    for _ in 0..2 {
        let done = client.apply_replan(signed(cluster, "governance-centre", apply(63, moves.version))).await;
        assert_eq!(done.unwrap().into_inner().page.unwrap(), moves, "once, with one answer");
    }
    let done = client.apply_replan(signed(cluster, "governance-centre", apply(64, moves.version))).await;
    assert!(done.unwrap().into_inner().page.unwrap().moves.is_empty());
}
