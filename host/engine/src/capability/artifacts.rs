//! `octi:artifacts`: files that a call gives beside its JSON. They are held until the call ends, and gone when it fails.

use octi_domain::{file_name, limits};
use octi_extension::tool::Artifact as Given;
use wasmtime::component::Resource;

use crate::bindings::HostError;
use crate::bindings::tool::octi::artifacts::artifacts::{Artifact, Host, HostWriter};
use crate::capability::{HostResult, refuse};
use crate::quota::Charge;
use crate::state::{CallState, Services};

/// A file that is being written.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct OpenArtifact {
    name: String,
    media_type: String,
    content: Vec<u8>,
}

impl CallState {
    /// Charges the call and asks the grant; how many bytes the files of this call may have together.
    fn enter_artifacts(&mut self, charge: Charge) -> HostResult<(Services, u64)> {
        let services = refuse!(self.enter(charge)?);
        let bytes_max = refuse!(self.grant.artifacts_bytes_max().map_err(|why| self.denied("artifacts", why)));
        if !self.caller.gives_files {
            let text = "files go with the result of a tool's call, and this is none: it is a hook, or a channel";
            return Ok(Err(HostError::Unavailable(text.to_owned())));
        }
        Ok(Ok((services, bytes_max)))
    }
}

impl Host for CallState {
    async fn create(&mut self, name: String, media_type: String) -> HostResult<Resource<OpenArtifact>> {
        refuse!(self.enter_artifacts(Charge::Artifact)?);
        let Some(name) = file_name::plain(&name) else {
            return Ok(Err(HostError::Invalid("name: nothing is left of it without folders and unseen characters".to_owned())));
        };
        let Some(media_type) = file_name::media_type(&media_type) else {
            let text = format!("media-type: `{}` is not `type/subtype`, such as `image/png`", media_type.escape_debug());
            return Ok(Err(HostError::Invalid(text)));
        };
        Ok(self.hold(OpenArtifact { name, media_type, content: Vec::new() }))
    }
}

impl HostWriter for CallState {
    async fn write(&mut self, writer: Resource<OpenArtifact>, chunk: Vec<u8>) -> HostResult<()> {
        let (_, bytes_max) = refuse!(self.enter_artifacts(Charge::ArtifactChunk)?);
        if chunk.len() > limits::GUEST_ARTIFACT_CHUNK_BYTES_MAX {
            let max = limits::GUEST_ARTIFACT_CHUNK_BYTES_MAX;
            return Ok(Err(HostError::Invalid(format!("chunk: {} bytes are more than the {max} of one call", chunk.len()))));
        }
        let open = self.table.get_mut(&writer)?;
        if open.content.len() + chunk.len() > limits::GUEST_ARTIFACT_BYTES_MAX {
            return Ok(Err(full("bytes of one file", limits::GUEST_ARTIFACT_BYTES_MAX as u64)));
        }
        refuse!(self.quotas.artifact_held(chunk.len(), bytes_max));
        self.table.get_mut(&writer)?.content.extend_from_slice(&chunk);
        Ok(Ok(()))
    }

    async fn finish(&mut self, writer: Resource<OpenArtifact>) -> HostResult<Artifact> {
        let OpenArtifact { name, media_type, content } = self.table.delete(writer)?;
        let services = match self.enter_artifacts(Charge::ArtifactChunk)? {
            Ok((services, _)) => services,
            Err(refusal) => {
                self.quotas.artifact_let_go(content.len());
                return Ok(Err(refusal));
            }
        };
        let given = Given { id: services.ambient.id(), name, media_type, content: content.into() };
        let artifact = Artifact {
            id: given.id.to_string(),
            name: given.name.clone(),
            media_type: given.media_type.clone(),
            size: given.content.len() as u64,
        };
        self.artifacts.push(given);
        Ok(Ok(artifact))
    }

    async fn drop(&mut self, writer: Resource<OpenArtifact>) -> wasmtime::Result<()> {
        let open = self.table.delete(writer)?;
        self.quotas.artifact_let_go(open.content.len());
        Ok(())
    }
}

fn full(name: &str, limit: u64) -> HostError {
    HostError::Quota(crate::bindings::Quota { name: name.to_owned(), limit, retry_after_ms: None })
}
