//! `GET /console/v1/streets/{street}/cases/{id}/readers`: who could see a case, and why. For those who administer
//! rights and for the audit; they learn subjects and roles, and nothing of what the case says.

use std::collections::BTreeSet;

use access::{Action, Resource, Scope};
use axum::Json;
use axum::extract::State;
use bootstrap::Bearer;
use bootstrap::door::{Path, Problem};
use ids::{BodyRef, CaseId, TenantId};
use pg::ScopedTx;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::core::case_key::CaseKey;
use crate::core::readers::{Reader, readers};
use crate::handle::Room;
use crate::store;

/// Orders of a case looked at; a round has fewer than twenty.
const ORDERS_MAX: i64 = 1_000;
/// Entries told.
const READERS_MAX: usize = 2_000;

/// Whoever holds a tracking code of the case needs no grant.
const BESIDES_ZH: &str = "此外，持查询码者可查询其上报的办理状态，但看不到案件全程。";
const BESIDES_EN: &str = "Besides, whoever holds the tracking code of one of its reports sees how far the matter is, and not its record.";

/// Who could see a case.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CaseReaders {
    case_id: Uuid,
    case_no: Option<String>,
    /// 12 digits.
    street: String,
    /// 12 digits.
    district: String,
    /// Bodies with an order in the case: their users see it.
    bodies: Vec<String>,
    /// Grants that open it, by subject. Somebody with two of them is told twice.
    readers: Vec<ReaderView>,
    /// How many more there are.
    more: usize,
    /// Who sees something of it without a grant.
    besides_zh: String,
    besides_en: String,
}

/// One grant that opens the case.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReaderView {
    /// The subject of the token.
    subject: String,
    role: &'static str,
    role_zh: &'static str,
    role_en: &'static str,
    scope: ScopeView,
    /// `case`: the whole of it. `body`: with the orders of the scope's body only.
    sees: &'static str,
    why_zh: String,
    why_en: String,
}

/// Where the role is held.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ScopeView {
    /// `street`, `district`, `body` or `installation`.
    kind: &'static str,
    /// 12 digits: the street or district; of a body the tenant it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
}

impl From<&Scope> for ScopeView {
    fn from(scope: &Scope) -> Self {
        let (tenant, body) = match scope {
            Scope::Street(tenant) | Scope::District(tenant) => (Some(tenant), None),
            Scope::Body { home, body } => (Some(home), Some(body)),
            Scope::Installation => (None, None),
        };
        Self {
            kind: scope.kind().as_str(),
            tenant: tenant.map(ToString::to_string),
            body: body.map(ToString::to_string),
        }
    }
}

impl From<Reader> for ReaderView {
    fn from(reader: Reader) -> Self {
        let (role_zh, role_en) = reader.role.name();
        Self {
            subject: reader.subject,
            role: reader.role.as_str(),
            role_zh,
            role_en,
            scope: ScopeView::from(&reader.scope),
            sees: if reader.only.is_some() { "body" } else { "case" },
            why_zh: reader.why_zh,
            why_en: reader.why_en,
        }
    }
}

/// 何人可见案件 / Who could see a case, by which role and where it is held. For security and audit administrators.
#[utoipa::path(get, path = "/console/v1/streets/{street}/cases/{id}/readers", tag = "cases",
    params(("street" = String, Path, description = "街道代码 / 12 digits"), ("id" = Uuid, Path, description = "案件 id，或案件编号 / id of the case, or its number")),
    responses((status = 200, body = CaseReaders), Problem))]
pub(super) async fn read(
    State(room): State<Room>,
    Bearer(who): Bearer,
    Path((street, key)): Path<(TenantId, CaseKey)>,
) -> Result<Json<CaseReaders>, Problem> {
    let admitted = room.house.admit(&who, Action::RightsRead, street)?;
    let mut tx = room.house.pool.begin(admitted.scope()).await?;
    let id = found(&mut tx, street, key).await?.ok_or_else(Problem::not_found)?;
    let case = store::cases::find(&mut tx, street, id, None).await?.ok_or_else(Problem::not_found)?;
    let orders = store::orders::of_case(&mut tx, street, id, None, ORDERS_MAX).await?;
    tx.commit().await?;
    let bodies: BTreeSet<BodyRef> = orders.iter().filter_map(|order| order.body.parse().ok()).collect();
    let bodies: Vec<BodyRef> = bodies.into_iter().collect();
    let view = room.house.snapshot.view();
    let resource = Resource::of(street, admitted.district);
    let mut readers = readers(view.membership(), &resource, &bodies);
    let more = readers.len().saturating_sub(READERS_MAX);
    readers.truncate(READERS_MAX);
    Ok(Json(CaseReaders {
        case_id: case.case_id,
        case_no: case.case_no,
        street: street.to_string(),
        district: admitted.district.to_string(),
        bodies: bodies.iter().map(ToString::to_string).collect(),
        readers: readers.into_iter().map(ReaderView::from).collect(),
        more,
        besides_zh: BESIDES_ZH.to_owned(),
        besides_en: BESIDES_EN.to_owned(),
    }))
}

async fn found(tx: &mut ScopedTx, street: TenantId, key: CaseKey) -> Result<Option<CaseId>, pg::Error> {
    match key {
        CaseKey::Id(id) => Ok(Some(id)),
        CaseKey::Number(number) => {
            store::cases::of_number(tx, street, &number.text, number.ids.start, number.ids.end).await
        }
    }
}
