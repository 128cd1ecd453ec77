//! Skills that are Markdown: the `SKILL.md` of agentskills.io, the folder they are read from while the host runs, and which of
//! them fit what a person said.
//!
//! A skill is a text and nothing else. It gives no tool and no right, whatever it says; who shows it to a model says so.

mod difference;
mod file;
mod folder;
mod mounted;
mod watch;
mod words;

pub use difference::difference;
pub use file::{FileProblem, SkillFile, parse};
pub use folder::FILE_NAME;
pub use mounted::{OnChange, SkillFolder, WithFolder};
pub use words::fit;
