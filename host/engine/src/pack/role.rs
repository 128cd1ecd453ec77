//! A role plugin from `plugin.toml` and `prompt.md`, without a compiler: a core module that only hands out constants.
//!
//! The canonical ABI returns records and strings through memory. All of it is known here, so the module is a data
//! segment and two functions that return addresses in it.

use std::path::Path;

use octi_domain::limits;
use octi_extension::manifest::{Kind, Manifest, RoleEntry};
use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataSection, ExportKind, ExportSection, Function, FunctionSection, Instruction,
    MemorySection, MemoryType, Module, TypeSection, ValType,
};
use wit_parser::{SizeAlign, Type, TypeDefKind};

use super::PackError;
use super::contract::{self, component, with_manifest};
use crate::install;
use crate::loader;

const WORLD: &str = "octi:plugin/role-plugin";
const PAGE: usize = 65_536;
/// Addresses start here, so that none of them is zero.
const START: usize = 16;

/// Makes a role plugin of a folder with `plugin.toml`, `prompt.md` and, for small models, `prompt.lite.md`.
///
/// # Errors
/// [`PackError`], which names the file and what is wrong with it.
pub fn pack_role(dir: &Path) -> Result<Vec<u8>, PackError> {
    let mut manifest = Manifest::from_toml(&read(&dir.join("plugin.toml"))?)?;
    let Some(role) = manifest.role.clone() else {
        return Err(PackError::Mismatch(format!("`{}` has no `[role]` table", dir.join("plugin.toml").display())));
    };
    if !manifest.tools.is_empty() {
        return Err(PackError::Mismatch("a role without code cannot have `[tools]`; make it a component".to_owned()));
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

fn read(path: &Path) -> Result<String, PackError> {
    let problem = |problem: String| PackError::File { path: path.display().to_string(), problem };
    let bytes = std::fs::metadata(path).map_err(|error| problem(error.to_string()))?.len();
    if bytes > limits::RESULT_BYTES_MAX as u64 {
        return Err(problem(format!("{bytes} bytes are more than the {} allowed", limits::RESULT_BYTES_MAX)));
    }
    std::fs::read_to_string(path).map_err(|error| problem(error.to_string()))
}

/// Memory that is laid out now and only read later.
#[derive(Default)]
struct Image(Vec<u8>);

impl Image {
    fn reserve(&mut self, bytes: usize, align: usize) -> usize {
        let at = (START + self.0.len()).next_multiple_of(align);
        self.0.resize(at + bytes - START, 0);
        at
    }

    fn write(&mut self, at: usize, bytes: &[u8]) {
        let place = at - START;
        if let Some(target) = self.0.get_mut(place..place + bytes.len()) {
            target.copy_from_slice(bytes);
        }
    }

    fn word(&mut self, at: usize, value: usize) {
        self.write(at, &u32::try_from(value).unwrap_or(u32::MAX).to_le_bytes());
    }

    /// Puts a text somewhere and its address and length at `at`.
    fn text(&mut self, at: usize, text: &str) {
        let place = self.reserve(text.len(), 1);
        self.write(place, text.as_bytes());
        self.word(at, place);
        self.word(at + 4, text.len());
    }

    fn texts(&mut self, at: usize, texts: &[String]) {
        let list = self.reserve(texts.len() * 8, 4);
        for (index, text) in texts.iter().enumerate() {
            self.text(list + index * 8, text);
        }
        self.word(at, list);
        self.word(at + 4, texts.len());
    }
}

/// How the canonical ABI lays out `role.spec`.
struct Layout {
    fields: Vec<(String, usize)>,
    bytes: usize,
    align: usize,
}

fn spec_layout() -> Result<Layout, PackError> {
    let (resolve, _) = contract::world(WORLD)?;
    let mut sizes = SizeAlign::default();
    sizes.fill(&resolve);
    let found = resolve.types.iter().find_map(|(id, def)| match &def.kind {
        TypeDefKind::Record(record) if def.name.as_deref() == Some("spec") => Some((id, record)),
        _ => None,
    });
    let (id, record) = found.ok_or_else(|| contract::encode_error("the contract has no record `spec`"))?;
    let offsets = sizes.field_offsets(record.fields.iter().map(|field| &field.ty));
    let fields = record.fields.iter().zip(offsets).map(|(field, (offset, _))| (field.name.clone(), offset.size_wasm32()));
    let own = Type::Id(id);
    Ok(Layout { fields: fields.collect(), bytes: sizes.size(&own).size_wasm32(), align: sizes.align(&own).align_wasm32() })
}

fn spec_image(image: &mut Image, role: &RoleEntry) -> Result<usize, PackError> {
    let layout = spec_layout()?;
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
            other => return Err(contract::encode_error(format!("the contract's `spec` has an unknown field `{other}`"))),
        }
    }
    Ok(spec)
}

fn core_module(role: &RoleEntry, prompt: &str, lite: &str) -> Result<Vec<u8>, PackError> {
    let mut image = Image::default();
    let spec = spec_image(&mut image, role)?;
    let [full, small] = [prompt, lite].map(|text| {
        let at = image.reserve(8, 4);
        image.text(at, text);
        at
    });
    let address = |at: usize| i32::try_from(at).map_err(contract::encode_error);

    let mut types = TypeSection::new();
    types.ty().function([], [ValType::I32]);
    types.ty().function([ValType::I32], [ValType::I32]);
    let mut functions = FunctionSection::new();
    functions.function(0).function(1);
    let pages = (START + image.0.len()).div_ceil(PAGE) as u64;
    let mut memories = MemorySection::new();
    memories.memory(MemoryType { minimum: pages, maximum: Some(pages), memory64: false, shared: false, page_size_log2: None });
    let mut exports = ExportSection::new();
    exports.export("memory", ExportKind::Memory, 0);
    exports.export("octi:plugin/role@0.1.0#describe", ExportKind::Func, 0);
    exports.export("octi:plugin/role@0.1.0#prompt", ExportKind::Func, 1);
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
    data.active(0, &ConstExpr::i32_const(START as i32), image.0);

    let mut module = Module::new();
    module.section(&types).section(&functions).section(&memories).section(&exports).section(&code).section(&data);
    Ok(module.finish())
}

fn body(instructions: &[Instruction<'_>]) -> Function {
    let mut function = Function::new([]);
    for instruction in instructions {
        function.instruction(instruction);
    }
    function.instruction(&Instruction::End);
    function
}
