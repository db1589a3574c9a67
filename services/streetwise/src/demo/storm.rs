//! `streetwise demo storm`: a burst water main. Forty reporters say the same within seconds and there is one case with forty
//! voices, its bodies and one plan; twenty other streets, onboarded a moment before, go on undisturbed meanwhile.
//!
//! "Undisturbed" is shown, not judged: how long a report of theirs takes until its orders are there, before and during the
//! burst, side by side. The forty are one token with forty keys: each is a report of its own with a code of its own.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::Value;

use super::doors::{Case, Doors, Report};
use super::endpoints::Endpoints;
use super::place::Place;
use super::stage::Order;
use crate::apply;
use crate::cli::Storm;
use crate::client::Client;
use crate::failure::Failure;

const STREET: &str = "990102001000";
const REPORTERS: usize = 40;
const OTHERS: usize = 20;
/// Rounds in which every other street reports once: as many before the burst as during it.
const ROUNDS: usize = 3;
const WITHIN: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(100);
/// What people say of it; all of it speaks of the same item.
const WORDS: [&str; 5] = [
    "路口水管爆裂，水喷得很高，整条街都没水了。",
    "我们楼停水了，听说是前面爆管。",
    "自来水一滴都没有，路上全是水，是不是爆管了？",
    "水管爆裂把车库淹了，请快点来关阀门！",
    "停水两个小时没人管，门口爆管一直在冒水。",
];

/// Runs the command.
pub async fn run(arguments: &Storm) -> Result<(), Failure> {
    let endpoints = Endpoints::read(&arguments.endpoints)?;
    let connections = Client::new("", "")?;
    let streets = onboard(&connections, &endpoints).await?;
    let doors = Doors::new(connections, endpoints);
    println!("▸ {OTHERS} 个街道各报 {ROUNDS} 件 / {OTHERS} streets report {ROUNDS} matters each");
    let calm = others(&doors, &streets).await?;
    println!("▸ 爆管：{REPORTERS} 人同时上报 / a burst main: {REPORTERS} people report at once");
    let started = Instant::now();
    let (burst, stormy) = tokio::join!(burst(&doors, started), others(&doors, &streets));
    let (burst, stormy) = (burst?, stormy?);
    burst.tell();
    println!("▸ 其他街道自上报至出单，毫秒 / other streets, report to orders, ms");
    println!("  此前 before  {}\n  其间 during  {}", spread(&calm), spread(&stormy));
    if burst.whole() {
        return Ok(());
    }
    Err(Failure::StepsMissing(vec!["one case with forty voices and one plan"]))
}

/// Streets of their own, without a territory: anywhere is theirs.
async fn onboard(connections: &Client, endpoints: &Endpoints) -> Result<Vec<String>, Failure> {
    let door = endpoints.at(connections, "directory", "sre")?;
    let codes: Vec<String> = (1..=OTHERS).map(|n| format!("9901021{n:02}000")).collect();
    for code in &codes {
        let doing = format!("登记街道 / onboarding street {code}");
        let _: Value =
            door.post_bytes(&doing, apply::PATH, "application/yaml", manifest(code).into_bytes()).await?;
    }
    println!("✓ 已登记 {OTHERS} 个街道 / {OTHERS} streets onboarded");
    Ok(codes)
}

fn manifest(code: &str) -> String {
    let number = &code[6..9];
    format!(
        "apiVersion: streetwise/v1\nkind: Street\nmetadata:\n  code: \"{code}\"\n  name: {{ zh: 示范{number}街道, en: Street {number} }}\n\
         spec:\n  district: \"990102000000\"\n  routing_mode: auto\n"
    )
}

/// Every street reports some matters, each somewhere else; how long each took until its orders were there.
async fn others(doors: &Doors, streets: &[String]) -> Result<Vec<Duration>, Failure> {
    let mut took = Vec::new();
    for _ in 0..ROUNDS {
        let round = join_all(streets.iter().map(|street| one(doors, street))).await;
        took.extend(round.into_iter().collect::<Result<Vec<_>, _>>()?);
    }
    Ok(took)
}

