//! The types of a component as its validator knows them, as shapes. What is no data is refused with the way to it.

use std::collections::HashMap;

use octi_domain::limits;
use wasmparser::PrimitiveValType;
use wasmparser::component_types::{ComponentDefinedType, ComponentDefinedTypeId, ComponentFuncType, ComponentValType};
use wasmparser::types::Types;

use super::docs::{Docs, TypeDocs};
use super::shape::{Case, Field, Int, Kind, Label, Shape};

/// A type's interface, none for the component itself, and its name there.
pub(super) type TypeName = (Option<String>, String);

/// Reads the types of one component.
pub(super) struct Reader<'a> {
    pub(super) types: &'a Types,
    pub(super) names: HashMap<ComponentDefinedTypeId, TypeName>,
    pub(super) docs: &'a Docs,
}

/// What a function takes and gives.
pub(super) type Signature = (Vec<Field>, Option<Shape>);

impl Reader<'_> {
    /// The shapes of a function.
    ///
    /// # Errors
    /// Says in words what cannot be data, and where.
    pub(super) fn signature(&self, function: &ComponentFuncType) -> Result<Signature, String> {
        if function.async_ {
            return Err("it is an async function, which this host does not call; export it as a plain one".to_owned());
        }
        let mut walk =
            Walk { reader: self, left: limits::REFLECT_TYPES_MAX, bytes_left: limits::SCHEMA_BYTES_MAX, at: Vec::new() };
        let parameters = function.params.iter().map(|(name, of)| {
            let shape = walk.below(name.as_str(), |walk| walk.shape(*of))?;
            let (name, docs) = walk.named(name.as_str(), None)?;
            Ok(Field { name, shape, docs })
        });
        let parameters = parameters.collect::<Result<_, String>>()?;
        let result = function.result.map(|of| walk.below("result", |walk| walk.shape(of))).transpose()?;
        Ok((parameters, result))
    }

    /// What is said of a type, or of the one that it is another name of.
    fn said(&self, mut id: ComponentDefinedTypeId) -> TypeDocs {
        // As many names of one type as anybody gives it.
        for _ in 0..limits::REFLECT_DEPTH_MAX {
            if let Some((interface, name)) = self.names.get(&id)
                && let Some(docs) = self.docs.of_type(interface.as_deref(), name)
            {
                return docs;
            }
            match self.types.peel_alias(id) {
                Some(aliased) => id = aliased,
                None => break,
            }
        }
        TypeDocs::default()
    }
}

/// The way through the types of one function.
struct Walk<'a> {
    reader: &'a Reader<'a>,
    /// How many more types and names of cases there may be.
    left: usize,
    /// Bytes that names and what is said of them may still take: each place where a type is used has its own.
    bytes_left: usize,
    at: Vec<String>,
}

