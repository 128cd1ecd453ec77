//! What goes in comes out, what the schema allows goes in, and the rest is refused with its place.

use octi_domain::limits;
use octi_extension::schema::{Schema, Verdict};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::schema;
use super::super::shape::{Case, Int, Kind, Label};
use super::*;

fn shape(kind: Kind) -> Shape {
    kind.into()
}

fn int(int: Int) -> Shape {
    shape(Kind::Int(int))
}

fn list(inner: Shape) -> Shape {
    shape(Kind::List(Box::new(inner)))
}

fn option(inner: Shape) -> Shape {
    shape(Kind::Option(Box::new(inner)))
}

fn labels(names: &[&str]) -> Vec<Label> {
    names.iter().map(|name| Label { name: (*name).into(), docs: None }).collect()
}

fn field(name: &str, shape: Shape) -> Field {
    Field { name: name.into(), shape, docs: None }
}

fn case(name: &str, shape: Option<Shape>) -> Case {
    Case { name: name.into(), shape, docs: None }
}

/// One value, as the argument `v` of a call.
fn take(json: &Value, shape: &Shape) -> Result<Val, Mismatch> {
    let mut given = arguments(&json!({ "v": json }), &[field("v", shape.clone())])?;
    Ok(given.remove(0))
}

fn refusal(json: &Value, shape: &Shape) -> String {
    take(json, shape).map_or_else(|mismatch| mismatch.to_string(), |value| format!("taken: {value:?}"))
}

#[test]
fn integers_are_whole_and_in_their_range() {
    assert_eq!(take(&json!(255), &int(Int::U8)), Ok(Val::U8(255)));
    assert_eq!(take(&json!(2.0), &int(Int::S16)), Ok(Val::S16(2)));
    assert_eq!(take(&json!(u64::MAX), &int(Int::U64)), Ok(Val::U64(u64::MAX)));
    assert_eq!(take(&json!(i64::MIN), &int(Int::S64)), Ok(Val::S64(i64::MIN)));
    assert_eq!(refusal(&json!(256), &int(Int::U8)), "at `/v`: expected an integer from 0 to 255 (u8), found `256`");
    for (json, int_kind) in [
        (json!(-1), Int::U64),
        (json!(1.5), Int::S32),
        (json!(1e30), Int::U64),
        (json!(18_446_744_073_709_551_616.0), Int::U64),
        (json!(u64::MAX), Int::S64),
        (json!("7"), Int::U8),
        (json!(true), Int::U8),
    ] {
        assert!(refusal(&json, &int(int_kind)).contains("expected an integer"), "{json}");
    }
}

#[test]
fn what_json_cannot_write_is_refused_with_its_place() {
    let floats = Val::List(vec![Val::Float64(1.0), Val::Float64(f64::NAN)]);
    let refused = to_json(&floats, &list(shape(Kind::F64))).map_err(|mismatch| mismatch.to_string());
    assert_eq!(refused, Err("at `/1`: expected a number that JSON can write, found `NaN`".to_owned()));
    for infinite in [f32::INFINITY, f32::NEG_INFINITY, f32::NAN] {
        assert!(to_json(&Val::Float32(infinite), &shape(Kind::F32)).is_err());
    }
    // Neither can they be written by whoever calls.
    assert!(serde_json::from_str::<Value>("1e999").is_err());
    assert!(refusal(&json!(1e39), &shape(Kind::F32)).contains("32-bit float"));
    assert_eq!(take(&json!(f64::from(f32::MAX)), &shape(Kind::F32)), Ok(Val::Float32(f32::MAX)));
    assert_eq!(to_json(&Val::Float32(0.1), &shape(Kind::F32)), Ok(json!(0.1)));
}

