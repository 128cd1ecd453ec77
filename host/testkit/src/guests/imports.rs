//! Guests that import what a plugin may import, package by package.

use octi_extension::contract::SOURCES;
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{Function, Resolve, WorldItem};

use super::{Guest, must};

/// For each interface that has functions and that a plugin may import: its name, such as `octi:kv/store@1.0.0`, and a tool that imports
/// one function of it.
///
/// # Panics
/// When the contract is not valid.
#[must_use]
pub fn importing_each() -> Vec<(String, Guest)> {
    let mut resolve = Resolve::default();
    let mut last = None;
    for (path, text) in SOURCES {
        last = Some(must(path, resolve.push_str(path, text)));
    }
    let packages: Vec<_> = last.into_iter().collect();
    let host = must("the world", resolve.select_world(&packages, Some("host")));
    let interfaces = resolve.worlds[host].imports.values().filter_map(|item| match item {
        WorldItem::Interface { id, .. } => Some((resolve.id_of(*id)?, resolve.interfaces[*id].functions.values().next()?)),
        WorldItem::Function(_) | WorldItem::Type { .. } => None,
    });
    interfaces.map(|(name, function)| (name.clone(), importing(&resolve, &name, function))).collect()
}

fn importing(resolve: &Resolve, interface: &str, function: &Function) -> Guest {
    let signature = resolve.wasm_signature(AbiVariant::GuestImport, function);
    let of = |types: &[WasmType]| types.iter().map(|of| core(*of)).collect::<Vec<_>>().join(" ");
    let (parameters, results) = (of(&signature.params), of(&signature.results));
    Guest::default().imports(&format!(
        "(import \"{interface}\" \"{}\" (func $imported (param {parameters}) (result {results})))\n  ",
        function.name
    ))
}

const fn core(of: WasmType) -> &'static str {
    match of {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => "i32",
        WasmType::I64 | WasmType::PointerOrI64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
    }
}
