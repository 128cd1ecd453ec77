//! What the components of the corpus share. They speak the contract as it is, below the SDK's types, so that every function of it is
//! imported and the files stay small: no JSON is parsed by a library.

/// The text of an argument, in JSON without escapes.
#[must_use]
pub fn argument<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = json.split_once(&format!("\"{name}\":\""))?;
    rest.split_once('"').map(|(text, _)| text)
}

/// A text as JSON.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut json = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            letter if letter.is_control() => json.push('?'),
            letter => json.push(letter),
        }
    }
    json.push('"');
    json
}
