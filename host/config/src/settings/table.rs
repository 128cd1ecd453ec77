//! The list. Its order is the order of every page.

use octi_domain::limits;
use serde_json::json;

use super::Kind::{Boolean, Json, Number, String, StringArray};
use super::{Definition, Kind};
use crate::env;
use crate::load::PORT_DEFAULT;

/// The names of settings that code asks for.
pub mod key {
    pub const ITERATIONS_MAX: &str = "agent.iterations_max";
    pub const MINUTES_MAX: &str = "agent.minutes_max";
    pub const TOKENS_MAX: &str = "agent.tokens_max";
    pub const RUNS_ACTIVE_MAX: &str = "agent.runs_active_max";
    pub const COMPACTION_AUTO: &str = "compaction.auto";
    pub const COMPACTION_AUTO_PERCENT: &str = "compaction.auto_percent";
    pub const COMPACTION_KEPT_MESSAGES: &str = "compaction.kept_messages";
    pub const CONNECTIONS_PER_USER_MAX: &str = "gateway.connections_per_user_max";
    pub const CHATS_PER_MINUTE_MAX: &str = "gateway.chats_per_minute_max";
    pub const COMMANDS_PER_MINUTE_MAX: &str = "gateway.commands_per_minute_max";
    pub const SUBSCRIBES_PER_MINUTE_MAX: &str = "gateway.subscribes_per_minute_max";
    pub const REPLAYS_PER_MINUTE_MAX: &str = "gateway.replays_per_minute_max";
    pub const REQUESTS_PER_MINUTE_MAX: &str = "gateway.requests_per_minute_max";
    pub const STRANGERS_PER_MINUTE_MAX: &str = "gateway.strangers_per_minute_max";
    pub const OPENAI_CALLS_PER_USER_MAX: &str = "gateway.openai_calls_per_user_max";
    pub const OPENAI_CALLS_MAX: &str = "gateway.openai_calls_max";
    pub const MCP_HOSTS: &str = "gateway.mcp_hosts";
    pub const MCP_STREAM_SECONDS: &str = "gateway.mcp_stream_seconds";
    pub const MCP_SAMPLING: &str = "gateway.mcp_sampling";
    pub const PUBLIC_URL: &str = "gateway.public_url";
    pub const LOG_FILTER: &str = "log.filter";
    pub const METRICS_TOKEN: &str = "metrics.token";
    pub const SEARXNG_URL: &str = "network.searxng_url";
    pub const PRIVATE_TARGETS: &str = "network.private_targets";
    pub const SANDBOX_PROCESSES: &str = "sandbox.processes";
    pub const PLUGINS: &str = "plugins";
    pub const ADDITIONAL_PATHS: &str = "workspace.additional_paths";
    pub(crate) const TRUSTED_PROXIES: &str = "server.trusted_proxies";
    pub(crate) const HOME: &str = "server.home";
    pub(crate) const DATABASE_URL: &str = "database.url";
}

const BEFORE_DATABASE: &str = "it is needed before the database, where changes are kept, is open";
const OF_MACHINE: &str = "it belongs to this machine, and other hosts on the same database have their own";

/// A number that is obeyed at once and may stand in `config.toml`.
const fn count(key: &'static str, most: u64, description: &'static str) -> Definition {
    Definition::new(key, Number, description).in_file().from(1, most)
}

/// A setting of this machine.
const fn of_machine(key: &'static str, kind: Kind, variable: &'static str, why: &'static str, what: &'static str) -> Definition {
    Definition::new(key, kind, what).variable(variable).fixed(why)
}

