//! The gRPC doors, with the clients generated from `proto/`: the same matter as a person's, moved by machines.

use std::time::Duration;

use contract::proto::directory::document_service_client::DocumentServiceClient;
use contract::proto::directory::{
    ApplyManifestRequest, GetDocumentRequest, GetManifestRequest, ListGenerationsRequest,
    PlanManifestRequest, RollbackTenantRequest,
};
use contract::proto::dispatch::order_act_result::Outcome as ActOutcome;
use contract::proto::dispatch::order_service_client::OrderServiceClient;
use contract::proto::dispatch::{
    ActOnCaseRequest, ActOnOrderRequest, ActOnOrdersRequest, CaseAct, GetOrderRequest, ListOrdersRequest,
    OrderAct, OrderActItem, OrderState, WatchOrdersRequest, WatchOrdersResponse,
};
use contract::proto::intake::report_service_client::ReportServiceClient;
use contract::proto::intake::submit_reports_response::Outcome;
use contract::proto::intake::{Datum, Place, SubmitReportRequest, SubmitReportsRequest};
use contract::proto::triage::review_desk_service_client::ReviewDeskServiceClient;
use contract::proto::triage::route_service_client::RouteServiceClient;
use contract::proto::triage::{ExplainRouteRequest, ListReviewsRequest, ReportAct, ReviewReportRequest};
use futures_util::{StreamExt, stream};
use harness::cluster::Cluster;
use harness::streets;
use testkit::wait;
use tonic::transport::Channel;
use tonic::{Code, Request};
use tonic_types::StatusExt;

const STREET: &str = "990102001000";
/// Every wait has its end.
const WITHIN: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn machines_report_watch_act_and_ask_why() {
    let cluster = Cluster::start_in_one_process(2).await.unwrap();
    reports_are_answered_one_by_one(&cluster).await;
    let order = an_order_is_watched_and_moved(&cluster).await;
    a_route_is_explained(&cluster, &order).await;
    a_report_is_judged(&cluster).await;
    a_manifest_is_applied_and_read(&cluster).await;
    a_manifest_is_planned_applied_and_rolled_back(&cluster).await;
    strangers_get_the_refusals_of_the_http_door(&cluster, &order).await;
    centres_direct(&cluster, &order).await;
    streams_end_with_the_key_that_signed_their_tokens(&cluster).await;
}

pub(crate) fn report(key: u128, item: &str) -> SubmitReportRequest {
    let place = Place { lon: 106.5, lat: 29.5, datum: Datum::Gcj02.into(), address: String::new() };
    SubmitReportRequest {
        street: STREET.to_owned(),
        idempotency_key: uuid::Uuid::from_u128(key).to_string(),
        text: "公交306路改道，取消站点".to_owned(),
        item: item.to_owned(),
        place: Some(place),
        reporter: None,
        drill: false,
        households: 0,
        reading_milli: None,
        assigned: None,
    }
}

pub(crate) async fn channel(cluster: &Cluster, service: &str) -> Channel {
    Channel::from_shared(cluster.grpc_url(service).to_owned()).unwrap().connect().await.unwrap()
}

pub(crate) fn signed<T>(cluster: &Cluster, persona: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let token = format!("Bearer {}", cluster.token(persona)).parse().unwrap();
    request.metadata_mut().insert("authorization", token);
    request
}

/// One call, then a stream with a repeat, a changed body under a used key, and a report without a place.
async fn reports_are_answered_one_by_one(cluster: &Cluster) {
    let mut client = ReportServiceClient::new(channel(cluster, "intake").await);
    let first = client.submit_report(signed(cluster, "grid-worker", report(1, "TRA-01"))).await.unwrap();
    let first = first.into_inner();
    let bad = SubmitReportRequest { place: None, ..report(2, "TRA-01") };
    let nan = Place { lon: f64::NAN, ..report(3, "").place.unwrap() };
    let nowhere = SubmitReportRequest { place: Some(nan), ..report(3, "TRA-01") };
    let changed = SubmitReportRequest { text: "另一件事".to_owned(), ..report(1, "TRA-01") };
    let items = [report(1, "TRA-01"), changed, bad, nowhere];
    let items = items.map(|report| SubmitReportsRequest { report: Some(report) });
    let answers = client.submit_reports(signed(cluster, "grid-worker", stream::iter(items))).await.unwrap();
    let answers: Vec<_> = answers.into_inner().map(|answer| answer.unwrap()).collect().await;
    assert_eq!(answers.len(), 4);
    let mut told: Vec<(u128, String)> = Vec::new();
    for answer in answers {
        let key = answer.idempotency_key.parse::<uuid::Uuid>().unwrap().as_u128();
        told.push(match answer.outcome.unwrap() {
            Outcome::Accepted(receipt) => {
                assert_eq!(receipt, first, "a repeat has the first one's answer");
                (key, "accepted".to_owned())
            }
            Outcome::Refused(refusal) => (key, refusal.code),
        });
    }
    told.sort();
    let expected =
        [(1, "accepted"), (1, "idempotency-key-reused"), (2, "datum-required"), (3, "validation-failed")];
    assert_eq!(told, expected.map(|(key, code)| (key, code.to_owned())));
}

