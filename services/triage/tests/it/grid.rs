//! The cells of stored cases: computed by the migration for those that were there, by the core for new ones.

use jiff::Timestamp;
use sqlx::Executor;
use triage::core::distance::Point;
use triage::core::grid::cell_of;
use uuid::Uuid;

use crate::desk::{Desk, STREET};

const MIGRATION: &str = include_str!("../../migrations/0031_cells.sql");

/// Corners of cells, where columns widen, the ends of the world, and points in the city.
fn points() -> Vec<(f64, f64)> {
    let lons = [-180.0, -179.999_999_9, -0.000_000_05, 0.0, 106.55, 106.559_999_95, 106.551_234_56, 180.0];
    let lats = [-90.0, -89.0, -60.000_000_1, -0.000_000_05, 0.0, 29.564_999_96, 29.5628, 60.0, 60.000_000_1];
    let more = [75.0, 79.123, 82.001, 87.5, 88.5, 89.0, 89.000_000_1, 90.0];
    let lats = lats.iter().chain(&more);
    lats.flat_map(|lat| lons.map(|lon| (lon, *lat))).collect()
}

#[tokio::test]
async fn the_migration_gives_old_cases_the_cells_the_core_gives_new_ones() {
    let desk = Desk::open().await;
    let mut admin = desk.rig.admin().acquire().await.unwrap();
    admin.execute("SET search_path = triage").await.unwrap();
    let now: Timestamp = "2026-11-23T02:00:00Z".parse().unwrap();
    for ((lon, lat), n) in points().into_iter().zip(1u128..) {
        let insert =
            "INSERT INTO cases (tenant_id, case_id, case_no, item, text, lon, lat, datum, address, lane,
                 drill, voices, version, opened_at, bodies, item_explanation, plan_explanation, cell)
             VALUES ($1, $2, $3, 'TRA-01', '', $4, $5, 'wgs84', '', 1, false, 1, 2, $6, '{}', '', '', $7)";
        let tenant: i64 = STREET.parse().unwrap();
        let cell = cell_of(Point::from_degrees(lon, lat).unwrap());
        sqlx::query(insert)
            .bind(tenant)
            .bind(Uuid::from_u128(n))
            .bind(n.to_string())
            .bind(lon)
            .bind(lat)
            .bind(jiff_sqlx::Timestamp::from(now))
            .bind(cell)
            .execute(&mut *admin)
            .await
            .unwrap();
    }
    let cells = "SELECT case_no, lon, lat, cell FROM cases ORDER BY case_no";
    let by_core: Vec<(String, f64, f64, i64)> = sqlx::query_as(cells).fetch_all(&mut *admin).await.unwrap();
    assert_eq!(by_core.len(), points().len());
    admin.execute("ALTER TABLE cases DROP COLUMN cell").await.unwrap();
    admin.execute("CREATE INDEX cases_open ON cases (tenant_id, item, datum, lat)").await.unwrap();
    admin.execute(MIGRATION).await.unwrap();
    let by_migration: Vec<(String, f64, f64, i64)> =
        sqlx::query_as(cells).fetch_all(&mut *admin).await.unwrap();
    assert_eq!(by_migration, by_core);
}
