//! Case numbers: how many a tenant has handed out on a local day, drills apart. Read and kept under the tenant's lock.

use std::collections::BTreeMap;

use ids::TenantId;
use jiff::civil::Date;
use pg::ScopedTx;

/// The counts of these days; a day without a case is absent.
pub(crate) async fn of_days(
    tx: &mut ScopedTx,
    days: &BTreeMap<TenantId, Date>,
) -> Result<BTreeMap<(TenantId, Date, bool), u32>, pg::Error> {
    let tenants: Vec<i64> = days.keys().map(|tenant| tenant.as_i64()).collect();
    let dates: Vec<jiff_sqlx::Date> = days.values().map(|day| (*day).into()).collect();
    let rows = sqlx::query!(
        r#"SELECT c.tenant_id AS "tenant_id!", c.day AS "day!", false AS "drill!", c.cases AS "cases!"
           FROM UNNEST($1::bigint[], $2::date[]) AS d (tenant_id, day)
           JOIN triage.counters c ON c.tenant_id = d.tenant_id AND c.day = d.day
           UNION ALL
           SELECT c.tenant_id, c.day, true, c.cases
           FROM UNNEST($1::bigint[], $2::date[]) AS d (tenant_id, day)
           JOIN triage.drill_counters c ON c.tenant_id = d.tenant_id AND c.day = d.day"#,
        &tenants,
        &dates,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let impossible = || pg::Error::impossible_row("triage.counters");
            let tenant = TenantId::from_i64(row.tenant_id).map_err(|_| impossible())?;
            let cases = u32::try_from(row.cases).map_err(|_| impossible())?;
            Ok(((tenant, row.day.to_jiff(), row.drill), cases))
        })
        .collect()
}

/// Keeps the counts.
pub(crate) async fn keep(
    tx: &mut ScopedTx,
    counts: &BTreeMap<(TenantId, Date, bool), u32>,
) -> Result<(), pg::Error> {
    let of = |drills: bool| counts.iter().filter(move |((_, _, drill), _)| *drill == drills);
    let columns = |drills: bool| {
        let tenants: Vec<i64> = of(drills).map(|((tenant, _, _), _)| tenant.as_i64()).collect();
        let days: Vec<jiff_sqlx::Date> = of(drills).map(|((_, day, _), _)| (*day).into()).collect();
        let cases: Vec<i32> = of(drills).map(|(_, count)| *count as i32).collect();
        (tenants, days, cases)
    };
    let (tenants, days, cases) = columns(false);
    sqlx::query!(
        "INSERT INTO triage.counters (tenant_id, day, cases)
         SELECT tenant_id, day, cases
         FROM UNNEST($1::bigint[], $2::date[], $3::integer[]) AS c (tenant_id, day, cases)
         ON CONFLICT (tenant_id, day) DO UPDATE SET cases = excluded.cases
         WHERE excluded.cases > counters.cases",
        &tenants,
        &days,
        &cases,
    )
    .execute(&mut **tx)
    .await?;
    let (tenants, days, cases) = columns(true);
    if tenants.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO triage.drill_counters (tenant_id, day, cases)
         SELECT tenant_id, day, cases
         FROM UNNEST($1::bigint[], $2::date[], $3::integer[]) AS c (tenant_id, day, cases)
         ON CONFLICT (tenant_id, day) DO UPDATE SET cases = excluded.cases
         WHERE excluded.cases > drill_counters.cases",
        &tenants,
        &days,
        &cases,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
