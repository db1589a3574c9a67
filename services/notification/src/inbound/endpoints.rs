//! Endpoints for people: how each is doing, and a new secret for its receiver.

use std::collections::BTreeMap;
use std::sync::Arc;

use access::Action;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::routing::post;
use axum::{Json, Router};
use bootstrap::Bearer;
use bootstrap::door::problem::Kind as ProblemKind;
use bootstrap::door::{IdVerb, Path, Problem, TraceContext};
use ids::TenantId;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::core::signature::{SIGNING_MAX, signing};
use crate::handle::Room;
use crate::handle::rotate::{self, Command, Denied};
use crate::handle::secrets::SecretError;
use crate::store::health::{self, Health};
use crate::store::secrets::{self, SealedSecret};
use crate::tenants::{EndpointId, Owned, owned};

static ENOUGH_SECRETS: ProblemKind = ProblemKind {
    status: 409,
    code: "secrets-overlap",
    title: "同时有效的密钥已达上限 / As many secrets as may are in use at one time",
    hint: "被替换的密钥还会签名 24 小时；请先让接收方换用最新密钥，一天后再试；急需时请安全管理员更换 / One that was followed signs for 24 hours \
           more: let the receiver use the newest and try again a day later, or ask the security administrator",
};

#[derive(OpenApi)]
#[openapi(paths(rotate_secret))]
struct Description;

/// The routes and their description.
pub fn routes(room: Arc<Room>) -> (Router, utoipa::openapi::OpenApi) {
    let listed = OpenApiRouter::new().routes(routes!(list_endpoints)).with_state(room.clone());
    let (router, mut openapi) = listed.split_for_parts();
    let acts =
        Router::new().route("/notification/v1/streets/{street}/endpoints/{target}", post(rotate_secret));
    openapi.merge(Description::openapi());
    (router.merge(acts.with_state(room)), openapi)
}

/// The endpoints of one owner.
#[derive(Serialize, ToSchema)]
pub(super) struct EndpointList {
    endpoints: Vec<EndpointView>,
}

/// Where a body is told.
#[derive(Serialize, ToSchema)]
struct EndpointView {
    /// Its key in the owner's document.
    #[schema(example = "transport")]
    key: String,
    /// The body it tells.
    #[schema(example = "transport")]
    body: String,
    channel: &'static str,
    /// Its address.
    url: String,
    /// Whether drills arrive there.
    drills: bool,
    /// The first failure since the last success; null while it works.
    #[schema(value_type = Option<String>, format = DateTime)]
    failing_since: Option<Timestamp>,
    /// Nothing is sent any more since; null while it is tried.
    #[schema(value_type = Option<String>, format = DateTime)]
    disabled_at: Option<Timestamp>,
    /// When its newest secret was made; null before its first webhook.
    #[schema(value_type = Option<String>, format = DateTime)]
    secret_made_at: Option<Timestamp>,
    /// Secrets that sign now: 2 or more for a day after a change.
    secrets_signing: usize,
}

/// 通知端点 / The endpoints that a street or a district owns: all, or those of the caller's bodies. Of secrets only when they were made.
#[utoipa::path(get, path = "/notification/v1/streets/{street}/endpoints",
    params(("street" = String, Path, description = "街道或区代码 / code of the street, or of the district for its own, 12 digits")),
    responses((status = 200, body = EndpointList), Problem))]
async fn list_endpoints(
    State(room): State<Arc<Room>>,
    Bearer(who): Bearer,
    Path(street): Path<TenantId>,
) -> Result<Json<EndpointList>, Problem> {
    let may = |action| room.house.admit(&who, action, street);
    let admitted =
        may(Action::DeliveryRead).or_else(|denied| may(Action::EndpointRotate).map_err(|_| denied))?;
    let view = room.house.snapshot.view();
    let mut shown = owned(&view, street);
    shown.retain(|_, endpoint| admitted.bodies.contains(endpoint.body));
    let ids: Vec<EndpointId> =
        shown.keys().map(|key| EndpointId { tenant: street, key: (*key).to_owned() }).collect();
    let mut tx = room.house.pool.begin(admitted.scope()).await?;
    let now = room.house.clock.now(&mut tx).await?;
    let health = health::of(&mut tx, &ids).await?;
    let secrets = secrets::secrets(&mut tx, &ids, SIGNING_MAX).await?;
    tx.commit().await?;
    Ok(Json(EndpointList { endpoints: views(shown, &health, &secrets, now) }))
}

fn views(
    shown: BTreeMap<&str, Owned<'_>>,
    health: &[Health],
    secrets: &[SealedSecret],
    now: Timestamp,
) -> Vec<EndpointView> {
    let view = |(key, Owned { body, url, drills }): (&str, Owned<'_>)| {
        // What was known of another address says nothing of this one.
        let health = health.iter().find(|health| health.endpoint.key == key && health.url == url);
        let of_it = secrets.iter().filter(|secret| secret.endpoint.key == key);
        let made_at: Vec<Timestamp> = of_it.map(|secret| secret.made_at).collect();
        EndpointView {
            key: key.to_owned(),
            body: body.to_string(),
            channel: "webhook",
            url: url.to_owned(),
            drills,
            failing_since: health.and_then(|health| health.failing_since),
            disabled_at: health.and_then(|health| health.disabled_at),
            secret_made_at: made_at.first().copied(),
            secrets_signing: signing(&made_at, now),
        }
    };
    shown.into_iter().map(view).collect()
}

/// A new secret, shown this once.
#[derive(Serialize, ToSchema)]
pub(super) struct SecretDocument {
    /// `whsec_` and base64, as Standard Webhooks have it. Keep it where only the receiver reads it.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: String,
    /// Until then webhooks are signed with every secret that signed before it, too.
    #[schema(value_type = String, format = DateTime)]
    others_sign_until: Timestamp,
}

/// 更换端点密钥 / Makes a new secret for an endpoint and shows it this once. Webhooks are signed with it within half a minute, and for 24 hours with
/// the one before as well. Asked again, it makes another one. Who asked is on the record; the secret is not.
#[utoipa::path(
    post,
    path = "/notification/v1/streets/{street}/endpoints/{key}:rotate-secret",
    params(
        ("street" = String, Path, description = "街道或区代码 / code of the street, or of the district for its own, 12 digits"),
        ("key" = String, Path, description = "端点的键，如 street-centre / the endpoint's key in the owner's manifest, e.g. street-centre"),
    ),
    responses((status = 200, description = "新密钥 / the new secret", body = SecretDocument), Problem),
)]
async fn rotate_secret(
    State(room): State<Arc<Room>>,
    Bearer(who): Bearer,
    Path((street, target)): Path<(TenantId, IdVerb<String>)>,
    TraceContext { traceparent, .. }: TraceContext,
) -> Result<([(HeaderName, HeaderValue); 1], Json<SecretDocument>), Problem> {
    if target.verb != "rotate-secret" {
        return Err(Problem::not_found());
    }
    let admitted = room.house.admit(&who, Action::EndpointRotate, street)?;
    let shown = rotate::rotate(&room, &Command { admitted, key: target.id, traceparent }).await?;
    let rotate::Shown { secret, others_sign_until } = shown;
    let document = SecretDocument { secret: secret.shown(), others_sign_until };
    Ok(([(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], Json(document)))
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Unknown => Problem::not_found(),
            Denied::Enough => Problem::of(&ENOUGH_SECRETS),
            Denied::Secret(SecretError::Database(error)) => error.into(),
            Denied::Secret(error @ (SecretError::Seal(_) | SecretError::Closed)) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a secret could not be made");
                Problem::internal()
            }
        }
    }
}