/// A watcher hears the order come and go; one that comes back with a cursor hears the rest and nothing twice.
async fn an_order_is_watched_and_moved(cluster: &Cluster) -> OrderState {
    let mut client = OrderServiceClient::new(channel(cluster, "dispatch").await);
    let watch = || WatchOrdersRequest { street: STREET.to_owned(), cursor: String::new() };
    // Dispatch hears of a street a moment after intake does.
    let known = async || client.clone().watch_orders(signed(cluster, "transport", watch())).await.ok();
    let changes = wait::until(Duration::from_secs(30), known).await.expect("dispatch knows the street");
    let mut changes = changes.into_inner();
    let came = next(&mut changes).await;
    let order = came.order.clone().unwrap();
    assert_eq!((came.event.as_str(), order.body.as_str()), ("dispatched", "transport"));

    let list = ListOrdersRequest { street: STREET.to_owned(), ..Default::default() };
    let listed = client.list_orders(signed(cluster, "transport", list)).await.unwrap().into_inner();
    assert_eq!(listed.orders, std::slice::from_ref(&order), "a body sees its own");
    for (key, act) in [(11, OrderAct::See), (12, OrderAct::Acknowledge), (12, OrderAct::Acknowledge)] {
        let request = ActOnOrderRequest {
            street: STREET.to_owned(),
            order_id: order.order_id.clone(),
            idempotency_key: uuid::Uuid::from_u128(key).to_string(),
            act: act.into(),
            ..Default::default()
        };
        client.act_on_order(signed(cluster, "transport", request)).await.unwrap();
    }
    assert_eq!(next(&mut changes).await.event, "seen");
    drop(changes);
    let resume = WatchOrdersRequest { street: STREET.to_owned(), cursor: came.cursor };
    let again = client.clone().watch_orders(signed(cluster, "transport", resume)).await.unwrap();
    let mut again = again.into_inner();
    assert_eq!([next(&mut again).await.event, next(&mut again).await.event], ["seen", "acknowledged"]);

    let forged = WatchOrdersRequest { street: STREET.to_owned(), cursor: format!("{STREET}:999999999") };
    let refused = client.watch_orders(signed(cluster, "transport", forged)).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused)), (Code::InvalidArgument, "bad-cursor".to_owned()));
    order
}

/// The centre's verbs, many acts in one call, and the verbs of a case.
async fn centres_direct(cluster: &Cluster, order: &OrderState) {
    let mut client = OrderServiceClient::new(channel(cluster, "dispatch").await);
    let item = |act: OrderAct| OrderActItem {
        order_id: order.order_id.clone(),
        act: act.into(),
        ..Default::default()
    };
    let request = |key: u128, acts: Vec<OrderActItem>| ActOnOrdersRequest {
        street: STREET.to_owned(),
        idempotency_key: uuid::Uuid::from_u128(key).to_string(),
        acts,
    };
    let acts =
        vec![item(OrderAct::Urge), item(OrderAct::Supervise), item(OrderAct::Waive), item(OrderAct::Grant)];
    let answers = client.act_on_orders(signed(cluster, "street-centre", request(21, acts))).await.unwrap();
    let told: Vec<String> = answers
        .into_inner()
        .results
        .into_iter()
        .map(|result| match result.outcome.unwrap() {
            ActOutcome::Order(order) => format!("urged {} {}", order.urged, order.supervised_at.is_some()),
            ActOutcome::Refusal(refusal) => format!("{} {}", refusal.status, refusal.code),
        })
        .collect();
    assert_eq!(told, ["urged 1 false", "urged 1 true", "409 lead-required", "409 nothing-asked"]);
    let twice = request(22, vec![item(OrderAct::Urge), item(OrderAct::Urge)]);
    let refused = client.act_on_orders(signed(cluster, "street-centre", twice)).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused)), (Code::InvalidArgument, "validation-failed".to_owned()));

    let on_case = |key: u128, act: CaseAct| ActOnCaseRequest {
        street: STREET.to_owned(),
        case_id: order.case_id.clone(),
        idempotency_key: uuid::Uuid::from_u128(key).to_string(),
        act: act.into(),
        ..Default::default()
    };
    let early =
        client.act_on_case(signed(cluster, "verifier", on_case(23, CaseAct::Claim))).await.unwrap_err();
    assert_eq!((early.code(), reason(&early)), (Code::FailedPrecondition, "invalid-transition".to_owned()));
    let whistle = ActOnCaseRequest {
        bodies: vec!["sanitation".to_owned()],
        within_minutes: 30,
        ..on_case(24, CaseAct::Whistle)
    };
    let done = client.act_on_case(signed(cluster, "street-centre", whistle)).await.unwrap().into_inner();
    assert!(done.orders.iter().any(|order| order.body == "sanitation" && order.role == "assist"), "{done:?}");
    let done = client.act_on_case(signed(cluster, "street-centre", on_case(25, CaseAct::Cancel))).await;
    let done = done.unwrap().into_inner();
    assert_eq!(done.case.unwrap().phase, "cancelled");
    assert!(done.orders.iter().all(|order| order.phase == "cancelled"), "{:?}", done.orders);
}

