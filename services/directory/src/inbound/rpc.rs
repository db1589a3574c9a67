//! `streetwise.directory.v1.DocumentService`: manifests in, documents out, for machines.

use bootstrap::door::Problem;
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
        let precondition = match if_generation {
            0 => Precondition::None,
            generation => Precondition::Generation(generation),
        };
        let applied =
            http::applied(&self.0, &call.who, manifest.to_vec(), precondition, call.trace.traceparent)
                .await?;
        Ok(Response::new(wire::ApplyManifestResponse {
            tenant: applied.tenant,
            kind: applied.kind.to_owned(),
            generation: applied.generation,
            changed: applied.changed,
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
}
