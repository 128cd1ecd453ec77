//! What a value of a component's function may be: its type, without the engine's or the parser's way to say it.

use std::fmt;

/// A type, and what its author says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) kind: Kind,
    pub(crate) docs: Option<String>,
}

/// The kinds of types whose values are data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Bool,
    Int(Int),
    F32,
    F64,
    Char,
    String,
    List(Box<Shape>),
    Tuple(Vec<Shape>),
    Record(Vec<Field>),
    Option(Box<Shape>),
    Variant(Vec<Case>),
    Enum(Vec<Label>),
    Flags(Vec<Label>),
    Result { ok: Option<Box<Shape>>, error: Option<Box<Shape>> },
}

/// A field of a record, or a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) shape: Shape,
    pub(crate) docs: Option<String>,
}

/// A case of a variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) shape: Option<Shape>,
    pub(crate) docs: Option<String>,
}

/// A case of an enum, or a flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) name: String,
    pub(crate) docs: Option<String>,
}

/// The integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Int {
    S8,
    U8,
    S16,
    U16,
    S32,
    U32,
    S64,
    U64,
}

impl Int {
    /// The smallest and the largest of them.
    pub(crate) const fn range(self) -> (i128, i128) {
        match self {
            Self::S8 => (i8::MIN as i128, i8::MAX as i128),
            Self::U8 => (0, u8::MAX as i128),
            Self::S16 => (i16::MIN as i128, i16::MAX as i128),
            Self::U16 => (0, u16::MAX as i128),
            Self::S32 => (i32::MIN as i128, i32::MAX as i128),
            Self::U32 => (0, u32::MAX as i128),
            Self::S64 => (i64::MIN as i128, i64::MAX as i128),
            Self::U64 => (0, u64::MAX as i128),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::S8 => "s8",
            Self::U8 => "u8",
            Self::S16 => "s16",
            Self::U16 => "u16",
            Self::S32 => "s32",
            Self::U32 => "u32",
            Self::S64 => "s64",
            Self::U64 => "u64",
        }
    }
}

impl From<Kind> for Shape {
    fn from(kind: Kind) -> Self {
        Self { kind, docs: None }
    }
}

impl Shape {
    /// Whether `null` is a value of it, so that an option of it needs another way to say "nothing".
    pub(crate) const fn takes_null(&self) -> bool {
        matches!(self.kind, Kind::Option(_))
    }
}

/// What was expected, for who gave something else.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("`true` or `false`"),
            Self::Int(int) => {
                let (min, max) = int.range();
                write!(f, "an integer from {min} to {max} ({})", int.name())
            }
            Self::F32 => f.write_str("a number that a 32-bit float holds (f32)"),
            Self::F64 => f.write_str("a number (f64)"),
            Self::Char => f.write_str("a text of one character (char)"),
            Self::String => f.write_str("a text"),
            Self::List(_) => f.write_str("a list"),
            Self::Tuple(parts) => write!(f, "a list of {} (tuple)", parts.len()),
            Self::Record(_) => f.write_str("an object (record)"),
            Self::Option(inner) if inner.takes_null() => f.write_str("`null` or `{\"some\": …}`"),
            Self::Option(inner) => write!(f, "`null` or {}", inner.kind),
            Self::Variant(cases) => {
                f.write_str("an object with `tag`, and `value` where the case has one; the tags are ")?;
                names(f, cases.iter().map(|case| case.name.as_str()))
            }
            Self::Enum(labels) => {
                f.write_str("one of ")?;
                names(f, labels.iter().map(|label| label.name.as_str()))
            }
            Self::Flags(labels) => {
                f.write_str("a list of different ones of ")?;
                names(f, labels.iter().map(|label| label.name.as_str()))
            }
            Self::Result { .. } => f.write_str("an object with either `ok` or `error`"),
        }
    }
}

/// Names that are written out; whoever needs more reads the schema.
const NAMES_SHOWN: usize = 12;

fn names<'a>(f: &mut fmt::Formatter<'_>, names: impl ExactSizeIterator<Item = &'a str>) -> fmt::Result {
    let count = names.len();
    for (at, name) in names.take(NAMES_SHOWN).enumerate() {
        write!(f, "{}`{name}`", if at == 0 { "" } else { ", " })?;
    }
    if count > NAMES_SHOWN { write!(f, " and {} more", count - NAMES_SHOWN) } else { Ok(()) }
}
