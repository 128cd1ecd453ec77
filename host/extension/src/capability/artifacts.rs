//! Files that a plugin asks to give with its results.

use octi_domain::limits;
use serde::{Deserialize, Serialize};

use super::require_reason;

/// Files beside the JSON of a result: pictures, sounds, documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArtifactsRequest {
    /// Bytes of all files of one call.
    pub bytes_max: u64,
    pub reason: String,
}

impl ArtifactsRequest {
    pub(super) fn line(&self) -> String {
        format!("artifacts: give files of up to {} bytes with a result ({})", self.bytes_max, self.reason)
    }

    pub(super) fn check(&self) -> Result<(), (String, String)> {
        if self.bytes_max == 0 || self.bytes_max > limits::GUEST_ARTIFACTS_BYTES_MAX {
            let problem = format!("must be between 1 and {}", limits::GUEST_ARTIFACTS_BYTES_MAX);
            return Err(("artifacts.bytes_max".to_owned(), problem));
        }
        require_reason("artifacts", &self.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capability::Capabilities;

    fn asked(bytes_max: u64, reason: &str) -> Capabilities {
        let artifacts = Some(ArtifactsRequest { bytes_max, reason: reason.to_owned() });
        Capabilities { artifacts, ..Capabilities::default() }
    }

    #[test]
    fn the_granter_reads_how_much_is_given_and_why() {
        let capabilities = asked(1_000, "draw charts");
        assert!(capabilities.asks_for("artifacts") && capabilities.check().is_ok());
        assert_eq!(capabilities.lines(), ["artifacts: give files of up to 1000 bytes with a result (draw charts)"]);
    }

    #[test]
    fn too_much_and_no_reason_are_named_with_their_field() {
        let field = |capabilities: Capabilities| capabilities.check().err().map(|(field, _)| field);
        assert_eq!(field(asked(limits::GUEST_ARTIFACTS_BYTES_MAX, "x")), None);
        assert_eq!(field(asked(limits::GUEST_ARTIFACTS_BYTES_MAX + 1, "x")).as_deref(), Some("artifacts.bytes_max"));
        assert_eq!(field(asked(0, "x")).as_deref(), Some("artifacts.bytes_max"));
        assert_eq!(field(asked(1, " ")).as_deref(), Some("artifacts.reason"));
    }
}
