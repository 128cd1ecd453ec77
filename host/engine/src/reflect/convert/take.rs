//! JSON to values. Whatever the schema of a type allows is taken, and nothing else.

use serde_json::{Map, Number, Value};

use super::super::Val;
use super::super::shape::{Case, Field, Int, Kind, Label, Shape};
use super::{At, Mismatch, Room, found};

pub(super) fn value(json: &Value, shape: &Shape, at: &At<'_>, room: &mut Room) -> Result<Val, Mismatch> {
    room.take(at)?;
    let wrong = || Mismatch::new(at, &shape.kind, found(json));
    match (&shape.kind, json) {
        (Kind::Bool, Value::Bool(is)) => Ok(Val::Bool(*is)),
        (Kind::Int(int), Value::Number(number)) => integer(*int, number).ok_or_else(wrong),
        (Kind::F32, Value::Number(number)) => float(number).ok_or_else(wrong),
        (Kind::F64, Value::Number(number)) => number.as_f64().filter(|f| f.is_finite()).map(Val::Float64).ok_or_else(wrong),
        (Kind::Char, Value::String(text)) => {
            let mut chars = text.chars();
            chars.next().filter(|_| chars.next().is_none()).map(Val::Char).ok_or_else(wrong)
        }
        (Kind::String, Value::String(text)) => Ok(Val::String(text.clone())),
        (Kind::List(inner), Value::Array(items)) => {
            let items = items.iter().enumerate().map(|(index, item)| value(item, inner, &At::Item(at, index), room));
            Ok(Val::List(items.collect::<Result<_, _>>()?))
        }
        (Kind::Tuple(parts), Value::Array(items)) if items.len() == parts.len() => {
            let both = items.iter().zip(parts).enumerate();
            let items = both.map(|(index, (item, part))| value(item, part, &At::Item(at, index), room));
            Ok(Val::Tuple(items.collect::<Result<_, _>>()?))
        }
        (Kind::Record(parts), Value::Object(_)) => Ok(Val::Record(fields(json, parts, at, room)?)),
        (Kind::Option(_), Value::Null) => Ok(Val::Option(None)),
        (Kind::Option(inner), _) if inner.takes_null() => {
            let some = only(json, "some").ok_or_else(wrong)?;
            Ok(Val::Option(Some(Box::new(value(some, inner, &At::Field(at, "some"), room)?))))
        }
        (Kind::Option(inner), _) => Ok(Val::Option(Some(Box::new(value(json, inner, at, room)?)))),
        (Kind::Variant(cases), Value::Object(given)) => variant(given, cases, at, room)?.ok_or_else(wrong),
        (Kind::Enum(labels), Value::String(name)) => known(labels, name).map(Val::Enum).ok_or_else(wrong),
        (Kind::Flags(labels), Value::Array(items)) => flags(items, labels, at, room),
        (Kind::Result { ok, error }, Value::Object(_)) => {
            if let Some(given) = only(json, "ok") {
                return Ok(Val::Result(Ok(side(given, ok.as_deref(), &At::Field(at, "ok"), room)?)));
            }
            let given = only(json, "error").ok_or_else(wrong)?;
            Ok(Val::Result(Err(side(given, error.as_deref(), &At::Field(at, "error"), room)?)))
        }
        _ => Err(wrong()),
    }
}

/// The fields of a record, in the order of its type.
pub(super) fn fields(json: &Value, parts: &[Field], at: &At<'_>, room: &mut Room) -> Result<Vec<(String, Val)>, Mismatch> {
    let Value::Object(given) = json else { return Err(Mismatch::new(at, "an object", found(json))) };
    let is_known = |name: &String| parts.iter().any(|part| part.name == *name);
    if let Some((unknown, value)) = given.iter().find(|(name, _)| !is_known(name)) {
        let shown: String = unknown.chars().take(super::SHOWN_CHARS_MAX).flat_map(char::escape_debug).collect();
        return Err(Mismatch::new(&At::Field(at, &shown), "no such field", found(value)));
    }
    let taken = parts.iter().map(|part| {
        let at = At::Field(at, &part.name);
        let taken = match given.get(&part.name) {
            Some(given) => value(given, &part.shape, &at, room)?,
            None if part.shape.takes_null() => {
                room.take(&at)?;
                Val::Option(None)
            }
            None => return Err(Mismatch::new(&at, &part.shape.kind, "nothing")),
        };
        Ok((part.name.clone(), taken))
    });
    taken.collect()
}