#[test]
fn a_character_is_one_and_no_half_of_one() {
    assert_eq!(take(&json!("🦀"), &shape(Kind::Char)), Ok(Val::Char('🦀')));
    for text in ["", "ab", "e\u{301}"] {
        assert!(refusal(&json!(text), &shape(Kind::Char)).contains("one character"), "{text}");
    }
    assert!(serde_json::from_str::<Value>(r#""\ud83e""#).is_err(), "a lone surrogate is not even JSON");
}

#[test]
fn records_take_what_they_have_and_nothing_else() {
    let point = shape(Kind::Record(vec![field("x", int(Int::S32)), field("label", option(shape(Kind::String)))]));
    let expected = Val::Record(vec![("x".into(), Val::S32(1)), ("label".into(), Val::Option(None))]);
    assert_eq!(take(&json!({ "x": 1 }), &point), Ok(expected.clone()));
    assert_eq!(take(&json!({ "label": null, "x": 1 }), &point), Ok(expected));
    assert_eq!(refusal(&json!({ "x": 1, "z": 2 }), &point), "at `/v/z`: expected no such field, found `2`");
    assert!(refusal(&json!({}), &point).starts_with("at `/v/x`: expected an integer"));
    assert_eq!(refusal(&json!([]), &point), "at `/v`: expected an object (record), found a list of 0");
    let odd = refusal(&json!({ "x": 1, "a/b~\n": 2 }), &point);
    assert_eq!(odd, "at `/v/a~1b~0\\n`: expected no such field, found `2`");
}

#[test]
fn a_case_has_its_value_or_none() {
    let variant = shape(Kind::Variant(vec![case("circle", Some(shape(Kind::F64))), case("dot", None)]));
    let circle = Val::Variant("circle".into(), Some(Box::new(Val::Float64(2.0))));
    assert_eq!(take(&json!({ "tag": "circle", "value": 2 }), &variant), Ok(circle));
    assert_eq!(take(&json!({ "tag": "dot" }), &variant), Ok(Val::Variant("dot".into(), None)));
    for wrong in
        [json!({ "tag": "dot", "value": 1 }), json!({ "tag": "circle" }), json!({ "tag": "box" }), json!({ "circle": 2 })]
    {
        assert!(refusal(&wrong, &variant).contains("the tags are `circle`, `dot`"), "{wrong}");
    }
    assert!(refusal(&json!({ "tag": "circle", "value": "2" }), &variant).starts_with("at `/v/value`: expected a number"));
}

#[test]
fn flags_are_known_and_different() {
    let flags = shape(Kind::Flags(labels(&["read", "write"])));
    assert_eq!(take(&json!(["write"]), &flags), Ok(Val::Flags(vec!["write".into()])));
    assert_eq!(refusal(&json!(["read", "read"]), &flags), "at `/v/1`: expected each flag at most once, found `read` again");
    assert_eq!(refusal(&json!(["run"]), &flags), "at `/v/0`: expected one of `read`, `write`, found the text `run`");
    let one = shape(Kind::Enum(labels(&["red", "blue"])));
    assert_eq!(refusal(&json!("green"), &one), "at `/v`: expected one of `red`, `blue`, found the text `green`");
}

#[test]
fn both_kinds_of_nothing_can_be_said() {
    let twice = option(option(shape(Kind::Bool)));
    let some = |value| Val::Option(Some(Box::new(value)));
    for (json, value) in [
        (json!(null), Val::Option(None)),
        (json!({ "some": null }), some(Val::Option(None))),
        (json!({ "some": true }), some(some(Val::Bool(true)))),
    ] {
        assert_eq!(take(&json, &twice), Ok(value.clone()));
        assert_eq!(to_json(&value, &twice), Ok(json));
    }
    let outcome = shape(Kind::Result { ok: None, error: Some(Box::new(shape(Kind::String))) });
    assert_eq!(take(&json!({ "ok": null }), &outcome), Ok(Val::Result(Ok(None))));
    assert!(refusal(&json!({ "ok": 1 }), &outcome).starts_with("at `/v/ok`: expected `null`"));
    assert!(refusal(&json!({ "ok": null, "error": "x" }), &outcome).contains("either `ok` or `error`"));
}

#[test]
fn too_many_values_are_refused_both_ways() {
    let many = limits::REFLECT_VALUES_MAX;
    let bools = list(shape(Kind::Bool));
    let refused = refusal(&Value::Array(vec![json!(true); many]), &bools);
    assert_eq!(refused, "at `/v/249999`: expected at most 250000 values altogether, found more of them");
    assert!(take(&Value::Array(vec![json!(true); many - 1]), &bools).is_ok());
    assert!(to_json(&Val::List(vec![Val::Bool(true); many]), &bools).is_err());
    // What is left out is a value too: a few bytes of text must not become gigabytes.
    let optional: Vec<Field> =
        (0..1_000).map(|at| field(&format!("n-{at}"), shape(Kind::Option(Box::new(shape(Kind::Bool)))))).collect();
    let refused = refusal(&Value::Array(vec![json!({}); 1_000]), &list(shape(Kind::Record(optional))));
    assert!(refused.contains("at most 250000 values altogether"), "{refused}");
}

/// Any type, at most a few levels deep.
fn any_shape() -> impl Strategy<Value = Shape> {
    let ints = prop::sample::select(vec![Int::S8, Int::U8, Int::S16, Int::U16, Int::S32, Int::U32, Int::S64, Int::U64]);
    let named = |count| (0..count).map(|at| format!("n-{at}")).collect::<Vec<_>>();
    let label = move |count| named(count).into_iter().map(|name| Label { name, docs: None }).collect::<Vec<_>>();
    let leaf = prop_oneof![
        ints.prop_map(Kind::Int),
        prop::sample::select(vec![Kind::Bool, Kind::F32, Kind::F64, Kind::Char, Kind::String]),
        (1_usize..6).prop_map(move |count| Kind::Enum(label(count))),
        (1_usize..6).prop_map(move |count| Kind::Flags(label(count))),
    ];
    leaf.prop_map(shape).prop_recursive(4, 24, 4, move |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        let side = prop::option::of(boxed.clone());
        let fields =
            |shapes: Vec<Shape>| shapes.into_iter().enumerate().map(|(at, shape)| field(&format!("n-{at}"), shape)).collect();
        let cases = |shapes: Vec<Option<Shape>>| {
            shapes.into_iter().enumerate().map(|(at, shape)| case(&format!("n-{at}"), shape)).collect()
        };
        let kinds = prop_oneof![
            boxed.clone().prop_map(Kind::List),
            boxed.prop_map(Kind::Option),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Kind::Tuple),
            prop::collection::vec(inner.clone(), 1..4).prop_map(move |shapes| Kind::Record(fields(shapes))),
            prop::collection::vec(prop::option::of(inner), 1..4).prop_map(move |shapes| Kind::Variant(cases(shapes))),
            (side.clone(), side).prop_map(|(ok, error)| Kind::Result { ok, error }),
        ];
        kinds.prop_map(shape)
    })
}

