//! Every environment variable octi reads, in one place. The reference page is generated from this table.

use std::collections::BTreeMap;
use std::ffi::OsString;

/// One variable.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    pub name: &'static str,
    /// What it does, for the reference page and `octi doctor`.
    pub meaning: &'static str,
    /// Whether its value must never be shown.
    pub is_secret: bool,
}

macro_rules! variables {
    ($($(#[$secret:ident])? $constant:ident = $name:literal: $meaning:literal;)*) => {
        $(#[doc = $meaning] pub const $constant: &str = $name;)*

        /// The whole table, in the order of the reference page.
        pub const VARIABLES: &[Variable] = &[
            $(Variable { name: $name, meaning: $meaning, is_secret: variables!(@secret $($secret)?) },)*
        ];
    };
    (@secret secret) => { true };
    (@secret) => { false };
}

variables! {
    OCTI_HOME = "OCTI_HOME": "Folder of octi's own data; default `~/.octi`.";
    DATABASE_URL = "DATABASE_URL": "PostgreSQL (`postgres://user:password@host/database`) or SQLite (`sqlite:///path`); default SQLite under `OCTI_HOME`.";
    SKIP_MIGRATIONS = "SKIP_MIGRATIONS": "`true` leaves the database's schema alone at start.";
    OCTI_HOST = "OCTI_HOST": "Address to listen on; default `127.0.0.1`.";
    OCTI_PORT = "OCTI_PORT": "Port to listen on; default `3005`.";
    OCTI_TRUSTED_PROXIES = "OCTI_TRUSTED_PROXIES": "Reverse proxies in front of octi whose `X-Forwarded-For` and `X-Forwarded-Proto` count: addresses and networks such as `127.0.0.1, 10.1.0.0/16`; default none.";
    OCTI_URL = "OCTI_URL": "Server that `octi` commands talk to; default `http://127.0.0.1:3005`.";
    #[secret] OCTI_TOKEN = "OCTI_TOKEN": "API token (`octi_…`) of `octi` commands; default the local token in `OCTI_HOME`.";
    OCTI_LOG = "OCTI_LOG": "What is logged, as in `info,octi_agents=debug`; default `info` for `serve`, `error` elsewhere.";
    #[secret] OCTI_METRICS_TOKEN = "OCTI_METRICS_TOKEN": "What a scraper sends as `Authorization: Bearer …` to read `/metrics`, 16 to 200 characters; default none, and then it needs an administrator's token.";
    OCTI_LOG_FORMAT = "OCTI_LOG_FORMAT": "`text` or `json`; default `text`.";
    #[secret] MASTER_KEY = "MASTER_KEY": "Key of the vault, 64 hexadecimal digits; default the file `master.key` in `OCTI_HOME`, made at first start.";
    OCTI_SANDBOX = "OCTI_SANDBOX": "Process sandbox: `auto` (as much as this machine can), `required` (refuse below full), `off`; default `auto`.";
    OCTI_PRIVATE_TARGETS = "OCTI_PRIVATE_TARGETS": "Hosts and networks that are not public and that plugins whose grant names them may reach: `wiki.corp:443, 10.1.0.0/16:443`; default none. Name hosts where you can: a network is open to every host that a grant names, wherever its name leads.";
    OCTI_ADDITIONAL_PATHS = "OCTI_ADDITIONAL_PATHS": "Folders of this machine, besides the workspaces, that everybody's agents may work in: `/srv/projects, /home/ada/src`; default none.";
    OCTI_CA_FILE = "OCTI_CA_FILE": "PEM file of certificate authorities that this host trusts besides those of the system, such as your company's; for models, plugins' requests and `websearch`.";
    OCTI_REGISTRY_HOST = "OCTI_REGISTRY_HOST": "Registry of plugins, such as `registry.example:5000`, to which commands are `OCTI_REGISTRY_USER`; default what `docker login` and its like left.";
    OCTI_REGISTRY_USER = "OCTI_REGISTRY_USER": "Who commands are to the registry `OCTI_REGISTRY_HOST`.";
    #[secret] OCTI_REGISTRY_PASSWORD = "OCTI_REGISTRY_PASSWORD": "Password or token of `OCTI_REGISTRY_USER`.";
    OCTI_REGISTRY_PLAIN = "OCTI_REGISTRY_PLAIN": "Registries that are spoken to without encryption besides those of this machine, such as `registry.lan:5000, 10.0.0.5:5000`; default none.";
    DOCKER_CONFIG = "DOCKER_CONFIG": "Folder with the `config.json` in which `docker login` and its like leave credentials of registries; default `~/.docker`.";
    OCTI_SEARXNG_URL = "OCTI_SEARXNG_URL": "SearXNG server that the `websearch` tool asks, such as `http://127.0.0.1:8080`; it must answer in JSON. Without it there is no search.";
    OCTI_MCP_ENV = "OCTI_MCP_ENV": "Names of the variables that `mcp.json` may read as `${NAME}`, such as `TOOLS_DIR, REGION`; default none.";
    OCTI_EXTISM_BRIDGE = "OCTI_EXTISM_BRIDGE": "The program that modules of Extism run in; default `octi-extism-bridge` in the folder of `octi` itself.";
    OCTI_MAX_ITERATIONS = "OCTI_MAX_ITERATIONS": "Model calls in one turn; default 50, 0 for no limit, at most 10000.";
    OCTI_MAX_MINUTES = "OCTI_MAX_MINUTES": "Minutes one turn may take; default 15, at most 1440.";
    OCTI_MAX_TOKENS = "OCTI_MAX_TOKENS": "Tokens one turn may use; default 100000, 0 for no limit, at most 1000000000.";
    OCTI_TUI_ICONS = "OCTI_TUI_ICONS": "Signs of `octi tui`: `unicode`, `ascii` for terminals that can show nothing else, or `emoji`; default `unicode`.";
    NO_COLOR = "NO_COLOR": "Any value turns colours off (no-color.org).";
    #[secret] OPENAI_API_KEY = "OPENAI_API_KEY": "At first start: adds a model of OpenAI, or of the endpoint in `OPENAI_BASE_URL`.";
    OPENAI_BASE_URL = "OPENAI_BASE_URL": "At first start: endpoint of any OpenAI-compatible server (LiteLLM, vLLM, llama.cpp).";
    OPENAI_MODEL = "OPENAI_MODEL": "At first start: model id for `OPENAI_API_KEY` or `OPENAI_BASE_URL`.";
    #[secret] ANTHROPIC_API_KEY = "ANTHROPIC_API_KEY": "At first start: adds a model of Anthropic.";
    #[secret] GEMINI_API_KEY = "GEMINI_API_KEY": "At first start: adds a model of Google Gemini.";
    #[secret] OPENROUTER_API_KEY = "OPENROUTER_API_KEY": "At first start: adds a model of OpenRouter.";
    #[secret] DEEPSEEK_API_KEY = "DEEPSEEK_API_KEY": "At first start: adds a model of DeepSeek.";
    OLLAMA_HOST = "OLLAMA_HOST": "At first start: where Ollama is looked for; default `http://127.0.0.1:11434`.";
}

/// The environment as a value, so that tests need not change their own.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The environment of this process. Values that are not UTF-8 count as absent.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the process's environment")]
    pub fn process() -> Self {
        let text = |value: OsString| value.into_string().ok();
        let read = |name: &str| Some((name.to_owned(), text(std::env::var_os(name)?)?));
        let mut own = Self(VARIABLES.iter().map(|v| v.name).chain(["HOME"]).filter_map(read).collect());
        let more: Vec<_> = own.names_for_mcp().filter_map(read).collect();
        own.0.extend(more);
        own
    }

    /// The variables that `mcp.json` may read. None is octi's own: those hold its keys.
    pub fn names_for_mcp(&self) -> impl Iterator<Item = &str> {
        let names = self.get(OCTI_MCP_ENV).unwrap_or_default().split(',').map(str::trim);
        names.filter(|name| !name.is_empty() && VARIABLES.iter().all(|own| own.name != *name))
    }

    /// An environment of chosen values.
    pub fn of<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// Sets a value, as an option on the command line does.
    pub fn set(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), value.to_owned());
    }

    /// The value of a variable without the line end that files of secrets have; an empty one counts as absent.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim_end_matches(['\r', '\n'])).filter(|value| !value.is_empty())
    }
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The reference page, as Markdown.
#[must_use]
pub fn reference() -> String {
    let mut page = String::from(
        "# Environment variables\n\nWritten by `cargo xtask codegen` from `host/config/src/env.rs`.\n\n| variable | meaning |\n| --- | --- |\n",
    );
    for variable in VARIABLES {
        let secret = if variable.is_secret { " Never shown or logged." } else { "" };
        page.push_str(&format!("| `{}` | {}{secret} |\n", variable.name, variable.meaning));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_debug_print_shows_no_value() {
        let shown = format!("{:?}", Environment::of([("OCTI_TOKEN", "octi_secret")]));
        assert!(!shown.contains("octi_secret"), "{shown}");
    }

    #[test]
    fn an_empty_value_is_no_value() {
        assert_eq!(Environment::of([("OCTI_HOME", "")]).get("OCTI_HOME"), None);
    }

    #[test]
    fn what_mcp_json_may_read_is_named_and_none_of_octis_own() {
        let environment = Environment::of([("OCTI_MCP_ENV", "A, ,MASTER_KEY,B")]);
        assert_eq!(environment.names_for_mcp().collect::<Vec<_>>(), ["A", "B"]);
        assert_eq!(Environment::of([]).names_for_mcp().count(), 0);
    }

    #[test]
    fn keys_and_tokens_are_marked_secret() {
        for variable in VARIABLES {
            let looks_secret = ["_KEY", "_TOKEN", "_PASSWORD"].iter().any(|end| variable.name.ends_with(end));
            assert_eq!(variable.is_secret, looks_secret, "{}", variable.name);
        }
    }
}
