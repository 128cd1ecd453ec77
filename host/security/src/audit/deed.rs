//! What can stand in the audit log. The list is closed, so that nothing gets in by accident.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use octi_domain::ids::{CallId, PermissionRequestId, ProgramId, RuleId, SessionId, SignInId, TokenId, UserId};
use octi_domain::limits;
use octi_domain::permission::{Answer, Level};
use serde_json::{Value, json};

use crate::guard::clean;
use crate::vault::USER_SCOPE;

/// One thing that was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed<'a> {
    /// Somebody signed in with a password.
    Login {
        user: UserId,
        address: IpAddr,
    },
    /// Somebody could not. Without a user the name was unknown; it is not kept, because people type passwords into the
    /// wrong field.
    LoginFailed {
        user: Option<UserId>,
        address: IpAddr,
    },
    /// Too many failures; one row for each lock-out, not for each attempt during it.
    LoginLockedOut {
        user: Option<UserId>,
        address: IpAddr,
    },
    /// A browser may no longer act for its person.
    SignedOut {
        sign_in: SignInId,
    },
    PasswordChanged {
        user: UserId,
    },
    /// The first administrator chose a name and a password.
    SetUp {
        user: UserId,
    },
    TokenCreated {
        token: TokenId,
        name: &'a str,
        expires_at: Option<DateTime<Utc>>,
    },
    TokenRevoked {
        token: TokenId,
    },
    /// A person let a program in.
    ProgramAllowed {
        program: ProgramId,
        client: &'a str,
        scope: &'a str,
    },
    /// A person said no to a program.
    ProgramRefused {
        client: &'a str,
    },
    /// A program is not let in any more: its person or the program itself said so.
    ProgramRevoked {
        program: ProgramId,
    },
    /// The same, because somebody showed a code or refresh token of it again.
    ProgramCut {
        program: ProgramId,
        client: &'a str,
    },
    /// A person answered; `operation` is such as `shell.run`.
    PermissionAnswered {
        request: PermissionRequestId,
        operation: &'a str,
        answer: Answer,
    },
    /// Nobody answered: the time was up, or the turn had ended.
    PermissionExpired {
        request: PermissionRequestId,
        operation: &'a str,
    },
    RuleSet {
        rule: RuleId,
        text: &'a str,
        level: Level,
        session: Option<SessionId>,
    },
    RuleRemoved {
        rule: RuleId,
    },
    ModelAdded {
        name: &'a str,
        provider: &'a str,
        model_id: &'a str,
    },
    ModelRemoved {
        name: &'a str,
    },
    ModelDefault {
        name: &'a str,
    },
    PluginInstalled {
        plugin: &'a str,
        version: &'a str,
        digest: &'a str,
    },
    PluginRemoved {
        plugin: &'a str,
    },
    /// Its file was read again; without a name, every file.
    PluginReloaded {
        plugin: Option<&'a str>,
    },
    /// Another version runs, because its file changed.
    PluginSwapped {
        plugin: &'a str,
        change: &'a str,
    },
    /// A file is not used; without a name, one that was sent without any.
    PluginRefused {
        plugin: Option<&'a str>,
        why: &'a str,
    },
    /// The version before it runs again: because somebody asked, or because it crashed too often when it was new.
    PluginRolledBack {
        plugin: &'a str,
        change: &'a str,
    },
    /// A person says that this key is the publisher's.
    PublisherTrusted {
        publisher: &'a str,
        key: &'a str,
    },
    /// The key of a publisher is not known any more.
    PublisherForgotten {
        publisher: &'a str,
    },
    /// It crashed too often and is not called for a while, or it was revoked and is not called at all.
    PluginQuarantined {
        plugin: &'a str,
        why: &'a str,
    },
    /// Who may use it: a person, an organisation, or everyone. Without a word, what was said before is taken back.
    PluginAccess {
        plugin: &'a str,
        user: Option<&'a str>,
        org: Option<&'a str>,
        allowed: Option<bool>,
    },
    OrgCreated {
        org: &'a str,
    },
    /// It is gone, and what was said of it.
    OrgDeleted {
        org: &'a str,
    },
    /// Somebody is in it, or has another role there.
    OrgMemberSet {
        org: &'a str,
        user: &'a str,
        role: &'a str,
    },
    OrgMemberRemoved {
        org: &'a str,
        user: &'a str,
    },
    /// A setting of the host has another value; never which.
    SettingChanged {
        key: &'a str,
    },
    /// What was stored for a setting is gone.
    SettingReset {
        key: &'a str,
    },
    /// A server of the Model Context Protocol was set up or changed.
    McpServerSet {
        server: &'a str,
    },
    McpServerRemoved {
        server: &'a str,
    },
    /// A tool of a server is offered like octi's own, as it was then.
    McpToolAccepted {
        server: &'a str,
        tool: &'a str,
        hash: &'a str,
    },
    McpToolWithdrawn {
        server: &'a str,
        tool: &'a str,
    },
    SecretStored {
        scope: &'a str,
        name: &'a str,
    },
    SecretRemoved {
        scope: &'a str,
        name: &'a str,
    },
    /// A call named a secret of the person's; one row a call and secret. Where the value went is for the egress door to tell.
    SecretUsed {
        name: &'a str,
        plugin: &'a str,
        call: CallId,
    },
    /// A hook refused a call, or gave no answer; `operation` is such as `shell.run`.
    HookBlocked {
        plugin: &'a str,
        operation: &'a str,
        call: CallId,
    },
    /// A hook changed the arguments of a call.
    HookRewrote {
        plugin: &'a str,
        operation: &'a str,
        call: CallId,
    },
}

