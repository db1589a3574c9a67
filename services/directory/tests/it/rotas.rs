//! Posts and rotas through the doors: applied, refused with places, asked for by the hour, exported.

use crate::office::*;

const DUTY: &str = "  posts:
    duty-desk:
      name: { zh: 街道值班室, en: Duty desk }
      body: street-centre
      people: [{ subject: wang }, { subject: li }, { subject: zhao, until: 2026-12-31 }]
  rotas:
    street-duty:
      name: { zh: 街道值班, en: Street duty }
      post: duty-desk
      starts: 2026-11-23
      ends: 2027-06-30
      handover: \"08:30\"
      period_days: 1
      shifts:
        day: { start: \"08:30\", end: \"20:30\", crews: [[wang], [li]] }
        night: { start: \"20:30\", end: \"08:30\", crews: [[li], [wang]] }
      overrides: [{ shift: day, from: 2026-12-24, until: 2026-12-25, crew: [zhao] }]
";

fn with_duty(duty: &str) -> String {
    format!("{STREET}{duty}")
}

impl Office {
    async fn on_duty(&self, at: &str) -> (String, String) {
        let path = format!("/directory/v1/streets/{STREET_CODE}/rotas/street-duty:on-duty?at={at}");
        let answer = self.get("street-centre", &path).await;
        assert_eq!(answer.status, 200, "{:#}", answer.body);
        let crew = |turn: &serde_json::Value| turn["crew"][0].as_str().unwrap_or("nobody").to_owned();
        (crew(&answer.body["turns"][0]), crew(&answer.body["next"]))
    }
}

async fn office() -> Office {
    let office = Office::settled().await;
    assert_eq!(office.apply(&with_duty(DUTY)).await.applied(), (2, true));
    assert_eq!(office.apply(&with_duty(DUTY)).await.applied(), (2, false));
    office
}

#[tokio::test]
async fn who_is_on_duty_is_asked_for_by_the_hour() {
    let office = office().await;
    for (at, now, next) in [
        ("2026-11-23T00:29:59Z", "nobody", "wang"),
        ("2026-11-23T00:30:00Z", "wang", "li"),
        ("2026-11-23T12:29:59Z", "wang", "li"),
        ("2026-11-23T12:30:00Z", "li", "li"),
        ("2026-11-24T00:30:00Z", "li", "wang"),
        ("2026-12-24T02:00:00Z", "zhao", "wang"),
        ("2027-07-01T00:30:00Z", "nobody", "nobody"),
    ] {
        assert_eq!(office.on_duty(at).await, (now.to_owned(), next.to_owned()), "{at}");
    }
    // 10:00 in Shanghai on the rota's first day, by the database's time.
    let path = format!("/directory/v1/streets/{STREET_CODE}/rotas/street-duty:on-duty");
    let answer = office.get("street-centre", &path).await;
    assert_eq!(
        (&answer.body["turns"][0]["crew"][0], &answer.body["post"]["body"]),
        (&"wang".into(), &"street-centre@990102001000".into())
    );
    assert_eq!(answer.body["generation"], 2);
}

#[tokio::test]
async fn a_rota_is_exported_as_a_calendar() {
    let office = office().await;
    let path =
        format!("/directory/v1/streets/{STREET_CODE}/rotas/street-duty.ics?from=2026-12-24&until=2026-12-25");
    let answer = office.get("sre", &path).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.headers["content-type"]),
        (200, &"text/calendar; charset=utf-8".parse().unwrap())
    );
    let text = answer.body.as_str().unwrap();
    assert_eq!(text.matches("BEGIN:VEVENT").count(), 4, "{text}");
    for part in [
        "UID:2026-12-24.day.street-duty.990102001000@streetwise",
        "DTSTART:20261224T003000Z",
        "DTSTAMP:20261123T020000Z",
        "day: zhao",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[tokio::test]
async fn doors_of_rotas_refuse_what_is_not_there() {
    let office = office().await;
    let get = async |subject: &str, rest: &str| {
        let path = format!("/directory/v1/streets/{rest}");
        office.get(subject, &path).await
    };
    for (subject, rest, status, code) in [
        ("sre", "990102001000/rotas/none:on-duty", 404, "not-found"),
        ("sre", "990102002000/rotas/street-duty:on-duty", 404, "not-found"),
        ("sre", "990102001000/rotas/street-duty", 404, "not-found"),
        ("nobody-here", "990102001000/rotas/street-duty:on-duty", 404, "not-found"),
        ("resident", "990102001000/rotas/street-duty.ics", 403, "forbidden"),
        (
            "sre",
            "990102001000/rotas/street-duty.ics?from=2026-12-24&until=2028-12-24",
            422,
            "validation-failed",
        ),
        ("sre", "990102001000/rotas/street-duty:on-duty?from=2026-12-24", 422, "validation-failed"),
    ] {
        get(subject, rest).await.refused(status, code);
    }
}

#[tokio::test]
async fn gaps_and_strangers_are_refused_with_their_places() {
    let office = office().await;
    let before = office.rows().await;
    let broken =
        DUTY.replace("end: \"20:30\"", "end: \"20:00\"").replace("body: street-centre", "body: transport");
    let answer = office.apply(&with_duty(&broken)).await;
    answer.refused(422, "manifest-invalid");
    let lines = STREET.lines().count();
    let at = |line: usize, rest: &str| format!("{}:{rest}", lines + line);
    assert_eq!(answer.placed()[0], at(4, "13 /spec/posts/duty-desk/body foreign-body"));
    assert!(
        answer.placed()[1..].iter().all(|fault| *fault == at(8, "7 /spec/rotas/street-duty rota-gap")),
        "{:?}",
        answer.placed()
    );
    let told = answer.body.to_string();
    assert!(told.contains("2026-11-23T20:00+08:00 至 2026-11-23T20:30+08:00 无人值守"), "{told}");
    // Zhao stands in after he has left.
    let late = DUTY.replace("from: 2026-12-24, until: 2026-12-25", "from: 2027-01-01, until: 2027-01-01");
    let answer = office.apply(&with_duty(&late)).await;
    answer.refused(422, "manifest-invalid");
    assert!(
        answer.body.to_string().contains("from 2027-01-01T08:30+08:00 to 2027-01-01T20:30+08:00"),
        "{}",
        answer.body
    );
    let strangers =
        DUTY.replace("[[wang], [li]]", "[[wang], [nobody]]").replace("post: duty-desk", "post: none");
    let answer = office.apply(&with_duty(&strangers)).await;
    assert_eq!(answer.refused(422, "manifest-invalid")[0].1, "unknown-post");
    assert_eq!(office.rows().await, before);
}
