//! One module: compiled once, and instantiated anew for every call, so that no call finds what another left.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use extism::{CancelHandle, CompiledPlugin, Manifest, Plugin, PluginBuilder, Wasm};
use sha2::{Digest as _, Sha256};
use wasmparser::{ExternalKind, Payload, TypeRef, ValType};

/// Where WASI's functions are imported from.
const WASI: &str = "wasi_snapshot_preview1";

/// What one call may use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) memory_mb: u32,
    pub(crate) time: Duration,
    pub(crate) output_bytes: usize,
}

/// A module that can be called.
pub(crate) struct Module {
    compiled: CompiledPlugin,
    bounds: Bounds,
    /// What it is called.
    pub(crate) name: String,
    pub(crate) digest: String,
    /// The functions that Extism can call: without parameters, and with a return code or nothing.
    pub(crate) functions: Vec<String>,
}

impl Module {
    /// Reads, checks and compiles the file.
    pub(crate) fn load(
        name: String,
        (file, sha256): (&Path, &str),
        (hosts, config): (Vec<String>, Vec<(String, String)>),
        bounds: Bounds,
    ) -> anyhow::Result<Self> {
        let bytes = std::fs::read(file).with_context(|| format!("cannot read the module `{}`", file.display()))?;
        let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        ensure!(
            digest == sha256,
            "the module `{}` is not what was installed: its SHA-256 is {digest} and should be {sha256}; install it again",
            file.display()
        );
        let found = Found::in_module(&bytes)?;
        ensure!(!found.functions.is_empty(), "the module exports no function that takes no parameters and gives a return code");
        let mut manifest = Manifest::new([Wasm::data(bytes)]).disallow_all_hosts().with_timeout(bounds.time);
        manifest.allowed_hosts = Some(hosts);
        manifest.config = config.into_iter().collect();
        manifest.memory.max_pages = Some(bounds.memory_mb.saturating_mul(16));
        manifest.memory.max_http_response_bytes = Some(u64::from(bounds.memory_mb) << 20);
        let builder = PluginBuilder::new(manifest).with_wasi(found.wants_wasi).with_cache_disabled();
        let compiled = builder.with_wasmtime_config(engine()).compile().context("the module cannot be compiled")?;
        Ok(Self { compiled, bounds, name, digest, functions: found.functions })
    }

    /// An instance for one call.
    pub(crate) fn instance(&self) -> Result<Instance, String> {
        let plugin = Plugin::new_from_compiled(&self.compiled);
        // The texts of missing imports and of memory that is not enough.
        let plugin = plugin.map_err(|error| format!("the module does not start: {}", error.root_cause()))?;
        Ok(Instance { plugin, bounds: self.bounds })
    }
}

/// An instance that was not called yet.
pub(crate) struct Instance {
    plugin: Plugin,
    bounds: Bounds,
}

impl Instance {
    /// Ends the call from elsewhere.
    pub(crate) fn cancel_handle(&self) -> CancelHandle {
        self.plugin.cancel_handle()
    }

    /// Calls one of its functions. The error is a text for whoever called.
    pub(crate) fn call(mut self, function: &str, input: &[u8]) -> Result<Vec<u8>, String> {
        let most = self.bounds.output_bytes;
        match self.plugin.call::<&[u8], &[u8]>(function, input) {
            Ok(output) if output.len() > most => {
                Err(format!("its output has {} bytes and at most {most} are allowed", output.len()))
            }
            Ok(output) => Ok(output.to_vec()),
            Err(error) => Err(self.bounds.why(&error)),
        }
    }
}

impl Bounds {
    fn why(&self, error: &anyhow::Error) -> String {
        // The outer texts are the engine's, with addresses of the guest.
        let cause = error.root_cause();
        if let Some(trap) = cause.downcast_ref::<wasmtime::Trap>() {
            return format!("it crashed: {trap}");
        }
        match cause.to_string().as_str() {
            "timeout" => format!("it did not end within {} ms", self.time.as_millis()),
            "oom" => format!("it needs more than {} MiB of memory", self.memory_mb),
            own => own.to_owned(),
        }
    }
}

/// The engine below: the sandbox bounds address space, so memory is mapped as it is needed and not four gigabytes at a time.
fn engine() -> wasmtime::Config {
    let mut config = wasmtime::Config::new();
    config.memory_reservation(0).memory_guard_size(0).memory_reservation_for_growth(1 << 20);
    config.gc_heap_reservation(0).gc_heap_guard_size(0).gc_heap_reservation_for_growth(1 << 16);
    config
}

/// What is known of a module before it is compiled.
#[derive(Debug, Default, PartialEq)]
struct Found {
    functions: Vec<String>,
    wants_wasi: bool,
}

impl Found {
    fn in_module(bytes: &[u8]) -> anyhow::Result<Self> {
        let (mut found, mut types, mut functions, mut exports) = (Self::default(), Vec::new(), Vec::new(), Vec::new());
        for payload in wasmparser::Parser::new(0).parse_all(bytes) {
            match payload.context("the module is not valid")? {
                Payload::Version { encoding: wasmparser::Encoding::Component, .. } => {
                    bail!("this is a component, which octi runs itself; the bridge is for Extism modules")
                }
                Payload::TypeSection(reader) => {
                    for kind in reader.into_iter_err_on_gc_types() {
                        types.push(kind?);
                    }
                }
                Payload::ImportSection(reader) => {
                    for import in reader.into_imports() {
                        let import = import?;
                        found.wants_wasi |= import.module == WASI;
                        if let TypeRef::Func(kind) = import.ty {
                            functions.push(kind);
                        }
                    }
                }
                Payload::FunctionSection(reader) => {
                    for kind in reader {
                        functions.push(kind?);
                    }
                }
                Payload::ExportSection(reader) => {
                    for export in reader {
                        let export = export?;
                        if export.kind == ExternalKind::Func {
                            exports.push((export.name.to_owned(), export.index));
                        }
                    }
                }
                _ => {}
            }
        }
        for (name, index) in exports {
            let kind = functions.get(index as usize).and_then(|kind| types.get(*kind as usize));
            let is_callable = kind.is_some_and(|kind| kind.params().is_empty() && matches!(kind.results(), [] | [ValType::I32]));
            // What begins so is called by the host itself, before the first call.
            if is_callable && !name.starts_with('_') && !matches!(name.as_str(), "hs_init" | "main") {
                found.functions.push(name);
            }
        }
        Ok(found)
    }
}
