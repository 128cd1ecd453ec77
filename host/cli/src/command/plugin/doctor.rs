//! `octi plugin doctor`: what writing plugins needs on this machine, and in a plugin's folder.

use std::path::{Path, PathBuf};

use clap::Args;
use octi_author::{Language, Project, ScriptTools, Toolchain, find_cases};
use octi_extension::served;

use super::new::Lang;
use crate::command::Context;
use crate::command::checks::{self, Check};
use crate::command::version::VERSION;
use crate::failure::Outcome;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// A plugin's folder; default: this one, if it is one
    folder: Option<PathBuf>,
    /// What plugins are to be written in; default: what the folder's plugin is written in
    #[arg(long, value_enum)]
    lang: Option<Lang>,
}

/// Runs every check, also after one failed.
pub(super) async fn run(context: &Context, options: Options) -> Outcome {
    let here = PathBuf::from(".");
    let is_wanted = options.folder.is_some() || here.join("plugin.toml").is_file();
    let folder = options.folder.unwrap_or(here);
    let place = if folder.is_dir() { folder.as_path() } else { Path::new(".") };
    let language = options.lang.map(Language::from).or_else(|| Language::of(place));
    let mut all = match language {
        // A role or a skill is text.
        None if is_wanted && is_text(place) => vec![Check::ok("compiler", "none is needed")],
        None | Some(Language::Rust) => of_rust(&Toolchain::of(place).await),
        Some(Language::JavaScript) => of_javascript(&ScriptTools::javascript(place).await, is_wanted),
        Some(Language::Python) => of_python(&ScriptTools::python(place).await, is_wanted),
    };
    all.push(Check::ok("contract", format!("this octi ({VERSION}) serves {}", served::range())));
    if is_wanted {
        all.extend(of_folder(&folder));
    }
    checks::tell(context.printer, &all)
}

fn is_text(folder: &Path) -> bool {
    ["prompt.md", "SKILL.md"].iter().any(|name| folder.join(name).is_file())
}

fn of_rust(found: &Toolchain) -> Vec<Check> {
    let rust = match (&found.rustc, found.is_too_old()) {
        (None, _) => Check::bad("rust", "there is no `rustc`", "install Rust as https://rustup.rs says"),
        (Some(rustc), Some(true)) => Check::bad(
            "rust",
            format!("{rustc} is older than {}, which the SDK needs", Toolchain::RUST_MIN),
            "`rustup update stable`",
        ),
        (Some(rustc), _) => Check::ok("rust", rustc),
    };
    let cargo = match &found.cargo {
        None => Check::bad("cargo", "there is no `cargo`", "install Rust as https://rustup.rs says"),
        Some(cargo) => Check::ok("cargo", cargo),
    };
    let target = Toolchain::TARGET;
    let target = match found.has_target {
        Some(true) => Check::ok("target", format!("{target} is installed")),
        Some(false) => Check::bad("target", format!("{target} is not installed"), format!("`rustup target add {target}`")),
        None => {
            Check::bad("target", format!("whether {target} is installed is not known"), format!("`rustup target add {target}`"))
        }
    };
    vec![rust, cargo, target]
}

fn of_javascript(found: &ScriptTools, in_project: bool) -> Vec<Check> {
    let node = match (&found.program, found.is_too_old) {
        (None, _) => Check::bad("node", "there is no `node`", ScriptTools::GET_NODE),
        (Some(node), Some(true)) => Check::bad("node", format!("{node} is too old for the SDK"), ScriptTools::GET_NODE),
        (Some(node), _) => Check::ok("node", node),
    };
    let tools = componentizer("componentize-js", found, ScriptTools::COMPONENTIZE_JS, ScriptTools::NPM_INSTALL);
    if in_project { vec![node, tools, copy(found, ScriptTools::NPM_INSTALL)] } else { vec![node] }
}

fn of_python(found: &ScriptTools, in_project: bool) -> Vec<Check> {
    let bring = "install Python 3.11 or newer from https://python.org";
    let python = match (&found.program, found.is_too_old) {
        (None, _) => Check::bad("python", "there is no `python3`", bring),
        (Some(python), Some(true)) => Check::bad("python", format!("{python} is too old for the SDK"), bring),
        (Some(python), _) => Check::ok("python", python),
    };
    let tools = componentizer("componentize-py", found, ScriptTools::COMPONENTIZE_PY, ScriptTools::PIP_INSTALL);
    let renew = "make a new project with `octi plugin new`, and take its `vendor`";
    if in_project { vec![python, tools, copy(found, renew)] } else { vec![python] }
}

