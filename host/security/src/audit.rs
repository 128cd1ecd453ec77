//! The audit log: who did what, one small row for each sign-in, token, permission, rule, model, plugin and secret.
//!
//! A row holds names, ids and words of ours. It never holds a secret's value, what was said, or what a tool was called
//! with. A change of the database writes its row in the same transaction ([`append`]), so that neither is there without
//! the other. Everything else goes through [`Audit`], which writes behind the work.

mod deed;
mod writer;

pub use deed::Deed;
pub use writer::Audit;

use octi_domain::ambient::Ambient;
use octi_domain::ids::UserId;
use octi_store::{AuditRow, StoreError, Tx};

/// Writes a row in the transaction that changes what the row tells of. A person's transaction writes of that person only.
///
/// # Errors
/// As [`Tx::append_audit`].
pub async fn append(tx: &mut Tx<'_>, ambient: &Ambient, who: Option<UserId>, deed: &Deed<'_>) -> Result<(), StoreError> {
    tx.append_audit(&row(ambient, who, deed)).await
}

fn row(ambient: &Ambient, who: Option<UserId>, deed: &Deed<'_>) -> AuditRow {
    AuditRow {
        id: ambient.id(),
        user_id: who,
        action: deed.action().to_owned(),
        resource: deed.resource(),
        details: deed.details(),
        created_at: ambient.now(),
    }
}

#[cfg(test)]
mod tests;
