//! Arguments as models write them, checked before git sees them: what git would take for an option, a command or a way out of the
//! workspace is answered with how to write it instead.

use octi_sdk::ToolError;

/// Bytes of a name or revision.
const NAME_BYTES_MAX: usize = 256;
/// Bytes of a message. All arguments together have a bound of the host's.
const MESSAGE_BYTES_MAX: usize = 32 * 1024;
/// Files that one call may name.
const FILES_MAX: usize = 500;

/// The workspace or the repository itself.
pub(crate) const HERE: &str = ".";

/// A path without `.`, doubled and trailing slashes; [`HERE`] for the directory it is relative to.
pub(crate) fn path(argument: &str, path: &str) -> Result<String, ToolError> {
    let problem = if path.starts_with('/') {
        "is absolute; leave out the leading `/`"
    } else if path == "~" || path.starts_with("~/") {
        "begins with `~`; leave out the `~/`"
    } else if path.contains('\\') {
        "contains a `\\`; separate directories with `/`"
    } else if path.chars().any(char::is_control) {
        "contains a control character, which no path may"
    } else if path.split('/').any(|part| part == "..") {
        "goes up with `..`; name the path without it"
    } else {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        return Ok(if parts.is_empty() { HERE.to_owned() } else { parts.join("/") });
    };
    Err(bad(argument, path, problem))
}

/// Files of a repository as git's pathspecs that mean exactly these names.
pub(crate) fn files(argument: &str, files: &[String]) -> Result<Vec<String>, ToolError> {
    if files.len() > FILES_MAX {
        return Err(ToolError::BadInput(format!(
            "argument `{argument}` names more than {FILES_MAX} files; name a directory instead"
        )));
    }
    files.iter().map(|file| Ok(format!(":(literal){}", path(argument, file)?))).collect()
}

/// A revision, such as `main`, `HEAD~2`, a hash, or where it makes sense a range `a..b`.
pub(crate) fn revision<'a>(argument: &str, text: &'a str) -> Result<&'a str, ToolError> {
    let problem = if text.is_empty() {
        "is empty; name a branch, tag or commit"
    } else if text.len() > NAME_BYTES_MAX {
        "is too long for a branch, tag or commit"
    } else if text.starts_with('-') {
        "begins with `-`, which would make it an option"
    } else if text.starts_with(':') || text.contains("::") {
        "is not a branch, tag or commit"
    } else if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        "contains a space or control character, which no branch, tag or commit has"
    } else {
        return Ok(text);
    };
    Err(bad(argument, text, problem))
}

/// The name of a branch.
pub(crate) fn branch<'a>(argument: &str, text: &'a str) -> Result<&'a str, ToolError> {
    revision(argument, text)?;
    let is_odd = text.contains(['~', '^', ':', '?', '*', '[', '\\'])
        || text.contains("..")
        || text.contains("@{")
        || text.contains("//")
        || text.starts_with(['/', '+'])
        || text.ends_with(['/', '.'])
        || text.ends_with(".lock")
        || text == "@"
        || text.split('/').any(|part| part.starts_with('.'));
    if is_odd {
        return Err(bad(argument, text, "is not the name of a branch; use letters, digits, `-`, `_` and `/`"));
    }
    Ok(text)
}

/// A commit message.
pub(crate) fn message<'a>(argument: &str, text: &'a str) -> Result<&'a str, ToolError> {
    if text.trim().is_empty() {
        return Err(ToolError::BadInput(format!("argument `{argument}` is empty; say what changed and why")));
    }
    if text.len() > MESSAGE_BYTES_MAX || text.contains('\0') {
        return Err(ToolError::BadInput(format!(
            "argument `{argument}` must have at most {MESSAGE_BYTES_MAX} bytes and no NUL character"
        )));
    }
    Ok(text)
}

/// The name or the address of a person.
pub(crate) fn identity<'a>(argument: &str, text: &'a str) -> Result<&'a str, ToolError> {
    let is_odd = text.trim().is_empty() || text.len() > NAME_BYTES_MAX || text.contains(['<', '>']);
    if is_odd || text.chars().any(char::is_control) {
        return Err(bad(argument, text, "is not a name or an address; `<`, `>` and control characters are not allowed"));
    }
    Ok(text)
}

pub(crate) fn bad(argument: &str, value: &str, problem: &str) -> ToolError {
    ToolError::BadInput(format!("argument `{argument}`: `{}` {problem}", crate::text::shortened(value, 200).escape_debug()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal<T: std::fmt::Debug>(result: Result<T, ToolError>) -> String {
        match result {
            Err(ToolError::BadInput(text)) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn paths_stay_inside() {
        for (text, clean) in [("a/b", "a/b"), ("./a//b/", "a/b"), ("", "."), ("-x", "-x"), ("a b", "a b"), (":(top)x", ":(top)x")]
        {
            assert_eq!(path("path", text), Ok(clean.to_owned()));
        }
        for (text, part) in [("/a", "absolute"), ("../a", "goes up"), ("a/..", "goes up"), ("~/a", "`~`"), ("a\nb", "control")] {
            assert!(refusal(path("path", text)).contains(part), "{text:?}");
        }
    }

    #[test]
    fn a_file_is_never_an_option_or_a_pattern() {
        let names = ["--output=x", "*", ":(top)x", "!a"].map(str::to_owned);
        let specs = files("files", &names).unwrap();
        assert_eq!(specs, [":(literal)--output=x", ":(literal)*", ":(literal):(top)x", ":(literal)!a"]);
        let many = vec!["a".to_owned(); FILES_MAX + 1];
        assert!(refusal(files("files", &many)).contains("more than 500"));
    }

    #[test]
    fn a_revision_is_never_an_option() {
        for text in ["main", "HEAD~2", "HEAD^{tree}", "a..b", "@{u}", "v1.0", "feature/x", "stash@{0}"] {
            assert_eq!(revision("to", text), Ok(text));
        }
        for text in ["", "--output=x", "-1", "a b", "a\0b", ":/text", "ext::sh", &"x".repeat(300)] {
            refusal(revision("to", text));
        }
    }

    #[test]
    fn a_branch_has_a_plain_name() {
        for text in ["main", "feature/x-1", "v2"] {
            assert_eq!(branch("name", text), Ok(text));
        }
        for text in
            ["", "-d", "a..b", "a~1", "a:b", "a b", "a.lock", ".a", "a/.b", "/a", "a/", "a//b", "@", "a@{1}", "a*", "a.", "+a"]
        {
            refusal(branch("name", text));
        }
    }

    #[test]
    fn messages_and_people_are_bounded() {
        assert!(refusal(message("message", " \n")).contains("empty"));
        refusal(message("message", &"x".repeat(MESSAGE_BYTES_MAX + 1)));
        assert_eq!(message("message", "--amend\n\nbody"), Ok("--amend\n\nbody"));
        assert_eq!(identity("author_name", "Ada Lovelace"), Ok("Ada Lovelace"));
        for text in ["", "a\nb", "a <b>"] {
            refusal(identity("author_name", text));
        }
    }
}
