//! `octi mcp server`: servers of others whose tools agents may use.

use std::io::Read as _;

use clap::Subcommand;
use octi_api::v1::mcp::{AcceptMcpTool, McpServerConfig, McpToolState, SetMcpServer};
use octi_domain::limits;
use serde_json::json;

use crate::command::Context;
use crate::command::mcp::{show, sign_in};
use crate::connection::{Connection, Want};
use crate::failure::{Failure, Outcome};

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// List servers, and how they are
    List,
    /// Set up a server, or replace one: a program of this machine, or one with a URL
    Set(Set),
    /// Forget a server, and what was accepted of its tools
    Remove { name: String },
    /// Start or reach a server and list its tools
    Test { name: String },
    /// Show a server's tools, and what changed since they were accepted
    Tools { name: String },
    /// End a server's connection and forget its failures; the next call starts it
    Restart { name: String },
    /// Let the next call through, whatever failed before
    Reset { name: String },
    /// Sign in to a remote server in your browser, so that octi may use it
    SignIn { name: String },
    /// Forget what somebody signed in to a server with
    SignOut { name: String },
    /// Take a tool as it is now, and offer it to agents like octi's own
    Accept { name: String, tool: String },
    /// Take that back: agents find the tool through `mcp.list_tools`
    Withdraw { name: String, tool: String },
}

#[derive(Debug, clap::Args)]
pub(crate) struct Set {
    /// Lower case letters, digits, `-` and `_`
    name: String,
    /// Where a remote server is
    #[arg(long, value_name = "URL", conflicts_with_all = ["command", "config"])]
    url: Option<String>,
    /// Header of every request, as `NAME: VALUE`; `{{secret:NAME}}` in it is joined when it is sent
    #[arg(long = "header", value_name = "HEADER", requires = "url")]
    headers: Vec<String>,
    /// Variable of the program, as `NAME=VALUE`; `{{secret:NAME}}` in it is joined when it starts
    #[arg(long = "env", value_name = "VARIABLE", requires = "command")]
    env: Vec<String>,
    /// Directory the program may read
    #[arg(long, value_name = "FOLDER", requires = "command")]
    read: Vec<String>,
    /// Directory the program may write
    #[arg(long, value_name = "FOLDER", requires = "command")]
    write: Vec<String>,
    /// Host the program may connect to
    #[arg(long, value_name = "HOST", requires = "command")]
    network: Vec<String>,
    /// Start it with octi, not with the first call
    #[arg(long)]
    auto_start: bool,
    /// Read the whole configuration as JSON from standard input, as `mcp.json` has it for one server
    #[arg(long)]
    config: bool,
    /// The program by its absolute path, and its arguments
    #[arg(last = true, value_name = "COMMAND", conflicts_with = "config")]
    command: Vec<String>,
}

/// Runs one of them.
pub(crate) async fn run(context: &Context, verb: Verb) -> Outcome {
    let connection = Connection::open(context, Want::Either).await?;
    let outcome = server(context, &connection, verb).await;
    connection.close().await;
    outcome
}

