//! `octi __reference`: the generated pages of `docs/reference`.

mod events;

use clap::ValueEnum;

use crate::failure::{Failure, Outcome};
use crate::output::Printer;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    page: Page,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Page {
    /// The REST API
    Openapi,
    /// Error codes
    Errors,
    /// Events, and how they arrive
    Events,
    /// Environment variables
    Environment,
    /// Metrics
    Metrics,
    /// Settings
    Settings,
}

/// Prints a page.
pub(crate) fn run(options: &Options, printer: Printer) -> Outcome {
    let text = match options.page {
        Page::Openapi => {
            let document = octi_gateway::document();
            let text = serde_json::to_string_pretty(&document)
                .map_err(|error| Failure::us("the document cannot be written").because(&error))?;
            format!("{text}\n")
        }
        Page::Errors => errors(),
        Page::Events => events::page()?,
        Page::Environment => octi_config::env::reference(),
        Page::Metrics => octi_domain::telemetry::reference(),
        Page::Settings => octi_config::settings::reference(),
    };
    printer.out(&text);
    Ok(())
}

fn errors() -> String {
    use octi_api::error::ErrorCode;
    use octi_extension::tool::Containment;

    let mut page = String::from(
        "# Errors\n\nWritten by `cargo xtask codegen` from `host/api` and `host/extension`.\n\n## Error codes\n\n| code | status | meaning |\n| --- | --- | --- |\n",
    );
    for code in ErrorCode::ALL {
        page.push_str(&format!("| `{}` | {} | {} |\n", code.as_str(), code.status(), code.meaning()));
    }
    page.push_str(
        "\n## How a call of a plugin ends\n\n\
         When the sandbox ends a call, the model and the person read the sentence; the code is in records and metrics.\n\
         Bounds are those of a plugin that asks for nothing else.\n\n| code | sentence | what to do |\n| --- | --- | --- |\n",
    );
    for end in Containment::ALL {
        page.push_str(&format!("| `{}` | {} | {} |\n", end.code(), end.message(), end.remedy()));
    }
    page
}
