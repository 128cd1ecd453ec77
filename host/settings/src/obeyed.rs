//! The settings as the parts of the host read them.

use std::path::PathBuf;
use std::time::Duration;

use octi_config::Config;
use octi_config::settings::{Source, key};
use octi_domain::run::{Budget, Compaction, RunLimits};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use subtle::ConstantTimeEq;

use crate::entry::Snapshot;

/// What clients may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GatewayLimits {
    /// WebSocket connections of one person.
    pub connections_per_user_max: usize,
    /// Frames of one connection within a minute, by their kinds.
    pub chats_per_minute_max: usize,
    pub commands_per_minute_max: usize,
    pub subscribes_per_minute_max: usize,
    pub replays_per_minute_max: usize,
    /// Requests within a minute: of one person, and of one address that shows nobody's credentials.
    pub requests_per_minute_max: usize,
    pub strangers_per_minute_max: usize,
    /// Answers at once for clients of OpenAI's API.
    pub openai_calls_per_user_max: usize,
    pub openai_calls_max: usize,
}

impl Snapshot {
    /// What turns may use and how many there may be.
    #[must_use]
    pub fn run_limits(&self) -> RunLimits {
        RunLimits {
            budget: Budget {
                iterations_max: u32::try_from(self.number(key::ITERATIONS_MAX)).unwrap_or(u32::MAX),
                time_max: Duration::from_secs(self.number(key::MINUTES_MAX).saturating_mul(60)),
                tokens_max: self.number(key::TOKENS_MAX),
            },
            active_max: self.count(key::RUNS_ACTIVE_MAX),
            compaction: Compaction {
                auto: self.value(key::COMPACTION_AUTO).as_bool().unwrap_or_default(),
                auto_percent: self.number(key::COMPACTION_AUTO_PERCENT),
                kept_messages: self.count(key::COMPACTION_KEPT_MESSAGES),
            },
        }
    }

    /// What clients may do.
    #[must_use]
    pub fn gateway_limits(&self) -> GatewayLimits {
        GatewayLimits {
            connections_per_user_max: self.count(key::CONNECTIONS_PER_USER_MAX),
            chats_per_minute_max: self.count(key::CHATS_PER_MINUTE_MAX),
            commands_per_minute_max: self.count(key::COMMANDS_PER_MINUTE_MAX),
            subscribes_per_minute_max: self.count(key::SUBSCRIBES_PER_MINUTE_MAX),
            replays_per_minute_max: self.count(key::REPLAYS_PER_MINUTE_MAX),
            requests_per_minute_max: self.count(key::REQUESTS_PER_MINUTE_MAX),
            strangers_per_minute_max: self.count(key::STRANGERS_PER_MINUTE_MAX),
            openai_calls_per_user_max: self.count(key::OPENAI_CALLS_PER_USER_MAX),
            openai_calls_max: self.count(key::OPENAI_CALLS_MAX),
        }
    }

    /// Folders besides the workspaces that agents may work in.
    #[must_use]
    pub fn additional_paths(&self) -> Vec<PathBuf> {
        let list = self.value(key::ADDITIONAL_PATHS).as_array();
        list.into_iter().flatten().filter_map(Value::as_str).map(PathBuf::from).collect()
    }

    /// Names under which programs that speak MCP reach this host.
    #[must_use]
    pub fn mcp_hosts(&self) -> Vec<String> {
        let names = self.value(key::MCP_HOSTS).as_array();
        let public = self.public_url().and_then(|url| url.split_once("://")).map(|(_, rest)| without_port(rest).to_owned());
        names.into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned)).chain(public).collect()
    }

    /// The address that an administrator says octi has, without a slash at the end.
    #[must_use]
    pub fn public_url(&self) -> Option<&str> {
        self.value(key::PUBLIC_URL).as_str().filter(|url| !url.is_empty())
    }

    /// How long the stream of a call over MCP stays open; none for as long as the call takes.
    #[must_use]
    pub fn mcp_stream_time(&self) -> Option<Duration> {
        let seconds = self.value(key::MCP_STREAM_SECONDS).as_u64().unwrap_or_default();
        (seconds > 0).then(|| Duration::from_secs(seconds))
    }

    /// Whether the model of a program that makes a call over MCP answers its plugins, if that program lends one.
    #[must_use]
    pub fn mcp_clients_lend_models(&self) -> bool {
        self.value(key::MCP_SAMPLING).as_str() == Some("client")
    }

    /// What is logged; none when nobody has said.
    #[must_use]
    pub fn log_filter(&self) -> Option<&str> {
        self.entry(key::LOG_FILTER).filter(|entry| entry.source != Source::Default)?.value()?.as_str()
    }

    /// Whether this is what a scraper of `/metrics` sends. False when there is no such token.
    #[must_use]
    pub fn is_metrics_token(&self, shown: &str) -> bool {
        self.secret(key::METRICS_TOKEN).is_some_and(|token| bool::from(token.expose_secret().as_bytes().ct_eq(shown.as_bytes())))
    }

    /// The values of the host that nobody may see, by key: those that hold, and those that would if the stronger ones were gone.
    #[must_use]
    pub fn secrets(&self) -> Vec<(String, SecretString)> {
        let open = self.entries().map(|entry| entry.definition).filter(|definition| definition.fixed.is_none());
        let secrets = |key: &'static str| self.secrets_of(key).iter().map(move |secret| (key.to_owned(), secret.clone()));
        open.flat_map(|definition| secrets(definition.key)).collect()
    }

    /// The configuration with what the database says, as the next start obeys it.
    #[must_use]
    pub fn apply(&self, config: &Config) -> Config {
        config.with(|key| self.entry(key).filter(|entry| entry.source == Source::Database)?.value())
    }

    fn count(&self, key: &str) -> usize {
        usize::try_from(self.number(key)).unwrap_or(usize::MAX)
    }
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}
