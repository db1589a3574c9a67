//! `streetwise street verify`: drills go down the live path of a street, and what came out is held against what its
//! documents say must happen.
//!
//! One drill for every item of the list and every grid, community and other feature that the street has drawn, each
//! through the public doors: filed at intake, read back from console. What must happen is worked out here, from the
//! documents alone; nothing of triage or dispatch is asked for it. A drill that was planned by an older generation is
//! filed again: whoever verifies right after an apply means the new street. What was seen of a drill is all that it was
//! for: its case is called off at dispatch, so that no clock of it runs on.

mod end;
mod expect;
mod follow;
mod inside;
mod report;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use contract::document::{DistrictCore, Document, DocumentBody, StreetCore, Territory};
use jiff::civil::Date;
use url::Url;

use crate::cli::StreetVerify;
use crate::client::Client;
use crate::failure::Failure;
use crate::wall_clock;

pub use expect::{Drill, Expected, drills};
pub use follow::{Outcome, follow};
pub use report::Report;

/// A street that was applied a moment ago is not there yet at a replica that has not looked since.
const APPLIED_WITHIN: Duration = Duration::from_secs(3);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The documents of a street and its district, as they are published.
#[derive(Debug, Clone)]
pub struct Documents {
    /// The street's generation.
    pub generation: u64,
    /// What the street says.
    pub street: StreetCore,
    /// What its district says.
    pub district: DistrictCore,
    /// Where it lies.
    pub territory: Territory,
    /// The street's local day: what counts on other days only is not drilled.
    pub day: Date,
}

/// Runs it.
pub async fn run(arguments: &StreetVerify) -> Result<ExitCode, Failure> {
    let StreetVerify { code, intake_url, console_url, dispatch_url, within_s, seed, door } = arguments;
    let began = Instant::now();
    let token = door.caller.token()?;
    let directory = Client::new(door.directory_url.as_str(), &token)?;
    let documents = documents(&directory, code).await?;
    let planned = drills(&documents, *seed);
    let doors = doors(&token, intake_url, console_url, dispatch_url.as_ref())?;
    let outcomes =
        follow(&doors, &documents, &planned, Duration::from_secs(*within_s), !door.caller.json).await?;
    let report = Report::of(&documents, *seed, &planned, &outcomes, began.elapsed());
    match door.caller.json {
        true => super::print_json(&report),
        false => print!("{}", report.told()),
    }
    if report.conforms { Ok(ExitCode::SUCCESS) } else { Err(Failure::NotConform(report.failed)) }
}

/// Where drills go in and come out.
#[derive(Debug, Clone)]
pub struct Doors {
    /// Intake.
    pub intake: Client,
    /// Console.
    pub console: Client,
    /// Dispatch, where drills are ended; without it they stay open.
    pub dispatch: Option<Client>,
}

fn doors(token: &str, intake: &Url, console: &Url, dispatch: Option<&Url>) -> Result<Doors, Failure> {
    let intake = Client::new(intake.as_str(), token)?;
    let dispatch = dispatch.map(|url| intake.with(url.as_str(), token));
    Ok(Doors { console: intake.with(console.as_str(), token), dispatch, intake })
}

fn today(time_zone: &str) -> Result<Date, jiff::Error> {
    Ok(wall_clock::now().in_tz(time_zone)?.date())
}

/// Reads what is published for a street, through the directory's door.
pub async fn documents(directory: &Client, code: &str) -> Result<Documents, Failure> {
    let doing = format!("读取街道文件 / reading the documents of {code}");
    let part = async |path: String, part: &str| {
        let text = directory.get_text(&doing, &format!("{path}/documents/{part}")).await?;
        let unreadable = |error| Failure::world(&doing, super::OTHER_VERSION, error);
        Document::decode(text.as_bytes()).map_err(unreadable)
    };
    let wrong = |what: &str| Failure::Usage(format!("{code} 不是街道：{what} / is no street: {what}"));
    let own = super::street(code)?;
    let began = Instant::now();
    let core = loop {
        match part(own.clone(), "core").await {
            Err(Failure::Refused { refusal, .. })
                if refusal.status == 404 && began.elapsed() < APPLIED_WITHIN =>
            {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            core => break core?,
        }
    };
    let generation = core.header.generation;
    let DocumentBody::Street(street) = core.body else { return Err(wrong("core")) };
    let DocumentBody::Territory(territory) = part(own, "territory").await?.body else {
        return Err(wrong("territory"));
    };
    let above = super::street(&street.district.to_string())?;
    let DocumentBody::District(district) = part(above, "core").await?.body else {
        return Err(wrong("district"));
    };
    let day =
        today(&district.time_zone).map_err(|error| Failure::world(&doing, super::OTHER_VERSION, error))?;
    Ok(Documents { generation, street: *street, district: *district, territory: *territory, day })
}
