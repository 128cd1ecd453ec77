//! Organisations, for administrators.

use octi_api::page::Page;
use octi_api::v1::orgs::{CreateOrg, Org, OrgDetails, SetOrgMember};
use reqwest::Method;

use crate::{Client, ClientError};

impl Client {
    /// Every organisation, by its word.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn list_orgs(&self) -> Result<Page<Org>, ClientError> {
        self.get(&["api", "admin", "orgs"]).await
    }

    /// Makes an organisation.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn create_org(&self, org: &CreateOrg) -> Result<Org, ClientError> {
        self.post(&["api", "admin", "orgs"], org).await
    }

    /// One organisation, with who is in it.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn org(&self, slug: &str) -> Result<OrgDetails, ClientError> {
        self.get(&["api", "admin", "orgs", slug]).await
    }

    /// Takes an organisation away, with what was said of it.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn delete_org(&self, slug: &str) -> Result<(), ClientError> {
        self.delete(&["api", "admin", "orgs", slug]).await
    }

    /// Lets a person be in an organisation, or gives them another role there.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn set_org_member(&self, slug: &str, user: &str, member: &SetOrgMember) -> Result<OrgDetails, ClientError> {
        self.json(self.request(Method::PUT, &["api", "admin", "orgs", slug, "members", user])?.json(member)).await
    }

    /// Takes a person out of an organisation.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn remove_org_member(&self, slug: &str, user: &str) -> Result<OrgDetails, ClientError> {
        self.json(self.request(Method::DELETE, &["api", "admin", "orgs", slug, "members", user])?).await
    }
}
