//! The review desk by gRPC: what is done there is what is done at the HTTP door, with the same answers and the same refusals.

use bootstrap::rpc::Fronted;
use contract::document::RoutingMode;
use contract::proto::from_wire;
use contract::proto::intake::Place;
use contract::proto::triage as wire;
use contract::proto::triage::review_desk_service_client::ReviewDeskServiceClient;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tonic::service::Routes;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use crate::desk::{Desk, OTHER_STREET, STREET, report};

const CENTRE: &str = "street-centre";
const DISTRICT: &str = "governance-centre";

impl Desk {
    /// A client of the gRPC door.
    fn machine(&self) -> ReviewDeskServiceClient<Fronted<Routes>> {
        ReviewDeskServiceClient::new(self.rig.rpc())
    }

    async fn reports(&self, subject: &str, limit: u32, after: &str) -> wire::ListReviewsResponse {
        let asked = wire::ListReviewsRequest { limit, after: after.to_owned(), ..all_reports() };
        self.machine().list_reviews(self.rig.signed(subject, asked)).await.unwrap().into_inner()
    }

    async fn plans(&self, desk: wire::Desk) -> Vec<wire::WaitingPlan> {
        let asked = wire::ListPlanReviewsRequest {
            street: STREET.to_owned(),
            desk: desk.into(),
            ..wire::ListPlanReviewsRequest::default()
        };
        let page = self.machine().list_plan_reviews(self.rig.signed(CENTRE, asked)).await.unwrap();
        page.into_inner().plan_reviews
    }

    async fn on_report(
        &self,
        subject: &str,
        asked: wire::ReviewReportRequest,
    ) -> Result<wire::ReviewReportResponse, (Code, String)> {
        let answer = self.machine().review_report(self.rig.signed(subject, asked)).await;
        answer.map(tonic::Response::into_inner).map_err(|status| (status.code(), reason(&status)))
    }

    async fn on_plan(
        &self,
        subject: &str,
        asked: wire::ReviewPlanRequest,
    ) -> Result<wire::ReviewPlanResponse, (Code, String)> {
        let answer = self.machine().review_plan(self.rig.signed(subject, asked)).await;
        answer.map(tonic::Response::into_inner).map_err(|status| (status.code(), reason(&status)))
    }
}

fn id(n: u128) -> String {
    uuid::Uuid::from_u128(n).to_string()
}

fn all_reports() -> wire::ListReviewsRequest {
    wire::ListReviewsRequest { street: STREET.to_owned(), ..wire::ListReviewsRequest::default() }
}

fn of_report(n: u128, act: wire::ReportAct) -> wire::ReviewReportRequest {
    wire::ReviewReportRequest {
        street: STREET.to_owned(),
        report_id: id(n),
        act: act.into(),
        ..wire::ReviewReportRequest::default()
    }
}

fn of_plan(case_id: &str, act: wire::PlanAct) -> wire::ReviewPlanRequest {
    wire::ReviewPlanRequest {
        street: STREET.to_owned(),
        case_id: case_id.to_owned(),
        act: act.into(),
        ..wire::ReviewPlanRequest::default()
    }
}

/// Our stable code.
fn reason(status: &Status) -> String {
    status.get_error_details().error_info().expect("every refusal names its code").reason.clone()
}

/// The first place that is wrong.
fn place(status: &Status) -> String {
    let details = status.get_error_details();
    let violations = &details.bad_request().expect("a fault").field_violations;
    violations.first().expect("a fault").field.clone()
}

fn refused<T>(code: Code, reason: &str) -> Result<T, (Code, String)> {
    Err((code, reason.to_owned()))
}

