//! A role plugin from `plugin.toml` and `prompt.md`, without a compiler.

use std::path::Path;

use octi_domain::limits;
use octi_extension::manifest::{Kind, Manifest, RoleEntry};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataSection, ExportKind, ExportSection, FunctionSection, Instruction, MemorySection,
    MemoryType, Module, TypeSection, ValType,
};

use super::PackError;
use super::contract::{component, with_manifest};
use super::image::{self, Image, PAGE, START, address, body, spec_layout};
use super::offered;
use crate::install;
use crate::loader;

const WORLD: &str = "octi:plugin/role-plugin";

/// Makes a role plugin of a folder with `plugin.toml`, `prompt.md` and, for small models, `prompt.lite.md`.
///
/// # Errors
/// [`PackError`], which names the file and what is wrong with it.
pub fn pack_role(dir: &Path) -> Result<Vec<u8>, PackError> {
    let mut manifest = Manifest::from_toml(&read(&dir.join("plugin.toml"))?)?;
    offered::fill(&mut manifest, dir)?;
    let Some(role) = manifest.role.clone() else {
        return Err(PackError::Mismatch(format!("`{}` has no `[role]` table", dir.join("plugin.toml").display())));
    };
    if !manifest.tools.is_empty() || manifest.skill.is_some() {
        return Err(PackError::Mismatch(
            "a role without code cannot have `[tools]` or a `[skill]`; make it a component".to_owned(),
        ));
    }
    if !manifest.kinds.contains(&Kind::Role) {
        manifest.kinds.push(Kind::Role);
    }
    let prompt = read(&dir.join("prompt.md"))?;
    let lite = dir.join("prompt.lite.md");
    let lite = if lite.exists() { Some(read(&lite)?) } else { None };
    for text in std::iter::once(&prompt).chain(&lite) {
        if text.trim().is_empty() || text.len() > limits::RESULT_BYTES_MAX {
            return Err(PackError::Mismatch(format!("a prompt has 1 to {} bytes of text", limits::RESULT_BYTES_MAX)));
        }
    }
    let core = core_module(&role, &prompt, lite.as_deref().unwrap_or(&prompt))?;
    let bytes = with_manifest(component(core, WORLD)?, &manifest)?;
    install::check(&loader::inspect(&bytes)?)?;
    Ok(bytes)
}

/// Reads a text of a plugin's folder; one that is too large is not read.
pub(super) fn read(path: &Path) -> Result<String, PackError> {
    let problem = |problem: String| PackError::File { path: path.display().to_string(), problem };
    let bytes = std::fs::metadata(path).map_err(|error| problem(error.to_string()))?.len();
    if bytes > limits::RESULT_BYTES_MAX as u64 {
        return Err(problem(format!("{bytes} bytes are more than the {} allowed", limits::RESULT_BYTES_MAX)));
    }
    std::fs::read_to_string(path).map_err(|error| problem(error.to_string()))
}

fn spec_image(image: &mut Image, role: &RoleEntry) -> Result<usize, PackError> {
    let layout = spec_layout(WORLD)?;
    let spec = image.reserve(layout.bytes, layout.align);
    for (name, offset) in layout.fields {
        let at = spec + offset;
        match name.as_str() {
            "name" => image.text(at, &role.name),
            "purpose" => image.text(at, &role.purpose),
            "tools" => image.texts(at, &role.tools),
            "core-tools" => image.texts(at, &role.core_tools),
            "topic" => image.text(at, &role.topic),
            "read-only" => image.write(at, &[u8::from(role.read_only)]),
            other => return Err(image::unknown_field(other)),
        }
    }
    Ok(spec)
}

fn core_module(role: &RoleEntry, prompt: &str, lite: &str) -> Result<Vec<u8>, PackError> {
    let mut image = Image::default();
    let spec = spec_image(&mut image, role)?;
    let [full, small] = [prompt, lite].map(|text| image.returned(text));

    let mut types = TypeSection::new();
    types.ty().function([], [ValType::I32]);
    types.ty().function([ValType::I32], [ValType::I32]);
    let mut functions = FunctionSection::new();
    functions.function(0).function(1);
    let image = image.bytes();
    let pages = (START + image.len()).div_ceil(PAGE) as u64;
    let mut memories = MemorySection::new();
    memories.memory(MemoryType { minimum: pages, maximum: Some(pages), memory64: false, shared: false, page_size_log2: None });
    let mut exports = ExportSection::new();
    exports.export("memory", ExportKind::Memory, 0);
    exports.export("octi:plugin/role@1.0.0#describe", ExportKind::Func, 0);
    exports.export("octi:plugin/role@1.0.0#prompt", ExportKind::Func, 1);
    let mut code = CodeSection::new();
    code.function(&body(&[Instruction::I32Const(address(spec)?)]));
    code.function(&body(&[
        Instruction::LocalGet(0),
        Instruction::If(BlockType::Result(ValType::I32)),
        Instruction::I32Const(address(small)?),
        Instruction::Else,
        Instruction::I32Const(address(full)?),
        Instruction::End,
    ]));
    let mut data = DataSection::new();
    data.active(0, &ConstExpr::i32_const(START as i32), image);

    let mut module = Module::new();
    module.section(&types).section(&functions).section(&memories).section(&exports).section(&code).section(&data);
    Ok(module.finish())
}
