//! What notifications say.

use octi_domain::message::Part;
use octi_domain::permission::PermissionRequest;
use octi_domain::run::RunStatus;
use octi_security::guard::Redactor;

use crate::tools::bound::head;
use crate::tools::dispatch::presentable;

/// How a turn ended, and in which conversation.
pub(super) fn end(status: RunStatus, title: Option<&str>) -> String {
    let (word, sentence) = match status {
        RunStatus::Completed => ("Done", "A turn is done"),
        RunStatus::Interrupted => ("Interrupted", "A turn was interrupted"),
        _ => ("Failed", "A turn failed"),
    };
    title.map_or_else(|| sentence.to_owned(), |title| format!("{word}: {title}"))
}

/// Which call waits.
pub(super) fn question(request: &PermissionRequest) -> String {
    format!("`{} {}` waits for you", request.tool, request.operation)
}

/// What a message says in words.
pub(super) fn said(parts: &[Part]) -> String {
    let texts = parts.iter().filter_map(|part| match part {
        Part::Text(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}

/// The text on one line of at most so many bytes, without secrets and control characters. It is cut last: the first half of
/// a secret is not known as one.
pub(super) fn line(redactor: &Redactor, text: &str, bytes_max: usize) -> String {
    const MORE: &str = "…";
    let shown = presentable(redactor, text);
    let mut line = String::new();
    for word in shown.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > bytes_max {
            return format!("{}{MORE}", head(&line, bytes_max - MORE.len()).trim_end());
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use octi_security::guard::REDACTED;
    use secrecy::SecretString;

    use super::*;

    fn redactor() -> Redactor {
        Redactor::new([("key".to_owned(), SecretString::from("correct horse battery".to_owned()))])
    }

    #[test]
    fn a_long_text_becomes_one_line_that_fits() {
        let line = |text: &str, bytes_max| line(&Redactor::empty(), text, bytes_max);
        assert_eq!(line("# Plans\n\n\tAll  three\u{1b}[31m are ready.\u{7}", 100), "# Plans All three are ready.");
        assert_eq!(line(&"é".repeat(500), 21), format!("{}…", "é".repeat(9)));
        assert_eq!(line("exactly", 7), "exactly");
        assert_eq!(line("one two", 6), "one…");
        assert_eq!(line(" \n ", 9), "");
    }

    #[test]
    fn a_secret_is_hidden_also_where_the_text_is_cut() {
        let text = format!("{} correct horse battery", "x".repeat(20));
        assert_eq!(line(&redactor(), &text, 100), format!("{} {REDACTED}", "x".repeat(20)));
        let cut = line(&redactor(), &text, 32);
        assert!(!cut.contains("correct") && cut.len() <= 32, "{cut}");
    }

    #[test]
    fn a_conversation_without_a_name_is_called_a_turn() {
        assert_eq!(end(RunStatus::Completed, Some("plans")), "Done: plans");
        assert_eq!(end(RunStatus::Failed, Some("plans")), "Failed: plans");
        assert_eq!(end(RunStatus::Interrupted, None), "A turn was interrupted");
    }
}
