//! Standing rules and open questions.

use octi_api::page::Page;
use octi_api::v1::permissions::{PermissionRequest, Respond, Rule, RuleQuery, SetRule};
use octi_domain::ids::{PermissionRequestId, RuleId};
use reqwest::Method;

use crate::{Client, ClientError};

impl Client {
    /// The person's rules.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn list_rules(&self, query: &RuleQuery) -> Result<Page<Rule>, ClientError> {
        self.get_with(&["api", "tools", "permissions"], query).await
    }

    /// Sets a rule; the same rule with another level is replaced.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn set_rule(&self, rule: &SetRule) -> Result<Rule, ClientError> {
        self.json(self.request(Method::PUT, &["api", "tools", "permissions"])?.json(rule)).await
    }

    /// Takes a rule back.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn delete_rule(&self, id: RuleId) -> Result<(), ClientError> {
        self.delete(&["api", "tools", "permissions", &id.to_string()]).await
    }

    /// Questions that wait for an answer.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn pending_requests(&self) -> Result<Page<PermissionRequest>, ClientError> {
        self.get(&["api", "permission-requests", "pending"]).await
    }

    /// Answers a question.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn respond(&self, id: PermissionRequestId, answer: Respond) -> Result<(), ClientError> {
        let request = self.request(Method::POST, &["api", "permission-requests", &id.to_string(), "respond"])?;
        self.bytes(request.json(&answer)).await.map(drop)
    }
}