#[tokio::test]
async fn reports_are_listed_in_pages_with_reasons_and_suggestions() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "", "等车亭的雨棚破了，站点没有遮雨")]).await;
    desk.hear(&[report(2, "", "对面楼三层烧起来了，烟往上窜，快来人")]).await;
    let first = desk.reports(CENTRE, 1, "").await;
    let [fire] = &first.reviews[..] else { panic!("{first:?}") };
    assert_eq!((&fire.report_id, fire.lane.as_str(), fire.danger.as_str()), (&id(2), "urgent", "SAF-01"));
    assert!(fire.why_zh.ends_with("可能危及生命（SAF-01），请立即研判"), "{fire:?}");
    assert!(!fire.why_en.is_empty() && fire.why_en != fire.why_zh, "{fire:?}");
    let second = desk.reports(CENTRE, 1, &first.next).await;
    let [stop] = &second.reviews[..] else { panic!("{second:?}") };
    assert_eq!((&stop.report_id, stop.reason.as_str(), stop.danger.as_str()), (&id(1), "item-unsure", ""));
    let nearest = &stop.proposed[0];
    assert_eq!((nearest.item.as_str(), nearest.zh.as_str()), ("TRA-03", "公交站台站牌损坏"));
    assert!(!nearest.words.is_empty() && nearest.permille.is_none(), "no model was asked: {nearest:?}");
    let last = desk.reports(CENTRE, 1, &second.next).await;
    assert_eq!((last.reviews, last.next), (vec![], String::new()));

    let listed = desk.reads(CENTRE, "reviews").await;
    let entry = &listed["reviews"][1];
    let why: Value = serde_json::from_slice(&stop.item_explanation).unwrap();
    assert_eq!(
        (&entry["item_explanation"], &entry["text"]),
        (&why, &json!(stop.text)),
        "as at the other door"
    );
    let place = stop.place.as_ref().unwrap();
    assert_eq!(
        (&entry["place"]["lon"], &entry["place"]["address"]),
        (&json!(place.lon), &json!(place.address))
    );
    assert_eq!(from_wire(stop.requested_at.as_ref().unwrap()), Some(desk.rig.clock.now()));
    assert_eq!((stop.desk(), stop.claimed_by.as_str()), (wire::Desk::Street, ""));
    let district = wire::ListReviewsRequest { desk: wire::Desk::District.into(), ..all_reports() };
    let above = desk.machine().list_reviews(desk.rig.signed(CENTRE, district)).await.unwrap();
    assert_eq!(above.into_inner().reviews, []);
}

#[tokio::test]
async fn a_suggestion_is_taken_and_either_door_knows_it() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "", "等车亭的雨棚破了，站点没有遮雨"), report(2, "", "你好")]).await;
    let take = |item: &str| wire::ReviewReportRequest {
        item: item.to_owned(),
        ..of_report(1, wire::ReportAct::Decide)
    };
    let held = desk.on_report(CENTRE, of_report(1, wire::ReportAct::Claim)).await.unwrap();
    assert_eq!((held.claimed_by.as_str(), held.decided_at), (CENTRE, None));
    let until = held.claimed_until.and_then(|until| from_wire(&until)).unwrap();
    assert_eq!(until, desk.rig.clock.now() + SignedDuration::from_mins(15));
    assert_eq!(
        desk.on_report(DISTRICT, take("TRA-03")).await,
        refused(Code::FailedPrecondition, "claimed-by-another")
    );
    assert_eq!(
        desk.on_report(CENTRE, take("TRA-99")).await,
        refused(Code::InvalidArgument, "validation-failed"),
        "the list has no such item"
    );
    let taken = desk.on_report(CENTRE, take("TRA-03")).await.unwrap();
    assert_eq!(
        (taken.item.as_str(), taken.case_no.as_str(), taken.voice),
        ("TRA-03", "990102001-261123-0001", 1)
    );
    assert_eq!(desk.on_report(CENTRE, take("TRA-03")).await.as_ref(), Ok(&taken), "the same again");
    let decide = format!("reviews/{}:decide", id(1));
    let (status, again) = desk.acts(CENTRE, &decide, json!({ "item": "TRA-03" })).await;
    assert_eq!((status, &again["case_id"]), (200, &json!(taken.case_id)));
    assert_eq!(
        desk.on_report(CENTRE, take("TRA-01")).await,
        refused(Code::FailedPrecondition, "invalid-transition")
    );

    let join = wire::ReviewReportRequest {
        into_case_id: taken.case_id.clone(),
        ..of_report(2, wire::ReportAct::Join)
    };
    let joined = desk.on_report(CENTRE, join).await.unwrap();
    assert_eq!((joined.case_id, joined.voice), (taken.case_id, 2));
    assert_eq!(desk.cases(STREET).await, [[1, 2]]);
}

