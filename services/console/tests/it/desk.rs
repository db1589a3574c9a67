//! What the review desk does, as people see it: plans that wait, what is not accepted, reports that go from case to case.

use axum::http::StatusCode;
use contract::EventType;
use serde_json::{Value, json};

use crate::world::{STREET, Said, Story, World, cases, code};

impl World {
    async fn only(&self, query: &str) -> Value {
        let (status, page) = self.get("desk", &format!("{}{query}", cases(STREET))).await;
        assert_eq!(status, StatusCode::OK, "{page}");
        let [case] = &page["cases"].as_array().unwrap()[..] else { panic!("one case: {page}") };
        case.clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_waits_is_held_by_the_centre_until_dispatch_has_it() {
    let world = World::start().await;
    let mut story = Story::new(STREET, 1);
    let mut said = vec![story.accepted(1)];
    said.extend(story.opened_waiting(1));
    said.push(story.joined_waiting(2, 2, 3));
    world.hear(&said).await;
    let case = world.only("?phase=reviewing").await;
    let centre = json!(format!("street-centre@{STREET}"));
    assert_eq!((&case["phase"], &case["holder"], &case["voices"]), (&json!("reviewing"), &centre, &json!(2)));
    let (_, followed) = world.follow(&code(1).grouped()).await;
    assert_eq!(followed["phase"], "reviewing");
    assert_eq!(followed["steps"].as_array().unwrap().last().unwrap()["zh"], "派单方案待审核");
    // Dispatch is heard before triage says that it went out: what it says stands.
    let dispatched = story.progress(EventType::DispatchCaseOpened, "open", "transport");
    world.hear(&[dispatched]).await;
    world.hear(&[story.routed_at(4, 2)]).await;
    let case = world.only("?phase=open").await;
    assert_eq!((&case["holder"], &case["voices"]), (&json!("transport"), &json!(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_accepted_says_why_to_its_reporter() {
    let world = World::start().await;
    let mut story = Story::new(STREET, 1);
    world.hear(&[story.accepted(1), story.review_requested(1), story.review_rejected(1)]).await;
    let (_, followed) = world.follow(&code(1).grouped()).await;
    let last = followed["steps"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&followed["phase"], &last["zh"], &last["note"]),
        (&json!("rejected"), &json!("不予受理：没有具体诉求"), &json!("感谢问候"))
    );
    let mut said = vec![story.accepted(2)];
    said.extend(story.opened_waiting(2));
    said.push(story.rejected(3));
    world.hear(&said).await;
    let case = world.only("?phase=rejected").await;
    assert!(case["closed_at"].is_string() && case["holder"].is_null(), "{case}");
    let (_, followed) = world.follow(&code(2).grouped()).await;
    let last = followed["steps"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&followed["phase"], &last["en"]),
        (
            &json!("rejected"),
            &json!("not accepted after it was opened: no body of the district is competent")
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_plan_that_was_drawn_anew_says_what_was_wrong() {
    let world = World::start().await;
    let mut story = Story::new(STREET, 1);
    let mut said = vec![story.accepted(1)];
    said.extend(story.opened_waiting(1));
    said.push(story.drawn_anew("TRA-03", 3));
    world.hear(&said).await;
    let case = world.only("?phase=reviewing").await;
    assert_eq!(case["item"], "TRA-03");
    let path = format!("{}/{}/timeline", cases(STREET), story.case_id);
    let (_, page) = world.get("desk", &path).await;
    let asked = page["entries"].as_array().unwrap().iter();
    let asked: Vec<_> = asked.filter(|line| line["type"] == "triage.case.plan_review_requested").collect();
    let told = |line: &Value| (line["actor"].clone(), line["detail"].get("item_before").cloned());
    assert_eq!(told(asked[0]), (Value::Null, None));
    assert_eq!(told(asked[1]), (json!("zhou-lan"), Some(json!("TRA-01"))));
}

/// The notice is about the report; the case that it goes into later has it on its timeline, whatever is heard first.
#[tokio::test(flavor = "multi_thread")]
async fn who_was_told_of_a_report_is_on_the_timeline_of_its_case() {
    for reversed in [false, true] {
        let world = World::start().await;
        let mut story = Story::new(STREET, 1);
        let centre = format!("street-centre@{STREET}");
        let mut said = vec![story.accepted(1), story.review_requested(1), story.told_of_report(1, &centre)];
        said.extend([story.opened(1), story.routed()]);
        if reversed {
            said.reverse();
        }
        for said in said {
            world.hear(&[said]).await;
        }
        let path = format!("{}/{}/timeline", cases(STREET), story.case_id);
        let (_, page) = world.get("desk", &path).await;
        let mut lines = page["entries"].as_array().unwrap().iter();
        let told = lines.find(|line| line["type"] == "notification.delivery.delivered");
        let told = told.unwrap_or_else(|| panic!("reversed: {reversed}: {page}"));
        assert_eq!(
            (&told["body"], &told["detail"]["about"]),
            (&json!(centre), &json!("triage.case.review_requested")),
            "reversed: {reversed}"
        );
        assert!(told["case_id"].is_null() && told["report_id"].is_string(), "{told}");
    }
}

/// Whichever of the two cases is heard of last.
#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_in_the_case_that_took_it_last() {
    for reversed in [false, true] {
        let world = World::start().await;
        let (mut one, mut two) = (Story::new(STREET, 1), Story::new(STREET, 2));
        let before: Vec<Said> = vec![one.accepted(1), one.accepted(2), one.opened(1), one.routed()];
        let joined = one.joined(2, 2);
        let mut moves = vec![joined, one.split(2, &two, 4), two.opened_by_split(2), two.routed()];
        if reversed {
            moves.reverse();
        }
        world.hear(&before).await;
        for said in moves {
            world.hear(&[said]).await;
        }
        let (_, followed) = world.follow(&code(2).grouped()).await;
        assert_eq!(followed["case_no"], "990102001-261123-0002", "reversed: {reversed}");
        let (_, followed) = world.follow(&code(1).grouped()).await;
        assert_eq!(followed["case_no"], "990102001-261123-0001");
        let path = format!("{}/{}/timeline", cases(STREET), one.case_id);
        let (_, page) = world.get("desk", &path).await;
        let left =
            page["entries"].as_array().unwrap().iter().find(|line| line["type"] == "triage.case.split");
        let left = left.unwrap_or_else(|| panic!("{page}"));
        assert_eq!(left["detail"]["other_case_no"], "990102001-261123-0002", "{left}");
    }
}

/// Of two cases that bodies had the one is over; who reported it follows the other, in whatever order both are heard of.
#[tokio::test(flavor = "multi_thread")]
async fn a_merged_case_says_into_what_and_by_whom_and_its_reporters_follow_the_other() {
    for reversed in [false, true] {
        let world = World::start().await;
        let (mut one, mut two) = (Story::new(STREET, 1), Story::new(STREET, 2));
        let before: Vec<Said> = vec![
            one.accepted(1),
            one.opened(1),
            one.routed(),
            one.progress(EventType::DispatchCaseOpened, "open", "transport"),
            one.dispatched("transport", "lead"),
            two.accepted(2),
            two.opened(2),
            two.routed(),
        ];
        let mut merge = vec![
            two.took_over(1, 2, 3),
            one.merged(&two, 3),
            one.order(0, EventType::OrderCancelled, "cancelled"),
            one.progress(EventType::CaseCancelled, "cancelled", ""),
        ];
        if reversed {
            merge.reverse();
        }
        world.hear(&before).await;
        for said in merge {
            world.hear(&[said]).await;
        }
        let path = format!("{}/{}/timeline", cases(STREET), one.case_id);
        let (_, page) = world.get("desk", &path).await;
        let line =
            page["entries"].as_array().unwrap().iter().find(|line| line["type"] == "triage.case.merged");
        let line = line.unwrap_or_else(|| panic!("{page}"));
        assert_eq!(
            (&line["actor"], &line["zh"], &line["detail"]["note"]),
            (&json!("desk"), &json!("并入另一案件"), &json!("同一处井盖"))
        );
        assert_eq!(
            (&line["detail"]["other_case_no"], &line["detail"]["other_case_id"]),
            (&json!("990102001-261123-0002"), &json!(two.case_id))
        );
        let over = world.only("?phase=cancelled").await;
        assert_eq!((&over["case_no"], &over["holder"]), (&json!("990102001-261123-0001"), &Value::Null));
        for report in [1, 2] {
            let (_, followed) = world.follow(&code(report).grouped()).await;
            assert_eq!(
                (&followed["case_no"], &followed["phase"]),
                (&json!("990102001-261123-0002"), &json!("open")),
                "report {report}, reversed: {reversed}"
            );
        }
    }
}

/// What could not be told when a plan was drawn stands on the timeline, with what was done instead.
#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_failed_is_on_the_timeline() {
    let world = World::start().await;
    let mut story = Story::new(STREET, 1);
    let failed = contract::proto::triage::FailedRule {
        layer: "district".to_owned(),
        key: "crowd".to_owned(),
        zh: "区规则“多户受影响”（crowd）无法判定（unknown-fact），区级规则均不适用，按责任清单办理"
            .to_owned(),
        en: "rule crowd of the district could not be told".to_owned(),
    };
    world.hear(&[story.accepted(1), story.opened(1), story.routed_without(failed.clone())]).await;
    let path = format!("{}/{}/timeline", cases(STREET), story.case_id);
    let (_, page) = world.get("desk", &path).await;
    let mut lines = page["entries"].as_array().unwrap().iter();
    let routed = lines.find(|line| line["type"] == "triage.case.routed").unwrap();
    let told = json!([{ "layer": "district", "key": "crowd", "zh": failed.zh, "en": failed.en }]);
    assert_eq!(routed["detail"]["failed_rules"], told);
    let opened = page["entries"].as_array().unwrap().iter().find(|line| line["type"] == "triage.case.opened");
    assert!(opened.unwrap()["detail"].get("failed_rules").is_none(), "{page}");
}

/// The list has the item of now, whatever dispatch has made of it; the timeline says what it was.
#[tokio::test(flavor = "multi_thread")]
async fn a_case_that_was_re_routed_is_of_its_new_item() {
    let world = World::start().await;
    let mut story = Story::new(STREET, 1);
    let mut said = vec![story.accepted(1), story.opened(1), story.routed()];
    said.push(story.progress(EventType::DispatchCaseOpened, "open", "transport"));
    said.push(story.rerouted("TRA-03", 3));
    said.push(story.progress(EventType::DispatchCaseRerouted, "open", "bus-company"));
    world.hear(&said).await;
    let case = world.only("").await;
    assert_eq!((&case["item"], &case["holder"]), (&json!("TRA-03"), &json!("bus-company")));
    let path = format!("{}/{}/timeline", cases(STREET), story.case_id);
    let (_, page) = world.get("desk", &path).await;
    let line = |kind: &str| {
        let mut lines = page["entries"].as_array().unwrap().iter();
        lines.find(|line| line["type"] == kind).unwrap_or_else(|| panic!("{kind}: {page}"))
    };
    let drawn = line("triage.case.rerouted");
    assert_eq!(
        (&drawn["detail"]["item_before"], &drawn["detail"]["item"]),
        (&json!("TRA-01"), &json!("TRA-03"))
    );
    assert_eq!((&drawn["actor"], &drawn["detail"]["note"]), (&json!("zhou-lan"), &json!("其实是站台损坏")));
    assert_eq!(
        (&drawn["zh"], &drawn["en"]),
        (&json!("事项或地点已更正，方案重新拟定"), &json!("item or place corrected, case plan made anew"))
    );
    assert_eq!(line("dispatch.case.rerouted")["zh"], "已重新派单");
}