/// Every setting.
pub const DEFINITIONS: &[Definition] = &[
    Definition::new(key::ITERATIONS_MAX, Number, "Model calls in one turn; 0 for no limit.")
        .default(|| json!(limits::RUN_ITERATIONS_MAX))
        .from(0, limits::RUN_ITERATIONS_CEILING)
        .variable(env::OCTI_MAX_ITERATIONS)
        .in_file(),
    Definition::new(key::MINUTES_MAX, Number, "Minutes one turn may take, without the time a person takes to answer its questions.")
        .default(|| json!(limits::RUN_SECONDS_MAX / 60))
        .from(1, limits::RUN_MINUTES_CEILING)
        .variable(env::OCTI_MAX_MINUTES)
        .in_file(),
    Definition::new(key::TOKENS_MAX, Number, "Tokens, both directions, one turn may use; 0 for no limit.")
        .default(|| json!(limits::RUN_TOKENS_MAX))
        .from(0, limits::RUN_TOKENS_CEILING)
        .variable(env::OCTI_MAX_TOKENS)
        .in_file(),
    count(key::RUNS_ACTIVE_MAX, limits::RUNS_ACTIVE_CEILING, "Turns that may run at once in one host.")
        .default(|| json!(limits::RUNS_ACTIVE_MAX)),
    Definition::new(
        key::COMPACTION_AUTO,
        Boolean,
        "Whether a turn lets a summary take the place of older messages by itself, before they no longer fit; without it the oldest are left out unless somebody asks for a summary with `/compact`.",
    )
    .default(|| json!(true))
    .in_file(),
    Definition::new(
        key::COMPACTION_AUTO_PERCENT,
        Number,
        "Percent of what the model can read of a conversation above which it does.",
    )
    .default(|| json!(limits::COMPACTION_AUTO_PERCENT))
    .from(limits::COMPACTION_AUTO_PERCENT_FLOOR, limits::COMPACTION_AUTO_PERCENT_CEILING)
    .in_file(),
    count(
        key::COMPACTION_KEPT_MESSAGES,
        limits::COMPACTION_KEPT_MESSAGES_CEILING,
        "The newest messages that every summary leaves as they are; fewer when they take more than half of the room.",
    )
    .default(|| json!(limits::COMPACTION_KEPT_MESSAGES)),
    count(key::CONNECTIONS_PER_USER_MAX, limits::WS_CONNECTIONS_PER_USER_CEILING, "WebSocket connections of one person.")
        .default(|| json!(limits::WS_CONNECTIONS_PER_USER_MAX)),
    count(key::CHATS_PER_MINUTE_MAX, limits::WS_RATE_CEILING, "`chat.send` frames of one connection within a minute.")
        .default(|| json!(limits::WS_CHATS_PER_MINUTE_MAX)),
    count(key::COMMANDS_PER_MINUTE_MAX, limits::WS_RATE_CEILING, "`command` frames of one connection within a minute.")
        .default(|| json!(limits::WS_COMMANDS_PER_MINUTE_MAX)),
    count(key::SUBSCRIBES_PER_MINUTE_MAX, limits::WS_RATE_CEILING, "`subscribe` frames of one connection within a minute.")
        .default(|| json!(limits::WS_SUBSCRIBES_PER_MINUTE_MAX)),
    count(key::REPLAYS_PER_MINUTE_MAX, limits::WS_RATE_CEILING, "`replay` frames of one connection within a minute.")
        .default(|| json!(limits::WS_REPLAYS_PER_MINUTE_MAX)),
    count(key::REQUESTS_PER_MINUTE_MAX, limits::REQUEST_RATE_CEILING, "Requests of one person within a minute.")
        .default(|| json!(limits::REQUESTS_PER_MINUTE_MAX)),
    count(
        key::STRANGERS_PER_MINUTE_MAX,
        limits::REQUEST_RATE_CEILING,
        "Requests of one address within a minute that show nobody's credentials.",
    )
    .default(|| json!(limits::STRANGERS_PER_MINUTE_MAX)),
    count(
        key::OPENAI_CALLS_PER_USER_MAX,
        limits::OPENAI_CALLS_CEILING,
        "Answers at once, for clients of OpenAI's API, of one person.",
    )
    .default(|| json!(limits::OPENAI_CALLS_PER_USER_MAX)),
    count(key::OPENAI_CALLS_MAX, limits::OPENAI_CALLS_CEILING, "The same of everybody.")
        .default(|| json!(limits::OPENAI_CALLS_MAX)),
    Definition::new(
        key::MCP_HOSTS,
        StringArray,
        "Names under which programs and pages reach octi over MCP, such as `octi.example.com`, besides addresses and `localhost`.",
    )
    .default(|| json!([]))
    .in_file(),
    Definition::new(
        key::MCP_STREAM_SECONDS,
        Number,
        "Seconds after which octi closes the stream of a call over MCP that is not answered yet, for hosts behind a proxy that cuts long answers: the client comes back for the rest. 0 leaves it open. Only for clients of the versions from 2025-11-25 on, which know this.",
    )
    .default(|| json!(0))
    .from(0, limits::MCP_STREAM_SECONDS_CEILING)
    .in_file(),
    Definition::new(
        key::MCP_SAMPLING,
        String,
        "Whose model answers a plugin that may ask one, when its call came over MCP: `host` for the person's own, from their budget, or `client` for that of the program that made the call, if it lends one.",
    )
    .default(|| json!("host"))
    .allowed(&["host", "client"])
    .in_file(),
    Definition::new(
        key::PUBLIC_URL,
        String,
        "Address under which people and programs reach octi, such as `https://octi.example.com`; empty for the one that a request names. Programs that ask to be let in (OAuth) are told this address, and their tokens are for it. Its name counts like one of `gateway.mcp_hosts`.",
    )
    .in_file(),
    Definition::new(key::LOG_FILTER, String, "What the server logs, as in `info,octi_agents=debug`.")
        .default(|| json!("info"))
        .variable(env::OCTI_LOG)
        .in_file(),
    of_machine("log.format", String, env::OCTI_LOG_FORMAT, BEFORE_DATABASE, "How lines of the log are written.")
        .default(|| json!("text"))
        .allowed(&["text", "json"]),
    Definition::new(
        key::METRICS_TOKEN,
        String,
        "What a scraper sends as `Authorization: Bearer …` to read `/metrics`; without one it needs the token of an administrator.",
    )
    .secret()
    .from(limits::METRICS_TOKEN_CHARS_MIN, limits::METRICS_TOKEN_CHARS_MAX)
    .variable(env::OCTI_METRICS_TOKEN),
    Definition::new(key::SEARXNG_URL, String, "SearXNG server that the `websearch` tool asks, such as `http://127.0.0.1:8080`; empty for none.")
        .variable(env::OCTI_SEARXNG_URL)
        .in_file()
        .at_next_start(),
    Definition::new(
        key::PRIVATE_TARGETS,
        StringArray,
        "Hosts and networks that are not public and that plugins whose grant names them may reach: `wiki.corp:443`, `10.1.0.0/16:443`. Name hosts where you can: a network is open to every host that a grant names, wherever its name leads.",
    )
    .default(|| json!([]))
    .variable(env::OCTI_PRIVATE_TARGETS)
    .in_file()
    .at_next_start(),
    of_machine("network.ca_file", String, env::OCTI_CA_FILE, OF_MACHINE, "PEM file of certificate authorities that are trusted besides those of the system.")
        .in_file(),
    Definition::new(
        key::SANDBOX_PROCESSES,
        String,
        "The walls around programs that tools start: as much as the machine can (`auto`), nothing below all of it (`required`), or none (`off`).",
    )
    .default(|| json!("auto"))
    .allowed(&["off", "auto", "required"])
    .variable(env::OCTI_SANDBOX)
    .in_file()
    .at_next_start(),
    Definition::new(
        key::PLUGINS,
        Json,
        "Limits of plugins, in place of those that their manifests ask for, such as `{\"acme/weather\": {\"limits\": {\"time_ms\": 5000}}}`.",
    )
    .default(|| json!({}))
    .in_file()
    .at_next_start(),
    Definition::new(
        key::ADDITIONAL_PATHS,
        StringArray,
        "Folders of this machine, besides the workspaces, that everybody's agents may work in when a conversation names one of them, or one below it, as its project: `/srv/projects`. Their tools may read and write all of such a folder.",
    )
    .default(|| json!([]))
    .variable(env::OCTI_ADDITIONAL_PATHS)
    .in_file(),
    of_machine("server.host", String, env::OCTI_HOST, BEFORE_DATABASE, "Address to listen on.")
        .default(|| json!("127.0.0.1"))
        .in_file(),
    of_machine("server.port", Number, env::OCTI_PORT, BEFORE_DATABASE, "Port to listen on; 0 for a free one.")
        .default(|| json!(PORT_DEFAULT))
        .from(0, 65_535)
        .in_file(),
    of_machine(
        key::TRUSTED_PROXIES,
        StringArray,
        env::OCTI_TRUSTED_PROXIES,
        OF_MACHINE,
        "Reverse proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` count: `127.0.0.1`, `10.1.0.0/16`.",
    )
    .default(|| json!([]))
    .in_file(),
    of_machine(key::HOME, String, env::OCTI_HOME, BEFORE_DATABASE, "Folder of octi's own data; without one, `~/.octi`."),
    of_machine(key::DATABASE_URL, String, env::DATABASE_URL, BEFORE_DATABASE, "Where the data is, without its password; without one, SQLite in the home folder.")
        .in_file(),
    of_machine("database.skip_migrations", Boolean, env::SKIP_MIGRATIONS, BEFORE_DATABASE, "Leaves the database's schema alone at start.")
        .default(|| json!(false)),
    of_machine(
        "vault.master_key",
        String,
        env::MASTER_KEY,
        "what it sealed could not be opened with another one",
        "Key of the vault, 64 hexadecimal digits; without one, the file `master.key` in the home folder.",
    )
    .secret(),
];