#[tokio::test]
async fn a_plan_goes_between_the_desks_and_out_as_a_person_says() {
    let desk = Desk::reviewing(RoutingMode::StreetReview).await;
    desk.hear(&[report(1, "TRA-01", "改线")]).await;
    let [waiting] = &desk.plans(wire::Desk::Street).await[..] else { panic!("one plan") };
    assert_eq!(
        (waiting.lead.as_str(), waiting.mode.as_str(), waiting.voices),
        ("transport", "street-review", 1)
    );
    assert_eq!(waiting.version, 1);
    let due_at = waiting.due_at.as_ref().and_then(from_wire);
    assert_eq!(due_at, Some(desk.rig.clock.now() + SignedDuration::from_mins(30)));
    let why: Value = serde_json::from_slice(&waiting.plan_explanation).unwrap();
    assert_eq!(why["plan"]["lead"], "transport");

    let case_id = &waiting.case_id;
    let raise = wire::ReviewPlanRequest {
        note: "涉及跨区线路".to_owned(),
        ..of_plan(case_id, wire::PlanAct::Raise)
    };
    assert_eq!(desk.on_plan(CENTRE, raise).await.unwrap().desk(), wire::Desk::District);
    assert_eq!(desk.plans(wire::Desk::Street).await, []);
    assert_eq!(desk.plans(wire::Desk::District).await[0].note, "涉及跨区线路");
    assert_eq!(
        desk.on_plan(CENTRE, of_plan(case_id, wire::PlanAct::Approve)).await,
        refused(Code::FailedPrecondition, "districts-desk")
    );
    let down = desk.on_plan(DISTRICT, of_plan(case_id, wire::PlanAct::HandDown)).await.unwrap();
    assert_eq!(down.desk(), wire::Desk::Street);

    let changed = wire::ReviewPlanRequest {
        lead: "bus-company".to_owned(),
        assists: Some(wire::Assistants::default()),
        ..of_plan(case_id, wire::PlanAct::Approve)
    };
    let unread = wire::ReviewPlanRequest { if_version: 2, ..changed.clone() };
    assert_eq!(desk.on_plan(CENTRE, unread).await, refused(Code::Aborted, "precondition-failed"));
    let changed = wire::ReviewPlanRequest { if_version: 1, ..changed };
    let done = desk.on_plan(CENTRE, changed.clone()).await.unwrap();
    assert_eq!((done.outcome.as_str(), done.decided_at.is_some()), ("changed", true));
    assert_eq!(desk.on_plan(CENTRE, changed).await.as_ref(), Ok(&done), "the same again");
    let [(_, routed)] = &desk.routed().await[..] else { panic!("one case") };
    let orders = &routed.plan.as_ref().unwrap().orders;
    assert_eq!((orders[0].body.as_str(), orders[0].role()), ("bus-company", wire::Role::Lead));
    assert!(orders.iter().all(|order| order.role() != wire::Role::Assist), "nobody assists: {orders:?}");
}

