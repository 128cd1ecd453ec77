//! A manifest, as its author wrote it and as a component carries it.

use octi_extension::manifest::Manifest;
use serde_json::Value;

/// Whatever is accepted reads back as it was written, keeps to the host's limits, and cannot pretend to be more lines than it is.
pub fn run(data: &[u8]) {
    let written = std::str::from_utf8(data).ok().and_then(|text| Manifest::from_toml(text).ok());
    for manifest in written.into_iter().chain(Manifest::from_section(data).ok()) {
        let section = manifest.to_section();
        let again = Manifest::from_section(&section);
        // Numbers with a fraction may change in their last digit on the way.
        if !has_fraction(&manifest) {
            assert_eq!(again, Ok(manifest.clone()), "it reads back as something else");
        }
        let capped = manifest.limits.capped();
        assert_eq!(capped, capped.capped(), "limits that were capped are within the caps");
        assert!(!manifest.alias().contains('/'));
        let lines = manifest.lines();
        for shown in lines.iter().chain([&manifest.id, &manifest.version, &manifest.description]) {
            assert!(!shown.contains(is_control), "a person is shown {shown:?}");
        }
    }
}

/// What moves a terminal's cursor, or turns text around.
fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn has_fraction(manifest: &Manifest) -> bool {
    fn any(value: &Value) -> bool {
        match value {
            Value::Number(number) => number.is_f64(),
            Value::Array(items) => items.iter().any(any),
            Value::Object(fields) => fields.values().any(any),
            _ => false,
        }
    }
    manifest.tools.values().flat_map(|tool| tool.input_schema.iter().chain(&tool.output_schema)).any(any)
}
