//! `streetwise order`: orders for a body without a console, and for those who direct the work, through dispatch's door. Nothing is
//! decided here; what is refused says why, and where to look next.

pub(crate) mod told;

use ids::TenantId;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::cli::{Order, OrderClocks, OrderDoor, OrderList, OrderShow, Word};
use crate::client::{Client, fresh_key};
use crate::failure::Failure;
use crate::street::{advised, print_json};

pub(crate) const LOOKING: &str = "查看工单 / looking at orders";
const ACTING: &str = "办理工单 / acting on an order";

/// Most orders of one page.
const PAGE_MAX: usize = 200;

/// Runs the command.
pub async fn run(command: &Order) -> Result<(), Failure> {
    match command {
        Order::List(arguments) => return list(arguments).await,
        Order::Show(arguments) => return show(arguments).await,
        Order::Clocks(arguments) => return clocks(arguments).await,
        _ => {}
    }
    let (door, word, target, body) = asked(command);
    let seat = Seat::of(door)?.insisting(word);
    let answer = seat.acted(ACTING, &target, &noted(body, word)).await;
    // Where it is looked at again: what has changed, or is not there.
    let order = target.split([':', '/']).nth(1).unwrap_or_default();
    let answer = answer.map_err(|failure| {
        let next = seat.again(&failure, order);
        advised(failure, &next)
    })?;
    seat.tell(&answer, told::done);
    Ok(())
}

/// Where an act is asked for, what is said with it, and its body.
fn asked(command: &Order) -> (&OrderDoor, &Word, String, Value) {
    let verb = |order: &Uuid, verb: &str| format!("orders/{order}:{verb}");
    let act = match command {
        Order::See(act) => (act, "see"),
        Order::Acknowledge(act) => (act, "acknowledge"),
        Order::Arrive(act) => (act, "arrive"),
        Order::Progress(act) => (act, "progress"),
        Order::Submit(act) => (act, "submit"),
        Order::Resume(act) => (act, "resume"),
        Order::Urge(act) => (act, "urge"),
        Order::Supervise(act) => (act, "supervise"),
        Order::Adopt(act) => (act, "adopt"),
        Order::Waive(act) => (act, "waive"),
        Order::Cancel(act) => (act, "cancel"),
        Order::Grant(act) => (act, "grant"),
        Order::Deny(act) => (act, "deny"),
        Order::Return(of) => {
            let body = json!({ "ground": of.ground, "to": of.to.to_string() });
            return (&of.door, &of.word, verb(&of.order, "return"), body);
        }
        Order::Extend(of) => {
            let body = json!({ "amount": of.amount, "unit": of.unit });
            return (&of.door, &of.word, verb(&of.order, "extend"), body);
        }
        Order::Suspend(of) => {
            let body = json!({ "until": of.until, "reason": of.reason });
            return (&of.door, &of.word, verb(&of.order, "suspend"), body);
        }
        Order::Transfer(of) => {
            return (&of.door, &of.word, verb(&of.order, "transfer"), json!({ "to": of.to.to_string() }));
        }
        Order::Adjudicate(of) => {
            return (&of.door, &of.word, verb(&of.order, "adjudicate"), json!({ "to": of.to.to_string() }));
        }
        Order::Sign(of) => {
            let target = format!("orders/{}/visits/{}:sign", of.order, of.visit);
            return (&of.door, &of.word, target, json!({}));
        }
        Order::List(_) | Order::Show(_) | Order::Clocks(_) => unreachable!("these are no acts"),
    };
    let (act, word) = act;
    (&act.door, &act.word, verb(&act.order, word), json!({}))
}

/// Dispatch's door of one street, with who is at it.
pub(crate) struct Seat {
    client: Client,
    /// Of the one act that is done at it.
    key: Uuid,
    pub street: TenantId,
    pub json: bool,
}

impl Seat {
    /// Connects to nothing yet.
    pub(crate) fn of(door: &OrderDoor) -> Result<Self, Failure> {
        let client = Client::new(door.dispatch_url.as_str(), &door.caller.token()?)?;
        Ok(Self { client, key: fresh_key(), street: door.street, json: door.caller.json })
    }