impl Walk<'_> {
    fn below<T>(&mut self, name: &str, then: impl FnOnce(&mut Self) -> Result<T, String>) -> Result<T, String> {
        if self.at.len() >= limits::REFLECT_DEPTH_MAX {
            return Err(
                self.refusal(&format!("more than {} types are inside of each other; flatten them", limits::REFLECT_DEPTH_MAX))
            );
        }
        self.at.push(name.to_owned());
        let done = then(self);
        if done.is_ok() {
            self.at.pop();
        }
        done
    }

    /// The way, as it would be written in code: `files[].handle`.
    fn refusal(&self, why: &str) -> String {
        let dots =
            self.at.iter().enumerate().map(|(at, name)| if at == 0 || name == "[]" { name.clone() } else { format!(".{name}") });
        format!("at `{}`: {why}", dots.collect::<String>())
    }

    fn one_more(&mut self) -> Result<(), String> {
        match self.left.checked_sub(1) {
            Some(left) => self.left = left,
            None => {
                return Err(self.refusal(&format!("it has more than {} types; take and give less", limits::REFLECT_TYPES_MAX)));
            }
        }
        Ok(())
    }

    /// A name and what is said of it, paid for.
    fn named(&mut self, name: &str, docs: Option<String>) -> Result<(String, Option<String>), String> {
        let bytes = name.len() + docs.as_ref().map_or(0, String::len);
        match self.bytes_left.checked_sub(bytes) {
            Some(left) => self.bytes_left = left,
            None => {
                let why = format!("its names and their documentation have more than {} bytes", limits::SCHEMA_BYTES_MAX);
                return Err(self.refusal(&why));
            }
        }
        Ok((name.to_owned(), docs))
    }

    fn labels<'n>(&mut self, names: impl Iterator<Item = &'n str>, said: &TypeDocs) -> Result<Vec<Label>, String> {
        let labels = names.map(|name| {
            self.one_more()?;
            let (name, docs) = self.named(name, said.item(name))?;
            Ok(Label { name, docs })
        });
        labels.collect()
    }

    fn shape(&mut self, of: ComponentValType) -> Result<Shape, String> {
        self.one_more()?;
        let id = match of {
            ComponentValType::Primitive(primitive) => return Ok(self.primitive(primitive)?.into()),
            ComponentValType::Type(id) => id,
        };
        let reader = self.reader;
        let said = reader.said(id);
        let kind = self.kind(&reader.types[id], &said)?;
        let (_, docs) = self.named("", said.docs)?;
        Ok(Shape { kind, docs })
    }

    fn inner(&mut self, name: &str, of: ComponentValType) -> Result<Box<Shape>, String> {
        self.below(name, |walk| walk.shape(of)).map(Box::new)
    }

    fn kind(&mut self, defined: &ComponentDefinedType, said: &TypeDocs) -> Result<Kind, String> {
        Ok(match defined {
            ComponentDefinedType::Primitive(primitive) => self.primitive(*primitive)?,
            ComponentDefinedType::Record(record) => {
                let fields = record.fields.iter().map(|(name, of)| {
                    let shape = *self.inner(name.as_str(), *of)?;
                    let (name, docs) = self.named(name.as_str(), said.item(name.as_str()))?;
                    Ok(Field { name, shape, docs })
                });
                Kind::Record(fields.collect::<Result<_, String>>()?)
            }
            ComponentDefinedType::Variant(variant) => {
                let cases = variant.cases.iter().map(|(name, case)| {
                    self.one_more()?;
                    let shape = case.ty.map(|of| self.inner(name.as_str(), of)).transpose()?.map(|shape| *shape);
                    let (name, docs) = self.named(name.as_str(), said.item(name.as_str()))?;
                    Ok(Case { name, shape, docs })
                });
                Kind::Variant(cases.collect::<Result<_, String>>()?)
            }
            ComponentDefinedType::List { element, .. } => Kind::List(self.inner("[]", *element)?),
            ComponentDefinedType::Tuple(tuple) => {
                let parts = tuple.types.iter().enumerate().map(|(at, of)| Ok(*self.inner(&at.to_string(), *of)?));
                Kind::Tuple(parts.collect::<Result<_, String>>()?)
            }
            ComponentDefinedType::Flags(names) => Kind::Flags(self.labels(names.iter().map(|name| name.as_str()), said)?),
            ComponentDefinedType::Enum(names) => Kind::Enum(self.labels(names.iter().map(|name| name.as_str()), said)?),
            ComponentDefinedType::Option { ty, .. } => Kind::Option(self.inner("some", *ty)?),
            ComponentDefinedType::Result { ok, err, .. } => Kind::Result {
                ok: ok.map(|of| self.inner("ok", of)).transpose()?,
                error: err.map(|of| self.inner("error", of)).transpose()?,
            },
            ComponentDefinedType::Own(_) | ComponentDefinedType::Borrow(_) => {
                let why = "a handle of a resource means nothing outside of the component's instance, which ends with the call; \
                           take and give data, such as a name";
                return Err(self.refusal(why));
            }
            ComponentDefinedType::Stream { .. } => return Err(self.refusal("a stream outlives no call; take and give a list")),
            ComponentDefinedType::Future { .. } => return Err(self.refusal("a future outlives no call; take and give the value")),
            ComponentDefinedType::Map { .. } => {
                return Err(self.refusal("this host knows no maps; take and give a list of pairs"));
            }
            ComponentDefinedType::FixedLengthList { .. } => {
                return Err(self.refusal("this host knows no lists of fixed length; take and give a tuple or a list"));
            }
        })
    }

    fn primitive(&self, primitive: PrimitiveValType) -> Result<Kind, String> {
        Ok(match primitive {
            PrimitiveValType::Bool => Kind::Bool,
            PrimitiveValType::S8 => Kind::Int(Int::S8),
            PrimitiveValType::U8 => Kind::Int(Int::U8),
            PrimitiveValType::S16 => Kind::Int(Int::S16),
            PrimitiveValType::U16 => Kind::Int(Int::U16),
            PrimitiveValType::S32 => Kind::Int(Int::S32),
            PrimitiveValType::U32 => Kind::Int(Int::U32),
            PrimitiveValType::S64 => Kind::Int(Int::S64),
            PrimitiveValType::U64 => Kind::Int(Int::U64),
            PrimitiveValType::F32 => Kind::F32,
            PrimitiveValType::F64 => Kind::F64,
            PrimitiveValType::Char => Kind::Char,
            PrimitiveValType::String => Kind::String,
            PrimitiveValType::ErrorContext => {
                return Err(self.refusal("an error-context is none but the component's own; take and give a text"));
            }
        })
    }
}