async fn next(changes: &mut tonic::Streaming<WatchOrdersResponse>) -> WatchOrdersResponse {
    tokio::time::timeout(WITHIN, changes.message()).await.expect("a change in time").unwrap().unwrap()
}

async fn a_route_is_explained(cluster: &Cluster, order: &OrderState) {
    let mut client = RouteServiceClient::new(channel(cluster, "triage").await);
    let ask = ExplainRouteRequest { street: STREET.to_owned(), case_id: order.case_id.clone() };
    let why = client.explain_route(signed(cluster, "street-centre", ask)).await.unwrap().into_inner();
    assert_eq!(why.case_no, order.case_no);
    let plan: serde_json::Value = serde_json::from_slice(&why.plan).unwrap();
    assert!(plan.to_string().contains("transport"), "{plan}");
}

/// What no item is named for and no keyword decides; the tests of `triage` say more.
async fn a_report_is_judged(cluster: &Cluster) {
    let mut reports = ReportServiceClient::new(channel(cluster, "intake").await);
    let unsure = SubmitReportRequest { text: "你们好".to_owned(), ..report(31, "") };
    let receipt = reports.submit_report(signed(cluster, "grid-worker", unsure)).await.unwrap().into_inner();
    let client = ReviewDeskServiceClient::new(channel(cluster, "triage").await);
    let waiting = async || {
        let list = ListReviewsRequest { street: STREET.to_owned(), ..Default::default() };
        let page = client.clone().list_reviews(signed(cluster, "street-centre", list)).await.ok()?;
        page.into_inner().reviews.into_iter().find(|review| review.report_id == receipt.report_id)
    };
    let waiting = wait::eventually(WITHIN, "a report that waits", waiting).await;
    assert_eq!((waiting.reason.as_str(), waiting.text.as_str()), ("item-unsure", "你们好"));
    let act = |act: ReportAct, item: &str| ReviewReportRequest {
        street: STREET.to_owned(),
        report_id: receipt.report_id.clone(),
        act: act.into(),
        item: item.to_owned(),
        ..Default::default()
    };
    let decide = act(ReportAct::Decide, "TRA-03");
    let refused =
        client.clone().review_report(signed(cluster, "transport", decide.clone())).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused)), (Code::PermissionDenied, "forbidden".to_owned()));
    let decided = client.clone().review_report(signed(cluster, "street-centre", decide)).await.unwrap();
    assert_eq!(decided.into_inner().item, "TRA-03");
}

async fn a_manifest_is_applied_and_read(cluster: &Cluster) {
    let mut client = DocumentServiceClient::new(channel(cluster, "directory").await);
    let manifest = ApplyManifestRequest { manifest: streets::street(1).into(), if_generation: 0 };
    let applied = client.apply_manifest(signed(cluster, "sre", manifest)).await.unwrap().into_inner();
    assert_eq!((applied.tenant.as_str(), applied.changed), (STREET, false), "it is applied already");
    let ask = GetDocumentRequest { tenant: STREET.to_owned(), part: "core".to_owned() };
    let document = client.get_document(signed(cluster, "street-centre", ask)).await.unwrap().into_inner();
    assert_eq!(document.generation, applied.generation);
    let faulty = ApplyManifestRequest { manifest: "kind: Street\nnonsense: 1".into(), if_generation: 0 };
    let refused = client.apply_manifest(signed(cluster, "sre", faulty)).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused)), (Code::InvalidArgument, "manifest-invalid".to_owned()));
}