    /// The same, for an act on a version that was looked at, or that was asked for before.
    pub(crate) fn insisting(self, word: &Word) -> Self {
        let key = word.key.unwrap_or(self.key);
        Self { client: self.client.only_if(word.if_version), key, ..self }
    }

    fn path(&self, rest: &str) -> String {
        format!("/dispatch/v1/streets/{}/{rest}", self.street)
    }

    pub(crate) async fn get(&self, doing: &str, rest: &str) -> Result<Value, Failure> {
        self.client.get(doing, &self.path(rest)).await
    }

    /// An act. Whoever cannot be told what came of it is told how to ask again without doing it twice.
    pub(crate) async fn acted(&self, doing: &str, rest: &str, body: &Value) -> Result<Value, Failure> {
        self.client.post_surely((doing, &self.repeat()), &self.path(rest), self.key, body).await
    }

    fn repeat(&self) -> String {
        let key = self.key;
        format!(
            "结果未知：加上 --key {key} 重做，不会重复办理 / the outcome is unknown: run it again with --key {key}, it is done once"
        )
    }

    /// JSON for programs, or what people are told.
    pub(crate) fn tell(&self, answer: &Value, told: impl Fn(&Value) -> String) {
        match self.json {
            true => print_json(answer),
            false => print!("{}", told(answer)),
        }
    }

    pub(crate) fn listed(&self) -> String {
        format!("streetwise order list --street {}", self.street)
    }

    /// What is not there is looked for in the list, what has changed is looked at again.
    fn again(&self, failure: &Failure, order: &str) -> String {
        match failure {
            Failure::Refused { refusal, .. } if refusal.status == 412 => {
                format!("streetwise order show {order} --street {}", self.street)
            }
            _ => self.listed(),
        }
    }

    /// So many orders at most, newest first, and whether there may be others.
    pub(crate) async fn orders(&self, query: &Wanted<'_>) -> Result<(Vec<Value>, bool), Failure> {
        let (mut orders, mut before) = (Vec::new(), None);
        loop {
            let limit = PAGE_MAX.min(query.limit - orders.len());
            let text = query.text(limit, before.as_deref());
            let page: Page = self.client.get(LOOKING, &self.path(&format!("orders?{text}"))).await?;
            orders.extend(page.orders);
            before = page.next;
            if before.is_none() || orders.len() >= query.limit {
                return Ok((orders, before.is_some()));
            }
        }
    }
}

/// Which orders.
#[derive(Debug, Default)]
pub(crate) struct Wanted<'a> {
    pub phase: Option<&'a str>,
    pub case: Option<Uuid>,
    /// The number of its case, which is a drill or not.
    pub case_no: Option<&'a str>,
    pub drills: bool,
    pub limit: usize,
}

impl Wanted<'_> {
    fn text(&self, limit: usize, before: Option<&str>) -> String {
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        text.append_pair("limit", &limit.to_string());
        let case = self.case.map(|case| case.to_string());
        let drills = self.drills.then_some("true");
        for (name, value) in [
            ("phase", self.phase),
            ("case_id", case.as_deref()),
            ("case_no", self.case_no),
            ("drills", drills),
            ("before", before),
        ] {
            if let Some(value) = value {
                text.append_pair(name, value);
            }
        }
        text.finish()
    }
}

#[derive(Deserialize)]
struct Page {
    orders: Vec<Value>,
    next: Option<String>,
}

async fn list(arguments: &OrderList) -> Result<(), Failure> {
    let seat = Seat::of(&arguments.door)?;
    let wanted = Wanted {
        phase: arguments.phase.as_deref(),
        case: arguments.case,
        case_no: None,
        drills: arguments.drills,
        limit: arguments.limit as usize,
    };
    let (orders, more) = seat.orders(&wanted).await?;
    match seat.json {
        true => print_json(&json!({ "street": seat.street, "orders": orders, "more": more })),
        false => print!("{}", told::orders(&orders, more)?),
    }
    Ok(())
}

