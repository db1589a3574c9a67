//! Successors, quotas, switches and own calendars: in the documents, and every fault with its place.

use contract::document::{Document, DocumentBody};
use serde_json::json;
use sqlx::AssertSqlSafe;

use crate::office::*;

const MERGED: &str = "  bodies:
    city-bureau: { name: { zh: 城市建设局, en: City Bureau }, level: district, can_lead: true }
  successors:
    transport:
      from: 2027-01-01
      to: [{ body: city-bureau }, { body: traffic-police, items: [TRA-01] }]
";

fn district(lines: &str) -> String {
    DISTRICT.replace("  time_zone:", &format!("{lines}  time_zone:"))
}

#[tokio::test]
async fn bodies_are_succeeded_and_the_plan_says_so() {
    let office = Office::settled().await;
    let told = office.plan(&district(MERGED)).await.body.to_string();
    assert!(told.contains("沿革 transport 区交委") && told.contains("城市建设局"), "{told}");
    assert_eq!(office.apply(&district(MERGED)).await.applied(), (2, true));
    let [core, _] = office.documents("990102000000").await;
    let to = json!([{ "body": "city-bureau" }, { "body": "traffic-police", "items": ["TRA-01"] }]);
    assert_eq!(core["successors"]["transport"], json!({ "from": "2027-01-01", "to": to }));
    assert_eq!(core["bodies"]["city-bureau"]["name"]["zh"], "城市建设局");
}

#[tokio::test]
async fn circles_and_strangers_are_refused_with_their_places() {
    let office = Office::settled().await;
    let before = office.rows().await;
    let broken = "  successors:
    nobody: { from: 2027-01-01, to: [{ body: transport }] }
    transport: { from: 2027-01-01, to: [{ body: traffic-police }] }
    traffic-police:
      from: 2027-02-01
      to:
        - { body: transport, items: [TRA-01, TRA-99] }
        - { body: community, items: [TRA-01] }
        - { body: women-federation, items: [] }
";
    let answer = office.apply(&district(broken)).await;
    answer.refused(422, "manifest-invalid");
    assert_eq!(
        answer.placed(),
        [
            "16:13 /spec/successors/nobody unknown-body",
            "17:16 /spec/successors/transport succession-circle",
            "19:7 /spec/successors/traffic-police succession-circle",
            "21:46 /spec/successors/traffic-police/to/0/items/1 unknown-item",
            "22:19 /spec/successors/traffic-police/to/1/body heir-level",
            "22:38 /spec/successors/traffic-police/to/1/items/0 repeated-item",
            "23:19 /spec/successors/traffic-police/to/2/body cannot-lead",
        ]
    );
    assert_eq!(office.rows().await, before);
}

