//! `octi plugin sbom`: what a plugin is made of, to be signed and published with it.

use std::path::{Path, PathBuf};

use clap::Args;
use octi_author::Project;
use octi_domain::limits::REGISTRY_SBOM_BYTES_MAX;
use serde::{Deserialize, Serialize};

use super::signing::{beside, read_bounded};
use crate::command::Context;
use crate::failure::Outcome;
use crate::output::Printer;

/// What stands behind a plugin file's name in that of its bill of materials.
pub(super) const ENDING: &str = ".cdx.json";
/// Parts that a person is shown.
const SHOWN_MAX: usize = 20;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The plugin's folder
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Where to write; default beside the file that `octi plugin build` writes, where `sign` and `publish` find it
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// As much of a bill as is shown.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Bill {
    #[serde(default)]
    components: Vec<Part>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Part {
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    licenses: Vec<serde_json::Value>,
}

/// Writes it.
pub(super) async fn run(context: &Context, options: &Options) -> Outcome {
    let project = Project::open(&options.folder)?;
    let bytes = octi_author::bill_of_materials(&project).await?;
    let file = options.output.clone().unwrap_or_else(|| beside(&project.packed(), ENDING));
    octi_author::write_whole(&file, &bytes)?;
    let bill: Bill = serde_json::from_slice(&bytes).unwrap_or_default();
    let count = bill.components.len();
    context.printer.data(&serde_json::json!({ "file": file, "components": count }), |printer| {
        printer.note(&format!("wrote {} ({})", super::near(&file).display(), parts(count)));
        printer.hint(&format!("`octi plugin sign {}` signs it with the plugin", super::near(&project.packed()).display()));
    });
    Ok(())
}

/// The bill beside a plugin file, where there is one.
pub(super) fn beside_file(file: &Path) -> Option<PathBuf> {
    let path = beside(file, ENDING);
    path.is_file().then_some(path)
}

/// What the bill beside a plugin file says; none when there is none, or nobody can read it.
pub(super) fn of_file(file: &Path) -> Outcome<Option<Bill>> {
    let Some(path) = beside_file(file) else { return Ok(None) };
    Ok(serde_json::from_slice(&read_bounded(&path, REGISTRY_SBOM_BYTES_MAX)?).ok())
}

/// Says what a plugin is made of.
pub(super) fn show(printer: Printer, bill: &Bill) {
    let mut lines: Vec<String> = bill.components.iter().take(SHOWN_MAX).map(Part::line).collect();
    if let Some(more) = bill.components.len().checked_sub(SHOWN_MAX).filter(|more| *more > 0) {
        lines.push(format!("and {}", parts(more)));
    }
    super::section(printer, "made of", &lines, "itself alone");
}

impl Part {
    fn line(&self) -> String {
        let licences = self.licenses.iter().filter_map(|licence| {
            let licence = licence["expression"].as_str().or(licence["license"]["id"].as_str());
            licence.map(str::to_owned)
        });
        let licences: Vec<String> = licences.collect();
        // Nobody has looked at these words yet, and they are about to be on a terminal.
        format!("{} {}  {}", self.name, self.version, licences.join(", ")).escape_debug().to_string().trim_end().to_owned()
    }
}

fn parts(count: usize) -> String {
    if count == 1 { "1 part".to_owned() } else { format!("{count} parts") }
}