async fn show(arguments: &OrderShow) -> Result<(), Failure> {
    let seat = Seat::of(&arguments.door)?;
    let order = seat.get(LOOKING, &format!("orders/{}", arguments.order)).await;
    let order = order.map_err(|failure| advised(failure, &seat.listed()))?;
    match seat.json {
        true => print_json(&order),
        false => print!("{}", told::whole(&order, seat.street)?),
    }
    Ok(())
}

async fn clocks(arguments: &OrderClocks) -> Result<(), Failure> {
    let seat = Seat::of(&arguments.door)?;
    let path = format!("orders/{}/clocks{}", arguments.order, moment(arguments.at));
    let clocks = seat.get(LOOKING, &path).await;
    let clocks = clocks.map_err(|failure| advised(failure, &seat.listed()))?;
    seat.tell(&clocks, told::clocks);
    Ok(())
}

/// The query of a moment, or nothing.
pub(crate) fn moment(at: Option<Timestamp>) -> String {
    at.map(|at| format!("?at={at}")).unwrap_or_default()
}

pub(crate) fn noted(mut body: Value, word: &Word) -> Value {
    if let Some(note) = &word.note {
        body["note"] = note.as_str().into();
    }
    body
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Arguments, Command};

    const ORDER: &str = "0190f1e2-0000-7000-8000-000000000001";

    fn of(words: &[&str]) -> (String, Value) {
        let door = ["--street", "990102001000", "--dispatch-url", "http://x", "--token", "t"];
        let all = ["streetwise", "order"].iter().chain(words).chain(&door);
        let Command::Order(order) = Arguments::try_parse_from(all).unwrap().command else {
            panic!("another command")
        };
        let (_, word, target, body) = asked(&order);
        (target, noted(body, word))
    }

    #[test]
    fn each_act_is_asked_for_by_its_address_with_what_it_needs() {
        let target = |verb: &str| format!("orders/{ORDER}:{verb}");
        for verb in ["see", "acknowledge", "arrive", "progress", "submit", "resume", "urge", "supervise"] {
            assert_eq!(of(&[verb, ORDER]), (target(verb), json!({})));
        }
        for verb in ["adopt", "waive", "cancel", "grant", "deny"] {
            assert_eq!(of(&[verb, ORDER, "--note", "可"]), (target(verb), json!({ "note": "可" })));
        }
        let returned = of(&["return", ORDER, "--ground", "wrong-item", "--to", "police"]);
        assert_eq!(returned, (target("return"), json!({ "ground": "wrong_item", "to": "police" })));
        let held = of(&["suspend", ORDER, "--until", "2026-12-01T10:00:00+08:00", "--reason", "materials"]);
        assert_eq!(held.1, json!({ "until": "2026-12-01T02:00:00Z", "reason": "materials" }));
        let more = of(&["extend", ORDER, "--amount", "2", "--unit", "hour"]);
        assert_eq!(more, (target("extend"), json!({ "amount": 2, "unit": "hour" })));
        assert_eq!(of(&["adjudicate", ORDER, "--to", "a@990102001000"]).1, json!({ "to": "a@990102001000" }));
        let signed = of(&["sign", ORDER, "--visit", ORDER]);
        assert_eq!(signed.0, format!("orders/{ORDER}/visits/{ORDER}:sign"));
    }

    #[test]
    fn a_page_is_asked_for_by_what_is_wanted() {
        let case = ORDER.parse().ok();
        let case_no = Some("990102001-261123-0001");
        let wanted = Wanted { phase: Some("seen"), case, case_no, drills: true, limit: 9 };
        let text = wanted.text(9, Some("a b"));
        let said = format!(
            "limit=9&phase=seen&case_id={ORDER}&case_no=990102001-261123-0001&drills=true&before=a+b"
        );
        assert_eq!(text, said);
        assert_eq!(Wanted::default().text(50, None), "limit=50");
    }
}
