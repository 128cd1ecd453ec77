//! Reading a form. What it cannot show is refused by name, so that nobody is asked for less than the plugin thinks.

use serde_json::{Map, Value};

use super::{Field, FieldKind, Form, Format, SECRET_WORDS};
use crate::{limits, text};

const FORM_KEYS: [&str; 7] = ["$schema", "type", "title", "description", "properties", "required", "additionalProperties"];
const COMMON_KEYS: [&str; 4] = ["type", "title", "description", "default"];

impl Form {
    /// Reads a form.
    ///
    /// # Errors
    /// Which part of it is not one of a form, and what would be.
    pub fn parse(schema: Value) -> Result<Self, String> {
        let object = schema.as_object().ok_or("schema: must be an object of JSON Schema")?;
        known(object, &FORM_KEYS, "schema")?;
        if object.get("type").and_then(Value::as_str) != Some("object") {
            return Err("schema.type: must be `object`: a form is a flat object".to_owned());
        }
        let properties = object.get("properties").and_then(Value::as_object).ok_or("schema.properties: must be an object")?;
        let required = names(object.get("required"), "schema.required")?;
        if let Some(none) = required.iter().find(|name| !properties.contains_key(**name)) {
            return Err(format!("schema.required: `{none}` is not one of the properties"));
        }
        if properties.is_empty() || properties.len() > limits::ASK_FIELDS_MAX {
            return Err(format!(
                "schema.properties: a form has 1 to {} fields, not {}",
                limits::ASK_FIELDS_MAX,
                properties.len()
            ));
        }
        let fields = properties.iter().map(|(name, of)| field(name, of, required.contains(&name.as_str())));
        let fields = fields.collect::<Result<Vec<_>, _>>()?;
        Ok(Self { schema, fields })
    }
}

fn field(name: &str, schema: &Value, is_required: bool) -> Result<Field, String> {
    let at = format!("schema.properties.{}", text::clean(name));
    let is_name =
        name.len() <= limits::ASK_NAME_BYTES_MAX && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    if name.is_empty() || !is_name {
        return Err(format!("{at}: a name is 1 to {} letters, digits, `_`, `-` and `.`", limits::ASK_NAME_BYTES_MAX));
    }
    let object = schema.as_object().ok_or_else(|| format!("{at}: must be an object of JSON Schema"))?;
    let [title, description] = [shown(object, "title", &at)?, shown(object, "description", &at)?];
    for told in [Some(name), title.as_deref()].into_iter().flatten() {
        no_secret(told, &at)?;
    }
    let kind = kind(object, &at)?;
    let mut field = Field { name: name.to_owned(), title, description, is_required, default: None, kind };
    if let Some(default) = object.get("default") {
        field.fits(default).map_err(|why| format!("{at}.default: {why}"))?;
        field.default = Some(default.clone());
    }
    Ok(field)
}

/// A secret that is asked for would be stored with the conversation and told to the model.
fn no_secret(told: &str, at: &str) -> Result<(), String> {
    let plain: String = told.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    match SECRET_WORDS.iter().find(|word| plain.contains(**word)) {
        Some(word) => Err(format!(
            "{at}: a form never asks for a secret (`{word}`): ask for `capabilities.vault`, and the person keeps it with `octi secret set`"
        )),
        None => Ok(()),
    }
}

