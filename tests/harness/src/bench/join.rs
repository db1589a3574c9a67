//! `bench join`: triage alone, on a real database: how long one report takes among thousands of open cases, and how right the
//! joins of a made-up month are.
//!
//! The room of the service is called as its consumer calls it: one transaction a report, from its begin to its commit.

mod made;

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Result, ensure};
use contract::document::DocumentBody;
use pg::TenantScope;
use serde_json::Value;
use testkit::rig::Rig;
use triage::Triage;
use triage::handle::{Room, Settled, Submission, settle};

use self::made::{Kind, Matters};
use super::Knobs;
use super::limits::{METHOD, batched_rows_per_s};
use super::sheet::Sheet;

const SEED: u64 = 20_261_130;
const OPEN: usize = 4_000;
/// Reports of a kind that are timed.
const TIMED: usize = 200;
/// Reports of one transaction while the street is filled.
const BATCH: usize = 250;

/// Runs it.
pub async fn run(knobs: &Knobs) -> Result<Value> {
    let open = knobs.rows.unwrap_or(OPEN);
    let mut sheet = Sheet::default();
    let rig = Rig::<Triage>::start(&[]).await;
    crowded(&mut sheet, &rig, open).await?;
    right(&mut sheet).await?;
    sheet.put("limit_pg_batched_rows_per_s", batched_rows_per_s(&rig.database.admin_url()).await?.round());
    Ok(sheet.finish(format!(
        "triage's room alone, one connection, a transaction a report, its commit included; {open} cases of {} items open in a street of 3 km by \
         3 km, seed {SEED}; {TIMED} reports each that join by item and place, by words without an item, and that open a case, by turns; \
         the middle and the 99th of a hundred; join_ms_{OPEN}_open: of all; B-cubed (Bagga and Baldwin, 1998) of {} made-up reports of {} matters over 20 \
         days with the pack's own phrases, a third of them forwarded with a few words changed, one in three with its item named: \
         texts of the pack are easier than people's; what goes to a person stands alone; database of tests (fsync off); {METHOD}",
        made::ITEMS,
        made::REPORTS,
        made::MATTERS,
    )))
}

/// Fills a street without joining, then joins.
async fn crowded(sheet: &mut Sheet, rig: &Rig<Triage>, open: usize) -> Result<()> {
    let mut documents = testkit::demo::documents(1);
    let joining = |documents: &mut Vec<contract::document::Document>, join: bool| {
        for document in documents {
            if let DocumentBody::Street(core) = &mut document.body {
                core.features.join_reports = join;
            }
        }
    };
    joining(&mut documents, false);
    rig.documents(&documents).await;
    let metrics = telemetry::Metrics::default();
    let room = Room::new(bootstrap::House { metrics, ..rig.house.clone() });
    let mut matters = Matters::new(SEED, &documents)?;
    let standing: Vec<Submission> = (0..open).map(|_| matters.opening()).collect();
    for (n, batch) in standing.chunks(BATCH).enumerate() {
        settled(&room, rig, batch).await?;
        if n % 4 == 3 {
            eprintln!("  {} of {open} cases open", (n + 1) * BATCH);
        }
    }
    let mut documents = testkit::demo::documents(2);
    joining(&mut documents, true);
    rig.documents(&documents).await;
    sqlx::raw_sql("ANALYZE").execute(rig.admin()).await?;
    let mut took: BTreeMap<Kind, Vec<f64>> = BTreeMap::new();
    for n in 0..TIMED * Kind::ALL.len() {
        let kind = Kind::ALL[n % Kind::ALL.len()];
        let report = matters.among(kind, &standing);
        let started = Instant::now();
        let became = settled(&room, rig, &[report]).await?;
        took.entry(kind).or_default().push(started.elapsed().as_secs_f64() * 1_000.0);
        let joined = matches!(became[..], [Settled::InCase { voice, .. }] if voice > 1);
        ensure!(joined == (kind != Kind::Opens), "a report that {kind:?} became {became:?}");
    }
    let mut all: Vec<f64> = took.values().flatten().copied().collect();
    sheet.put(format!("join_ms_{OPEN}_open"), at(&mut all, 0.5));
    sheet.put("join_p99_ms", at(&mut all, 0.99));
    for (kind, mut took) in took {
        sheet.put(format!("{}_p50_ms", kind.as_str()), at(&mut took, 0.5));
    }
    Ok(())
}

