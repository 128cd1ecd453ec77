//! What writing a plugin takes: a new project from a template, building and packing it, and a throw-away engine that runs its
//! cases and single calls. It knows neither the server nor its database: everything here works in a folder of the author's.

mod build;
mod cases;
mod difference;
mod error;
mod fakes;
mod files;
mod language;
mod new;
mod project;
mod sbom;
mod script;
mod sdk;
mod templates;
mod toolchain;
mod watch;
mod web;
mod workbench;
mod world;

pub use build::{Built, build, build_again};
pub use cases::{CaseFile, CaseReport, Difference, Problem, find_cases};
pub use difference::text_difference;
pub use error::AuthorError;
pub use files::write_whole;
pub use language::Language;
pub use new::{Created, NewKind, NewPlugin, Sdk, create};
pub use octi_engine::pack::Earlier;
pub use project::Project;
pub use sbom::bill_of_materials;
pub use toolchain::{ScriptTools, Toolchain};
pub use watch::Changes;
pub use workbench::{Called, Workbench, WorkbenchConfig};