async fn server(context: &Context, connection: &Connection, verb: Verb) -> Outcome {
    let (client, printer) = (&connection.client, context.printer);
    match verb {
        Verb::List => {
            let servers = client.list_mcp_servers().await?.items;
            printer.data(&servers, |printer| show::list(printer, &servers));
        }
        Verb::Set(set) => {
            let server = client.set_mcp_server(&wanted(set)?).await?;
            printer.data(&server, |printer| {
                printer.note(&format!("set up `{}`", server.name));
                printer.hint(&format!("`octi mcp server test {}` starts it and lists its tools", server.name));
            });
        }
        Verb::Remove { name } => {
            client.remove_mcp_server(&name).await?;
            printer.data(&json!({ "removed": name }), |printer| printer.note(&format!("removed `{name}`")));
        }
        Verb::Test { name } => {
            let tested = client.test_mcp_server(&name).await?;
            if let Some(problem) = tested.problem {
                return Err(Failure::external(problem).hint("its errors are in the log of the server that octi runs in"));
            }
            printer.data(&tested.server, |printer| show::tools(printer, &tested.server));
        }
        Verb::Tools { name } => {
            let server = client.mcp_server(&name).await?;
            printer.data(&server, |printer| show::tools(printer, &server));
        }
        Verb::Restart { name } => {
            let server = client.restart_mcp_server(&name).await?;
            printer.data(&server, |printer| printer.note(&format!("the next call starts `{name}`")));
        }
        Verb::Reset { name } => {
            let server = client.reset_mcp_server(&name).await?;
            printer.data(&server, |printer| printer.note(&format!("the next call of `{name}` goes through")));
        }
        Verb::SignIn { name } => sign_in::run(context, connection, &name).await?,
        Verb::SignOut { name } => {
            let server = client.sign_out_of_mcp(&name).await?;
            printer.data(&server, |printer| printer.note(&format!("octi is signed out of `{name}`")));
        }
        Verb::Accept { name, tool } => accept(context, connection, &name, &tool).await?,
        Verb::Withdraw { name, tool } => {
            let server = client.withdraw_mcp_tool(&name, &tool).await?;
            let text = format!("agents find `{tool}` of `{name}` through `mcp.list_tools`");
            printer.data(&server, |printer| printer.note(&text));
        }
    }
    Ok(())
}

/// Takes what is shown here: the hash sees to it that nothing else is taken.
async fn accept(context: &Context, connection: &Connection, name: &str, tool: &str) -> Outcome {
    let tested = connection.client.test_mcp_server(name).await?;
    if let Some(problem) = tested.problem {
        return Err(Failure::external(problem));
    }
    let found = tested.server.tools.iter().find(|found| found.name == tool);
    let Some(now) = found.and_then(|found| found.now.as_ref()) else {
        let text = format!("`{name}` has no tool `{tool}`");
        return Err(Failure::user(text).hint(format!("`octi mcp server tools {name}` shows them")));
    };
    if let Some(found) = found.filter(|found| found.state == McpToolState::Changed) {
        show::difference(context.printer, found);
    }
    let shown = AcceptMcpTool { hash: now.hash.clone() };
    let server = connection.client.accept_mcp_tool(name, tool, &shown).await?;
    context.printer.data(&server, |printer| printer.note(&format!("agents see `{tool}` of `{name}` as `{name}.{tool}`")));
    Ok(())
}

fn wanted(set: Set) -> Outcome<SetMcpServer> {
    if set.config {
        let mut text = String::new();
        let most = limits::MCP_CONFIG_BYTES_MAX as u64 + 1;
        let read = std::io::stdin().lock().take(most).read_to_string(&mut text);
        read.map_err(|error| Failure::user("standard input cannot be read").because(&error))?;
        let config: McpServerConfig = serde_json::from_str(&text)
            .map_err(|error| Failure::user(format!("this is not the configuration of a server: {error}")))?;
        return Ok(SetMcpServer { name: set.name, config });
    }
    let mut command = set.command.into_iter();
    let config = McpServerConfig {
        command: command.next(),
        args: command.collect(),
        env: pairs(set.env, '=', "--env")?,
        read: set.read,
        write: set.write,
        network: set.network,
        url: set.url,
        headers: pairs(set.headers, ':', "--header")?,
        auto_start: set.auto_start,
        ..McpServerConfig::default()
    };
    Ok(SetMcpServer { name: set.name, config })
}

fn pairs(texts: Vec<String>, between: char, option: &str) -> Outcome<std::collections::BTreeMap<String, String>> {
    let pair = |text: String| match text.split_once(between) {
        Some((name, value)) => Ok((name.trim().to_owned(), value.trim_start().to_owned())),
        None => Err(Failure::user(format!("`{option}` takes a name and a value with `{between}` between them"))),
    };
    texts.into_iter().map(pair).collect()
}
