//! Tools as an author writes them: what the macros make of functions and types.

use octi_sdk::serde_json::{Value, json};
use octi_sdk::{HostError, Operation, Output, Reply, ToolError, data, tool};

#[data]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Celsius,
    DegreesFahrenheit,
}

#[data]
struct Place {
    /// Degrees north.
    latitude: f64,
    /// Degrees
    /// east.
    longitude: f64,
}

#[data]
struct Forecast {
    /// Where.
    place: Place,
    /// How far ahead.
    #[serde(default)]
    hours: Option<u32>,
    #[serde(default)]
    unit: Option<Unit>,
}

#[data]
struct Weather {
    degrees: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<String>,
}

/// Forecasts the weather
/// at a place.
#[tool]
fn forecast(args: Forecast) -> Result<Output<Weather>, ToolError> {
    if args.place.latitude.abs() > 90.0 {
        return Err(ToolError::BadInput("argument `place.latitude`: from -90 to 90".to_owned()));
    }
    let degrees = if args.unit == Some(Unit::DegreesFahrenheit) { 68 } else { 20 };
    let degrees = degrees + i32::try_from(args.hours.unwrap_or_default() + args.place.longitude as u32).unwrap_or_default();
    Ok(Output::new(Weather { degrees, warning: None }).summary(format!("{degrees} degrees")))
}

/// Adds numbers.
#[tool]
fn sum(
    /// What to add.
    numbers: Vec<i64>,
    /// What to begin with.
    #[serde(default)]
    start: i64,
) -> Result<i64, ToolError> {
    Ok(numbers.into_iter().sum::<i64>() + start)
}

/// Never finds anything.
#[tool]
fn lose() -> Result<(), HostError> {
    Err(HostError::NotFound("it is not here".to_owned()))
}

octi_sdk::plugin!(forecast, sum, lose);

fn operation(name: &str) -> Operation {
    let found = TOOLS.iter().find(|tool| tool.name() == name);
    *found.unwrap_or_else(|| panic!("{name} is not an operation"))
}

fn call(name: &str, arguments: Value) -> Result<Reply, ToolError> {
    operation(name).call(&arguments.to_string())
}

fn problem(name: &str, arguments: Value) -> String {
    match call(name, arguments) {
        Err(ToolError::BadInput(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_description_is_the_doc_comment() {
    let description = operation("forecast").describe();
    assert_eq!((description.name.as_str(), description.description.as_str()), ("forecast", "Forecasts the weather at a place."));
}

#[test]
fn the_schema_is_what_a_model_needs_and_no_more() {
    assert_eq!(
        operation("forecast").describe().input_schema,
        json!({
            "type": "object",
            "properties": {
                "place": {
                    "description": "Where.",
                    "type": "object",
                    "properties": {
                        "latitude": {"description": "Degrees north.", "type": "number"},
                        "longitude": {"description": "Degrees east.", "type": "number"}
                    },
                    "additionalProperties": false,
                    "required": ["latitude", "longitude"]
                },
                "hours": {"description": "How far ahead.", "type": ["integer", "null"], "minimum": 0},
                "unit": {"type": ["string", "null"], "enum": ["celsius", "degrees_fahrenheit", null]}
            },
            "additionalProperties": false,
            "required": ["place"]
        })
    );
}

#[test]
fn parameters_make_the_same_kind_of_schema() {
    assert_eq!(
        operation("sum").describe().input_schema,
        json!({
            "type": "object",
            "properties": {
                "numbers": {"description": "What to add.", "type": "array", "items": {"type": "integer"}},
                "start": {"description": "What to begin with.", "type": "integer", "default": 0}
            },
            "additionalProperties": false,
            "required": ["numbers"]
        })
    );
    assert_eq!(
        operation("lose").describe().input_schema,
        json!({"type": "object", "properties": {}, "additionalProperties": false})
    );
}

#[test]
fn an_output_has_a_schema_and_a_plain_value_has_none() {
    let schema = operation("forecast").describe().output_schema.unwrap();
    assert_eq!((&schema["properties"]["degrees"]["type"], &schema["required"]), (&json!("integer"), &json!(["degrees"])));
    assert_eq!(operation("sum").describe().output_schema, None);
}

#[test]
fn a_call_goes_from_json_to_json() {
    let place = json!({"latitude": 52.5, "longitude": 0.0});
    assert_eq!(
        call("forecast", json!({"place": place, "hours": 2, "unit": null})),
        Ok(Reply { content: "{\"degrees\":22}".to_owned(), summary: Some("22 degrees".to_owned()) })
    );
    assert_eq!(call("sum", json!({"numbers": [1, 2], "start": 4})), Ok(Reply { content: "7".to_owned(), summary: None }));
}

#[test]
fn arguments_that_do_not_fit_are_named_with_what_is_valid() {
    for (name, arguments, text) in [
        (
            "sum",
            json!({"numbers": [1, "two"]}),
            "argument `numbers[1]`: invalid type: string \"two\", expected i64; arguments: `numbers` (array, required), `start` (integer)",
        ),
        (
            "sum",
            json!({"number": [1]}),
            "argument `number`: unknown field `number`, expected `numbers` or `start`; arguments: `numbers` (array, required), `start` (integer)",
        ),
        ("sum", json!({}), "missing field `numbers`; arguments: `numbers` (array, required), `start` (integer)"),
        (
            "forecast",
            json!({"place": {"latitude": 1, "longitude": 1}, "unit": "kelvin"}),
            "argument `unit`: unknown variant `kelvin`, expected `celsius` or `degrees_fahrenheit`; arguments: `place` (object, required), \
             `hours` (integer), `unit` (\"celsius\" or \"degrees_fahrenheit\")",
        ),
        ("lose", json!({"x": 1}), "argument `x`: unknown field `x`, there are no fields; it takes no arguments: pass `{}`"),
    ] {
        assert_eq!(problem(name, arguments), text);
    }
}

#[test]
fn arguments_that_are_no_object_are_refused() {
    for text in ["", "[", "7", "{\"numbers\": []} and more", "{\"numbers\": []}{}"] {
        assert!(matches!(operation("sum").call(text), Err(ToolError::BadInput(_))), "{text}");
    }
}

#[test]
fn errors_of_the_function_come_through() {
    assert_eq!(call("lose", json!({})), Err(ToolError::Failed("it is not here".to_owned())));
    assert!(problem("forecast", json!({"place": {"latitude": 91, "longitude": 1}})).contains("from -90 to 90"));
}