#[tokio::test]
async fn what_is_rejected_says_its_ground_and_merged_voices_are_split_off_again() {
    let desk = Desk::reviewing(RoutingMode::StreetReview).await;
    desk.hear(&[report(1, "TRA-01", "改线"), report(2, "", "你好")]).await;
    let reject = wire::ReviewReportRequest {
        ground: wire::RejectionGround::NotAMatter.into(),
        note: "只是问候".to_owned(),
        ..of_report(2, wire::ReportAct::Reject)
    };
    let rejected = desk.on_report(CENTRE, reject.clone()).await.unwrap();
    assert_eq!((rejected.ground.as_str(), rejected.case_id.as_str()), ("not-a-matter", ""));
    assert_eq!(desk.on_report(CENTRE, reject).await, Ok(rejected));

    let into = desk.plans(wire::Desk::Unspecified).await[0].case_id.clone();
    desk.on_plan(CENTRE, of_plan(&into, wire::PlanAct::Approve)).await.unwrap();
    desk.hear(&[report(3, "TRA-03", "站牌坏了")]).await;
    let from = desk.plans(wire::Desk::Unspecified).await[0].case_id.clone();
    let merge = |into: &str| wire::ReviewPlanRequest {
        into_case_id: into.to_owned(),
        ..of_plan(&from, wire::PlanAct::Merge)
    };
    let itself = desk.machine().review_plan(desk.rig.signed(CENTRE, merge(&from))).await.unwrap_err();
    assert_eq!((itself.code(), place(&itself).as_str()), (Code::InvalidArgument, "/case_id"));
    assert_eq!(desk.on_plan(CENTRE, merge(&into)).await.unwrap().outcome, "merged");
    assert_eq!(desk.cases(STREET).await, [[1, 3]]);

    let split = |case_id: &str, report_id: String| wire::SplitVoiceRequest {
        street: STREET.to_owned(),
        case_id: case_id.to_owned(),
        report_id,
        item: "TRA-03".to_owned(),
        note: "另一件事".to_owned(),
    };
    let list = |after: u32| wire::ListVoicesRequest {
        street: STREET.to_owned(),
        case_id: into.clone(),
        after,
        limit: 1,
    };
    let second = desk.machine().list_voices(desk.rig.signed(CENTRE, list(1))).await.unwrap().into_inner();
    let [voice] = &second.voices[..] else { panic!("{second:?}") };
    assert_eq!((&voice.report_id, voice.text.as_str(), voice.item.as_str()), (&id(3), "站牌坏了", "TRA-03"));
    assert_eq!((voice.source.as_str(), voice.place.is_some(), second.next), ("resident", true, voice.voice));
    let body = desk.machine().list_voices(desk.rig.signed("transport", list(0))).await.unwrap_err();
    assert_eq!(body.code(), Code::PermissionDenied, "bodies have the words of the case");
    let asked = desk.rig.signed(CENTRE, split(&into, id(3)));
    let apart = desk.machine().split_voice(asked).await.unwrap().into_inner();
    assert_eq!((&apart.report_id, apart.case_id != into), (&id(3), true));
    assert_eq!(desk.cases(STREET).await, [[1], [3]]);
    let asked = desk.rig.signed(CENTRE, split(&into, id(1)));
    let first = desk.machine().split_voice(asked).await.unwrap_err();
    assert_eq!((first.code(), reason(&first)), (Code::FailedPrecondition, "invalid-transition".to_owned()));

    // A person named its item, so the new case waits for nobody: it can be drawn anew, and be merged. One that waits is drawn anew
    // where it waits.
    desk.hear(&[report(4, "TRA-02", "站台积水")]).await;
    let waiting = desk.plans(wire::Desk::Unspecified).await[0].case_id.clone();
    let again = |item: &str, lon: f64| wire::RerouteCaseRequest {
        street: STREET.to_owned(),
        case_id: apart.case_id.clone(),
        item: item.to_owned(),
        place: (lon > 0.0).then(|| Place { lon, lat: 29.5628, ..Place::default() }),
        note: "其实是改线".to_owned(),
    };
    let reroute = async |asked| desk.machine().reroute_case(desk.rig.signed(CENTRE, asked)).await;
    let waits = reroute(wire::RerouteCaseRequest { case_id: waiting.clone(), ..again("TRA-01", 0.0) });
    let waits = waits.await.unwrap().into_inner();
    assert_eq!((waits.item.as_str(), waits.bodies[0].as_str()), ("TRA-01", "transport"));
    let plans = desk.plans(wire::Desk::Unspecified).await;
    assert_eq!((plans[0].case_id.as_str(), plans[0].item.as_str()), (waiting.as_str(), "TRA-01"));
    let nowhere = reroute(again("", 106.55)).await.unwrap_err();
    assert_eq!((nowhere.code(), reason(&nowhere)), (Code::InvalidArgument, "datum-required".to_owned()));
    let done = reroute(again("TRA-01", 0.0)).await.unwrap().into_inner();
    assert_eq!((done.item.as_str(), done.bodies[0].as_str()), ("TRA-01", "transport"));
    assert_eq!(reroute(again("TRA-01", 0.0)).await.unwrap().into_inner(), done, "the same again");

    let merge = |into: &str| wire::MergeCaseRequest {
        street: STREET.to_owned(),
        case_id: apart.case_id.clone(),
        into_case_id: into.to_owned(),
        note: "同一件事".to_owned(),
    };
    let ask = async |asked| desk.machine().merge_case(desk.rig.signed(CENTRE, asked)).await;
    let itself = ask(merge(&apart.case_id)).await.unwrap_err();
    assert_eq!((itself.code(), place(&itself).as_str()), (Code::InvalidArgument, "/case_id"));
    let merged = ask(merge(&into)).await.unwrap().into_inner();
    assert_eq!((&merged.case_no, &merged.into_case_id), (&apart.case_no, &into));
    assert_eq!(ask(merge(&into)).await.unwrap().into_inner(), merged, "the same again");
    assert_eq!(desk.cases(STREET).await, [vec![1, 3], vec![4]]);
}

