//! Questions that a plugin asks to put to people.

use serde::{Deserialize, Serialize};

use super::require_reason;

/// Questions to the person whose call it is, while the call waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskRequest {
    pub reason: String,
}

impl AskRequest {
    pub(super) fn line(&self) -> String {
        format!("ask: ask you for something during a call ({})", self.reason)
    }

    pub(super) fn check(&self) -> Result<(), (String, String)> {
        require_reason("ask", &self.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capability::Capabilities;

    #[test]
    fn the_granter_reads_that_they_will_be_asked_and_why() {
        let asked =
            |reason: &str| Capabilities { ask: Some(AskRequest { reason: reason.to_owned() }), ..Capabilities::default() };
        let capabilities = asked("choose a size");
        assert!(capabilities.asks_for("ask") && capabilities.check().is_ok());
        assert_eq!(capabilities.lines(), ["ask: ask you for something during a call (choose a size)"]);
        assert_eq!(asked("").check().err().map(|(field, _)| field).as_deref(), Some("ask.reason"));
    }
}
