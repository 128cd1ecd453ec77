//! Makes functions of a core module of some of its imports.

use std::convert::Infallible;

use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{CodeSection, EntityType, FunctionSection, ImportSection, Module, TypeSection, ValType};
use wasmparser::{CodeSectionReader, ExternalKind, FunctionSectionReader, ImportSectionReader, TypeSectionReader};
use wasmparser::{Parser, Payload, TypeRef};

use super::bodies::{self, Body};
use super::{INTERFACE, PRINT, RANDOM, Result};

type Reencoded = std::result::Result<(), Error<Infallible>>;

/// What becomes of the functions of a module.
pub(super) struct Plan {
    /// The new index of each function.
    functions: Vec<u32>,
    /// The types and the bodies of the functions that imports become.
    made: Vec<(u32, Body)>,
    /// Types of the module; two more are added.
    types: u32,
    /// The memory that texts are in.
    memory: u32,
    /// The indices of the two imports that are added.
    print: u32,
    random: u32,
}

impl Plan {
    /// None if no import leads nowhere, or if one of them is not known here.
    pub(super) fn of(module: &[u8]) -> Result<Option<Self>> {
        let (mut types, mut defined, mut memory) = (0, 0, None);
        let mut imports: Vec<Option<(u32, Body)>> = Vec::new();
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::TypeSection(section) => {
                    for group in section {
                        types += u32::try_from(group?.types().len())?;
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import?;
                        let TypeRef::Func(its_type) = import.ty else { return Ok(None) };
                        let body = Body::of(import.module, import.name);
                        if body.is_none() && !bodies::is_kept(import.module, import.name) {
                            return Ok(None);
                        }
                        imports.push(body.map(|body| (its_type, body)));
                    }
                }
                Payload::FunctionSection(section) => defined = section.count(),
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export?;
                        if export.name == "memory" && export.kind == ExternalKind::Memory {
                            memory = Some(export.index);
                        }
                    }
                }
                _ => {}
            }
        }
        let made: Vec<(u32, Body)> = imports.iter().copied().flatten().collect();
        let (Some(memory), false) = (memory, made.is_empty()) else { return Ok(None) };
        let kept = u32::try_from(imports.len() - made.len())?;
        // The imports that stay, the two that are added, the functions of the module, and the ones that are added.
        let first_defined = kept + 2;
        let (mut next_kept, mut next_made) = (0, first_defined + defined);
        let mut functions = Vec::new();
        for import in &imports {
            let next = if import.is_some() { &mut next_made } else { &mut next_kept };
            functions.push(*next);
            *next += 1;
        }
        functions.extend((0..defined).map(|index| first_defined + index));
        Ok(Some(Self { functions, made, types, memory, print: kept, random: kept + 1 }))
    }

    /// The module as planned.
    pub(super) fn rewritten(self, module: &[u8]) -> Result<Vec<u8>> {
        let mut rewritten = Module::new();
        { self }.parse_core_module(&mut rewritten, Parser::new(0), module).map_err(|error| error.to_string())?;
        Ok(rewritten.finish())
    }
}

impl Reencode for Plan {
    type Error = Infallible;

    fn function_index(&mut self, function: u32) -> std::result::Result<u32, Error<Infallible>> {
        let index = usize::try_from(function).ok().and_then(|index| self.functions.get(index));
        // The module was validated before; an index beyond all functions stays one.
        Ok(index.copied().unwrap_or(u32::MAX))
    }

    fn parse_type_section(&mut self, types: &mut TypeSection, section: TypeSectionReader<'_>) -> Reencoded {
        utils::parse_type_section(self, types, section)?;
        types.ty().function([ValType::I64, ValType::I32], []);
        types.ty().function([], [ValType::I64]);
        Ok(())
    }

    fn parse_import_section(&mut self, imports: &mut ImportSection, section: ImportSectionReader<'_>) -> Reencoded {
        for import in section.into_imports() {
            let import = import?;
            if Body::of(import.module, import.name).is_none() {
                self.parse_import(imports, import)?;
            }
        }
        imports.import(INTERFACE, PRINT, EntityType::Function(self.types));
        imports.import(INTERFACE, RANDOM, EntityType::Function(self.types + 1));
        Ok(())
    }

    fn parse_function_section(&mut self, functions: &mut FunctionSection, section: FunctionSectionReader<'_>) -> Reencoded {
        utils::parse_function_section(self, functions, section)?;
        for (its_type, _) in &self.made {
            functions.function(*its_type);
        }
        Ok(())
    }

    fn parse_code_section(&mut self, code: &mut CodeSection, section: CodeSectionReader<'_>) -> Reencoded {
        for body in section {
            self.parse_function_body(code, body?)?;
        }
        for (_, body) in &self.made {
            code.function(&body.function(self.memory, self.print, self.random));
        }
        Ok(())
    }
}
