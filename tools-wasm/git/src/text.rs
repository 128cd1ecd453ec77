//! Texts of git, cut to what can be returned.

/// The text, or its first part with an ellipsis.
pub(crate) fn shortened(text: &str, bytes_max: usize) -> String {
    if text.len() <= bytes_max {
        return text.to_owned();
    }
    format!("{}…", &text[..text.floor_char_boundary(bytes_max)])
}

/// What git said went wrong, without its advice and its progress.
pub(crate) fn complaint(stderr: &str) -> String {
    let lines = stderr.lines().map(|line| line.rsplit('\r').next().unwrap_or(line).trim_end());
    let told: Vec<&str> = lines.filter(|line| !line.trim().is_empty() && !line.starts_with("hint:")).collect();
    let cut: Vec<&str> = told.iter().map(|line| line.strip_prefix("fatal: ").unwrap_or(line)).collect();
    shortened(&cut.join("; "), 2_000)
}

/// How many there are, in words.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_is_what_matters() {
        let stderr = "Receiving objects: 1%\rReceiving objects: 100%, done.\nfatal: bad revision 'x'\nhint: try this\n\n";
        assert_eq!(complaint(stderr), "Receiving objects: 100%, done.; bad revision 'x'");
        assert!(complaint(&"ä".repeat(5_000)).len() < 2_010);
    }

    #[test]
    fn numbers_go_with_their_words() {
        assert_eq!((count(1, "file", "files"), count(2, "file", "files")), ("1 file".to_owned(), "2 files".to_owned()));
    }
}
