//! `POST /directory/v1/streets/{code}:publish-classifier` and `…:withdraw-classifier`: what a tenant's texts are judged by.

use access::Action;
use axum::Json;
use axum::http::{HeaderName, header};
use bootstrap::Identity;
use bootstrap::door::problem::Kind as ProblemKind;
use bootstrap::door::{Fault, Problem};
use contract::document::classifier::THRESHOLD_PERMILLE;
use ids::{IdempotencyKey, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::classifier::ClassifierBody;
use super::offboard::under_way;
use crate::core::{Offered, Unusable};
use crate::handle::Precondition;
use crate::handle::classifier::{self, ClassifierError, Refusal, Said, Say};
use crate::inbound::Desk;

static CLASSIFIER_TOO_LARGE: ProblemKind = ProblemKind {
    status: 422,
    code: "classifier-too-large",
    title: "模型超过可发布的大小 / The model is larger than can be published",
    hint: "请用 streetwise classifier train --kib-max 700 重新训练：出现最少的特征先略去 / Train again with --kib-max 700: what the fewest messages hold is left out first",
};

static CLASSIFIER_DAMAGED: ProblemKind = ProblemKind {
    status: 422,
    code: "classifier-damaged",
    title: "不是完好的模型文件 / This is no sound model file",
    hint: "请重新复制文件，或用同版本的 streetwise classifier train 重新训练 / Copy the file again, or train again with streetwise classifier train of the same version",
};

static CLASSIFIER_LABELS_UNKNOWN: ProblemKind = ProblemKind {
    status: 422,
    code: "classifier-labels-unknown",
    title: "模型的类别不在事项清单内 / The model has labels that are no items of the list",
    hint: "请将 errors 所列类别改为事项代码，或从样本中去掉，再重新训练 / Turn the labels in errors into codes of items, or leave their examples out, and train again",
};

/// A model to be published.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PublishBody {
    /// The model file of `streetwise classifier train` in base64; at most 700 KiB of file.
    pub weights: String,
    /// Confidence, in thousandths, below which a person judges.
    #[schema(minimum = 500, maximum = 1000)]
    pub threshold_permille: u16,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PublishedBody {
    /// The classifier as it stands.
    #[serde(flatten)]
    pub classifier: ClassifierBody,
    /// False when it was so already.
    pub changed: bool,
}

/// 发布分类模型 / Publishes a text classifier for a street, or for all streets of a district that have none of their own. The
/// same model with the same threshold changes nothing; going back is publishing the older file again.
#[utoipa::path(
    post,
    path = "/directory/v1/streets/{code}:publish-classifier",
    params(
        ("code" = String, Path, description = "12 位代码 / 12 digits"),
        ("Idempotency-Key" = String, Header, description = "UUID，重试时不变 / a UUID, the same when retrying"),
        ("If-Match" = Option<String>, Header, description = "仅当模型仍为此代次，0 为从未发布 / only if the classifier is still of this generation, 0 for never published"),
    ),
    request_body = PublishBody,
    responses((status = 200, body = PublishedBody), (status = 412, description = "已被更新 / changed since"), Problem),
)]
#[expect(dead_code, reason = "carries the description; `verbs` answers")]
fn publish_classifier() {}

/// 撤回分类模型 / Withdraws the classifier of a tenant: its texts are judged by its district's, or by nobody's, as before there
/// was one.
#[utoipa::path(
    post,
    path = "/directory/v1/streets/{code}:withdraw-classifier",
    params(
        ("code" = String, Path, description = "12 位代码 / 12 digits"),
        ("Idempotency-Key" = String, Header, description = "UUID，重试时不变 / a UUID, the same when retrying"),
        ("If-Match" = Option<String>, Header, description = "仅当模型仍为此代次 / only if the classifier is still of this generation"),
    ),
    responses((status = 200, body = PublishedBody), (status = 412, description = "已被更新 / changed since"), Problem),
)]
#[expect(dead_code, reason = "carries the description; `verbs` answers")]
fn withdraw_classifier() {}

/// The answer to either.
pub(super) fn answer(published: PublishedBody) -> ([(HeaderName, String); 1], Json<PublishedBody>) {
    let generation = published.classifier.generation;
    ([(header::ETAG, format!("\"{generation}\""))], Json(published))
}

/// Publishes `body`, or withdraws where there is none.
pub(super) async fn said(
    desk: &Desk,
    who: &Identity,
    tenant: TenantId,
    body: Option<PublishBody>,
    key: IdempotencyKey,
    precondition: Precondition,
    traceparent: String,
) -> Result<PublishedBody, Problem> {
    let admitted = desk.admit(who, Action::ClassifierPublish, tenant, None)?;
    let offered = body.map(|body| Offered::read(body.weights, body.threshold_permille));
    let offered = offered.transpose().map_err(unusable)?;
    let (district, actor) = (admitted.district, admitted.subject);
    let command = Say { tenant, district, offered, precondition, key, actor, traceparent };
    let Said { entry, changed } = classifier::say(&desk.house, command).await.map_err(refused)?;
    let classifier = ClassifierBody::of(tenant, entry);
    let (generation, published) = (classifier.generation, classifier.model.is_some());
    let outcome = if published { "published" } else { "withdrawn" };
    tracing::info!(%tenant, generation, outcome, changed, "classifier said");
    Ok(PublishedBody { classifier, changed })
}

fn unusable(unusable: Unusable) -> Problem {
    match unusable {
        Unusable::TooLarge => Problem::of(&CLASSIFIER_TOO_LARGE),
        Unusable::NotBase64 => {
            let detail = "须为 base64 / must be base64";
            Problem::of(&CLASSIFIER_DAMAGED).with_fault(Fault::new("/weights", "not-base64", detail))
        }
        Unusable::Damaged(damage) => {
            let fault = Fault::new("/weights", "damaged", format!("文件无法读取 / {damage}"));
            Problem::of(&CLASSIFIER_DAMAGED).with_fault(fault)
        }
        Unusable::Threshold => {
            let (least, most) = (THRESHOLD_PERMILLE.start(), THRESHOLD_PERMILLE.end());
            let detail = format!("须为 {least} 至 {most}（千分比） / must be {least} to {most} thousandths");
            let fault = Fault::new("/threshold_permille", "threshold-out-of-range", detail);
            Problem::validation_failed([fault])
        }
    }
}

fn refused(error: ClassifierError) -> Problem {
    match error {
        ClassifierError::Failed(error) => error.into(),
        ClassifierError::Refused(refusal) => match refusal {
            Refusal::Unknown => Problem::not_found(),
            Refusal::Stale => Problem::precondition_failed(),
            Refusal::BeingRemoved => under_way(),
            Refusal::KeyReused => Problem::idempotency_key_reused(),
            Refusal::TooLarge => Problem::of(&CLASSIFIER_TOO_LARGE),
            Refusal::Unlisted(labels) => labels
                .into_iter()
                .map(|label| format!("清单没有事项“{label}” / the list has no item {label}"))
                .map(|detail| Fault::new("/weights", "label-unknown", detail))
                .fold(Problem::of(&CLASSIFIER_LABELS_UNKNOWN), Problem::with_fault),
        },
    }
}
