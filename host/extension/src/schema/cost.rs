//! What checking a value against a schema costs: the walk of a validator, counted instead of done.

use octi_domain::limits;
use serde_json::{Map, Value};

/// Steps from the whole into its parts, in a schema and in a value together. A validator goes as deep, on one stack.
const DEPTH_MAX: usize = 200;
/// Bytes of a text that are one step of a pattern.
const PATTERN_STEP_BYTES: usize = 8;

/// Keywords that are not taken, and what to write instead.
const REFUSED: [(&str, &str); 7] = [
    ("$dynamicRef", "use `$ref`"),
    ("$dynamicAnchor", "use `$ref` with a path such as `#/$defs/item`"),
    ("$recursiveRef", "use `$ref`"),
    ("$recursiveAnchor", "use `$ref`"),
    ("$anchor", "use `$ref` with a path such as `#/$defs/item`"),
    ("unevaluatedProperties", "use `additionalProperties`"),
    ("unevaluatedItems", "use `items`"),
];

/// What the schemas below a keyword are held against, when the keyword is held against a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// The same value.
    Same,
    /// The field of the same name.
    Field,
    /// Every field.
    Fields,
    /// The name of every field.
    Names,
    /// The item in the same place.
    Place,
    /// Every item.
    Items,
}

/// Where a keyword leads; none when there is no schema below it that is held against anything.
fn reach(keyword: &str) -> Option<Reach> {
    Some(match keyword {
        "allOf" | "anyOf" | "oneOf" | "not" | "if" | "then" | "else" | "dependentSchemas" | "dependencies" => Reach::Same,
        "properties" => Reach::Field,
        "patternProperties" | "additionalProperties" => Reach::Fields,
        "propertyNames" => Reach::Names,
        "prefixItems" => Reach::Place,
        "items" | "contains" => Reach::Items,
        _ => return None,
    })
}

/// The schemas below a keyword, each with its name when they have names.
fn below<'a>(keyword: &str, given: &'a Value) -> Box<dyn Iterator<Item = (&'a str, &'a Value)> + 'a> {
    match (keyword, given) {
        ("properties" | "patternProperties" | "dependentSchemas" | "dependencies", Value::Object(named)) => {
            Box::new(named.iter().map(|(name, schema)| (name.as_str(), schema)))
        }
        (_, Value::Array(listed)) => Box::new(listed.iter().map(|schema| ("", schema))),
        (_, one) => Box::new(std::iter::once(("", one))),
    }
}

/// What a reference points at, in the same schema.
fn target<'a>(root: &'a Value, reference: &Value) -> Result<&'a Value, String> {
    let text = reference.as_str().unwrap_or_default();
    let path = text.strip_prefix('#').ok_or_else(|| {
        format!(
            "`$ref` leads to `{}`, outside of the schema: put what it means below `$defs` and write `#/$defs/NAME`",
            short(text)
        )
    })?;
    root.pointer(path).ok_or_else(|| format!("`$ref` leads to `{}`, and there is nothing", short(text)))
}

/// Enough of a text to find it by.
fn short(text: &str) -> &str {
    &text[..text.floor_char_boundary(100)]
}

/// Whether a schema is one that checks at a bounded cost.
pub(super) fn vet(root: &Value) -> Result<(), String> {
    if nesting(root) > limits::SCHEMA_DEPTH_MAX {
        return Err(format!("it is nested more than {} levels deep", limits::SCHEMA_DEPTH_MAX));
    }
    Expansion { root, parts: 0, path: Vec::new() }.visit(root, false)
}

/// Levels of lists and objects in a value. Values that were parsed have at most 128.
fn nesting(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(nesting).max().unwrap_or_default(),
        Value::Object(fields) => 1 + fields.values().map(nesting).max().unwrap_or_default(),
        _ => 0,
    }
}

/// The schema with what every reference leads to in the place of the reference, as a validator compiles it.
struct Expansion<'a> {
    root: &'a Value,
    parts: usize,
    /// The schemas that lead here, and whether each is held against the same value as the one before it.
    path: Vec<(&'a Value, bool)>,
}

