//! Values to JSON.

use serde_json::{Map, Number, Value, json};

use super::super::Val;
use super::super::shape::{Case, Int, Kind, Shape};
use super::{At, Mismatch, Room};

pub(super) fn json(value: &Val, shape: &Shape, at: &At<'_>, room: &mut Room) -> Result<Value, Mismatch> {
    room.take(at)?;
    // The engine lifts by the same type, so this is never said unless one of both is wrong.
    let wrong = || Mismatch::new(at, &shape.kind, "a value of another type");
    Ok(match (&shape.kind, value) {
        (Kind::Bool, Val::Bool(is)) => Value::Bool(*is),
        (Kind::Int(int), _) => integer(*int, value).ok_or_else(wrong)?,
        (Kind::F32, Val::Float32(float)) => finite(shortest(*float), float, at)?,
        (Kind::F64, Val::Float64(float)) => finite(*float, float, at)?,
        (Kind::Char, Val::Char(one)) => Value::String((*one).into()),
        (Kind::String, Val::String(text)) => Value::String(text.clone()),
        (Kind::List(inner), Val::List(items)) => {
            let items = items.iter().enumerate().map(|(index, item)| json(item, inner, &At::Item(at, index), room));
            Value::Array(items.collect::<Result<_, _>>()?)
        }
        (Kind::Tuple(parts), Val::Tuple(items)) if items.len() == parts.len() => {
            let both = items.iter().zip(parts).enumerate();
            let items = both.map(|(index, (item, part))| json(item, part, &At::Item(at, index), room));
            Value::Array(items.collect::<Result<_, _>>()?)
        }
        (Kind::Record(parts), Val::Record(fields)) if fields.len() == parts.len() => {
            let mut object = Map::new();
            for (part, (name, field)) in parts.iter().zip(fields) {
                let at = At::Field(at, &part.name);
                if *name != part.name {
                    return Err(Mismatch::new(&at, "this field", "another one"));
                }
                object.insert(name.clone(), json(field, &part.shape, &at, room)?);
            }
            Value::Object(object)
        }
        (Kind::Option(_), Val::Option(None)) => Value::Null,
        (Kind::Option(inner), Val::Option(Some(value))) if inner.takes_null() => {
            json!({ "some": json(value, inner, &At::Field(at, "some"), room)? })
        }
        (Kind::Option(inner), Val::Option(Some(value))) => json(value, inner, at, room)?,
        (Kind::Variant(cases), Val::Variant(name, value)) => {
            let case = cases.iter().find(|case| case.name == *name).ok_or_else(wrong)?;
            variant(case, value.as_deref(), at, room)?.ok_or_else(wrong)?
        }
        (Kind::Enum(labels), Val::Enum(name)) if labels.iter().any(|label| label.name == *name) => Value::String(name.clone()),
        (Kind::Flags(labels), Val::Flags(names)) if names.iter().all(|name| labels.iter().any(|label| label.name == *name)) => {
            Value::Array(names.iter().cloned().map(Value::String).collect())
        }
        (Kind::Result { ok, .. }, Val::Result(Ok(value))) => {
            json!({ "ok": side(value.as_deref(), ok.as_deref(), &At::Field(at, "ok"), room)?.ok_or_else(wrong)? })
        }
        (Kind::Result { error, .. }, Val::Result(Err(value))) => {
            json!({ "error": side(value.as_deref(), error.as_deref(), &At::Field(at, "error"), room)?.ok_or_else(wrong)? })
        }
        _ => return Err(wrong()),
    })
}

/// `null` where the type has nothing; none when value and type differ in whether there is something.
fn side(value: Option<&Val>, shape: Option<&Shape>, at: &At<'_>, room: &mut Room) -> Result<Option<Value>, Mismatch> {
    match (value, shape) {
        (Some(value), Some(shape)) => json(value, shape, at, room).map(Some),
        (None, None) => Ok(Some(Value::Null)),
        _ => Ok(None),
    }
}

/// None when value and case differ in whether there is something.
fn variant(case: &Case, value: Option<&Val>, at: &At<'_>, room: &mut Room) -> Result<Option<Value>, Mismatch> {
    match (value, &case.shape) {
        (Some(value), Some(shape)) => {
            let value = json(value, shape, &At::Field(at, "value"), room)?;
            Ok(Some(json!({ "tag": case.name, "value": value })))
        }
        (None, None) => Ok(Some(json!({ "tag": case.name }))),
        _ => Ok(None),
    }
}

fn integer(int: Int, value: &Val) -> Option<Value> {
    Some(match (int, value) {
        (Int::S8, Val::S8(number)) => (*number).into(),
        (Int::U8, Val::U8(number)) => (*number).into(),
        (Int::S16, Val::S16(number)) => (*number).into(),
        (Int::U16, Val::U16(number)) => (*number).into(),
        (Int::S32, Val::S32(number)) => (*number).into(),
        (Int::U32, Val::U32(number)) => (*number).into(),
        (Int::S64, Val::S64(number)) => (*number).into(),
        (Int::U64, Val::U64(number)) => (*number).into(),
        _ => return None,
    })
}

fn finite(float: f64, shown: impl std::fmt::Display, at: &At<'_>) -> Result<Value, Mismatch> {
    let number = Number::from_f64(float).map(Value::Number);
    number.ok_or_else(|| Mismatch::new(at, "a number that JSON can write", format_args!("`{shown}`")))
}

/// `0.1` for the float that is written so, not `0.10000000149011612`.
fn shortest(float: f32) -> f64 {
    let exact = f64::from(float);
    let short: f64 = float.to_string().parse().unwrap_or(exact);
    #[expect(clippy::cast_possible_truncation, reason = "that it gives the same again is what is checked")]
    let again = short as f32;
    // What is written shortly may be just outside of the range.
    let is_same = again.to_bits() == float.to_bits() && short.abs() <= f64::from(f32::MAX);
    if is_same { short } else { exact }
}
