//! A conversation told to a model that takes no part in it: it has no tools, so calls and results are words.

use octi_domain::limits;
use octi_domain::message::{Part, Role};
use octi_models::ChatMessage;
use octi_security::guard::Redactor;

use crate::tools::bound::head;

/// Puts what was called and answered into words, and cuts what is long. What is cut has no secrets, because half of one would
/// not be known as one any more.
pub(super) fn put(message: &mut ChatMessage, redactor: &Redactor) {
    let cut = |text: &str| cut(text, redactor);
    if message.role == Role::Tool {
        // Without tools there is nobody else who could say it; the words say who did.
        message.role = Role::User;
    }
    for (index, part) in message.parts.iter_mut().enumerate() {
        let words = match part {
            Part::Text(text) => cut(text),
            Part::ToolCall(call) => format!("[called the tool `{}` with {}]", call.name, cut(&call.arguments.to_string())),
            Part::ToolResult(result) if result.content == super::UNANSWERED => {
                format!("[the tool `{}` gave no result yet: {}]", result.name, result.content)
            }
            Part::ToolResult(result) if result.is_error => {
                format!("[the tool `{}` failed: {}]", result.name, cut(&result.content))
            }
            Part::ToolResult(result) => format!("[the tool `{}` answered: {}]", result.name, cut(&result.content)),
            Part::Attachment(_) | Part::Reasoning(_) => continue,
        };
        *part = Part::Text(if index == 0 { words } else { format!("\n{words}") });
    }
}

fn cut(text: &str, redactor: &Redactor) -> String {
    if text.len() <= limits::SIDE_PART_BYTES_MAX {
        return text.to_owned();
    }
    let text = redactor.redact(text);
    let beginning = head(&text, limits::SIDE_PART_BYTES_MAX);
    match text.len() - beginning.len() {
        0 => text.into_owned(),
        left_out => format!("{beginning}… [{left_out} more bytes were left out]"),
    }
}

#[cfg(test)]
mod tests {
    use octi_domain::message::{ToolCall, ToolResult, plain_text};
    use proptest::prelude::*;
    use secrecy::SecretString;
    use serde_json::json;

    use super::*;

    const KEY: &str = "s3cr3t-value-of-ada";

    fn told(role: Role, parts: Vec<Part>) -> (Role, String) {
        let mut message = ChatMessage { role, parts };
        let secret = ("key".to_owned(), SecretString::from(KEY));
        put(&mut message, &Redactor::new([secret]));
        (message.role, plain_text(&message.parts))
    }

    fn result(content: &str, is_error: bool) -> Part {
        let (call_id, name, content) = ("c".to_owned(), "files__read".to_owned(), content.to_owned());
        Part::ToolResult(ToolResult { call_id, name, content, is_error, artifact: None, files: Vec::new() })
    }

    #[test]
    fn calls_and_results_are_told_in_words() {
        let arguments = json!({"path": "a"});
        let call = Part::ToolCall(ToolCall { id: "c".into(), name: "files__read".into(), arguments, signature: None });
        let asked = told(Role::Assistant, vec![Part::Text("I look.".into()), call]);
        assert_eq!(asked, (Role::Assistant, "I look.\n[called the tool `files__read` with {\"path\":\"a\"}]".to_owned()));
        let answered = told(Role::Tool, vec![result("milk", false), result("no such file", true)]);
        let words = "[the tool `files__read` answered: milk]\n[the tool `files__read` failed: no such file]";
        assert_eq!(answered, (Role::User, words.to_owned()));
    }

    #[test]
    fn what_is_long_is_cut_and_says_so() {
        let (_, words) = told(Role::User, vec![Part::Text("é".repeat(limits::SIDE_PART_BYTES_MAX))]);
        assert!(words.len() < limits::SIDE_PART_BYTES_MAX + 60, "{}", words.len());
        assert!(words.ends_with(&format!("… [{} more bytes were left out]", limits::SIDE_PART_BYTES_MAX)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_half_of_a_secret_is_left_where_it_is_cut(before in 0..2 * KEY.len(), behind in 0_usize..40) {
            let text = format!("{}{KEY}{}", "é".repeat(limits::SIDE_PART_BYTES_MAX / 2 - before), "x".repeat(behind));
            let arguments = json!({ "text": &text });
            let call = Part::ToolCall(ToolCall { id: "c".into(), name: "files__write".into(), arguments, signature: None });
            for part in [Part::Text(text.clone()), result(&text, false), result(&text, true), call] {
                let (_, words) = told(Role::User, vec![part]);
                // What is short enough is whole, and is redacted together with what it stands in.
                let is_whole = text.len() <= limits::SIDE_PART_BYTES_MAX && words.contains(KEY);
                prop_assert!(is_whole || !words.contains(&KEY[..4]), "{words}");
            }
        }
    }
}
