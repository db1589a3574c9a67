//! `GET /directory/v1/streets/{code}/classifier` and `…/classifier/history`: which text classifier a tenant has published,
//! and who published what before. The code may be a district's (D18).

use access::Action;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use bootstrap::door::{Path, Problem, Query};
use bootstrap::{Bearer, Identity};
use contract::document::{Document, DocumentBody, Part};
use ids::TenantId;
use pg::{ScopedTx, TenantScope};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::pages::{Page, next};
use crate::inbound::Desk;
use crate::store;
use crate::store::classifiers::Entry;

/// What to tell.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// Whether the model file is wanted too; up to 1 MiB.
    #[serde(default)]
    pub weights: bool,
    /// Of a street that has published none: the one that its texts are judged by, its district's. `tenant` of the answer says whose
    /// it is, and there is no `ETag`, since a publication of the street has nothing to do with that generation.
    #[serde(default)]
    pub in_force: bool,
}

/// The classifier of a tenant as it stands, without `model` where none is published.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClassifierBody {
    /// Whose it is: the tenant's code, or with `in_force` perhaps its district's.
    pub tenant: String,
    /// Its generation, counted apart from the manifest's; 0 where none was ever published.
    pub generation: i64,
    /// Who published it, or withdrew it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<jiff::Timestamp>,
    /// What is published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelBody>,
    /// The model file in base64, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weights: Option<String>,
}

/// A model without its weights.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelBody {
    /// SHA-256 of the model file, in hex: what explanations name it by.
    pub sha256: String,
    /// Bytes of the file.
    pub bytes: i32,
    /// How many labels it tells apart.
    pub labels: i32,
    /// Labelled messages it was learned from.
    pub examples: i64,
    /// Confidence, in thousandths, below which a person judges.
    pub threshold_permille: i32,
}

/// Publications and withdrawals, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClassifierHistory {
    /// The entries.
    pub entries: Vec<ClassifierBody>,
    /// For `before`, to read on; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<i64>,
}

impl ClassifierBody {
    pub(super) fn of(tenant: TenantId, entry: Option<Entry>) -> Self {
        let Some(entry) = entry else {
            let tenant = tenant.to_string();
            return Self { tenant, generation: 0, actor: None, at: None, model: None, weights: None };
        };
        Self {
            tenant: tenant.to_string(),
            generation: entry.generation,
            model: model(&entry),
            actor: Some(entry.actor),
            at: Some(entry.at.to_jiff()),
            weights: None,
        }
    }
}

/// All of a model's columns are filled in, or none is.
fn model(entry: &Entry) -> Option<ModelBody> {
    Some(ModelBody {
        sha256: entry.sha256.clone()?,
        bytes: entry.bytes?,
        labels: entry.labels?,
        examples: entry.examples?,
        threshold_permille: entry.threshold_permille?,
    })
}

/// 已发布的分类模型 / The text classifier a tenant has published: what it is, since when and by whom.
#[utoipa::path(
    get,
    path = "/directory/v1/streets/{code}/classifier",
    params(("code" = String, Path, description = "12 位代码 / 12 digits"), Wanted),
    responses((status = 200, body = ClassifierBody), Problem),
)]
pub(crate) async fn classifier(
    State(desk): State<Desk>,
    Bearer(who): Bearer,
    Path(tenant): Path<TenantId>,
    Query(wanted): Query<Wanted>,
) -> Result<(HeaderMap, Json<ClassifierBody>), Problem> {
    let admitted = desk.admit(&who, Action::ClassifierRead, tenant, None)?;
    let own = standing(&desk, tenant, wanted.weights).await?;
    // Whoever may read how the street is judged may read by what: its district's model judges its texts.
    let body = match wanted.in_force && own.model.is_none() && admitted.district != tenant {
        true => standing(&desk, admitted.district, wanted.weights).await?,
        false => own,
    };
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if body.tenant == tenant.to_string()
        && let Ok(etag) = HeaderValue::from_str(&format!("\"{}\"", body.generation))
    {
        headers.insert(header::ETAG, etag);
    }
    Ok((headers, Json(body)))
}

async fn standing(desk: &Desk, tenant: TenantId, weights: bool) -> Result<ClassifierBody, Problem> {
    let mut tx = desk.house.pool.begin(TenantScope::of_principal([tenant])).await?;
    let entry = store::classifiers::newest(&mut tx, tenant).await?;
    let mut body = ClassifierBody::of(tenant, entry);
    if weights && body.model.is_some() {
        let document = document(&mut tx, tenant).await?;
        // Of one instant, or of none: another may be published between the two looks.
        let same = document.as_ref().filter(|document| document.header.generation as i64 == body.generation);
        body.weights = same.and_then(weights_of);
        if body.weights.is_none() {
            return Err(Problem::unavailable(1));
        }
    }
    tx.commit().await?;
    Ok(body)
}

async fn document(tx: &mut ScopedTx, tenant: TenantId) -> Result<Option<Document>, pg::Error> {
    let stored = store::documents::one(tx, tenant, Part::Classifier).await?;
    let decoded = stored.map(|stored| Document::decode(&stored.body)).transpose();
    decoded.map_err(|error| pg::Error::broken("a document of ours does not read back", error))
}

fn weights_of(document: &Document) -> Option<String> {
    match &document.body {
        DocumentBody::Classifier(classifier) => classifier.model.as_ref().map(|model| model.weights.clone()),
        _ => None,
    }
}

/// 分类模型的发布记录 / Who published or withdrew which classifier of a tenant, and when.
#[utoipa::path(
    get,
    path = "/directory/v1/streets/{code}/classifier/history",
    params(("code" = String, Path, description = "12 位代码 / 12 digits"), Page),
    responses((status = 200, body = ClassifierHistory), Problem),
)]
pub(crate) async fn classifier_history(
    State(desk): State<Desk>,
    Bearer(who): Bearer,
    Path(tenant): Path<TenantId>,
    Query(page): Query<Page>,
) -> Result<Json<ClassifierHistory>, Problem> {
    listed(&desk, &who, tenant, page).await.map(Json)
}

async fn listed(
    desk: &Desk,
    who: &Identity,
    tenant: TenantId,
    page: Page,
) -> Result<ClassifierHistory, Problem> {
    desk.admit(who, Action::ClassifierRead, tenant, None)?;
    let limit = page.limit()?;
    let mut tx = desk.house.pool.begin(TenantScope::of_principal([tenant])).await?;
    if let Some(before) = page.before
        && !store::classifiers::has(&mut tx, tenant, before).await?
    {
        return Err(Problem::bad_cursor());
    }
    let found = store::classifiers::history(&mut tx, tenant, page.below(), i64::from(limit)).await?;
    tx.commit().await?;
    let next = next(&found, limit, |entry| entry.generation);
    let entries = found.into_iter().map(|entry| ClassifierBody::of(tenant, Some(entry))).collect();
    Ok(ClassifierHistory { entries, next })
}
