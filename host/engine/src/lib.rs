//! The plugin engine: the only crate that knows wasmtime.
//!
//! It reads plugin files without running them, compiles them once, gives every call a fresh instance with its own budget,
//! and swaps plugins while calls run. Everything above sees plugins only through the traits of `octi_extension`.

mod bindings;
mod breaker;
mod cache;
mod capability;
mod channel;
mod compile;
mod drain;
mod engine;
mod failure;
mod foreign;
mod functions;
mod generation;
mod hook;
mod install;
mod instance;
mod lean;
mod limits;
mod loader;
mod manager;
mod meter;
mod native;
mod observe;
pub mod pack;
mod places;
mod probes;
mod quota;
mod reflect;
mod rights;
mod role;
mod skill;
mod state;
mod text;
mod ticker;
mod tool;
mod usage;
mod warm;

pub use compile::{COMPILER_COMMAND, CompileLimits, Compiler, compiler_main};
pub use engine::EngineError;
pub use foreign::{ExtismModule, extism_module};
pub use install::InstallError;
pub use loader::Inspection;
pub use manager::{Accused, Change, EngineConfig, OnChange, PluginManager, Verdict};
pub use probes::Probes;
pub use usage::{Times, Usage};

#[cfg(test)]
mod tests;
