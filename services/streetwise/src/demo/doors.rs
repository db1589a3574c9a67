//! Every door the story goes through, as the persona who would.

use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::endpoints::Endpoints;
use super::place::Place;
use super::stage::{Order, OrderPage};
use super::timeline::{Entry, TimelinePage};
use crate::client::{Client, fresh_key};
use crate::failure::Failure;
use crate::sink::{Line, read_log};

/// Who looks at everything: the district centre sees both streets.
const ONLOOKER: &str = "governance-centre";

/// The doors of a running system.
pub(super) struct Doors {
    connections: Client,
    endpoints: Endpoints,
}

/// What somebody reports; sent again it is the same report.
#[derive(Debug, Clone)]
pub(super) struct Report<'a> {
    persona: &'a str,
    street: &'a str,
    text: &'a str,
    item: Option<&'a str>,
    place: &'a Place,
    /// The trace it starts.
    pub trace_id: String,
    key: Uuid,
}

impl<'a> Report<'a> {
    pub fn new(
        persona: &'a str,
        street: &'a str,
        text: &'a str,
        item: Option<&'a str>,
        place: &'a Place,
    ) -> Self {
        let trace_id = format!("{:032x}", rand::random::<u128>() | 1);
        Self { persona, street, text, item, place, trace_id, key: fresh_key() }
    }
}

/// What intake answers.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Receipt {
    pub tracking_code: String,
}

/// One case as console shows it.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub case_id: Uuid,
    pub case_no: String,
    pub voices: u32,
}

/// In the list a case that triage was not heard about yet has no number.
#[derive(Debug, Clone, Deserialize)]
struct ListedCase {
    case_id: Uuid,
    case_no: Option<String>,
    voices: Option<u32>,
}

/// What dispatch answers a verifier.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Verified {
    pub phase: String,
}

/// What a reporter sees by the code.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Tracking {
    pub case_no: Option<String>,
    pub phase: String,
}

#[derive(Debug, Deserialize)]
struct CasePage {
    cases: Vec<ListedCase>,
}

impl Doors {
    pub fn new(connections: Client, endpoints: Endpoints) -> Self {
        Self { connections, endpoints }
    }

    /// Somebody reports. A street applied a moment ago is `None` until intake knows it.
    pub async fn report(&self, report: &Report<'_>) -> Result<Option<Receipt>, Failure> {
        let door = self.endpoints.at(&self.connections, "intake", report.persona)?;
        let door = door.traced(format!("00-{}-{:016x}-01", report.trace_id, rand::random::<u64>() | 1));
        let body = json!({ "text": report.text, "item": report.item, "place": report.place });
        let path = format!("/intake/v1/streets/{}/reports", report.street);
        not_yet(door.post_again(&doing(report.persona, "上报 / reporting"), &path, report.key, &body).await)
    }

    /// The reporter looks with the code. Nothing yet is `None`.
    pub async fn follow(&self, code: &str) -> Result<Option<Tracking>, Failure> {
        let door = self.endpoints.at(&self.connections, "console", "resident")?;
        let doing = doing("resident", "查询 / following the code");
        let followed = door.post(&doing, "/console/v1/tracking:follow", &json!({ "code": code })).await;
        not_yet(followed)
    }

    /// A case by its number.
    pub async fn case(&self, street: &str, case_no: &str) -> Result<Option<Case>, Failure> {
        Ok(self.cases(street).await?.into_iter().find(|case| case.case_no == case_no))
    }

    /// The newest cases of a street, as far as they have a number.
    pub async fn cases(&self, street: &str) -> Result<Vec<Case>, Failure> {
        let door = self.endpoints.at(&self.connections, "console", ONLOOKER)?;
        let path = format!("/console/v1/streets/{street}/cases?limit=50");
        let page: CasePage = door.get(&doing(ONLOOKER, "查看案件 / reading cases"), &path).await?;
        let numbered = page.cases.into_iter().filter_map(|case| {
            let (case_id, voices) = (case.case_id, case.voices.unwrap_or_default());
            Some(Case { case_id, case_no: case.case_no?, voices })
        });
        Ok(numbered.collect())
    }

    /// What happened to a case, oldest first.
    pub async fn timeline(&self, street: &str, case_id: Uuid) -> Result<Vec<Entry>, Failure> {
        let door = self.endpoints.at(&self.connections, "console", ONLOOKER)?;
        let path = format!("/console/v1/streets/{street}/cases/{case_id}/timeline?limit=200");
        let page: TimelinePage = door.get(&doing(ONLOOKER, "查看全程 / reading the timeline"), &path).await?;
        Ok(page.entries)
    }

    /// The orders of a case.
    pub async fn orders(&self, street: &str, case_id: Uuid) -> Result<Vec<Order>, Failure> {
        let door = self.endpoints.at(&self.connections, "dispatch", ONLOOKER)?;
        let path = format!("/dispatch/v1/streets/{street}/orders?case_id={case_id}");
        let page: OrderPage = door.get(&doing(ONLOOKER, "查看工单 / reading orders"), &path).await?;
        Ok(page.orders)
    }

    /// A body acts on its order.
    pub async fn act(
        &self,
        persona: &str,
        street: &str,
        order: Uuid,
        verb: &str,
        note: &str,
    ) -> Result<Order, Failure> {
        let door = self.endpoints.at(&self.connections, "dispatch", persona)?;
        let path = format!("/dispatch/v1/streets/{street}/orders/{order}:{verb}");
        door.post(&doing(persona, verb), &path, &json!({ "note": note })).await
    }

    /// The verifier claims, passes or fails.
    pub async fn verify(
        &self,
        street: &str,
        case_id: Uuid,
        result: &str,
        note: &str,
    ) -> Result<Verified, Failure> {
        let door = self.endpoints.at(&self.connections, "dispatch", "verifier")?;
        let path = format!("/dispatch/v1/streets/{street}/cases/{case_id}:verify");
        let body = json!({ "result": result, "note": note });
        door.post(&doing("verifier", "核查 / verifying"), &path, &body).await
    }

    /// The verified webhooks about a case, in order of arrival.
    pub fn webhooks(&self, case_no: &str) -> Result<Vec<Line>, Failure> {
        let path = self.endpoints.sink_log.as_deref().unwrap_or(std::path::Path::new("sink.jsonl"));
        let lines = read_log(path).map_err(|error| {
            let next = "请确认接收端已启动 / make sure the sink runs";
            Failure::world(format!("读取 / reading {}", path.display()), next, error)
        })?;
        Ok(lines.into_iter().filter(|line| line.verified && line.body["case_no"] == case_no).collect())
    }
}

fn doing(persona: &str, what: &str) -> String {
    format!("{persona}: {what}")
}

/// What has not arrived at this door yet looks unknown.
fn not_yet<T>(answer: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match answer {
        Err(Failure::Refused { refusal, .. }) if refusal.status == 404 => Ok(None),
        answer => answer.map(Some),
    }
}