#[tokio::test]
async fn a_street_says_its_share_its_switches_and_its_hours() {
    let office = Office::settled().await;
    let own = "  quotas: { reports_per_minute: 600, burst: 40 }
  features: { anonymous_reports: false }
  calendar:
    frames: [{ start: \"08:00\", end: \"12:00\" }, { start: \"13:00\", end: \"20:00\" }]
    days: [{ date: 2026-12-25, kind: holiday }]
";
    assert_eq!(office.apply(&format!("{FAST}{own}")).await.applied(), (2, true));
    let [core, _] = office.documents(FAST_CODE).await;
    assert_eq!(core["quotas"], json!({ "reports_per_minute": 600, "burst": 40 }));
    assert_eq!(
        core["features"],
        json!({ "anonymous_reports": false, "join_reports": true, "join_by_words": true })
    );
    assert_eq!(core["calendar"]["days"], json!([{ "date": "2026-12-25", "kind": "holiday" }]));
    assert_eq!(core["calendar_since"], 2);
    assert_eq!(office.apply(FAST).await.applied(), (3, true));
    let [core, _] = office.documents(FAST_CODE).await;
    assert_eq!((core.get("quotas"), core.get("features"), core.get("calendar")), (None, None, None));
    // The district's hours again are a publication like any other.
    assert_eq!(core["calendar_since"], 3);
    assert_eq!(office.rollback(FAST_CODE, 2).await.applied(), (4, true));
    let named = FAST.replacen("  name:", "  # said in other words\n  name:", 1);
    assert_eq!(office.apply(&format!("{named}{own}")).await.applied(), (4, false));
    let [core, _] = office.documents(FAST_CODE).await;
    assert_eq!(core["calendar_since"], 4);
    // Another change leaves it as it is.
    let other = own.replace("burst: 40", "burst: 41");
    let told = office.plan(&format!("{FAST}{other}")).await.body.to_string();
    assert!(!told.contains("calendar_since"), "{told}");
    assert_eq!(office.apply(&format!("{FAST}{other}")).await.applied(), (5, true));
    let [core, _] = office.documents(FAST_CODE).await;
    assert_eq!(core["calendar_since"], 4);
}

/// Clocks count by an id and a version for ever: a release whose pack says something else under the same is refused.
#[tokio::test]
async fn a_calendar_that_says_something_else_raises_its_version() {
    let office = Office::settled().await;
    let of_district = "tenant_id = 990102000000 AND part = 'core'";
    let stored = AssertSqlSafe(format!("SELECT body FROM directory.tenant_documents WHERE {of_district}"));
    let stored: Vec<u8> = sqlx::query_scalar(stored).fetch_one(office.rig.admin()).await.unwrap();
    let mut earlier = Document::decode(&stored).unwrap();
    let DocumentBody::District(core) = &mut earlier.body else { panic!("a district's core") };
    // As an earlier release published it: one day off less.
    core.calendars.values_mut().next().unwrap().days.pop();
    let bytes = earlier.encode().unwrap();
    let update =
        AssertSqlSafe(format!("UPDATE directory.tenant_documents SET body = $1 WHERE {of_district}"));
    sqlx::query(update).bind(bytes).execute(office.rig.admin()).await.unwrap();
    let before = office.rows().await;
    for answer in [office.plan(DISTRICT).await, office.apply(DISTRICT).await] {
        let refused = [("/spec/pack".to_owned(), "calendar-not-raised".to_owned())];
        assert_eq!(answer.refused(422, "manifest-invalid"), refused);
    }
    assert_eq!(office.rows().await, before);
}

#[tokio::test]
async fn shares_switches_and_hours_that_cannot_be_are_refused_with_their_places() {
    let office = Office::settled().await;
    let before = office.rows().await;
    let lines = FAST.lines().count();
    let broken = "  quotas: { reports_per_minute: 0, burst: 0 }
  calendar:
    frames: [{ start: \"08:00\", end: \"12:00\" }, { start: \"11:00\", end: \"20:00\" }]
    days: [{ date: 2026-12-25, kind: holiday }, { date: 2031-01-01, kind: holiday }]
";
    let answer = office.apply(&format!("{FAST}{broken}")).await;
    answer.refused(422, "manifest-invalid");
    let at = |line: usize, rest: &str| format!("{}:{rest}", lines + line);
    assert_eq!(
        answer.placed(),
        [
            at(1, "33 /spec/quotas/reports_per_minute zero-quota"),
            at(1, "43 /spec/quotas/burst zero-quota"),
            at(3, "13 /spec/calendar/frames bad-frames"),
            at(4, "11 /spec/calendar/days bad-day"),
        ]
    );
    let unknown = office.apply(&format!("{FAST}  features: {{ teleport: true }}\n")).await;
    unknown.refused(422, "manifest-invalid");
    assert_eq!(unknown.placed(), [at(1, "15 /spec/features/teleport unknown-field")]);
    assert_eq!(office.rows().await, before);
}

/// A body that keeps hours of its own: they stand in the district's document, on the district's published years.
#[tokio::test]
async fn a_district_says_which_bodies_keep_hours_of_their_own() {
    let office = Office::settled().await;
    let own = "  calendars:
    bus-hours:
      version: 1
      weekdays: [mon, tue, wed, thu, fri, sat, sun]
      works_on_holidays: true
      frames: [{ start: \"05:30\", end: \"01:00\" }]
  body_calendars: { bus-company: bus-hours }
";
    let (_, changed) = office.apply(&district(own)).await.applied();
    assert!(changed);
    let [core, _] = office.documents("990102000000").await;
    assert_eq!(core["bodies"]["bus-company"]["calendar"], "bus-hours");
    let made = &core["calendars"]["bus-hours"];
    assert_eq!((&made["days"], &made["zone"]), (&json!([]), &json!("Asia/Shanghai")));
    assert_eq!(made["week"].as_array().unwrap().len(), 7);
    let before = office.rows().await;
    // Other hours under the same version would change what clocks count on behind their backs.
    let silent = own.replace("05:30", "06:00");
    let refused = [("/spec/calendars/bus-hours/version".to_owned(), "calendar-not-raised".to_owned())];
    assert_eq!(office.apply(&district(&silent)).await.refused(422, "manifest-invalid"), refused);
    // Nor is it taken away from under them; who keeps these hours no more is taken out of the list of bodies.
    let gone = [("/spec/calendars/bus-hours".to_owned(), "calendar-gone".to_owned())];
    assert_eq!(office.apply(DISTRICT).await.refused(422, "manifest-invalid"), gone);
    let broken = own
        .replace("bus-company: bus-hours", "bus-company: none, nobody: bus-hours")
        .replace("sat, sun", "sat, sat")
        .replace("\"01:00\"", "\"1:00\"");
    let faults = office.apply(&district(&broken)).await.refused(422, "manifest-invalid");
    let mut codes: Vec<&str> = faults.iter().map(|(_, code)| code.as_str()).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["bad-frames", "repeated-weekday", "unknown-body", "unknown-calendar"]);
    for id in ["bus_hours", "street-990102001000", "cn-official"] {
        let renamed = district(&own.replace("bus-hours", id));
        let faults = office.apply(&renamed).await.refused(422, "manifest-invalid");
        let known = ["bad-calendar-id", "calendar-taken", "calendar-gone"];
        assert!(faults.iter().all(|(_, code)| known.contains(&code.as_str())), "{faults:?}");
    }
    assert_eq!(office.rows().await, before);
    let unused = own.replace("  body_calendars: { bus-company: bus-hours }\n", "");
    assert!(office.apply(&district(&unused)).await.applied().1);
}
