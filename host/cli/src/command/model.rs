//! `octi model`: language models.

use clap::Subcommand;
use octi_api::v1::models::{AddModel, Model};

use crate::command::{Context, hidden};
use crate::connection::{Connection, Want};
use crate::failure::{Failure, Outcome};
use crate::output::{BAD, OK, human_time};

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// List the models you have set up
    List,
    /// Set up a model; the key is read from standard input or asked for, never from the command line
    Add(AddOptions),
    /// Ask a model for one word
    Test {
        /// The model's name
        name: String,
    },
    /// Use a model unless another is named
    Default {
        /// The model's name
        name: String,
    },
    /// Remove a model and its key
    Remove {
        /// The model's name
        name: String,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct AddOptions {
    /// What you call it
    name: String,
    /// openai, anthropic, gemini, openrouter, deepseek, ollama or openai-compatible
    #[arg(long)]
    provider: String,
    /// The provider's name for it; default the provider's usual one
    #[arg(long, value_name = "ID")]
    model: Option<String>,
    /// Address of the API, for openai-compatible servers and others than the provider's own
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// The server needs no key
    #[arg(long)]
    no_key: bool,
    /// Tokens that fit into one request
    #[arg(long, value_name = "TOKENS")]
    context_window: Option<u32>,
    /// Tokens of one answer
    #[arg(long, value_name = "TOKENS")]
    max_output: Option<u32>,
    /// USD for a million input tokens
    #[arg(long, value_name = "USD")]
    price_in: Option<f64>,
    /// USD for a million output tokens
    #[arg(long, value_name = "USD")]
    price_out: Option<f64>,
    /// The model cannot call tools
    #[arg(long)]
    no_tools: bool,
    /// Make it the default
    #[arg(long)]
    default: bool,
}

/// Runs one of them.
pub(crate) async fn run(context: &Context, verb: Verb) -> Outcome {
    let verb = match verb {
        Verb::Add(options) => {
            let key = read_key(context, &options)?;
            return add(context, options, key).await;
        }
        other => other,
    };
    let connection = Connection::open(context, Want::Either).await?;
    let outcome = match verb {
        Verb::List => list(context, &connection).await,
        Verb::Test { name } => test(context, &connection, &name).await,
        Verb::Default { name } => set_default(context, &connection, &name).await,
        Verb::Remove { name } => remove(context, &connection, &name).await,
        Verb::Add(_) => Ok(()),
    };
    connection.close().await;
    outcome
}

async fn list(context: &Context, connection: &Connection) -> Outcome {
    let models = connection.client.list_models().await?.items;
    context.printer.data(&models, |printer| {
        let rows: Vec<Vec<String>> = models.iter().map(row).collect();
        printer.table(&["name", "provider", "model", "key", "tools", "endpoint"], &rows);
        if models.iter().all(|model| model.is_demo) {
            printer.hint("only the built-in demo model is set up; `octi model add NAME --provider openai` adds a real one");
        }
    });
    Ok(())
}

fn row(model: &Model) -> Vec<String> {
    let name = if model.is_default { format!("{} (default)", model.name) } else { model.name.clone() };
    let key = if model.has_key { "yes" } else { "none" };
    let tools = if model.supports_tools { "yes" } else { "no" };
    let endpoint = model.endpoint.clone().unwrap_or_else(|| "-".to_owned());
    vec![name, model.provider.clone(), model.model_id.clone(), key.to_owned(), tools.to_owned(), endpoint]
}

fn read_key(context: &Context, options: &AddOptions) -> Outcome<Option<String>> {
    let needs_none = options.no_key || matches!(options.provider.as_str(), "ollama" | "demo");
    if needs_none {
        return Ok(None);
    }
    let text = hidden::read(context, &format!("API key for {} (empty for none): ", options.provider));
    let text = text.map_err(|error| Failure::user("the key cannot be read from standard input").because(&error))?;
    let key = text.trim();
    Ok((!key.is_empty()).then(|| key.to_owned()))
}

async fn add(context: &Context, options: AddOptions, key: Option<String>) -> Outcome {
    let connection = Connection::open(context, Want::Either).await?;
    let wanted = AddModel {
        name: options.name,
        provider: options.provider,
        model_id: options.model,
        endpoint: options.endpoint,
        key,
        context_window: options.context_window,
        max_output: options.max_output,
        price_in: options.price_in,
        price_out: options.price_out,
        supports_tools: options.no_tools.then_some(false),
        default: options.default,
    };
    let added = connection.client.add_model(&wanted).await;
    connection.close().await;
    let model = added?;
    context.printer.data(&model, |printer| {
        printer.note(&format!("added `{}` ({} of {})", model.name, model.model_id, model.provider));
        printer.hint(&format!("`octi model test {}` asks it for one word", model.name));
    });
    Ok(())
}

async fn test(context: &Context, connection: &Connection, name: &str) -> Outcome {
    let result = connection.client.test_model(name).await?;
    context.printer.data(&result, |printer| {
        let verdict = if result.ok { format!("{OK}✓ works{OK:#}") } else { format!("{BAD}✗ does not work{BAD:#}") };
        printer.line(&format!("{verdict} {name}, {}: {}", human_time(result.latency_ms), result.message));
    });
    if result.ok { Ok(()) } else { Err(Failure::external(format!("model `{name}` did not answer"))) }
}

async fn set_default(context: &Context, connection: &Connection, name: &str) -> Outcome {
    let model = connection.client.set_default_model(name).await?;
    context.printer.data(&model, |printer| printer.note(&format!("`{}` is the default now", model.name)));
    Ok(())
}

async fn remove(context: &Context, connection: &Connection, name: &str) -> Outcome {
    connection.client.remove_model(name).await?;
    context
        .printer
        .data(&serde_json::json!({ "removed": name }), |printer| printer.note(&format!("removed `{name}` and its key")));
    Ok(())
}