/// What makes components stands in the project, at the version that octi is tested with.
fn componentizer(name: &'static str, found: &ScriptTools, wanted: &str, bring: &str) -> Check {
    match &found.componentizer {
        Some(version) if version == wanted => Check::ok(name, version),
        Some(version) => Check::weak(name, format!("{version} is not {wanted}, which octi is tested with"), format!("`{bring}`")),
        None => Check::bad(name, "it is not in the project's folder", format!("`{bring}`")),
    }
}

/// The copy of the SDK in the project.
fn copy(found: &ScriptTools, bring: &str) -> Check {
    match &found.sdk {
        Some(version) if same_contract(version, VERSION) => Check::ok("sdk", format!("{version} fits this octi")),
        Some(version) => Check::bad(
            "sdk",
            format!("{version} may speak another contract than this octi ({VERSION})"),
            "make a new project with `octi plugin new`, and take its `vendor`",
        ),
        None => Check::bad("sdk", "it is not in the project's folder", bring.to_owned()),
    }
}

fn of_folder(folder: &Path) -> Vec<Check> {
    let project = match Project::open(folder) {
        Ok(project) => project,
        Err(error) => return vec![Check::bad("plugin", error.to_string(), error.next().unwrap_or_default())],
    };
    let manifest = project.manifest();
    let plugin = Check::ok("plugin", format!("{} {}, built for contract {}", manifest.id, manifest.version, manifest.wit));
    let cases = match find_cases(&project.cases(), None) {
        Ok(cases) => Check::ok("cases", format!("{} in `cases`", cases.len())),
        Err(error) => Check::weak("cases", error.to_string(), error.next().unwrap_or_default()),
    };
    if folder.join("Cargo.toml").is_file() { vec![plugin, sdk(project.sdk_version()), cases] } else { vec![plugin, cases] }
}

fn sdk(version: Option<String>) -> Check {
    match version {
        None => Check::weak("sdk", "cargo has not chosen its version yet", "`octi plugin build`"),
        Some(version) if same_contract(&version, VERSION) => Check::ok("sdk", format!("octi-sdk {version} fits this octi")),
        Some(version) => Check::bad(
            "sdk",
            format!("octi-sdk {version} may speak another contract than this octi ({VERSION})"),
            "make a new project with `octi plugin new`, and take its `vendor`",
        ),
    }
}

/// The SDK has the version of the octi that it was released with, and the contract grows only with the first two numbers.
fn same_contract(sdk: &str, octi: &str) -> bool {
    let numbers = |version: &str| version.split('.').take(2).map(str::to_owned).collect::<Vec<_>>();
    numbers(sdk) == numbers(octi)
}

#[cfg(test)]
mod tests {
    use crate::command::checks::Verdict;

    use super::*;

    fn hints(found: &Toolchain) -> Vec<(&'static str, Verdict, String)> {
        of_rust(found).into_iter().map(|check| (check.name, check.verdict, check.hint.unwrap_or_default())).collect()
    }

    #[test]
    fn what_is_missing_is_told_with_the_command_that_brings_it() {
        let nothing = hints(&Toolchain { rustc: None, cargo: None, has_target: None });
        assert!(nothing.iter().take(3).all(|(_, verdict, hint)| *verdict == Verdict::Bad && !hint.is_empty()), "{nothing:?}");
        let rustc = Some("rustc 1.60.0 (x)".to_owned());
        let old = hints(&Toolchain { rustc, cargo: Some("cargo 1.60.0".to_owned()), has_target: Some(false) });
        assert_eq!(old[0], ("rust", Verdict::Bad, "`rustup update stable`".to_owned()));
        assert_eq!(old[2], ("target", Verdict::Bad, "`rustup target add wasm32-wasip2`".to_owned()));
    }

    #[test]
    fn an_sdk_of_another_contract_is_told_from_one_that_was_mended() {
        assert_eq!(sdk(Some(VERSION.to_owned())).verdict, Verdict::Ok);
        assert!(same_contract("0.1.9", "0.1.0") && !same_contract("0.2.0", "0.1.0") && !same_contract("1.1.0", "0.1.0"));
        assert_eq!(sdk(None).verdict, Verdict::Weak);
        assert_eq!(sdk(Some("99.0.0".to_owned())).verdict, Verdict::Bad);
    }
}