impl Deed<'_> {
    /// The word stored and shown.
    #[must_use]
    pub const fn action(&self) -> &'static str {
        match self {
            Self::Login { .. } => "login",
            Self::LoginFailed { .. } => "login_failed",
            Self::LoginLockedOut { .. } => "login_locked_out",
            Self::SignedOut { .. } => "signed_out",
            Self::PasswordChanged { .. } => "password_changed",
            Self::SetUp { .. } => "set_up",
            Self::TokenCreated { .. } => "token_created",
            Self::TokenRevoked { .. } => "token_revoked",
            Self::ProgramAllowed { .. } => "program_allowed",
            Self::ProgramRefused { .. } => "program_refused",
            Self::ProgramRevoked { .. } => "program_revoked",
            Self::ProgramCut { .. } => "program_cut",
            Self::PermissionAnswered { answer: Answer::Deny, .. } => "permission_denied",
            Self::PermissionAnswered { .. } => "permission_granted",
            Self::PermissionExpired { .. } => "permission_expired",
            Self::RuleSet { .. } => "rule_set",
            Self::RuleRemoved { .. } => "rule_removed",
            Self::ModelAdded { .. } => "model_added",
            Self::ModelRemoved { .. } => "model_removed",
            Self::ModelDefault { .. } => "model_default",
            Self::PluginInstalled { .. } => "plugin_installed",
            Self::PluginRemoved { .. } => "plugin_removed",
            Self::PluginReloaded { .. } => "plugin_reloaded",
            Self::PluginSwapped { .. } => "plugin_swapped",
            Self::PluginRefused { .. } => "plugin_refused",
            Self::PluginRolledBack { .. } => "plugin_rolled_back",
            Self::PluginQuarantined { .. } => "plugin_quarantined",
            Self::PluginAccess { allowed: Some(true), .. } => "plugin_allowed",
            Self::PluginAccess { allowed: Some(false), .. } => "plugin_denied",
            Self::PluginAccess { allowed: None, .. } => "plugin_access_reset",
            Self::OrgCreated { .. } => "org_created",
            Self::OrgDeleted { .. } => "org_deleted",
            Self::OrgMemberSet { .. } => "org_member_set",
            Self::OrgMemberRemoved { .. } => "org_member_removed",
            Self::PublisherTrusted { .. } => "publisher_trusted",
            Self::PublisherForgotten { .. } => "publisher_forgotten",
            Self::SettingChanged { .. } => "setting_changed",
            Self::SettingReset { .. } => "setting_reset",
            Self::McpServerSet { .. } => "mcp_server_set",
            Self::McpServerRemoved { .. } => "mcp_server_removed",
            Self::McpToolAccepted { .. } => "mcp_tool_accepted",
            Self::McpToolWithdrawn { .. } => "mcp_tool_withdrawn",
            Self::SecretStored { .. } => "secret_stored",
            Self::SecretRemoved { .. } => "secret_removed",
            Self::SecretUsed { .. } => "secret_used",
            Self::HookBlocked { .. } => "hook_blocked",
            Self::HookRewrote { .. } => "hook_rewrote",
        }
    }

    /// To what it was done, as `<kind>:<name or id>`.
    pub(super) fn resource(&self) -> String {
        match self {
            Self::Login { user, .. } | Self::LoginFailed { user: Some(user), .. } => format!("user:{user}"),
            Self::LoginLockedOut { user: Some(user), .. } => format!("user:{user}"),
            Self::LoginFailed { user: None, .. } | Self::LoginLockedOut { user: None, .. } => "user".to_owned(),
            Self::SignedOut { sign_in } => format!("sign-in:{sign_in}"),
            Self::PasswordChanged { user } | Self::SetUp { user } => format!("user:{user}"),
            Self::TokenCreated { token, .. } | Self::TokenRevoked { token } => format!("token:{token}"),
            Self::ProgramAllowed { program, .. } | Self::ProgramRevoked { program } | Self::ProgramCut { program, .. } => {
                format!("program:{program}")
            }
            Self::ProgramRefused { .. } => "program".to_owned(),
            Self::PermissionAnswered { request, .. } | Self::PermissionExpired { request, .. } => {
                format!("permission:{request}")
            }
            Self::RuleSet { rule, .. } | Self::RuleRemoved { rule } => format!("rule:{rule}"),
            Self::ModelAdded { name, .. } | Self::ModelRemoved { name } | Self::ModelDefault { name } => {
                format!("model:{}", short(name))
            }
            Self::PluginInstalled { plugin, .. } | Self::PluginRemoved { plugin } | Self::PluginSwapped { plugin, .. } => {
                format!("plugin:{}", short(plugin))
            }
            Self::PluginRolledBack { plugin, .. } | Self::PluginQuarantined { plugin, .. } => {
                format!("plugin:{}", short(plugin))
            }
            Self::HookBlocked { plugin, .. } | Self::HookRewrote { plugin, .. } | Self::PluginAccess { plugin, .. } => {
                format!("plugin:{}", short(plugin))
            }
            Self::PluginReloaded { plugin: Some(plugin) } | Self::PluginRefused { plugin: Some(plugin), .. } => {
                format!("plugin:{}", short(plugin))
            }
            Self::PublisherTrusted { publisher, .. } | Self::PublisherForgotten { publisher } => {
                format!("publisher:{}", short(publisher))
            }
            Self::PluginReloaded { plugin: None } | Self::PluginRefused { plugin: None, .. } => "plugin".to_owned(),
            Self::OrgCreated { org } | Self::OrgDeleted { org } => format!("org:{}", short(org)),
            Self::OrgMemberSet { org, .. } | Self::OrgMemberRemoved { org, .. } => format!("org:{}", short(org)),
            Self::SettingChanged { key } | Self::SettingReset { key } => format!("setting:{}", short(key)),
            Self::McpServerSet { server } | Self::McpServerRemoved { server } => format!("mcp:{}", short(server)),
            Self::McpToolAccepted { server, tool, .. } | Self::McpToolWithdrawn { server, tool } => {
                format!("mcp:{}/{}", short(server), short(tool))
            }
            Self::SecretStored { scope, name } | Self::SecretRemoved { scope, name } => {
                format!("secret:{}/{}", short(scope), short(name))
            }
            Self::SecretUsed { name, .. } => format!("secret:{USER_SCOPE}/{}", short(name)),
        }
    }

    /// What else a reader needs.
    pub(super) fn details(&self) -> Value {
        match self {
            Self::Login { address, .. } | Self::LoginFailed { address, .. } | Self::LoginLockedOut { address, .. } => {
                json!({ "address": address.to_string() })
            }
            Self::TokenCreated { name, expires_at, .. } => {
                json!({ "name": short(name), "expires_at": expires_at.map(|at| at.to_rfc3339()) })
            }
            Self::ProgramAllowed { client, scope, .. } => json!({ "client": short(client), "scope": short(scope) }),
            Self::ProgramRefused { client } | Self::ProgramCut { client, .. } => json!({ "client": short(client) }),
            Self::PermissionAnswered { operation, answer, .. } => {
                json!({ "operation": short(operation), "answer": answer.as_str() })
            }
            Self::PermissionExpired { operation, .. } => json!({ "operation": short(operation) }),
            Self::RuleSet { text, level, session, .. } => {
                json!({ "rule": short(text), "level": level.as_str(), "session": session.map(|id| id.to_string()) })
            }
            Self::ModelAdded { provider, model_id, .. } => {
                json!({ "provider": short(provider), "model_id": short(model_id) })
            }
            Self::PluginInstalled { version, digest, .. } => json!({ "version": short(version), "digest": short(digest) }),
            Self::PluginSwapped { change, .. } | Self::PluginRolledBack { change, .. } => json!({ "change": short(change) }),
            Self::PluginRefused { why, .. } | Self::PluginQuarantined { why, .. } => json!({ "why": short(why) }),
            Self::PluginAccess { org: Some(org), .. } => json!({ "org": short(org) }),
            Self::PluginAccess { user, .. } => json!({ "user": short(user.unwrap_or("everyone")) }),
            Self::OrgMemberSet { user, role, .. } => json!({ "user": short(user), "role": role }),
            Self::OrgMemberRemoved { user, .. } => json!({ "user": short(user) }),
            Self::PublisherTrusted { key, .. } => json!({ "key": short(key) }),
            Self::McpToolAccepted { hash, .. } => json!({ "hash": short(hash) }),
            Self::SecretUsed { plugin, call, .. } => json!({ "plugin": short(plugin), "call": call.to_string() }),
            Self::HookBlocked { operation, call, .. } | Self::HookRewrote { operation, call, .. } => {
                json!({ "operation": short(operation), "call": call.to_string() })
            }
            Self::SignedOut { .. }
            | Self::PasswordChanged { .. }
            | Self::SetUp { .. }
            | Self::TokenRevoked { .. }
            | Self::ProgramRevoked { .. }
            | Self::RuleRemoved { .. }
            | Self::ModelRemoved { .. }
            | Self::ModelDefault { .. }
            | Self::PluginRemoved { .. }
            | Self::PluginReloaded { .. }
            | Self::PublisherForgotten { .. }
            | Self::OrgCreated { .. }
            | Self::OrgDeleted { .. }
            | Self::SettingChanged { .. }
            | Self::SettingReset { .. }
            | Self::McpServerSet { .. }
            | Self::McpServerRemoved { .. }
            | Self::McpToolWithdrawn { .. }
            | Self::SecretStored { .. }
            | Self::SecretRemoved { .. } => json!({}),
        }
    }
}

/// Names come from outside (a person, a plugin's file), so they are cleaned and cut.
fn short(text: &str) -> String {
    let text = clean(text);
    text[..text.floor_char_boundary(limits::AUDIT_TEXT_BYTES_MAX)].to_owned()
}