#[tokio::test]
async fn fields_have_their_acts_and_their_forms() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "", "你好")]).await;
    let decide = || of_report(1, wire::ReportAct::Decide);
    for (asked, pointer) in [
        (of_report(1, wire::ReportAct::Unspecified), "/act"),
        (wire::ReviewReportRequest { act: 99, ..decide() }, "/act"),
        (decide(), "/item"),
        (of_report(1, wire::ReportAct::Reject), "/ground"),
        (wire::ReviewReportRequest { into_case_id: "x".to_owned(), ..decide() }, "/case_id"),
        (
            wire::ReviewReportRequest { item: "TRA-01".to_owned(), into_case_id: id(9), ..decide() },
            "/case_id",
        ),
        (
            wire::ReviewReportRequest { note: "a\0".to_owned(), item: "TRA-01".to_owned(), ..decide() },
            "/note",
        ),
        (
            wire::ReviewReportRequest {
                ground: wire::RejectionGround::Test.into(),
                ..of_report(1, wire::ReportAct::Claim)
            },
            "/ground",
        ),
    ] {
        let said = format!("{asked:?}");
        let refused = desk.machine().review_report(desk.rig.signed(CENTRE, asked)).await.unwrap_err();
        assert_eq!((refused.code(), place(&refused).as_str()), (Code::InvalidArgument, pointer), "{said}");
    }
    for (after, limit, told) in
        [("x", 0, "bad-cursor"), (id(9).as_str(), 0, "bad-cursor"), ("", 201, "validation-failed")]
    {
        let asked = wire::ListReviewsRequest { after: after.to_owned(), limit, ..all_reports() };
        let refused = desk.machine().list_reviews(desk.rig.signed(CENTRE, asked)).await.unwrap_err();
        assert_eq!(
            (refused.code(), reason(&refused).as_str()),
            (Code::InvalidArgument, told),
            "{after} {limit}"
        );
    }
    assert_eq!(desk.count("cases").await, 0);
}

/// Whoever asks, about whatever: the code is that of the HTTP door, and what is not theirs looks like what is not there.
#[tokio::test]
async fn strangers_get_the_refusals_of_the_http_door() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "", "你好")]).await;
    for (subject, street, n) in [
        (CENTRE, STREET, 9),
        (CENTRE, OTHER_STREET, 1),
        (CENTRE, "990102999000", 1),
        ("stranger", STREET, 1),
        ("resident", STREET, 1),
        ("transport", STREET, 1),
    ] {
        let path = format!("/triage/v1/streets/{street}/reviews/{}:decide", id(n));
        let (token, body) = (desk.rig.token(subject), json!({ "item": "TRA-01" }));
        let (status, _, problem) = desk.rig.http("POST", &path, Some(&token), &[], Some(body)).await;
        let asked = wire::ReviewReportRequest {
            street: street.to_owned(),
            item: "TRA-01".to_owned(),
            ..of_report(n, wire::ReportAct::Decide)
        };
        let code = if status == 404 { Code::NotFound } else { Code::PermissionDenied };
        let told = desk.on_report(subject, asked.clone()).await.unwrap_err();
        assert_eq!(
            (told.0, json!(told.1)),
            (code, problem["code"].clone()),
            "{subject} {street} {n}: {problem}"
        );
        // Not even what is wrong with the rest is said, where the street is not theirs.
        let theirs = subject == CENTRE && [STREET, OTHER_STREET].contains(&street);
        if !theirs {
            let faulty = wire::ReviewReportRequest { act: 99, ..asked };
            assert_eq!(desk.on_report(subject, faulty).await, Err(told), "{subject} {street}");
        }
    }
    let nobody = desk.machine().list_reviews(Request::new(all_reports())).await.unwrap_err();
    assert_eq!((nobody.code(), reason(&nobody)), (Code::Unauthenticated, "unauthenticated".to_owned()));
    assert_eq!(desk.count("cases").await, 0);
}
