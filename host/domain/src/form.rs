//! What a plugin may ask a person: a flat form of texts, numbers, yes or no, and choices, as a small part of JSON Schema.
//!
//! The part is what programs that speak MCP can show too (`elicitation/create`). It has no field for a secret.

mod check;
mod parse;
#[cfg(test)]
mod tests;

use serde_json::Value;

/// Words that stand for what only a person's vault may hold. They are looked for in names and titles, whatever parts their words.
const SECRET_WORDS: [&str; 10] =
    ["password", "passwd", "passphrase", "passcode", "secret", "apikey", "accesskey", "privatekey", "credential", "cvv"];

/// A form.
#[derive(Debug, Clone, PartialEq)]
pub struct Form {
    /// As it was given.
    schema: Value,
    fields: Vec<Field>,
}

/// One field of a form.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    pub name: String,
    pub title: Option<String>,
    pub description: Option<String>,
    pub is_required: bool,
    /// What stands in it before the person writes; it fits.
    pub default: Option<Value>,
    pub kind: FieldKind,
}

/// What goes into a field.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldKind {
    /// So many characters.
    Text {
        chars_min: u64,
        chars_max: u64,
        format: Option<Format>,
    },
    Number {
        is_whole: bool,
        min: Option<f64>,
        max: Option<f64>,
    },
    YesNo,
    /// One of these values, each with what it is called.
    Choice(Vec<(String, String)>),
    /// So many of these values.
    Several {
        of: Vec<(String, String)>,
        min: u64,
        max: u64,
    },
}

/// What a text looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Email,
    Uri,
    Date,
    DateTime,
}

impl Format {
    const ALL: [Self; 4] = [Self::Email, Self::Uri, Self::Date, Self::DateTime];

    /// The word of JSON Schema.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Uri => "uri",
            Self::Date => "date",
            Self::DateTime => "date-time",
        }
    }
}

impl Form {
    /// The schema, as it was given.
    #[must_use]
    pub const fn schema(&self) -> &Value {
        &self.schema
    }

    /// The fields, in their order.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }
}

impl Field {
    /// What the person reads beside it.
    #[must_use]
    pub fn label(&self) -> &str {
        self.title.as_deref().unwrap_or(&self.name)
    }
}
