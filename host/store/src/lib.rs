//! Where octi keeps what must survive: users, conversations, runs, permissions, secrets, costs and the memory of plugins.
//!
//! This is the only crate that knows SQL. It must not know HTTP, plugins or models, and it never decides what is allowed
//! beyond one rule: a [`Principal`](octi_domain::principal::Principal) of a person sees and changes only their own rows.
//!
//! ```no_run
//! # async fn example() -> Result<(), octi_store::StoreError> {
//! use octi_domain::principal::Principal;
//! use octi_store::Store;
//!
//! let store = Store::open("sqlite:///var/lib/octi/octi.db").await?;
//! store.migrate().await?;
//!
//! let mut tx = store.write(&Principal::system("example")).await?;
//! tx.put_setting("theme", &serde_json::json!("dark")).await?;
//! tx.save().await?; // Without this line nothing has happened.
//! # Ok(())
//! # }
//! ```
//!
//! Conventions that hold for every function: a row that does not exist and a row of somebody else look the same
//! (`Ok(None)`, `Ok(false)`, an empty list); times are cut to microseconds, which is what both databases keep; a list
//! without a limit of its own ends after [`STORE_ROWS_MAX`](octi_domain::limits::STORE_ROWS_MAX) rows; and after an
//! error a transaction can no longer be saved.
//!
//! To add an aggregate: write `migrations/{postgres,sqlite}/<number>_<intent>.sql` (both, with the owner column), a file
//! here with the row type and one function a query, and tests in `tests/it/` that include a stranger.

mod codec;
mod db;
mod error;
mod migrate;
mod open;
#[macro_use]
mod tx;

mod answered;
mod artifacts;
mod audit;
mod behind;
mod calls;
mod compactions;
mod costs;
mod kv;
mod mcp;
mod messages;
mod models;
mod notifications;
mod orgs;
mod permissions;
mod personas;
mod plugin_access;
mod programs;
mod remembered;
mod runs;
mod search;
mod sessions;
mod settings;
mod sign_ins;
mod skills;
mod timeline;
mod tokens;
mod users;
mod vault;
mod workspaces;

mod store;

pub use answered::Asked;
pub use artifacts::ArtifactMeta;
pub use audit::{AuditFilter, AuditRow};
pub use behind::{Behind, WriteBehind};
pub use calls::{CallEnd, ToolCallRow};
pub use compactions::{CompactionRow, TouchedFiles};
pub use costs::{CostKind, CostRow, CostSum};
pub use db::Backend;
pub use error::{StoreError, Trouble};
pub use kv::KvWrite;
pub use mcp::{McpPinRow, McpServerRow};
pub use messages::NewMessage;
pub use models::ModelRow;
pub use plugin_access::PluginGrant;
pub use programs::{OauthClient, OauthSecret, Program, SecretKind};
pub use runs::RunFilter;
pub use search::{Found, Piece};
pub use sessions::SessionFilter;
pub use sign_ins::SignIn;
pub use skills::PersonSkill;
pub use store::Store;
pub use timeline::{Happened, Happening};
pub use tokens::Token;
pub use tx::Tx;
pub use vault::{SealedSecret, SecretName};