/// The same functions as behind the HTTP door, where the tests of `directory` say more.
async fn a_manifest_is_planned_applied_and_rolled_back(cluster: &Cluster) {
    let mut client = DocumentServiceClient::new(channel(cluster, "directory").await);
    let old = streets::street(1);
    let new = old.replace("zh: 滨江街道", "zh: 滨江新街道");
    let plan = PlanManifestRequest { manifest: new.clone().into() };
    let plan = client.plan_manifest(signed(cluster, "sre", plan)).await.unwrap().into_inner();
    let [change] = &plan.changes[..] else { panic!("{plan:?}") };
    assert_eq!(
        (plan.generation, change.change.as_str(), change.pointer.as_str()),
        (1, "changed", "/core/name/zh")
    );
    assert_eq!(
        (&change.before[..], change.label.as_ref().unwrap().zh.as_str()),
        ("\"滨江街道\"".as_bytes(), "名称 · 中文")
    );

    let apply = ApplyManifestRequest { manifest: new.into(), if_generation: plan.generation };
    let applied = client.apply_manifest(signed(cluster, "sre", apply)).await.unwrap().into_inner();
    assert_eq!((applied.generation, applied.changed), (2, true));
    let back = |to_generation, if_generation| RollbackTenantRequest {
        tenant: STREET.to_owned(),
        to_generation,
        if_generation,
    };
    let stale = client.rollback_tenant(signed(cluster, "sre", back(1, 1))).await.unwrap_err();
    assert_eq!((stale.code(), reason(&stale)), (Code::Aborted, "precondition-failed".to_owned()));
    let unknown = client.rollback_tenant(signed(cluster, "sre", back(9, 0))).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    let done = client.rollback_tenant(signed(cluster, "sre", back(1, 2))).await.unwrap().into_inner();
    assert_eq!((done.generation, done.changed), (3, true));

    let list = ListGenerationsRequest { tenant: STREET.to_owned(), before: 0, limit: 2 };
    let list = client.list_generations(signed(cluster, "street-centre", list)).await.unwrap().into_inner();
    let lineage: Vec<_> = list.generations.iter().map(|one| (one.generation, one.of_generation)).collect();
    assert_eq!((lineage, list.next), (vec![(3, 1), (2, 0)], 2));
    let get = GetManifestRequest { tenant: STREET.to_owned(), generation: 3 };
    let kept = client.get_manifest(signed(cluster, "street-centre", get)).await.unwrap().into_inner();
    assert_eq!(kept.manifest, old.as_bytes());
}

async fn strangers_get_the_refusals_of_the_http_door(cluster: &Cluster, order: &OrderState) {
    let mut client = OrderServiceClient::new(channel(cluster, "dispatch").await);
    let ask = || GetOrderRequest { street: STREET.to_owned(), order_id: order.order_id.clone() };
    let refused = client.get_order(Request::new(ask())).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused)), (Code::Unauthenticated, "unauthenticated".to_owned()));
    // Another body's order and one that is not there look the same.
    let others = client.get_order(signed(cluster, "bus-company", ask())).await.unwrap_err();
    let unknown = GetOrderRequest { order_id: uuid::Uuid::from_u128(9).to_string(), ..ask() };
    let unknown = client.get_order(signed(cluster, "bus-company", unknown)).await.unwrap_err();
    assert_eq!((others.code(), others.message()), (Code::NotFound, unknown.message()));
    let huge = SubmitReportRequest { text: "街".repeat(700_000), ..report(4, "TRA-01") };
    let mut reports = ReportServiceClient::new(channel(cluster, "intake").await);
    let refused = reports.submit_report(signed(cluster, "grid-worker", huge)).await.unwrap_err();
    assert_eq!(refused.code(), Code::OutOfRange);
}

/// The last one: no token is good afterwards.
async fn streams_end_with_the_key_that_signed_their_tokens(cluster: &Cluster) {
    let (send, sent) = tokio::sync::mpsc::unbounded_channel();
    let items = stream::unfold(sent, async |mut sent| Some((sent.recv().await?, sent)));
    let mut reports = ReportServiceClient::new(channel(cluster, "intake").await);
    let answers = reports.submit_reports(signed(cluster, "grid-worker", items)).await.unwrap();
    let mut answers = answers.into_inner();
    let mut orders = OrderServiceClient::new(channel(cluster, "dispatch").await);
    let watch = WatchOrdersRequest { street: STREET.to_owned(), cursor: String::new() };
    let mut changes = orders.watch_orders(signed(cluster, "transport", watch)).await.unwrap().into_inner();

    let mut outcome = async || {
        send.send(SubmitReportsRequest { report: Some(report(1, "TRA-01")) }).unwrap();
        answers.message().await.unwrap().unwrap().outcome.unwrap()
    };
    assert!(matches!(outcome().await, Outcome::Accepted(_)));
    cluster.replace_the_issuer().unwrap();
    let refused = async || match outcome().await {
        Outcome::Accepted(_) => None,
        Outcome::Refused(refusal) => Some(refusal.code),
    };
    assert_eq!(wait::eventually(WITHIN, "a refusal", refused).await, "unauthenticated");
    let ended = async || changes.message().await.err();
    assert_eq!(wait::eventually(WITHIN, "the end", ended).await.code(), Code::Unauthenticated);
}

pub(crate) fn reason(status: &tonic::Status) -> String {
    status.get_error_details().error_info().expect("every refusal names its code").reason.clone()
}
