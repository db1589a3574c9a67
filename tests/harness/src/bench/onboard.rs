//! Streets coming in: one, verified by drills, then a district of them; a change until every service works with it; a replica that starts
//! among them; points looked up in their territories.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use contract::document::{Document, DocumentBody};
use futures_util::{StreamExt, TryStreamExt, stream};
use ids::TenantId;
use serde_json::Value;
use streetwise::client::Client;
use streetwise::failure::Failure;
use streetwise::street::verify::{self, Doors, Report};
use territory::{Atlas, Feature, Layer, Point, Shape, StreetTerritory};

use super::world::World;
use super::{Knobs, start};
use crate::cluster::{SERVICES, Setup};
use crate::streets;

/// A district's codes have room for so many.
const STREETS: usize = 999;
const SEED: u64 = 20_261_124;
/// Manifests on their way at the same time.
const AT_ONCE: usize = 4;
/// Changes that are timed one after the other.
const CHANGES: usize = 100;
/// How long points are looked up.
const LOOKING: Duration = Duration::from_secs(3);
const WITHIN: Duration = Duration::from_secs(60);

/// Runs it.
pub async fn run(knobs: &Knobs) -> Result<Value> {
    let streets = knobs.streets.unwrap_or(STREETS).clamp(1, STREETS);
    let world = World::start_made_of(Setup { street: unused, ..Setup::of(0) }).await?;
    let mut sheet = world.limits().await?;
    let began = Instant::now();
    let generation = world.apply(&simulated(1)).await?;
    world.active(1, generation).await?;
    sheet.put("street_apply_active_s", began.elapsed().as_secs_f64());
    let report = world.verified(1).await?;
    ensure!(report.conforms, "the first street does not conform: {}", report.told());
    sheet.put("street_apply_verify_s", began.elapsed().as_secs_f64());
    sheet.count("verify_drills", report.drills as u64);
    eprintln!("one street, applied and verified: {:.2?}", began.elapsed());

    let began = Instant::now();
    let others = stream::iter(2..=streets).map(|n| {
        let world = &world;
        async move { Ok::<_, anyhow::Error>((n, world.apply(&simulated(n)).await?)) }
    });
    let applied: Vec<(usize, u64)> = others.buffer_unordered(AT_ONCE).try_collect().await?;
    for (n, generation) in applied {
        world.active(n, generation).await?;
    }
    sheet.put("streets_1000_s", began.elapsed().as_secs_f64());
    sheet.count("streets", streets as u64);
    eprintln!("{streets} streets: {:.1?}", began.elapsed());

    let mut changes = Vec::new();
    for turn in 0..CHANGES {
        let n = 1 + turn * 7 % streets;
        let changed = simulated(n).replace("街道, en:", &format!("街道{turn}, en:"));
        let began = Instant::now();
        let generation = world.apply(&changed).await?;
        world.active(n, generation).await?;
        changes.push(began.elapsed().as_secs_f64() * 1_000.0);
    }
    changes.sort_by(f64::total_cmp);
    sheet.put("change_active_p50_ms", changes[changes.len() / 2]);
    sheet.put("change_active_p99_ms", changes[changes.len() * 99 / 100]);
    sheet.count("changes", CHANGES as u64);
    sheet.put("replica_ready_s", start::again_ms(&world, "triage").await? / 1_000.0);
    let (lookups_per_s, inside) = lookups_per_s(&world).await?;
    sheet.put("territory_lookups_per_s", lookups_per_s);
    ensure!(inside > 0, "no point was found in a street");
    Ok(sheet.finish(format!(
        "a district that `streetwise simulate district` makes (seed {SEED}): streets of 17 communities, 106 grids and 4 \
         police beats. street_apply_active_s: from sending the first street's manifest until every service holds it; \
         street_apply_verify_s: until `street verify` has filed a drill for every item and feature and found all as the \
         documents say. streets_1000_s: the others of a district, whose codes have room for {STREETS}, {AT_ONCE} \
         manifests at a time, until all are held. change_active: {CHANGES} renamed streets one after the other. replica_ready_s: triage again, to \
         its first ready answer. territory_lookups_per_s: one thread, random points over the district, community, grid \
         and beats of each. {streets} streets"
    )))
}

fn unused(_: usize) -> String {
    String::new()
}

fn simulated(n: usize) -> String {
    streetwise::simulate::street(SEED, n as u16, None)
}

