//! `octi plugin build`: from a folder to one plugin file.

use std::path::{Path, PathBuf};

use clap::Args;
use octi_author::{Built, Project};

use crate::command::Context;
use crate::failure::{Failure, Outcome};
use crate::output::{BOLD, human_bytes};
use crate::plugins;

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    source: Source,
    /// Where to write; default `<name>.wasm` in the folder
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// What is compiled, and how.
#[derive(Debug, Args)]
pub(crate) struct Source {
    /// The plugin's folder
    #[arg(default_value = ".")]
    pub(super) folder: PathBuf,
    /// The profile of its `Cargo.toml`
    #[arg(long, default_value = "release")]
    pub(super) profile: String,
}

/// Builds, writes, and says what came of it.
pub(super) async fn run(context: &Context, options: &Options) -> Outcome {
    let project = Project::open(&options.source.folder)?;
    let output = options.output.clone().unwrap_or_else(|| project.packed());
    let built = octi_author::build(&project, &options.source.profile).await?;
    octi_author::write_whole(&output, &built.bytes)?;
    tell(context, built, &output)
}

fn tell(context: &Context, built: Built, file: &Path) -> Outcome {
    let component_bytes = built.component.as_ref().map(|(_, bytes)| *bytes);
    let tools: Vec<String> = super::tools(&built.inspection);
    let inspection =
        plugins::inspection(built.inspection).map_err(|error| Failure::us("the manifest cannot be shown").because(&error))?;
    let told = serde_json::json!({ "file": file, "componentBytes": component_bytes, "plugin": inspection });
    context.printer.data(&told, |printer| {
        let text = |key: &str| inspection.manifest[key].as_str().unwrap_or_default().to_owned();
        printer.line(&format!("{BOLD}{} {}{BOLD:#}  {}", text("id"), text("version"), text("description")));
        if let Some(bytes) = component_bytes {
            printer.line(&format!("compiled  {}", human_bytes(bytes)));
        }
        printer.line(&format!("packed    {}  {}", human_bytes(inspection.bytes), super::near(file).display()));
        printer.line(&format!("sha256    {}", inspection.digest));
        super::section(printer, "may reach", &inspection.capabilities, "nothing");
        super::section(printer, "tools", &tools, "none");
        printer.hint(&format!(
            "`octi plugin test` runs its cases; `octi plugin install {}` installs it",
            super::near(file).display()
        ));
    });
    Ok(())
}