/// Any value of a type that JSON can write.
fn value_of(shape: &Shape) -> BoxedStrategy<Val> {
    let maybe = |shape: Option<&Shape>| match shape {
        Some(shape) => value_of(shape).prop_map(|value| Some(Box::new(value))).boxed(),
        None => Just(None).boxed(),
    };
    match &shape.kind {
        Kind::Bool => any::<bool>().prop_map(Val::Bool).boxed(),
        Kind::Int(int) => integer_of(*int),
        Kind::F32 => any::<f32>().prop_filter("finite", |f| f.is_finite()).prop_map(Val::Float32).boxed(),
        Kind::F64 => any::<f64>().prop_filter("finite", |f| f.is_finite()).prop_map(Val::Float64).boxed(),
        Kind::Char => any::<char>().prop_map(Val::Char).boxed(),
        Kind::String => any::<String>().prop_map(Val::String).boxed(),
        Kind::List(inner) => prop::collection::vec(value_of(inner), 0..4).prop_map(Val::List).boxed(),
        Kind::Tuple(parts) => parts.iter().map(value_of).collect::<Vec<_>>().prop_map(Val::Tuple).boxed(),
        Kind::Record(fields) => {
            let named = |field: &Field| (Just(field.name.clone()), value_of(&field.shape));
            fields.iter().map(named).collect::<Vec<_>>().prop_map(Val::Record).boxed()
        }
        Kind::Option(inner) => prop_oneof![Just(None).boxed(), maybe(Some(inner))].prop_map(Val::Option).boxed(),
        Kind::Variant(cases) => {
            let one = |case: &Case| {
                let name = case.name.clone();
                maybe(case.shape.as_ref()).prop_map(move |value| Val::Variant(name.clone(), value)).boxed()
            };
            prop::strategy::Union::new(cases.iter().map(one)).boxed()
        }
        Kind::Enum(labels) => {
            let names: Vec<String> = labels.iter().map(|label| label.name.clone()).collect();
            prop::sample::select(names).prop_map(Val::Enum).boxed()
        }
        Kind::Flags(labels) => {
            let names: Vec<String> = labels.iter().map(|label| label.name.clone()).collect();
            prop::sample::subsequence(names.clone(), 0..=names.len()).prop_map(Val::Flags).boxed()
        }
        Kind::Result { ok, error } => {
            let (ok, error) = (maybe(ok.as_deref()), maybe(error.as_deref()));
            prop_oneof![ok.prop_map(Ok), error.prop_map(Err)].prop_map(Val::Result).boxed()
        }
    }
}

