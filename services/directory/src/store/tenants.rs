//! The applied tenants and their generations.

use contract::document::Kind;
use ids::TenantId;
use pg::ScopedTx;

/// A tenant as it was applied before; of generation 0 if it is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    pub kind: Kind,
    pub district: TenantId,
    pub generation: u64,
}

/// Locks the tenant's row until the transaction ends, making it first if there is none.
pub(crate) async fn lock(
    tx: &mut ScopedTx,
    tenant: TenantId,
    kind: Kind,
    district: TenantId,
) -> Result<Known, pg::Error> {
    // The update that changes nothing is what returns and locks the row of an earlier apply.
    let row = sqlx::query!(
        "INSERT INTO directory.tenants AS known (tenant_id, kind, district_id, generation) VALUES ($1, $2, $3, 0)
         ON CONFLICT (tenant_id) DO UPDATE SET generation = known.generation
         RETURNING kind, district_id, generation",
        tenant.as_i64(),
        word(kind),
        district.as_i64(),
    )
    .fetch_one(&mut **tx)
    .await?;
    known(&row.kind, row.district_id, row.generation)
}

fn known(kind: &str, district_id: i64, generation: i64) -> Result<Known, pg::Error> {
    let kind = match kind {
        "district" => Kind::District,
        "street" => Kind::Street,
        _ => return Err(pg::Error::impossible_row("directory.tenants.kind")),
    };
    let district = TenantId::from_i64(district_id)
        .map_err(|_| pg::Error::impossible_row("directory.tenants.district_id"))?;
    Ok(Known { kind, district, generation: generation as u64 })
}

/// Holds a district still until the transaction ends; false if none was applied under this code.
pub(crate) async fn hold_district(tx: &mut ScopedTx, district: TenantId) -> Result<bool, pg::Error> {
    let held = sqlx::query_scalar!(
        "SELECT tenant_id FROM directory.tenants WHERE tenant_id = $1 AND kind = 'district' FOR SHARE",
        district.as_i64(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(held.is_some())
}

/// How many streets stand on a district.
pub(crate) async fn streets_of(tx: &mut ScopedTx, district: TenantId) -> Result<i64, pg::Error> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM directory.tenants WHERE district_id = $1 AND kind = 'street'"#,
        district.as_i64(),
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(count)
}

/// Locks the row of a tenant that was applied; nothing if there is none.
pub(crate) async fn held(tx: &mut ScopedTx, tenant: TenantId) -> Result<Option<Known>, pg::Error> {
    let row = sqlx::query!(
        "SELECT kind, district_id, generation FROM directory.tenants WHERE tenant_id = $1 FOR UPDATE",
        tenant.as_i64(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    row.map(|row| known(&row.kind, row.district_id, row.generation)).transpose()
}

/// Moves a locked tenant from the generation it stands on to a later one.
pub(crate) async fn advance(
    tx: &mut ScopedTx,
    tenant: TenantId,
    from: u64,
    generation: u64,
) -> Result<(), pg::Error> {
    let moved = sqlx::query!(
        "UPDATE directory.tenants SET generation = $2 WHERE tenant_id = $1 AND generation = $3",
        tenant.as_i64(),
        generation as i64,
        from as i64,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("advancing a tenant's generation", moved.rows_affected(), 1)
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::District => "district",
        Kind::Street => "street",
    }
}
