//! Arguments for functions of a component that has no manifest, whatever the types of their parameters are.

use octi_domain::limits;
use octi_extension::schema::{Schema, Verdict};
use serde_json::{Value, json};

use crate::typed::convert;
use crate::typed::schema;
use crate::typed::shape::{Case, Field, Int, Kind, Label, Shape};

/// Types inside of each other that are thought of.
const DEPTH_MAX: usize = 12;

/// The first line is a type in the letters of [`Types`], the rest is JSON. What the schema of the type allows is taken and nothing
/// else; what is taken is given back as JSON that is taken as the same value; and a refusal names its place in one line.
pub fn run(data: &[u8]) {
    let Some((types, json)) = crate::two_texts(data) else { return };
    let Some(shape) = Types(types).shape(0) else { return };
    let Ok(json) = serde_json::from_str::<Value>(json) else { return };
    let parameters = [Field { name: "v".to_owned(), shape, docs: None }];
    // A type may be too much for a schema; then its function is no tool.
    let Ok(schema) = Schema::new(&schema::object(&parameters)) else { return };
    let arguments = json!({ "v": json });
    let verdict = schema.check(&arguments);
    match convert::arguments(&arguments, &parameters) {
        Ok(values) => {
            assert_ne!(verdict, Verdict::Differs, "{arguments} was taken");
            for value in &values {
                let given = convert::to_json(value, &parameters[0].shape).unwrap_or_else(|error| panic!("{value:?}: {error}"));
                let again = convert::arguments(&json!({ "v": given }), &parameters);
                assert_eq!(again.as_ref(), Ok(&values), "{given} is something else");
            }
        }
        Err(mismatch) => {
            let is_full = mismatch.expected.contains(&limits::REFLECT_VALUES_MAX.to_string());
            assert!(verdict != Verdict::Fits || is_full, "{arguments} was not taken: {mismatch}");
            let text = mismatch.to_string();
            assert!(text.starts_with("at `/v"), "{text:?} names no place");
            assert!(!text.contains(char::is_control), "{text:?} is more than a line");
        }
    }
}

/// A type, a letter for each of its parts, with the number of parts and `_` for none where that matters: `r2bos` is a record of a
/// `bool` and an option of a text.
struct Types<'a>(&'a str);

impl Types<'_> {
    fn next(&mut self) -> Option<char> {
        let mut chars = self.0.chars();
        let next = chars.next();
        self.0 = chars.as_str();
        next
    }

    fn count(&mut self) -> Option<usize> {
        let count = self.next()?.to_digit(10)?;
        usize::try_from(count.max(1)).ok()
    }

    fn shape(&mut self, depth: usize) -> Option<Shape> {
        if depth > DEPTH_MAX {
            return None;
        }
        let deeper = depth + 1;
        let kind = match self.next()? {
            'b' => Kind::Bool,
            '1' => Kind::Int(Int::S8),
            '2' => Kind::Int(Int::U8),
            '3' => Kind::Int(Int::S16),
            '4' => Kind::Int(Int::U16),
            '5' => Kind::Int(Int::S32),
            '6' => Kind::Int(Int::U32),
            '7' => Kind::Int(Int::S64),
            '8' => Kind::Int(Int::U64),
            'f' => Kind::F32,
            'd' => Kind::F64,
            'c' => Kind::Char,
            's' => Kind::String,
            'l' => Kind::List(Box::new(self.shape(deeper)?)),
            'o' => Kind::Option(Box::new(self.shape(deeper)?)),
            't' => Kind::Tuple((0..self.count()?).map(|_| self.shape(deeper)).collect::<Option<_>>()?),
            'r' => {
                let field = |(at, shape)| Field { name: name(at), shape, docs: None };
                let shapes: Vec<Shape> = (0..self.count()?).map(|_| self.shape(deeper)).collect::<Option<_>>()?;
                Kind::Record(shapes.into_iter().enumerate().map(field).collect())
            }
            'v' => {
                let case = |(at, shape)| Case { name: name(at), shape, docs: None };
                let shapes: Vec<Option<Shape>> = (0..self.count()?).map(|_| self.maybe(deeper)).collect::<Option<_>>()?;
                Kind::Variant(shapes.into_iter().enumerate().map(case).collect())
            }
            'e' => Kind::Enum(labels(self.count()?)),
            'g' => Kind::Flags(labels(self.count()?)),
            'x' => {
                let (ok, error) = (self.maybe(deeper)?, self.maybe(deeper)?);
                Kind::Result { ok: ok.map(Box::new), error: error.map(Box::new) }
            }
            _ => return None,
        };
        Some(kind.into())
    }

    fn maybe(&mut self, depth: usize) -> Option<Option<Shape>> {
        if self.0.starts_with('_') {
            self.next();
            return Some(None);
        }
        self.shape(depth).map(Some)
    }
}

fn name(at: usize) -> String {
    format!("n-{at}")
}

fn labels(count: usize) -> Vec<Label> {
    (0..count).map(|at| Label { name: name(at), docs: None }).collect()
}