impl World {
    /// What `street verify` does.
    async fn verified(&self, n: usize) -> Result<Report> {
        let began = Instant::now();
        let client = |service: &str| Client::new(self.cluster.url(service), self.cluster.token("sre"));
        let failed = |failure: Failure| anyhow::anyhow!("{failure}");
        let directory = client("directory").map_err(failed)?;
        let (intake, console) = (client("intake").map_err(failed)?, client("console").map_err(failed)?);
        let documents = verify::documents(&directory, &streets::code(n)).await.map_err(failed)?;
        let drills = verify::drills(&documents, SEED);
        let dispatch = Some(client("dispatch").map_err(failed)?);
        let doors = Doors { intake, console, dispatch };
        let outcomes = verify::follow(&doors, &documents, &drills, WITHIN, false).await.map_err(failed)?;
        Ok(Report::of(&documents, SEED, &drills, &outcomes, began.elapsed()))
    }

    async fn apply(&self, manifest: &str) -> Result<u64> {
        let url = format!("{}/directory/v1/manifests:apply", self.cluster.url("directory"));
        let request = self.cluster.http().post(url).bearer_auth(self.cluster.token("sre"));
        let request = request.header("content-type", "application/yaml").body(manifest.to_owned());
        let answer = request.timeout(WITHIN).send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        ensure!(status.is_success(), "a manifest was refused: {status} {text}");
        let applied: Value = serde_json::from_str(&text)?;
        applied["generation"].as_u64().context("an answer without a generation")
    }

    /// Returns when every service works with this generation of street `n`.
    async fn active(&self, n: usize, generation: u64) -> Result<()> {
        let tenant: i64 = streets::code(n).parse()?;
        let began = Instant::now();
        for service in SERVICES {
            while !self.holds(service, tenant, generation).await? {
                if began.elapsed() > WITHIN {
                    bail!("{service} does not hold street {n}; {}", self.last_words(service));
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
        Ok(())
    }

    async fn holds(&self, service: &str, tenant: i64, generation: u64) -> Result<bool> {
        let statement = format!(
            "SELECT max(revision) FROM {service}.document_heads WHERE tenant_id = $1
             HAVING min(generation) >= $2 AND count(*) >= 2"
        );
        let query = sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).bind(tenant).bind(generation as i64);
        let Some(revision): Option<i64> = query.fetch_optional(&self.cluster.admin).await? else {
            return Ok(false);
        };
        let url = format!("{}/metrics", self.cluster.url(service));
        let text = self.cluster.http().get(url).send().await?.text().await?;
        let line = text.lines().find(|line| line.starts_with("documents_revision{"));
        let loaded = line.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        Ok(loaded.context("no documents_revision in the scrape")? >= revision as f64)
    }
}

/// Look-ups per second of one thread, and how many points lay in a street.
async fn lookups_per_s(world: &World) -> Result<(f64, u64)> {
    let atlas = atlas(world).await?;
    let bounds: Vec<_> = atlas.streets().map(|street| street.bounds()).collect();
    let points: Vec<Point> = (0..1_000_000)
        .map(|_| {
            let bounds = bounds[rand::random_range(0..bounds.len())];
            let between = |low: i32, high: i32| rand::random_range(low..=high);
            let (low, high) = (bounds.low(), bounds.high());
            let lon = between(low.lon_e7(), high.lon_e7());
            Ok(Point::from_e7(lon, between(low.lat_e7(), high.lat_e7()))?)
        })
        .collect::<Result<_>>()?;
    let (began, mut looked, mut inside) = (Instant::now(), 0_u64, 0_u64);
    while began.elapsed() < LOOKING {
        for point in &points {
            let located = atlas.locate(*point);
            inside += u64::from(located.grid.is_some()) + located.layers().count() as u64;
        }
        looked += points.len() as u64;
    }
    Ok((looked as f64 / began.elapsed().as_secs_f64(), inside))
}

async fn atlas(world: &World) -> Result<Atlas> {
    let statement = "SELECT body FROM directory.tenant_documents WHERE part = 'territory'";
    let bodies: Vec<Vec<u8>> = sqlx::query_scalar(statement).fetch_all(&world.cluster.admin).await?;
    let streets = bodies.iter().map(|body| {
        let DocumentBody::Territory(document) = Document::decode(body)?.body else { bail!("another part") };
        Ok(Arc::new(compiled(document.code, *document)?))
    });
    Ok(Atlas::new(streets.collect::<Result<Vec<_>>>()?))
}

fn compiled(code: TenantId, document: contract::document::Territory) -> Result<StreetTerritory> {
    let layer = |(key, layer): (String, contract::document::territory::Layer)| {
        let feature = |form: contract::document::territory::Feature| {
            let shape = Shape::from_e7(&form.polygons).ok().context("a sound shape")?;
            Ok(Feature { code: form.code, name: form.name.map(|name| name.zh), shape })
        };
        let features = layer.features.into_iter().map(feature).collect::<Result<_>>()?;
        Ok(Layer { key: key.parse()?, features })
    };
    let layers = document.layers.into_iter().map(layer).collect::<Result<_>>()?;
    StreetTerritory::published(code, layers).map_err(|faults| anyhow::anyhow!("{faults:?}"))
}