fn integer_of(int: Int) -> BoxedStrategy<Val> {
    match int {
        Int::S8 => any::<i8>().prop_map(Val::S8).boxed(),
        Int::U8 => any::<u8>().prop_map(Val::U8).boxed(),
        Int::S16 => any::<i16>().prop_map(Val::S16).boxed(),
        Int::U16 => any::<u16>().prop_map(Val::U16).boxed(),
        Int::S32 => any::<i32>().prop_map(Val::S32).boxed(),
        Int::U32 => any::<u32>().prop_map(Val::U32).boxed(),
        Int::S64 => any::<i64>().prop_map(Val::S64).boxed(),
        Int::U64 => any::<u64>().prop_map(Val::U64).boxed(),
    }
}

/// JSON of few kinds, so that it often nearly fits.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-300_i64..300).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-c]{0,2}".prop_map(Value::from),
        (0..4).prop_map(|at| Value::from(format!("n-{at}"))),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let names = prop::sample::select(vec!["n-0", "n-1", "n-2", "tag", "value", "ok", "error", "some"]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((names, inner), 0..3)
                .prop_map(|fields| Value::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn what_was_given_is_taken_again((shape, value) in any_shape().prop_flat_map(|shape| { let value = value_of(&shape); (Just(shape), value) })) {
        let json = to_json(&value, &shape).map_err(|mismatch| TestCaseError::fail(mismatch.to_string()))?;
        let read: Value = serde_json::from_str(&json.to_string()).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let taken = take(&json, &shape);
        prop_assert_eq!(taken.as_ref(), Ok(&value), "{}", json);
        prop_assert_eq!(read.is_null(), json.is_null());
        let schema = Schema::new(&schema::of(&shape)).map_err(TestCaseError::fail)?;
        prop_assert_eq!(schema.check(&json), Verdict::Fits, "{} is not {}", json, schema::of(&shape));
    }

    #[test]
    fn what_the_schema_allows_is_taken_and_nothing_else(shape in any_shape(), json in any_json()) {
        let schema = Schema::new(&schema::of(&shape)).map_err(TestCaseError::fail)?;
        let taken = take(&json, &shape);
        prop_assert_eq!(schema.check(&json) == Verdict::Fits, taken.is_ok(), "{} against {}: {:?}", json, schema::of(&shape), taken);
    }
}
