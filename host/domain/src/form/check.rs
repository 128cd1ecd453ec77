//! Whether an answer fits a form.

use chrono::{DateTime, NaiveDate};
use serde_json::{Map, Value};

use super::{Field, FieldKind, Form, Format};

impl Form {
    /// The answer, if it fits: every field that must be given, and none that was not asked for.
    ///
    /// # Errors
    /// The field, and what would fit it.
    pub fn check(&self, answer: &Value) -> Result<Map<String, Value>, String> {
        let given = answer.as_object().ok_or("the answer must be an object with a value for each field")?;
        if let Some(other) = given.keys().find(|name| self.fields.iter().all(|field| field.name != **name)) {
            return Err(format!("`{}` was not asked for", crate::text::clean(other)));
        }
        let mut fitting = Map::new();
        for field in &self.fields {
            match given.get(&field.name).filter(|value| !value.is_null()) {
                None if field.is_required => return Err(format!("`{}` must be given", field.name)),
                None => {}
                Some(value) => {
                    field.fits(value).map_err(|why| format!("`{}` {why}", field.name))?;
                    fitting.insert(field.name.clone(), value.clone());
                }
            }
        }
        Ok(fitting)
    }
}

impl Field {
    /// What somebody typed, as a value of this field; none for nothing.
    ///
    /// # Errors
    /// What would fit.
    pub fn read(&self, typed: &str) -> Result<Option<Value>, String> {
        let typed = typed.trim();
        if typed.is_empty() {
            return Ok(None);
        }
        let value = match &self.kind {
            FieldKind::Text { .. } => Value::from(typed),
            FieldKind::Number { .. } => serde_json::from_str(typed).map_err(|_| format!("must be {}", self.wanted()))?,
            FieldKind::YesNo => match typed.to_lowercase().as_str() {
                "y" | "yes" | "true" => Value::from(true),
                "n" | "no" | "false" => Value::from(false),
                _ => return Err(format!("must be {}", self.wanted())),
            },
            FieldKind::Choice(values) => {
                let (value, _) = chosen(values, typed).ok_or_else(|| format!("must be {}", self.wanted()))?;
                Value::from(value.as_str())
            }
            FieldKind::Several { of, .. } => {
                let chosen = typed.split(',').map(|part| chosen(of, part.trim()).map(|(value, _)| value.as_str()));
                Value::from(chosen.collect::<Option<Vec<_>>>().ok_or_else(|| format!("must be {}", self.wanted()))?)
            }
        };
        self.fits(&value).map(|()| Some(value))
    }

    /// What goes into it, as a person reads it.
    #[must_use]
    pub fn wanted(&self) -> String {
        match &self.kind {
            FieldKind::Text { format: Some(Format::Email), .. } => "an address such as `ada@example.com`".to_owned(),
            FieldKind::Text { format: Some(Format::Uri), .. } => "an address such as `https://example.com`".to_owned(),
            FieldKind::Text { format: Some(Format::Date), .. } => "a date such as `2026-05-31`".to_owned(),
            FieldKind::Text { format: Some(Format::DateTime), .. } => "a time such as `2026-05-31T09:30:00Z`".to_owned(),
            FieldKind::Text { chars_min: 0, chars_max, .. } => format!("a text of at most {chars_max} characters"),
            FieldKind::Text { chars_min, chars_max, .. } => format!("a text of {chars_min} to {chars_max} characters"),
            FieldKind::Number { is_whole, min, max } => {
                let what = if *is_whole { "a whole number" } else { "a number" };
                match (min, max) {
                    (Some(min), Some(max)) => format!("{what} from {min} to {max}"),
                    (Some(min), None) => format!("{what} of at least {min}"),
                    (None, Some(max)) => format!("{what} of at most {max}"),
                    (None, None) => what.to_owned(),
                }
            }
            FieldKind::YesNo => "yes or no".to_owned(),
            FieldKind::Choice(values) => format!("one of {}", listed(values)),
            FieldKind::Several { of, min: 0, max } => format!("at most {max} of {}, with commas between them", listed(of)),
            FieldKind::Several { of, min, max } => format!("{min} to {max} of {}, with commas between them", listed(of)),
        }
    }

    pub(super) fn fits(&self, value: &Value) -> Result<(), String> {
        let fits = match &self.kind {
            FieldKind::Text { chars_min, chars_max, format } => value.as_str().is_some_and(|text| {
                let chars = text.chars().count() as u64;
                (*chars_min..=*chars_max).contains(&chars) && format.is_none_or(|format| looks_like(format, text))
            }),
            FieldKind::Number { is_whole, min, max } => value.as_f64().is_some_and(|number| {
                let is_kind = !is_whole || number.fract() == 0.0;
                is_kind && min.is_none_or(|min| number >= min) && max.is_none_or(|max| number <= max)
            }),
            FieldKind::YesNo => value.is_boolean(),
            FieldKind::Choice(values) => value.as_str().is_some_and(|text| values.iter().any(|(value, _)| value == text)),
            FieldKind::Several { of, min, max } => value.as_array().is_some_and(|list| {
                let is_one = |item: &Value| item.as_str().is_some_and(|text| of.iter().any(|(value, _)| value == text));
                let is_first = |(index, item): (usize, &Value)| !list[..index].contains(item);
                (*min..=*max).contains(&(list.len() as u64)) && list.iter().all(is_one) && list.iter().enumerate().all(is_first)
            }),
        };
        if fits { Ok(()) } else { Err(format!("must be {}", self.wanted())) }
    }
}

/// The value that somebody means: by itself, by its name, or by its place in the list.
fn chosen<'a>(values: &'a [(String, String)], typed: &str) -> Option<&'a (String, String)> {
    let named = values.iter().find(|(value, name)| value == typed || name.eq_ignore_ascii_case(typed));
    named.or_else(|| values.get(typed.parse::<usize>().ok()?.checked_sub(1)?))
}

fn listed(values: &[(String, String)]) -> String {
    let values: Vec<String> = values.iter().map(|(value, _)| format!("`{value}`")).collect();
    values.join(", ")
}

/// Whether a text has the form; whether there is such an address is another question.
fn looks_like(format: Format, text: &str) -> bool {
    match format {
        Format::Email => {
            let parts = text.split_once('@');
            parts.is_some_and(|(who, host)| !who.is_empty() && host.contains('.') && !host.contains('@'))
                && !text.contains(char::is_whitespace)
        }
        Format::Uri => {
            let scheme = text.split_once(':').map(|(scheme, _)| scheme).unwrap_or_default();
            let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
            is_scheme && text.len() > scheme.len() + 1 && !text.contains(char::is_whitespace)
        }
        Format::Date => NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok(),
        Format::DateTime => DateTime::parse_from_rfc3339(text).is_ok(),
    }
}