/// The setting of that name.
#[must_use]
pub fn definition(key: &str) -> Option<&'static Definition> {
    DEFINITIONS.iter().find(|definition| definition.key == key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Effective, check};

    #[test]
    fn keys_are_unique_and_their_groups_stand_together() {
        let mut groups: Vec<&str> = DEFINITIONS.iter().map(Definition::category).collect();
        groups.dedup();
        let all = groups.len();
        groups.sort_unstable();
        groups.dedup();
        assert_eq!(groups.len(), all, "a group stands in two places");
        for (index, one) in DEFINITIONS.iter().enumerate() {
            assert_eq!(DEFINITIONS.iter().position(|other| other.key == one.key), Some(index), "{}", one.key);
        }
    }

    #[test]
    fn every_default_is_a_value_that_may_be_set() {
        for definition in DEFINITIONS {
            let default = (definition.default)();
            assert!(default.is_null() || check(definition, &default).is_ok(), "{}: {default}", definition.key);
            assert!(!definition.is_secret || default.is_null(), "a secret that everybody knows: {}", definition.key);
        }
    }

    #[test]
    fn every_setting_names_variables_that_exist_and_are_as_secret() {
        for definition in DEFINITIONS {
            let Some(name) = definition.variable else { continue };
            let variable = env::VARIABLES.iter().find(|variable| variable.name == name);
            assert_eq!(variable.map(|variable| variable.is_secret), Some(definition.is_secret), "{}", definition.key);
            assert!(definition.fixed.is_none() || definition.effective == Effective::AtNextStart);
        }
    }
}
