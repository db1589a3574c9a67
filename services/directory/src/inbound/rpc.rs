//! `streetwise.directory.v1.DocumentService`: manifests in, documents out, and the life of both, for
//! machines.

use bootstrap::door::{Problem, parse_key};
use bootstrap::rpc::{Call, MESSAGE_BYTES_MAX, named};
use contract::document::Part;
use contract::proto::directory as wire;
use contract::proto::directory::document_service_server::{DocumentService, DocumentServiceServer};
use ids::TenantId;
use tonic::{Request, Response, Status};

use super::{Desk, http};
use crate::core::MANIFEST_BYTES_MAX;
use crate::handle::Precondition;

/// The server, for [`bootstrap::Plan::rpc`].
pub(crate) fn server(desk: Desk) -> DocumentServiceServer<Documents> {
    DocumentServiceServer::new(Documents(desk)).max_decoding_message_size(MESSAGE_BYTES_MAX)
}

/// The door.
#[derive(Clone)]
pub(crate) struct Documents(Desk);

#[tonic::async_trait]
impl DocumentService for Documents {
    async fn apply_manifest(
        &self,
        request: Request<wire::ApplyManifestRequest>,
    ) -> Result<Response<wire::ApplyManifestResponse>, Status> {
        let call = Call::of(&request)?;
        let wire::ApplyManifestRequest { manifest, if_generation } = request.into_inner();
        if manifest.len() > MANIFEST_BYTES_MAX {
            return Err(Problem::payload_too_large().into());
        }
        let precondition = still(if_generation);
        let applied =
            http::applied(&self.0, &call.who, manifest.to_vec(), precondition, call.trace.traceparent)
                .await?;
        Ok(Response::new(wire::ApplyManifestResponse {
            tenant: applied.tenant,
            kind: applied.kind.to_owned(),
            generation: applied.generation,
            changed: applied.changed,
            findings: applied.findings.into_iter().map(finding).collect(),
        }))
    }

    async fn get_document(
        &self,
        request: Request<wire::GetDocumentRequest>,
    ) -> Result<Response<wire::GetDocumentResponse>, Status> {
        let call = Call::of(&request)?;
        let asked = request.into_inner();
        let tenant: TenantId = named(&asked.tenant)?;
        let part: Part = serde_json::from_value(asked.part.into()).map_err(|_| Problem::not_found())?;
        let stored = http::newest(&self.0, &call.who, tenant, part).await?;
        let generation = u64::try_from(stored.generation)
            .map_err(|_| Problem::from(pg::Error::impossible_row("documents.generation")))?;
        Ok(Response::new(wire::GetDocumentResponse { generation, document: stored.body.into() }))
    }
    async fn plan_manifest(
        &self,
        request: Request<wire::PlanManifestRequest>,
    ) -> Result<Response<wire::PlanManifestResponse>, Status> {
        let call = Call::of(&request)?;
        let manifest = request.into_inner().manifest;
        if manifest.len() > MANIFEST_BYTES_MAX {
            return Err(Problem::payload_too_large().into());
        }
        let planned = http::planned(&self.0, &call.who, &manifest).await?;
        Ok(Response::new(wire::PlanManifestResponse {
            tenant: planned.tenant,
            kind: planned.kind.to_owned(),
            generation: planned.generation,
            changed: planned.changed,
            changes: planned.changes.into_iter().map(change).collect(),
            more: planned.more as u64,
            streets: planned.streets.map_or(0, unsigned),
            territory_document: planned.territory_document.unwrap_or_default().into(),
            findings: planned.findings.into_iter().map(finding).collect(),
        }))
    }

    async fn get_manifest(
        &self,
        request: Request<wire::GetManifestRequest>,
    ) -> Result<Response<wire::GetManifestResponse>, Status> {
        let call = Call::of(&request)?;
        let wire::GetManifestRequest { tenant, generation } = request.into_inner();
        let manifest = http::manifest(&self.0, &call.who, named(&tenant)?, generation).await?;
        Ok(Response::new(wire::GetManifestResponse { manifest: manifest.into() }))
    }

