//! How people want to be answered.

use chrono::{DateTime, Utc};
use octi_domain::persona::Persona;
use sqlx::FromRow;
use tracing::instrument;

use crate::codec::{Doc, stamp, text};
use crate::error::{StoreError, Subject};
use crate::tx::Tx;

const SUBJECT: Subject = Subject::new("personas", "this persona", "the user");

#[derive(FromRow)]
struct PersonaRow {
    name: Option<String>,
    tone: Option<String>,
    facts: Doc<Vec<String>>,
}

impl Tx<'_> {
    /// What the principal told of how they want to be answered; nothing for the host itself.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.personas.get", level = "debug", skip_all)]
    pub async fn persona(&mut self) -> Result<Persona, StoreError> {
        let row: Option<PersonaRow> =
            fetch_optional!(self, SUBJECT, "SELECT name, tone, facts FROM personas WHERE user_id = $1", self.owner)?;
        Ok(row.map(|row| Persona { name: row.name, tone: row.tone, facts: row.facts.0 }).unwrap_or_default())
    }

    /// Keeps others from changing what the principal told before this change is saved.
    ///
    /// # Errors
    /// `Foreign` for the host itself.
    #[instrument(name = "db.personas.lock", level = "debug", skip_all)]
    pub async fn lock_persona(&mut self, at: DateTime<Utc>) -> Result<(), StoreError> {
        if self.is_system() {
            return self.refuse(StoreError::Foreign { what: "the persona" });
        }
        execute!(
            self,
            SUBJECT,
            "
            INSERT INTO personas (user_id, facts, updated_at) VALUES ($1, $2, $3)
            ON CONFLICT (user_id) DO UPDATE SET updated_at = personas.updated_at
            ",
            self.owner,
            Doc(&Vec::<String>::new()),
            stamp(at),
        )?;
        Ok(())
    }

    /// Keeps what the principal told, in place of what they told before.
    ///
    /// # Errors
    /// `Foreign` for the host itself.
    #[instrument(name = "db.personas.put", level = "debug", skip_all)]
    pub async fn put_persona(&mut self, persona: &Persona, at: DateTime<Utc>) -> Result<(), StoreError> {
        if self.is_system() {
            return self.refuse(StoreError::Foreign { what: "the persona" });
        }
        execute!(
            self,
            SUBJECT,
            "
            INSERT INTO personas (user_id, name, tone, facts, updated_at)
            VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (user_id) DO UPDATE
            SET name = excluded.name, tone = excluded.tone, facts = excluded.facts, updated_at = excluded.updated_at
            ",
            self.owner,
            persona.name.as_deref().map(text),
            persona.tone.as_deref().map(text),
            Doc(&persona.facts),
            stamp(at),
        )?;
        Ok(())
    }
}