impl<'a> Expansion<'a> {
    fn visit(&mut self, schema: &'a Value, same: bool) -> Result<(), String> {
        self.parts += 1;
        if self.parts > limits::SCHEMA_PARTS_MAX {
            return Err(format!("it has more than {} parts once its references are followed", limits::SCHEMA_PARTS_MAX));
        }
        let Value::Object(keywords) = schema else { return Ok(()) };
        if let Some(at) = self.path.iter().position(|(above, _)| std::ptr::eq(*above, schema)) {
            let ends = !same || self.path[at + 1..].iter().any(|(_, same)| !same);
            return if ends { Ok(()) } else { Err("it contains itself: a `$ref` leads back without a step into a value".into()) };
        }
        if self.path.len() >= DEPTH_MAX {
            return Err(format!("its references lead more than {DEPTH_MAX} levels deep"));
        }
        self.refuse(keywords)?;
        self.path.push((schema, same));
        for (keyword, given) in keywords {
            if keyword == "$ref" {
                self.visit(target(self.root, given)?, true)?;
            }
            let Some(reach) = reach(keyword) else { continue };
            for (_, part) in below(keyword, given) {
                self.visit(part, reach == Reach::Same)?;
            }
        }
        self.path.pop();
        Ok(())
    }

    fn refuse(&self, keywords: &Map<String, Value>) -> Result<(), String> {
        if let Some((keyword, instead)) = REFUSED.iter().find(|(keyword, _)| keywords.contains_key(*keyword)) {
            return Err(format!("it uses `{keyword}`, which is not taken: {instead}"));
        }
        // References would have to be followed from there.
        if keywords.contains_key("$id") && !self.path.is_empty() {
            return Err("it uses `$id` below its root, which is not taken: use `$ref` with a path from the root".into());
        }
        Ok(())
    }
}

/// Whether checking the value takes few enough steps. The schema was vetted.
pub(super) fn is_affordable(root: &Value, value: &Value) -> bool {
    Walk { root, steps_left: limits::SCHEMA_CHECK_STEPS_MAX, depth: 0 }.visit(root, value).is_some()
}

/// A check that only counts. It ends early (none) when it is too long or too deep.
struct Walk<'a> {
    root: &'a Value,
    steps_left: usize,
    depth: usize,
}

impl Walk<'_> {
    fn spend(&mut self, steps: usize) -> Option<()> {
        self.steps_left = self.steps_left.checked_sub(steps)?;
        Some(())
    }

    fn visit(&mut self, schema: &Value, value: &Value) -> Option<()> {
        let Value::Object(keywords) = schema else { return self.spend(1) };
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return None;
        }
        self.spend(1 + keywords.len())?;
        for (keyword, given) in keywords {
            self.spend(own(keyword, given, value))?;
            if keyword == "$ref" {
                self.visit(target(self.root, given).ok()?, value)?;
            }
            if let Some(reach) = reach(keyword) {
                self.descend(reach, keyword, given, value)?;
            }
        }
        self.depth -= 1;
        Some(())
    }

    fn descend(&mut self, reach: Reach, keyword: &str, given: &Value, value: &Value) -> Option<()> {
        for (at, (name, part)) in below(keyword, given).enumerate() {
            self.spend(1)?;
            match (reach, value) {
                (Reach::Same, _) => self.visit(part, value)?,
                (Reach::Field, Value::Object(fields)) => fields.get(name).map_or(Some(()), |field| self.visit(part, field))?,
                (Reach::Fields, Value::Object(fields)) => {
                    for (field_name, field) in fields {
                        self.spend(field_name.len() / PATTERN_STEP_BYTES)?;
                        self.visit(part, field)?;
                    }
                }
                (Reach::Names, Value::Object(fields)) => {
                    fields.keys().try_for_each(|name| self.visit(part, &Value::String(name.clone())))?;
                }
                (Reach::Place, Value::Array(items)) => items.get(at).map_or(Some(()), |item| self.visit(part, item))?,
                (Reach::Items, Value::Array(items)) => items.iter().try_for_each(|item| self.visit(part, item))?,
                _ => {}
            }
        }
        Some(())
    }
}

/// Steps of a keyword that compares: with each of a list, or along a text.
fn own(keyword: &str, given: &Value, value: &Value) -> usize {
    match (keyword, given, value) {
        ("enum" | "required", Value::Array(listed), _) => listed.len(),
        ("dependentRequired", Value::Object(named), Value::Object(_)) => {
            named.values().map(|names| names.as_array().map_or(1, Vec::len)).sum()
        }
        ("pattern", _, Value::String(text)) => text.len() / PATTERN_STEP_BYTES,
        ("uniqueItems", _, Value::Array(items)) => items.len(),
        _ => 0,
    }
}