    async fn list_generations(
        &self,
        request: Request<wire::ListGenerationsRequest>,
    ) -> Result<Response<wire::ListGenerationsResponse>, Status> {
        let call = Call::of(&request)?;
        let asked = request.into_inner();
        // A cursor beyond what a generation can be is none of ours.
        let before = i64::try_from(asked.before).map_err(|_| Problem::bad_cursor())?;
        let page = http::Page {
            before: Some(before).filter(|before| *before != 0),
            limit: Some(asked.limit).filter(|limit| *limit != 0),
        };
        let history = http::listed(&self.0, &call.who, named(&asked.tenant)?, page).await?;
        Ok(Response::new(wire::ListGenerationsResponse {
            generations: history.entries.into_iter().map(generation).collect(),
            next: history.next.map_or(0, unsigned),
        }))
    }

    async fn rollback_tenant(
        &self,
        request: Request<wire::RollbackTenantRequest>,
    ) -> Result<Response<wire::RollbackTenantResponse>, Status> {
        let call = Call::of(&request)?;
        let wire::RollbackTenantRequest { tenant, to_generation, if_generation } = request.into_inner();
        let (tenant, precondition) = (named(&tenant)?, still(if_generation));
        let traceparent = call.trace.traceparent;
        let applied =
            http::rolled_back(&self.0, &call.who, tenant, to_generation, precondition, traceparent).await?;
        Ok(Response::new(wire::RollbackTenantResponse {
            tenant: applied.tenant,
            kind: applied.kind.to_owned(),
            generation: applied.generation,
            changed: applied.changed,
            findings: applied.findings.into_iter().map(finding).collect(),
        }))
    }

    async fn offboard_tenant(
        &self,
        request: Request<wire::OffboardTenantRequest>,
    ) -> Result<Response<wire::OffboardTenantResponse>, Status> {
        let call = Call::of(&request)?;
        let asked = request.into_inner();
        let (tenant, key) = (named(&asked.tenant)?, parse_key(&asked.idempotency_key)?);
        let body = http::OffboardBody { confirm: asked.confirm, reason: asked.reason };
        let (precondition, traceparent) = (still(asked.if_generation), call.trace.traceparent);
        let removed =
            http::offboarded(&self.0, &call.who, tenant, body, key, precondition, traceparent).await?;
        Ok(Response::new(wire::OffboardTenantResponse {
            tenant: removed.tenant,
            generation: removed.generation,
            at: Some(contract::proto::to_wire(removed.at)),
            changed: removed.changed,
        }))
    }
}

fn still(if_generation: u64) -> Precondition {
    match if_generation {
        0 => Precondition::None,
        generation => Precondition::OneOf(vec![generation]),
    }
}

fn change(change: http::ChangeBody) -> wire::Change {
    let json = |value: Option<serde_json::Value>| value.map(|value| value.to_string()).unwrap_or_default();
    wire::Change {
        pointer: change.pointer,
        change: change.change.to_owned(),
        before: json(change.before).into(),
        after: json(change.after).into(),
        label: Some(text(change.label)),
        before_text: change.before_text.map(text),
        after_text: change.after_text.map(text),
    }
}

fn finding(finding: http::FindingBody) -> wire::Finding {
    let http::FindingBody { kind, rules, example, text: words } = finding;
    let example = example.and_then(|example| serde_json::to_vec(&example).ok()).unwrap_or_default();
    wire::Finding { kind: kind.as_str().to_owned(), rules, example: example.into(), text: Some(text(words)) }
}

fn text(text: http::TextBody) -> wire::Text {
    wire::Text { zh: text.zh, en: text.en }
}

fn generation(entry: http::HistoryEntry) -> wire::Generation {
    wire::Generation {
        generation: unsigned(entry.generation),
        actor: entry.actor,
        at: Some(contract::proto::to_wire(entry.at)),
        sha256: entry.sha256,
        bytes: unsigned(entry.bytes.into()),
        of_generation: entry.of_generation.map_or(0, unsigned),
    }
}

/// Counts and generations; the table holds no others.
fn unsigned(number: i64) -> u64 {
    number.try_into().unwrap_or_default()
}