/// A made-up month in a street of its own: which reports came together, and which should have.
async fn right(sheet: &mut Sheet) -> Result<()> {
    let rig = Rig::<Triage>::start(&[]).await;
    rig.demo_documents().await;
    let metrics = telemetry::Metrics::default();
    let room = Room::new(bootstrap::House { metrics, ..rig.house.clone() });
    let mut matters = Matters::new(SEED, &testkit::demo::documents(1))?;
    let (mut truth, mut found, mut alone) = (Vec::new(), Vec::new(), 0_u64);
    for (matter, after, report) in matters.month() {
        rig.clock.set(after);
        let became = settled(&room, &rig, &[report]).await?;
        let case = match became[..] {
            [Settled::InCase { case_id, .. }] => case_id.as_uuid().as_u128(),
            _ => {
                alone += 1;
                // Each by itself: a person will say.
                u128::from(alone)
            }
        };
        truth.push(u128::from(matter));
        found.push(case);
    }
    let (precision, recall) = b_cubed(&truth, &found);
    sheet.put("b_cubed_f", 2.0 * precision * recall / (precision + recall));
    sheet.put("b_cubed_precision", precision);
    sheet.put("b_cubed_recall", recall);
    sheet.count("to_review", alone);
    Ok(())
}

async fn settled(room: &Room, rig: &Rig<Triage>, reports: &[Submission]) -> Result<Vec<Settled>> {
    let tenants = reports.iter().map(|report| report.report.tenant);
    let mut tx = rig.house.pool.begin(TenantScope::of_subjects(tenants)).await?;
    let now = rig.house.clock.now(&mut tx).await?;
    let settled = settle(room, &mut tx, now, reports).await?;
    tx.commit().await?;
    Ok(settled)
}

/// The part of the way up a sorted row.
fn at(figures: &mut [f64], part: f64) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(((figures.len() - 1) as f64 * part).round() as usize).copied().unwrap_or(f64::NAN)
}

/// Of each report: how many of those found with it belong to it, and how many that belong to it were found; the means.
fn b_cubed(truth: &[u128], found: &[u128]) -> (f64, f64) {
    let sizes = |of: &[u128]| {
        let mut sizes: BTreeMap<u128, f64> = BTreeMap::new();
        of.iter().for_each(|key| *sizes.entry(*key).or_default() += 1.0);
        sizes
    };
    let (of_truth, of_found) = (sizes(truth), sizes(found));
    let mut both: BTreeMap<(u128, u128), f64> = BTreeMap::new();
    truth.iter().zip(found).for_each(|(t, f)| *both.entry((*t, *f)).or_default() += 1.0);
    let (mut precision, mut recall) = (0.0, 0.0);
    for ((t, f), n) in &both {
        precision += n * n / of_found[f];
        recall += n * n / of_truth[t];
    }
    let reports = truth.len().max(1) as f64;
    (precision / reports, recall / reports)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b_cubed_of_what_is_right_lumped_and_torn() {
        assert_eq!(b_cubed(&[1, 1, 2], &[7, 7, 8]), (1.0, 1.0));
        // All in one: recall whole; the two of three that belong together have 2/3, the other 1/3.
        let (precision, recall) = b_cubed(&[1, 1, 2], &[7, 7, 7]);
        assert!((precision - 5.0 / 9.0).abs() < 1e-12 && (recall - 1.0).abs() < 1e-12);
        let (precision, recall) = b_cubed(&[1, 1, 2], &[7, 8, 9]);
        assert!((precision - 1.0).abs() < 1e-12 && (recall - 2.0 / 3.0).abs() < 1e-12);
    }
}
