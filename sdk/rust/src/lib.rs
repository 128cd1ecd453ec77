//! Write octi plugins in Rust.
//!
//! A tool is a documented function; its arguments and result are types. From these come the name, the description and the JSON
//! Schemas a model sees, so they cannot disagree with the code. [`plugin!`] lists the tools of a component.
//!
//! ```
//! use octi_sdk::{Output, ToolError, data, fs, tool};
//!
//! #[data]
//! struct Counted {
//!     lines: usize,
//! }
//!
//! /// Counts the lines of a text file. Use it to see how long a file is before reading it.
//! #[tool]
//! fn count_lines(
//!     /// The file, relative to the workspace.
//!     path: String,
//! ) -> Result<Output<Counted>, ToolError> {
//!     let text = fs::workspace()?.read_text(&path, 1 << 20)?;
//!     let lines = text.lines().count();
//!     Ok(Output::new(Counted { lines }).summary(format!("{path} has {lines} lines")))
//! }
//!
//! octi_sdk::plugin!(count_lines);
//! # fn main() {
//! assert_eq!(TOOLS[0].describe().input_schema["properties"]["path"]["type"], "string");
//! # }
//! ```
//!
//! # Arguments
//! Each parameter is one argument, with its doc comment for the model and, where needed, `#[serde(default)]`; `Option<T>` is an
//! argument that may be left out. A single parameter named `args` takes all arguments as one type, marked with [`macro@data`].
//!
//! # Results
//! A tool returns `Result<T, E>` where `T` is [`Output`] (with a schema and a line for the person watching) or anything that
//! serialises (without), and `E` is [`ToolError`] or what becomes one, such as [`HostError`].
//!
//! # Hooks
//! [`hook!`](macro@hook) makes a component of a function that watches over calls; see [`hook`](mod@hook).
//!
//! # Channels
//! [`channel!`](macro@channel) makes a component of a [`Channel`](channel::Channel): another place where people write and read.
//!
//! # What the host offers
//! [`fs`], [`kv`], [`shell`], [`http`], [`artifacts`], [`ask`], [`llm`], [`log`](mod@log) and [`clock`]. A component imports only what it uses; each capability used must be in its
//! `plugin.toml`, with the reason shown to the person who grants it. Without a host (in a test on the build machine) these
//! functions panic, so keep logic in functions that take and return data, and test those.

pub mod artifacts;
pub mod ask;
pub mod channel;
pub mod clock;
mod error;
pub mod fs;
pub mod hook;
pub mod http;
pub mod kv;
pub mod llm;
pub mod log;
mod operation;
mod output;
mod raw;
mod schema;
pub mod shell;

pub use error::{HostError, Quota, ToolError};
pub use octi_sdk_macros::{data, tool};

// What the macros write names the crate, also in its own tests.
#[cfg(test)]
extern crate self as octi_sdk;
pub use operation::{Description, Operation, Tool};
pub use output::{IntoReply, Output, Reply};
pub use {schemars, serde, serde_json};

/// Makes a component of tools: `plugin!(read_file, files::write_file);`, once in a crate.
///
/// It also defines `TOOLS`, the list of [`Operation`]s, for tests that run on the build machine.
#[macro_export]
macro_rules! plugin {
    ($($tool:path),+ $(,)?) => {
        /// The operations of this component.
        pub const TOOLS: &[$crate::Operation] = &[$($crate::Operation::of::<$tool>()),+];

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Component;

            impl $crate::__private::Guest for Component {
                fn describe() -> Vec<$crate::__private::RawTool> {
                    $crate::__private::describe_all(TOOLS)
                }

                fn call(name: String, arguments: String) -> Result<$crate::__private::RawOutput, $crate::__private::RawToolError> {
                    $crate::__private::call_one(TOOLS, &name, &arguments)
                }
            }

            $crate::__private::export_tools!(Component with_types_in $crate::__private::raw);
        };
    };
}

/// What the macros expand to. Not for people.
#[doc(hidden)]
pub mod __private {
    pub use crate::channel::{poll, send, webhook};
    pub use crate::hook::on_event;
    pub use crate::operation::{call, call_one, describe, describe_all};
    pub use crate::raw::bindings as raw;
    pub use crate::raw::bindings::export_tools;
    pub use crate::raw::bindings::exports::octi::plugin::tools::{
        Guest, Output as RawOutput, Tool as RawTool, ToolError as RawToolError,
    };
    pub use crate::raw::channel as raw_channel;
    pub use crate::raw::channel::export_channel;
    pub use crate::raw::channel::exports::octi::plugin::channel::Guest as ChannelGuest;
    pub use crate::raw::hook as raw_hook;
    pub use crate::raw::hook::export_hook;
    pub use crate::raw::hook::exports::octi::plugin::hook::{Event as RawEvent, Guest as HookGuest, Verdict as RawVerdict};
}
