//! Recognises components as wit-component makes them of one core module.

use wasmparser::{CanonicalFunction, CanonicalOption, ExternalKind, Parser, Payload};

use super::Result;

/// The one core module with the program, if everything else only connects it.
pub(super) fn main_module(component: &[u8]) -> Result<Option<&[u8]>> {
    let mut modules = Vec::new();
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ModuleSection { unchecked_range, .. } => match component.get(unchecked_range) {
                Some(module) if depth == 1 => modules.push(module),
                _ => return Ok(None),
            },
            Payload::ComponentCanonicalSection(functions) => {
                for function in functions {
                    if !is_plain(&function?) {
                        return Ok(None);
                    }
                }
            }
            Payload::ComponentStartSection { .. } => return Ok(None),
            _ => {}
        }
    }
    Ok(match modules.as_slice() {
        [main] => Some(*main),
        [main, shim, fixups] if is_shim(shim)? && is_fixups(fixups)? => Some(*main),
        _ => None,
    })
}

/// Whether it is made again in the same way: texts in UTF-8, nothing that goes on while others run.
fn is_plain(function: &CanonicalFunction) -> bool {
    let options = match function {
        CanonicalFunction::Lift { options, .. } | CanonicalFunction::Lower { options, .. } => options,
        CanonicalFunction::ResourceNew { .. }
        | CanonicalFunction::ResourceDrop { .. }
        | CanonicalFunction::ResourceRep { .. } => {
            return true;
        }
        _ => return false,
    };
    options.iter().all(|option| {
        use CanonicalOption as Option;
        matches!(option, Option::UTF8 | Option::Memory(_) | Option::Realloc(_) | Option::PostReturn(_))
    })
}

/// Functions named by numbers that call through a table, which is named too.
fn is_shim(module: &[u8]) -> Result<bool> {
    let mut names_table = false;
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ImportSection(_) | Payload::MemorySection(_) | Payload::StartSection { .. } => return Ok(false),
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    match export.kind {
                        ExternalKind::Table if export.name == "$imports" => names_table = true,
                        ExternalKind::Func if export.name.bytes().all(|byte| byte.is_ascii_digit()) => {}
                        _ => return Ok(false),
                    }
                }
            }
            _ => {}
        }
    }
    Ok(names_table)
}

/// No code, only what fills that table.
fn is_fixups(module: &[u8]) -> Result<bool> {
    let mut fills = false;
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    if !import?.module.is_empty() {
                        return Ok(false);
                    }
                }
            }
            Payload::ElementSection(_) => fills = true,
            Payload::FunctionSection(_)
            | Payload::ExportSection(_)
            | Payload::MemorySection(_)
            | Payload::StartSection { .. } => {
                return Ok(false);
            }
            _ => {}
        }
    }
    Ok(fills)
}
