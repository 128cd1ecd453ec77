//! A core module that only hands out constants, for plugins without code.
//!
//! The canonical ABI returns records and strings through memory. All of it is known when the plugin is packed, so the module is a
//! data segment and functions that return addresses in it.

use wasm_encoder::{Function, Instruction};
use wit_parser::{SizeAlign, Type, TypeDefKind};

use super::PackError;
use super::contract;

pub(super) const PAGE: usize = 65_536;
/// Addresses start here, so that none of them is zero.
pub(super) const START: usize = 16;

/// Memory that is laid out now and only read later.
#[derive(Default)]
pub(super) struct Image(Vec<u8>);

impl Image {
    pub(super) fn reserve(&mut self, bytes: usize, align: usize) -> usize {
        let at = (START + self.0.len()).next_multiple_of(align);
        self.0.resize(at + bytes - START, 0);
        at
    }

    pub(super) fn write(&mut self, at: usize, bytes: &[u8]) {
        let place = at - START;
        if let Some(target) = self.0.get_mut(place..place + bytes.len()) {
            target.copy_from_slice(bytes);
        }
    }

    fn word(&mut self, at: usize, value: usize) {
        self.write(at, &u32::try_from(value).unwrap_or(u32::MAX).to_le_bytes());
    }

    /// Puts a text somewhere and its address and length at `at`.
    pub(super) fn text(&mut self, at: usize, text: &str) {
        let place = self.reserve(text.len(), 1);
        self.write(place, text.as_bytes());
        self.word(at, place);
        self.word(at + 4, text.len());
    }

    pub(super) fn texts(&mut self, at: usize, texts: &[String]) {
        let list = self.reserve(texts.len() * 8, 4);
        for (index, text) in texts.iter().enumerate() {
            self.text(list + index * 8, text);
        }
        self.word(at, list);
        self.word(at + 4, texts.len());
    }

    /// A text as a function returns it; where its address and length are.
    pub(super) fn returned(&mut self, text: &str) -> usize {
        let at = self.reserve(8, 4);
        self.text(at, text);
        at
    }

    /// The bytes from [`START`] on.
    pub(super) fn bytes(self) -> Vec<u8> {
        self.0
    }
}

/// How the canonical ABI lays out the record `spec` of an interface.
pub(super) struct Layout {
    pub(super) fields: Vec<(String, usize)>,
    pub(super) bytes: usize,
    pub(super) align: usize,
}

/// The layout of `spec` in the only interface that the world exports.
pub(super) fn spec_layout(world_name: &str) -> Result<Layout, PackError> {
    let (resolve, world) = contract::world(world_name)?;
    let mut sizes = SizeAlign::default();
    sizes.fill(&resolve);
    let exported = resolve.worlds.get(world).into_iter().flat_map(|world| world.exports.values());
    let specs = exported.filter_map(|item| match item {
        wit_parser::WorldItem::Interface { id, .. } => resolve.interfaces.get(*id)?.types.get("spec").copied(),
        _ => None,
    });
    let found = specs.filter_map(|id| Some((id, resolve.types.get(id)?))).find_map(|(id, def)| match &def.kind {
        TypeDefKind::Record(record) => Some((id, record)),
        _ => None,
    });
    let (id, record) = found.ok_or_else(|| contract::encode_error("the contract has no record `spec`"))?;
    let offsets = sizes.field_offsets(record.fields.iter().map(|field| &field.ty));
    let fields = record.fields.iter().zip(offsets).map(|(field, (offset, _))| (field.name.clone(), offset.size_wasm32()));
    let own = Type::Id(id);
    Ok(Layout { fields: fields.collect(), bytes: sizes.size(&own).size_wasm32(), align: sizes.align(&own).align_wasm32() })
}

pub(super) fn unknown_field(name: &str) -> PackError {
    contract::encode_error(format!("the contract's `spec` has an unknown field `{name}`"))
}

/// The address as an operand.
pub(super) fn address(at: usize) -> Result<i32, PackError> {
    i32::try_from(at).map_err(contract::encode_error)
}

pub(super) fn body(instructions: &[Instruction<'_>]) -> Function {
    let mut function = Function::new([]);
    for instruction in instructions {
        function.instruction(instruction);
    }
    function.instruction(&Instruction::End);
    function
}
