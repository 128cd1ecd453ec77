//! `/api/search`.

use octi_api::page::Page;
use octi_api::v1::search::{SearchHit, SearchQuery};

use crate::{Client, ClientError};

impl Client {
    /// Messages of all conversations with these words, the newest first.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn search(&self, query: &SearchQuery) -> Result<Page<SearchHit>, ClientError> {
        self.get_with(&["api", "search"], query).await
    }
}
