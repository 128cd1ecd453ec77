//! A skill plugin from `plugin.toml` and `SKILL.md`, without a compiler.

use std::path::Path;

use octi_domain::limits;
use octi_extension::manifest::{Kind, Manifest, SkillEntry};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataSection, ExportKind, ExportSection, FunctionSection, Instruction, MemorySection,
    MemoryType, Module, TypeSection, ValType,
};

use super::PackError;
use super::contract::{component, with_manifest};
use super::image::{self, Image, PAGE, START, address, body, spec_layout};
use super::offered;
use super::role::read;
use crate::install;
use crate::loader;

const WORLD: &str = "octi:plugin/skill-plugin";

/// Makes a skill plugin of a folder with `plugin.toml` and `SKILL.md`, whose front matter becomes the manifest's `[skill]`.
///
/// # Errors
/// [`PackError`], which names the file and what is wrong with it.
pub fn pack_skill(dir: &Path) -> Result<Vec<u8>, PackError> {
    let path = dir.join(octi_skills::FILE_NAME);
    let file = octi_skills::parse(&read(&path)?)
        .map_err(|problem| PackError::File { path: path.display().to_string(), problem: problem.to_string() })?;
    let mut manifest = Manifest::from_toml(&read(&dir.join("plugin.toml"))?)?;
    offered::fill(&mut manifest, dir)?;
    if manifest.skill.is_some() {
        return Err(PackError::Mismatch(
            "`[skill]` of plugin.toml is for skills with code; here the front matter of `SKILL.md` says it, so remove the table"
                .to_owned(),
        ));
    }
    if !manifest.tools.is_empty() || manifest.role.is_some() {
        return Err(PackError::Mismatch(
            "a skill without code cannot have `[tools]` or a `[role]`; make it a component".to_owned(),
        ));
    }
    if !manifest.kinds.contains(&Kind::Skill) {
        manifest.kinds.push(Kind::Skill);
    }
    if manifest.license.is_none() {
        manifest.license = file.license;
    }
    let core = core_module(&file.entry, &file.body)?;
    manifest.skill = Some(file.entry);
    let bytes = with_manifest(component(core, WORLD)?, &manifest)?;
    install::check(&loader::inspect(&bytes)?)?;
    Ok(bytes)
}

fn spec_image(image: &mut Image, skill: &SkillEntry) -> Result<usize, PackError> {
    let layout = spec_layout(WORLD)?;
    let spec = image.reserve(layout.bytes, layout.align);
    for (name, offset) in layout.fields {
        let at = spec + offset;
        match name.as_str() {
            "name" => image.text(at, &skill.name),
            "description" => image.text(at, &skill.description),
            "triggers" => image.texts(at, &skill.triggers),
            "always" => image.write(at, &[u8::from(skill.always)]),
            "topics" => image.texts(at, &skill.topics),
            "roles" => image.texts(at, &skill.roles),
            "dynamic" => image.write(at, &[u8::from(skill.dynamic)]),
            other => return Err(image::unknown_field(other)),
        }
    }
    Ok(spec)
}

/// What was said comes into memory of its own, which nothing reads: the text is the same whatever was said.
fn core_module(skill: &SkillEntry, text: &str) -> Result<Vec<u8>, PackError> {
    let mut image = Image::default();
    let spec = spec_image(&mut image, skill)?;
    let text = image.returned(text);
    let image = image.bytes();
    let heap = (START + image.len()).next_multiple_of(16);
    let pages = (heap + limits::SKILL_SAID_BYTES_MAX).div_ceil(PAGE) as u64;

    let mut types = TypeSection::new();
    types.ty().function([], [ValType::I32]);
    types.ty().function([ValType::I32; 2], [ValType::I32]);
    types.ty().function([ValType::I32; 4], [ValType::I32]);
    let mut functions = FunctionSection::new();
    functions.function(0).function(1).function(1).function(2);
    let mut memories = MemorySection::new();
    memories.memory(MemoryType { minimum: pages, maximum: Some(pages), memory64: false, shared: false, page_size_log2: None });
    let mut exports = ExportSection::new();
    exports.export("memory", ExportKind::Memory, 0);
    for (index, name) in ["describe", "fits", "render"].into_iter().enumerate() {
        exports.export(&format!("octi:plugin/skill@1.0.0#{name}"), ExportKind::Func, index as u32);
    }
    exports.export("cabi_realloc", ExportKind::Func, 3);
    let mut code = CodeSection::new();
    code.function(&body(&[Instruction::I32Const(address(spec)?)]));
    code.function(&body(&[Instruction::I32Const(0)]));
    code.function(&body(&[Instruction::I32Const(address(text)?)]));
    code.function(&body(&[
        // The last number is how much is wanted.
        Instruction::LocalGet(3),
        Instruction::I32Const(address(limits::SKILL_SAID_BYTES_MAX)?),
        Instruction::I32GtU,
        Instruction::If(BlockType::Empty),
        Instruction::Unreachable,
        Instruction::End,
        Instruction::I32Const(address(heap)?),
    ]));
    let mut data = DataSection::new();
    data.active(0, &ConstExpr::i32_const(START as i32), image);

    let mut module = Module::new();
    module.section(&types).section(&functions).section(&memories).section(&exports).section(&code).section(&data);
    Ok(module.finish())
}
