//! The models a person has set up. Names are unique per person, so the host itself, which is nobody, finds none by name.

use chrono::{DateTime, Utc};
use octi_domain::ids::{ModelId, UserId};
use sqlx::FromRow;
use tracing::instrument;
use uuid::Uuid;

use crate::codec::{stamp, text};
use crate::error::{StoreError, Subject};
use crate::tx::{ALL_ROWS, Tx};

const SUBJECT: Subject = Subject::new("models", "this model", "the user");

/// One model of one person.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelRow {
    pub id: ModelId,
    pub user_id: UserId,
    /// What the person calls it.
    pub name: String,
    pub provider: String,
    /// What the provider calls it.
    pub model_id: String,
    pub endpoint: Option<String>,
    /// The name of the key in the vault.
    pub secret: Option<String>,
    pub context_window: Option<i64>,
    pub max_output: Option<i64>,
    /// US dollars per million tokens in.
    pub price_in: Option<f64>,
    /// US dollars per million tokens out.
    pub price_out: Option<f64>,
    pub supports_tools: bool,
    /// At most one model of a person is.
    pub is_default: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    user_id: Uuid,
    name: String,
    provider: String,
    model_id: String,
    endpoint: Option<String>,
    secret: Option<String>,
    context_window: Option<i64>,
    max_output: Option<i64>,
    price_in: Option<f64>,
    price_out: Option<f64>,
    supports_tools: bool,
    is_default: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Row> for ModelRow {
    fn from(row: Row) -> Self {
        Self {
            id: ModelId::from(row.id),
            user_id: UserId::from(row.user_id),
            name: row.name,
            provider: row.provider,
            model_id: row.model_id,
            endpoint: row.endpoint,
            secret: row.secret,
            context_window: row.context_window,
            max_output: row.max_output,
            price_in: row.price_in,
            price_out: row.price_out,
            supports_tools: row.supports_tools,
            is_default: row.is_default,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl Tx<'_> {
    /// Adds a model, or replaces the one of the same name, which keeps its id and the time it was added.
    ///
    /// # Errors
    /// `Missing` without its user, `Foreign` when it belongs to somebody else.
    #[instrument(name = "db.models.upsert", level = "debug", skip_all, fields(model.id = %model.id))]
    pub async fn upsert_model(&mut self, model: &ModelRow) -> Result<(), StoreError> {
        self.own(model.user_id, "the model")?;
        if model.is_default {
            self.clear_default_model(model.user_id).await?;
        }
        execute!(
            self,
            SUBJECT,
            "
            INSERT INTO models
                (id, user_id, name, provider, model_id, endpoint, secret, context_window, max_output, price_in, price_out, supports_tools, is_default, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
            ON CONFLICT (user_id, name) DO UPDATE
            SET provider = excluded.provider
              , model_id = excluded.model_id
              , endpoint = excluded.endpoint
              , secret = excluded.secret
              , context_window = excluded.context_window
              , max_output = excluded.max_output
              , price_in = excluded.price_in
              , price_out = excluded.price_out
              , supports_tools = excluded.supports_tools
              , is_default = excluded.is_default
              , updated_at = excluded.updated_at
            ",
            model.id.as_uuid(),
            model.user_id.as_uuid(),
            text(&model.name),
            text(&model.provider),
            text(&model.model_id),
            model.endpoint.as_deref().map(text),
            model.secret.as_deref().map(text),
            model.context_window,
            model.max_output,
            model.price_in,
            model.price_out,
            model.supports_tools,
            model.is_default,
            stamp(model.created_at),
            stamp(model.updated_at),
        )?;
        Ok(())
    }

    /// The principal's model of that name.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.models.get", level = "debug", skip_all)]
    pub async fn model(&mut self, name: &str) -> Result<Option<ModelRow>, StoreError> {
        let row: Option<Row> = fetch_optional!(
            self,
            SUBJECT,
            "
            SELECT id, user_id, name, provider, model_id, endpoint, secret, context_window, max_output, price_in, price_out, supports_tools, is_default, created_at, updated_at
            FROM models
            WHERE user_id = $1 AND name = $2
            ",
            self.owner,
            text(name),
        )?;
        Ok(row.map(ModelRow::from))
    }

    /// The principal's models, by name in byte order.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.models.list", level = "debug", skip_all)]
    pub async fn list_models(&mut self) -> Result<Vec<ModelRow>, StoreError> {
        let mut found: Vec<Row> = fetch_all!(
            self,
            SUBJECT,
            "
            SELECT id, user_id, name, provider, model_id, endpoint, secret, context_window, max_output, price_in, price_out, supports_tools, is_default, created_at, updated_at
            FROM models
            WHERE ($1 IS NULL OR user_id = $1)
            LIMIT $2
            ",
            self.owner,
            ALL_ROWS,
        )?;
        // Sorted here, because the order of texts in PostgreSQL depends on the collation it was set up with.
        found.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        Ok(found.into_iter().map(ModelRow::from).collect())
    }

    /// Removes the principal's model of that name.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.models.delete", level = "debug", skip_all)]
    pub async fn delete_model(&mut self, name: &str) -> Result<bool, StoreError> {
        let changed = execute!(self, SUBJECT, "DELETE FROM models WHERE user_id = $1 AND name = $2", self.owner, text(name))?;
        Ok(changed > 0)
    }

    /// Makes the principal's model of that name the one used when none is named; false, and nothing changes, without it.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.models.set_default", level = "debug", skip_all)]
    pub async fn set_default_model(&mut self, name: &str) -> Result<bool, StoreError> {
        let Some(model) = self.model(name).await? else { return Ok(false) };
        self.clear_default_model(model.user_id).await?;
        let changed = execute!(
            self,
            SUBJECT,
            "UPDATE models SET is_default = TRUE WHERE user_id = $1 AND name = $2",
            self.owner,
            text(name),
        )?;
        Ok(changed > 0)
    }

    /// The principal's default model.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.models.default", level = "debug", skip_all)]
    pub async fn default_model(&mut self) -> Result<Option<ModelRow>, StoreError> {
        let row: Option<Row> = fetch_optional!(
            self,
            SUBJECT,
            "
            SELECT id, user_id, name, provider, model_id, endpoint, secret, context_window, max_output, price_in, price_out, supports_tools, is_default, created_at, updated_at
            FROM models
            WHERE user_id = $1 AND is_default
            ",
            self.owner,
        )?;
        Ok(row.map(ModelRow::from))
    }

    async fn clear_default_model(&mut self, user: UserId) -> Result<(), StoreError> {
        execute!(self, SUBJECT, "UPDATE models SET is_default = FALSE WHERE user_id = $1 AND is_default", user.as_uuid(),)?;
        Ok(())
    }
}
