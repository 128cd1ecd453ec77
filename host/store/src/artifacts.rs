//! Large results kept beside a conversation.

use chrono::{DateTime, Utc};
use octi_domain::ids::{ArtifactId, SessionId, UserId};
use octi_domain::limits;
use sqlx::FromRow;
use tracing::instrument;
use uuid::Uuid;

use crate::codec::{stamp, text};
use crate::error::{StoreError, Subject};
use crate::tx::{Tx, rows};

const SUBJECT: Subject = Subject::new("artifacts", "this artifact", "the session");

/// What is known about an artifact without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactMeta {
    pub id: ArtifactId,
    pub user_id: UserId,
    pub session_id: SessionId,
    pub name: String,
    pub media_type: String,
    /// How long the content is; the store counts by itself when it is added.
    pub bytes: i64,
    pub sha256: String,
    pub created_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct ArtifactRow {
    id: Uuid,
    user_id: Uuid,
    session_id: Uuid,
    name: String,
    media_type: String,
    bytes: i64,
    sha256: String,
    created_at: DateTime<Utc>,
}

impl From<ArtifactRow> for ArtifactMeta {
    fn from(row: ArtifactRow) -> Self {
        Self {
            id: ArtifactId::from(row.id),
            user_id: UserId::from(row.user_id),
            session_id: SessionId::from(row.session_id),
            name: row.name,
            media_type: row.media_type,
            bytes: row.bytes,
            sha256: row.sha256,
            created_at: row.created_at,
        }
    }
}

impl Tx<'_> {
    /// Adds an artifact with its content.
    ///
    /// # Errors
    /// `Limit` above [`ARTIFACT_BYTES_MAX`](limits::ARTIFACT_BYTES_MAX), `Missing` without the session, `Conflict` when it is
    /// there already, `Foreign` when it belongs to somebody else.
    #[instrument(name = "db.artifacts.insert", level = "debug", skip_all, fields(artifact.id = %meta.id))]
    pub async fn insert_artifact(&mut self, meta: &ArtifactMeta, content: &[u8]) -> Result<(), StoreError> {
        self.own(meta.user_id, "the artifact")?;
        self.bound("the artifact", content.len(), limits::ARTIFACT_BYTES_MAX)?;
        execute!(
            self,
            SUBJECT,
            "
            INSERT INTO artifacts (id, user_id, session_id, name, media_type, bytes, sha256, created_at, content)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            ",
            meta.id.as_uuid(),
            meta.user_id.as_uuid(),
            meta.session_id.as_uuid(),
            text(&meta.name),
            text(&meta.media_type),
            i64::try_from(content.len()).unwrap_or(i64::MAX),
            text(&meta.sha256),
            stamp(meta.created_at),
            content,
        )?;
        Ok(())
    }

    /// An artifact without its content.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.artifacts.get", level = "debug", skip_all, fields(artifact.id = %id))]
    pub async fn artifact(&mut self, id: ArtifactId) -> Result<Option<ArtifactMeta>, StoreError> {
        let row: Option<ArtifactRow> = fetch_optional!(
            self,
            SUBJECT,
            "
            SELECT id, user_id, session_id, name, media_type, bytes, sha256, created_at
            FROM artifacts
            WHERE id = $1 AND ($2 IS NULL OR user_id = $2)
            ",
            id.as_uuid(),
            self.owner,
        )?;
        Ok(row.map(ArtifactMeta::from))
    }

    /// At most `max` bytes of an artifact's content from `offset`; empty past its end.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.artifacts.read", level = "debug", skip_all, fields(artifact.id = %id))]
    pub async fn artifact_bytes(&mut self, id: ArtifactId, offset: u64, max: usize) -> Result<Option<Vec<u8>>, StoreError> {
        // SUBSTR counts from 1 and takes 32-bit numbers on PostgreSQL; no content is longer than those.
        let from = i32::try_from(offset).unwrap_or(i32::MAX).saturating_add(1);
        let length = i32::try_from(max.min(limits::ARTIFACT_BYTES_MAX)).unwrap_or(i32::MAX);
        let row: Option<(Vec<u8>,)> = fetch_optional!(
            self,
            SUBJECT,
            "SELECT SUBSTR(content, $3, $4) FROM artifacts WHERE id = $1 AND ($2 IS NULL OR user_id = $2)",
            id.as_uuid(),
            self.owner,
            from,
            length,
        )?;
        Ok(row.map(|(bytes,)| bytes))
    }

    /// Forgets an artifact; whether it was there.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.artifacts.delete", level = "debug", skip_all, fields(artifact.id = %id))]
    pub async fn delete_artifact(&mut self, id: ArtifactId) -> Result<bool, StoreError> {
        let deleted = execute!(
            self,
            SUBJECT,
            "DELETE FROM artifacts WHERE id = $1 AND ($2 IS NULL OR user_id = $2)",
            id.as_uuid(),
            self.owner,
        )?;
        Ok(deleted > 0)
    }

    /// Bytes of everything kept beside a conversation.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.artifacts.size", level = "debug", skip_all, fields(session.id = %session))]
    pub async fn artifacts_size(&mut self, session: SessionId) -> Result<i64, StoreError> {
        let row: Option<(i64,)> = fetch_optional!(
            self,
            SUBJECT,
            "
            SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT)
            FROM artifacts
            WHERE session_id = $1 AND ($2 IS NULL OR user_id = $2)
            ",
            session.as_uuid(),
            self.owner,
        )?;
        Ok(row.map_or(0, |(bytes,)| bytes))
    }

    /// The artifacts of a conversation, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list_artifacts(&mut self, session: SessionId) -> Result<Vec<ArtifactMeta>, StoreError> {
        self.page_of_artifacts(session, None, limits::STORE_ROWS_MAX).await
    }

    /// A page of them: the first one, or the one after that `(created_at, id)`.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.artifacts.page", level = "debug", skip_all, fields(session.id = %session))]
    pub async fn page_of_artifacts(
        &mut self,
        session: SessionId,
        after: Option<(DateTime<Utc>, ArtifactId)>,
        limit: u32,
    ) -> Result<Vec<ArtifactMeta>, StoreError> {
        let found: Vec<ArtifactRow> = fetch_all!(
            self,
            SUBJECT,
            "
            SELECT id, user_id, session_id, name, media_type, bytes, sha256, created_at
            FROM artifacts
            WHERE session_id = $1 AND ($2 IS NULL OR user_id = $2) AND ($3 IS NULL OR (created_at, id) > ($3, $4))
            ORDER BY created_at, id
            LIMIT $5
            ",
            session.as_uuid(),
            self.owner,
            after.map(|(at, _)| stamp(at)),
            after.map(|(_, id)| id.as_uuid()),
            rows(limit),
        )?;
        Ok(found.into_iter().map(ArtifactMeta::from).collect())
    }
}
