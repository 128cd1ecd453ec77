//! Values made from schemas: valid ones, and ones with one mistake each.

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// A field that no schema has.
pub(super) const UNKNOWN: &str = "surprise";

/// The schemas of the document.
pub(super) struct Schemas<'d>(&'d Value);

impl<'d> Schemas<'d> {
    pub(super) const fn new(document: &'d Value) -> Self {
        Self(document)
    }

    /// The schema itself, where a reference to it stands.
    fn resolved<'s>(&self, schema: &'s Value) -> &'s Value
    where
        'd: 's,
    {
        match schema["$ref"].as_str() {
            Some(pointer) => self.resolved(self.0.pointer(pointer.trim_start_matches('#')).unwrap()),
            None => schema,
        }
    }

    /// The types it may have; none when it may have every type.
    pub(super) fn types(&self, schema: &Value) -> BTreeSet<String> {
        let schema = self.resolved(schema);
        let own = match &schema["type"] {
            Value::String(word) => vec![word.clone()],
            Value::Array(words) => words.iter().filter_map(|word| word.as_str().map(str::to_owned)).collect(),
            _ => Vec::new(),
        };
        let alternatives = schema["oneOf"].as_array().into_iter().flatten().flat_map(|one| self.types(one));
        own.into_iter().chain(alternatives).collect()
    }

    /// A value with every property.
    pub(super) fn sample(&self, schema: &Value) -> Value {
        let schema = self.resolved(schema);
        if let Some(word) = schema["enum"].as_array().and_then(|words| words.first()) {
            return word.clone();
        }
        if let Some(one) = schema["oneOf"].as_array().and_then(|all| all.first()) {
            return self.sample(one);
        }
        let types = self.types(schema);
        let is = |word: &str| types.contains(word);
        if is("object") {
            let properties = schema["properties"].as_object().into_iter().flatten();
            return properties
                .map(|(name, property)| (name.clone(), self.sample(property)))
                .collect::<serde_json::Map<_, _>>()
                .into();
        }
        if is("array") {
            return json!([self.sample(&schema["items"])]);
        }
        if is("integer") || is("number") {
            return json!(schema["minimum"].as_i64().unwrap_or(0).max(1));
        }
        if is("boolean") {
            return json!(false);
        }
        if schema["format"] == "uuid" {
            return json!("018f4e5a-7c1d-7b3a-9f00-0123456789ab");
        }
        let length = usize::try_from(schema["minLength"].as_u64().unwrap_or(0)).unwrap();
        json!("sample".repeat(length / 6 + 1))
    }

    /// The value with one mistake in it: each field, also inside of others, with what its schema forbids, each required one missing,
    /// and one too many.
    pub(super) fn broken(&self, schema: &Value, valid: &Value) -> Vec<(String, Value)> {
        let schema = self.resolved(schema);
        let mut all = self.inside(schema, valid);
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let mut broken = valid.clone();
            broken.as_object_mut().unwrap().shift_remove(name);
            all.push((name.to_owned(), broken));
        }
        let mut broken = valid.clone();
        broken[UNKNOWN] = json!(1);
        all.push((UNKNOWN.to_owned(), broken));
        all
    }

    /// The same of what is in the value.
    fn inside(&self, schema: &Value, value: &Value) -> Vec<(String, Value)> {
        let schema = self.resolved(schema);
        let mut all = Vec::new();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            // What the valid value leaves out may not fit together with the rest of it, so only the field itself is broken.
            let mistakes = match value.get(name) {
                Some(inner) => self.mistakes(property, inner),
                None => nameless(self.forbidden(property, &self.sample(property))),
            };
            for (path, wrong) in mistakes {
                let mut broken = value.clone();
                broken[name] = wrong;
                all.push((joined(name, &path), broken));
            }
        }
        if let (Some(items), Some(first)) = (schema.get("items"), value.get(0)) {
            for (path, wrong) in self.mistakes(items, first) {
                let mut broken = value.clone();
                broken[0] = wrong;
                all.push((joined("[0]", &path), broken));
            }
        }
        all
    }

    fn mistakes(&self, schema: &Value, value: &Value) -> Vec<(String, Value)> {
        let schema = self.chosen(schema);
        let mut all = nameless(self.forbidden(schema, value));
        all.extend(self.inside(schema, value));
        all
    }

    /// The one alternative that is not null, when there is one.
    fn chosen<'s>(&self, schema: &'s Value) -> &'s Value
    where
        'd: 's,
    {
        let schema = self.resolved(schema);
        let alternatives = schema["oneOf"].as_array().into_iter().flatten().filter(|one| one["type"] != "null");
        match alternatives.collect::<Vec<_>>()[..] {
            [only] => self.resolved(only),
            _ => schema,
        }
    }

    /// Values that the schema forbids: of another type, too short or long, out of range, none of the words.
    pub(super) fn forbidden(&self, schema: &Value, value: &Value) -> Vec<Value> {
        let (types, schema) = (self.types(schema), self.chosen(schema));
        let wrong = [json!({"wrong": true}), json!(7.5), json!("wrong")];
        let kinds = ["object", "number", "string"];
        let other = kinds.iter().zip(wrong).find(|(kind, _)| !types.contains(**kind) && !types.is_empty());
        let mut all: Vec<Value> = other.map(|(_, wrong)| wrong).into_iter().collect();
        let number = |word: &str| schema[word].as_i64();
        let length = |word: &str| schema[word].as_u64().map(|length| usize::try_from(length).unwrap());
        all.extend(number("minimum").map(|least| json!(least - 1)));
        all.extend(number("maximum").map(|most| json!(most + 1)));
        all.extend(length("minLength").filter(|least| *least > 0).map(|least| json!("x".repeat(least - 1))));
        all.extend(length("maxLength").map(|most| json!("x".repeat(most + 1))));
        if let Some(item) = value.get(0) {
            all.extend(length("minItems").filter(|least| *least > 0).map(|least| json!(vec![item; least - 1])));
            all.extend(length("maxItems").map(|most| json!(vec![item; most + 1])));
        }
        if schema["enum"].is_array() || matches!(schema["format"].as_str(), Some("uuid" | "date-time")) {
            all.push(json!("no such word"));
        }
        all
    }

    /// Holds an answer against its schema, and looks for fields that the schema does not name.
    pub(super) fn check(&self, name: &str, schema: &Value, value: &Value) {
        let mut whole = schema.clone();
        whole["components"] = self.0["components"].clone();
        let validator = jsonschema::draft202012::new(&whole).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mistakes: Vec<String> =
            validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(mistakes.is_empty(), "{name} answered {value}, but {mistakes:?}");
        self.named(name, schema, value);
    }

    fn named(&self, name: &str, schema: &Value, value: &Value) {
        let schema = self.resolved(schema);
        if let (Some(items), Some(values)) = (schema.get("items"), value.as_array()) {
            values.iter().for_each(|value| self.named(name, items, value));
        }
        let (Some(properties), Some(fields)) = (schema["properties"].as_object(), value.as_object()) else { return };
        for (field, value) in fields {
            let property = properties.get(field);
            let property = property.unwrap_or_else(|| panic!("{name} answered `{field}`, which the document does not name"));
            self.named(name, property, value);
        }
    }
}

fn nameless(values: Vec<Value>) -> Vec<(String, Value)> {
    values.into_iter().map(|value| (String::new(), value)).collect()
}

/// The path of something inside a field, as errors write it.
fn joined(name: &str, rest: &str) -> String {
    let dot = if rest.is_empty() || rest.starts_with('[') { "" } else { "." };
    format!("{name}{dot}{rest}")
}
