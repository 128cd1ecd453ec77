//! Servers of the Model Context Protocol, and what was accepted of their tools. Their owner is the host itself: a person's principal
//! finds and changes none.

use chrono::{DateTime, Utc};
use octi_domain::ids::UserId;
use octi_domain::limits;
use serde_json::Value;
use tracing::instrument;
use uuid::Uuid;

use crate::codec::{Doc, stamp, text};
use crate::error::{StoreError, Subject};
use crate::tx::{ALL_ROWS, Tx};

const SERVERS: Subject = Subject::new("mcp_servers", "this MCP server", "the MCP server");
const PINS: Subject = Subject::new("mcp_pins", "this tool", "the MCP server");

/// A server as an administrator configured it.
#[derive(Debug, Clone, PartialEq)]
pub struct McpServerRow {
    pub name: String,
    /// Whose secrets it uses.
    pub added_by: UserId,
    pub config: Value,
    pub updated_at: DateTime<Utc>,
}

/// A tool as an administrator accepted it.
#[derive(Debug, Clone, PartialEq)]
pub struct McpPinRow {
    pub server: String,
    pub tool: String,
    pub accepted: Value,
    pub accepted_at: DateTime<Utc>,
}

impl Tx<'_> {
    /// Every server, by name in byte order.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.mcp.servers", level = "debug", skip_all)]
    pub async fn list_mcp_servers(&mut self) -> Result<Vec<McpServerRow>, StoreError> {
        if !self.is_system() {
            return Ok(Vec::new());
        }
        let found: Vec<(String, Uuid, Doc<Value>, DateTime<Utc>)> = fetch_all!(
            self,
            SERVERS,
            "SELECT name, added_by, config, updated_at FROM mcp_servers WHERE user_id IS NULL LIMIT $1",
            ALL_ROWS
        )?;
        let row = |(name, added_by, config, updated_at): (String, Uuid, Doc<Value>, DateTime<Utc>)| McpServerRow {
            name,
            added_by: UserId::from(added_by),
            config: config.0,
            updated_at,
        };
        let mut rows: Vec<_> = found.into_iter().map(row).collect();
        rows.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(rows)
    }

    /// Adds a server, or replaces the one of that name.
    ///
    /// # Errors
    /// `Foreign` for a person's principal, `Limit` for a configuration that is too large.
    #[instrument(name = "db.mcp.put_server", level = "debug", skip_all)]
    pub async fn put_mcp_server(&mut self, row: &McpServerRow) -> Result<(), StoreError> {
        if !self.is_system() {
            return self.refuse(StoreError::Foreign { what: "the MCP server" });
        }
        self.bound("the configuration of an MCP server, in bytes", row.config.to_string().len(), limits::MCP_CONFIG_BYTES_MAX)?;
        execute!(
            self,
            SERVERS,
            "
            INSERT INTO mcp_servers (name, user_id, added_by, config, updated_at)
            VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (name) DO UPDATE
            SET added_by = excluded.added_by, config = excluded.config, updated_at = excluded.updated_at
            ",
            text(&row.name),
            self.owner,
            row.added_by.as_uuid(),
            Doc(&row.config),
            stamp(row.updated_at),
        )?;
        Ok(())
    }

    /// Removes a server and what was accepted of its tools; whether there was one.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.mcp.delete_server", level = "debug", skip_all)]
    pub async fn delete_mcp_server(&mut self, name: &str) -> Result<bool, StoreError> {
        if !self.is_system() {
            return Ok(false);
        }
        execute!(self, PINS, "DELETE FROM mcp_pins WHERE server = $1 AND user_id IS NULL", text(name))?;
        let changed = execute!(self, SERVERS, "DELETE FROM mcp_servers WHERE name = $1 AND user_id IS NULL", text(name))?;
        Ok(changed > 0)
    }

    /// What was accepted of every server's tools.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.mcp.pins", level = "debug", skip_all)]
    pub async fn list_mcp_pins(&mut self) -> Result<Vec<McpPinRow>, StoreError> {
        if !self.is_system() {
            return Ok(Vec::new());
        }
        let found: Vec<(String, String, Doc<Value>, DateTime<Utc>)> = fetch_all!(
            self,
            PINS,
            "SELECT server, tool, accepted, accepted_at FROM mcp_pins WHERE user_id IS NULL LIMIT $1",
            ALL_ROWS
        )?;
        let row = |(server, tool, accepted, accepted_at): (String, String, Doc<Value>, DateTime<Utc>)| McpPinRow {
            server,
            tool,
            accepted: accepted.0,
            accepted_at,
        };
        let mut rows: Vec<_> = found.into_iter().map(row).collect();
        rows.sort_by(|a, b| (&a.server, &a.tool).cmp(&(&b.server, &b.tool)));
        Ok(rows)
    }

    /// Keeps what was accepted of a tool, in place of what was accepted before.
    ///
    /// # Errors
    /// `Foreign` for a person's principal.
    #[instrument(name = "db.mcp.put_pin", level = "debug", skip_all)]
    pub async fn put_mcp_pin(&mut self, row: &McpPinRow) -> Result<(), StoreError> {
        if !self.is_system() {
            return self.refuse(StoreError::Foreign { what: "the tool" });
        }
        execute!(
            self,
            PINS,
            "
            INSERT INTO mcp_pins (server, tool, user_id, accepted, accepted_at)
            VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (server, tool) DO UPDATE SET accepted = excluded.accepted, accepted_at = excluded.accepted_at
            ",
            text(&row.server),
            text(&row.tool),
            self.owner,
            Doc(&row.accepted),
            stamp(row.accepted_at),
        )?;
        Ok(())
    }

    /// Takes back what was accepted; whether there was something.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.mcp.delete_pin", level = "debug", skip_all)]
    pub async fn delete_mcp_pin(&mut self, server: &str, tool: &str) -> Result<bool, StoreError> {
        if !self.is_system() {
            return Ok(false);
        }
        let delete = "DELETE FROM mcp_pins WHERE server = $1 AND tool = $2 AND user_id IS NULL";
        let changed = execute!(self, PINS, delete, text(server), text(tool))?;
        Ok(changed > 0)
    }
}