async fn one(doors: &Doors, street: &str) -> Result<Duration, Failure> {
    let place = Place::drawn("路口");
    let report = Report::new("governance-centre", street, "路灯不亮", Some("FAC-03"), &place);
    // A street applied a moment ago is not known everywhere yet; that is not what is measured.
    let known =
        until("等待登记 / waiting for the street", async || doors.cases(street).await.map(Some)).await?;
    let known: BTreeMap<String, u32> = known.into_iter().map(|case| (case.case_no, case.voices)).collect();
    until("上报 / reporting", async || doors.report(&report).await).await?;
    let started = Instant::now();
    until("等待工单 / waiting for orders", async || {
        let cases = doors.cases(street).await?;
        // A new one, or one of an earlier demonstration that happened to be near.
        let grown = |case: &Case| known.get(&case.case_no).is_none_or(|voices| case.voices > *voices);
        let Some(new) = cases.into_iter().find(grown) else { return Ok(None) };
        let orders = doors.orders(street, new.case_id).await?;
        Ok((!orders.is_empty()).then_some(()))
    })
    .await?;
    Ok(started.elapsed())
}

/// The orders of the case of a tracking code, once they are there.
async fn ordered(doors: &Doors, street: &str, code: &str) -> Result<(String, Vec<Order>), Failure> {
    until("等待工单 / waiting for orders", async || {
        let Some(case_no) = doors.follow(code).await?.and_then(|seen| seen.case_no) else { return Ok(None) };
        let Some(case) = doors.case(street, &case_no).await? else { return Ok(None) };
        let orders = doors.orders(street, case.case_id).await?;
        Ok((!orders.is_empty()).then_some((case_no, orders)))
    })
    .await
}

/// What became of the burst.
struct Burst {
    case_no: String,
    voices: u32,
    orders: Vec<Order>,
    /// Until the case had all voices, as console shows it.
    took: Duration,
}

async fn burst(doors: &Doors, started: Instant) -> Result<Burst, Failure> {
    let centre = Place::drawn("滨江路口");
    let places: Vec<Place> = (0..REPORTERS).map(|n| centre.scattered(n)).collect();
    let reports: Vec<Report<'_>> = places
        .iter()
        .enumerate()
        .map(|(n, place)| Report::new("resident", STREET, WORDS[n % WORDS.len()], None, place))
        .collect();
    let receipts =
        join_all(reports.iter().map(|report| until("上报 / reporting", async || doors.report(report).await)))
            .await;
    let receipts = receipts.into_iter().collect::<Result<Vec<_>, _>>()?;
    // One is watched: forty who ask ten times a second would be the storm. Forty voices in its case are all there are.
    let (case_no, orders) = ordered(doors, STREET, &receipts[0].tracking_code).await?;
    let all = until("等待合并 / waiting for all voices", async || {
        let case = doors.case(STREET, &case_no).await?;
        Ok(case.map(|case| case.voices).filter(|voices| *voices as usize >= REPORTERS))
    });
    let voices = match all.await {
        Ok(voices) => voices,
        // Told as it is.
        Err(_) => doors.case(STREET, &case_no).await?.map_or(0, |case| case.voices),
    };
    Ok(Burst { case_no, voices, orders, took: started.elapsed() })
}

impl Burst {
    fn whole(&self) -> bool {
        let leads = self.orders.iter().filter(|order| order.role == "lead").count();
        self.voices as usize == REPORTERS && leads == 1
    }

    fn tell(&self) {
        println!("  {}，{} 名诉求人 voices，{:.1} 秒 s", self.case_no, self.voices, self.took.as_secs_f64());
        for order in &self.orders {
            println!("  {:<7} {}", order.role, order.body);
        }
    }
}

/// Least, middle, most.
fn spread(took: &[Duration]) -> String {
    let mut ms: Vec<u128> = took.iter().map(Duration::as_millis).collect();
    ms.sort_unstable();
    match (ms.first(), ms.get(ms.len() / 2), ms.last()) {
        (Some(least), Some(middle), Some(most)) => format!("{least} – {middle} – {most}  ({} 件)", ms.len()),
        _ => "–".to_owned(),
    }
}

/// Asks until there is an answer; past the deadline the story ends with what was waited for.
async fn until<T>(
    waiting_for: &'static str,
    mut ask: impl AsyncFnMut() -> Result<Option<T>, Failure>,
) -> Result<T, Failure> {
    let deadline = Instant::now() + WITHIN;
    loop {
        let answer = ask().await;
        if let Ok(Some(answer)) = answer {
            return Ok(answer);
        }
        if Instant::now() >= deadline {
            return Err(answer.err().unwrap_or(Failure::StepsMissing(vec![waiting_for])));
        }
        tokio::time::sleep(PAUSE).await;
    }
}