/// The value of the only field, if that is its name.
fn only<'a>(json: &'a Value, name: &str) -> Option<&'a Value> {
    json.as_object().filter(|fields| fields.len() == 1)?.get(name)
}

/// One side of a result; there is only `null` where its type has nothing.
fn side(json: &Value, shape: Option<&Shape>, at: &At<'_>, room: &mut Room) -> Result<Option<Box<Val>>, Mismatch> {
    match (shape, json) {
        (Some(shape), _) => value(json, shape, at, room).map(|value| Some(Box::new(value))),
        (None, Value::Null) => Ok(None),
        (None, _) => Err(Mismatch::new(at, "`null`", found(json))),
    }
}

/// None when the tag or the fields are wrong.
fn variant(given: &Map<String, Value>, cases: &[Case], at: &At<'_>, room: &mut Room) -> Result<Option<Val>, Mismatch> {
    let tag = given.get("tag").and_then(Value::as_str);
    let Some(case) = cases.iter().find(|case| tag == Some(case.name.as_str())) else { return Ok(None) };
    let fields = if case.shape.is_some() { 2 } else { 1 };
    if given.len() != fields {
        return Ok(None);
    }
    let value = match (&case.shape, given.get("value")) {
        (None, _) => None,
        (Some(shape), Some(given)) => Some(Box::new(value(given, shape, &At::Field(at, "value"), room)?)),
        (Some(_), None) => return Ok(None),
    };
    Ok(Some(Val::Variant(case.name.clone(), value)))
}

fn known(labels: &[Label], name: &str) -> Option<String> {
    labels.iter().find(|label| label.name == name).map(|label| label.name.clone())
}

fn flags(items: &[Value], labels: &[Label], at: &At<'_>, room: &mut Room) -> Result<Val, Mismatch> {
    let mut set: Vec<String> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let at = At::Item(at, index);
        room.take(&at)?;
        let expected = || Kind::Enum(labels.to_vec());
        let flag = item.as_str().and_then(|name| known(labels, name));
        let flag = flag.ok_or_else(|| Mismatch::new(&at, expected(), found(item)))?;
        if set.contains(&flag) {
            return Err(Mismatch::new(&at, "each flag at most once", format_args!("`{flag}` again")));
        }
        set.push(flag);
    }
    Ok(Val::Flags(set))
}

/// An integer in its range. `2.0` is one too, as it is for JSON Schema.
fn integer(int: Int, number: &Number) -> Option<Val> {
    let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from)).or_else(|| {
        let float = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < 1e20)?;
        #[expect(clippy::cast_possible_truncation, reason = "it is whole, and an `i128` holds 1e20")]
        Some(float as i128)
    })?;
    Some(match int {
        Int::S8 => Val::S8(whole.try_into().ok()?),
        Int::U8 => Val::U8(whole.try_into().ok()?),
        Int::S16 => Val::S16(whole.try_into().ok()?),
        Int::U16 => Val::U16(whole.try_into().ok()?),
        Int::S32 => Val::S32(whole.try_into().ok()?),
        Int::U32 => Val::U32(whole.try_into().ok()?),
        Int::S64 => Val::S64(whole.try_into().ok()?),
        Int::U64 => Val::U64(whole.try_into().ok()?),
    })
}

/// The nearest 32-bit float of a number that is in their range.
fn float(number: &Number) -> Option<Val> {
    let float = number.as_f64().filter(|float| float.abs() <= f64::from(f32::MAX))?;
    #[expect(clippy::cast_possible_truncation, reason = "a shorter float is what is asked for")]
    Some(Val::Float32(float as f32))
}