fn kind(object: &Map<String, Value>, at: &str) -> Result<FieldKind, String> {
    let keys = |more: &[&'static str]| COMMON_KEYS.iter().copied().chain(more.iter().copied()).collect::<Vec<_>>();
    match object.get("type").and_then(Value::as_str) {
        Some("string") if object.contains_key("enum") || object.contains_key("oneOf") => {
            known(object, &keys(&["enum", "enumNames", "oneOf"]), at)?;
            choices(object, at).map(FieldKind::Choice)
        }
        Some("array") => {
            known(object, &keys(&["items", "minItems", "maxItems"]), at)?;
            several(object, at)
        }
        Some("string") => {
            known(object, &keys(&["minLength", "maxLength", "format"]), at)?;
            let [chars_min, most] = [count(object, "minLength", at)?, count(object, "maxLength", at)?];
            let chars_max = most.unwrap_or(limits::ASK_TEXT_CHARS_MAX).min(limits::ASK_TEXT_CHARS_MAX);
            let chars_min = chars_min.unwrap_or(0);
            if chars_min > chars_max {
                return Err(format!("{at}.minLength: {chars_min} characters are more than the {chars_max} allowed"));
            }
            Ok(FieldKind::Text { chars_min, chars_max, format: format(object, at)? })
        }
        Some(word @ ("number" | "integer")) => {
            known(object, &keys(&["minimum", "maximum"]), at)?;
            let [min, max] = [number(object, "minimum", at)?, number(object, "maximum", at)?];
            if min.zip(max).is_some_and(|(min, max)| min > max) {
                return Err(format!("{at}.minimum: is above `maximum`, so nothing fits"));
            }
            Ok(FieldKind::Number { is_whole: word == "integer", min, max })
        }
        Some("boolean") => known(object, &keys(&[]), at).map(|()| FieldKind::YesNo),
        _ => Err(format!("{at}.type: must be `string`, `number`, `integer`, `boolean`, or `array` of choices: a form is flat")),
    }
}

/// A list of choices.
fn several(object: &Map<String, Value>, at: &str) -> Result<FieldKind, String> {
    let flat = || format!("{at}.items: must be choices, `enum` or `anyOf`: a form is flat");
    let items = object.get("items").and_then(Value::as_object).ok_or_else(flat)?;
    known(items, &["type", "enum", "enumNames", "oneOf", "anyOf"], &format!("{at}.items"))?;
    if !["enum", "oneOf", "anyOf"].iter().any(|key| items.contains_key(*key)) {
        return Err(flat());
    }
    let of = choices(items, &format!("{at}.items"))?;
    let [min, max] = [count(object, "minItems", at)?, count(object, "maxItems", at)?];
    let (min, max) = (min.unwrap_or(0), max.unwrap_or(u64::MAX).min(of.len() as u64));
    if min > max {
        return Err(format!("{at}.minItems: {min} values are more than the {max} there can be"));
    }
    Ok(FieldKind::Several { of, min, max })
}

/// The values of `enum`, with the names of `enumNames`, or those of `oneOf` and `anyOf` with their titles.
fn choices(object: &Map<String, Value>, at: &str) -> Result<Vec<(String, String)>, String> {
    let titled = ["oneOf", "anyOf"].into_iter().find_map(|key| object.get(key).map(|list| (key, list)));
    let Some((key, list)) = titled else { return named(object, at) };
    let wrong = || format!("{at}.{key}: must be a list of `{{ \"const\": …, \"title\": … }}`");
    let items = list.as_array().ok_or_else(wrong)?;
    let pairs = items.iter().map(|item| {
        let (value, title) = (item.get("const")?.as_str()?, item.get("title"));
        let title = title.map_or(Some(value), Value::as_str)?;
        Some((value.to_owned(), text::clean(title)))
    });
    let pairs = pairs.collect::<Option<Vec<_>>>().ok_or_else(wrong)?;
    bounded(pairs, &format!("{at}.{key}"))
}

fn bounded(pairs: Vec<(String, String)>, at: &str) -> Result<Vec<(String, String)>, String> {
    if pairs.is_empty() || pairs.len() > limits::ASK_CHOICES_MAX {
        return Err(format!("{at}: 1 to {} values, not {}", limits::ASK_CHOICES_MAX, pairs.len()));
    }
    Ok(pairs)
}

fn named(object: &Map<String, Value>, at: &str) -> Result<Vec<(String, String)>, String> {
    let values = names(object.get("enum"), &format!("{at}.enum"))?;
    let called = match object.get("enumNames") {
        None => values.clone(),
        called => names(called, &format!("{at}.enumNames"))?,
    };
    if called.len() != values.len() {
        return Err(format!("{at}.enumNames: must have a name for each of the {} values", values.len()));
    }
    let pairs = values.iter().zip(called).map(|(value, name)| ((*value).to_owned(), text::clean(name)));
    bounded(pairs.collect(), &format!("{at}.enum"))
}

fn format(object: &Map<String, Value>, at: &str) -> Result<Option<Format>, String> {
    let Some(word) = object.get("format") else { return Ok(None) };
    let known = Format::ALL.into_iter().find(|format| Some(format.as_str()) == word.as_str());
    known.map(Some).ok_or_else(|| format!("{at}.format: must be `email`, `uri`, `date` or `date-time`"))
}

fn known(object: &Map<String, Value>, keys: &[&str], at: &str) -> Result<(), String> {
    match object.keys().find(|key| !keys.contains(&key.as_str())) {
        Some(other) => Err(format!("{at}: `{}` is not a part of a form; there are {}", text::clean(other), keys.join(", "))),
        None => Ok(()),
    }
}

fn names<'a>(list: Option<&'a Value>, at: &str) -> Result<Vec<&'a str>, String> {
    let Some(list) = list else { return Ok(Vec::new()) };
    let items = list.as_array().ok_or_else(|| format!("{at}: must be a list of texts"))?;
    items.iter().map(|item| item.as_str().ok_or_else(|| format!("{at}: must be a list of texts"))).collect()
}

fn shown(object: &Map<String, Value>, key: &str, at: &str) -> Result<Option<String>, String> {
    let Some(value) = object.get(key) else { return Ok(None) };
    value.as_str().map(|told| Some(text::clean(told))).ok_or_else(|| format!("{at}.{key}: must be a text"))
}

fn count(object: &Map<String, Value>, key: &str, at: &str) -> Result<Option<u64>, String> {
    let Some(value) = object.get(key) else { return Ok(None) };
    value.as_u64().map(Some).ok_or_else(|| format!("{at}.{key}: must be a whole number, 0 or above"))
}

fn number(object: &Map<String, Value>, key: &str, at: &str) -> Result<Option<f64>, String> {
    let Some(value) = object.get(key) else { return Ok(None) };
    value.as_f64().map(Some).ok_or_else(|| format!("{at}.{key}: must be a number"))
}
