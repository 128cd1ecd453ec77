//! What an upgrade changes in what a plugin tells models.

use octi_engine::pack::{self, PackError};

use crate::error::AuthorError;

/// The difference between the texts of two versions of a plugin, role and skill, line by line; empty when they are the same. It is
/// cleaned and bounded, for a person to decide by.
///
/// # Errors
/// [`AuthorError::Pack`] when a file is no plugin, or does not say its texts.
pub async fn text_difference(before: &[u8], after: &[u8]) -> Result<String, AuthorError> {
    let failed = |which: &str| {
        let path = which.to_owned();
        move |problem: PackError| AuthorError::Pack { path, problem }
    };
    let before = Box::pin(pack::texts_of(before)).await.map_err(failed("the version before"))?;
    let after = Box::pin(pack::texts_of(after)).await.map_err(failed("the version after"))?;
    Ok(octi_skills::difference(&before, &after))
}
