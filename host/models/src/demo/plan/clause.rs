//! Cutting a request into clauses, one for each thing to do.

use super::words;

/// What joins two things to do, the longest first.
const JOINTS: [&str; 11] =
    [", and then ", " and then ", ", then ", "; then ", ", and ", ". ", " then ", "; ", ", ", " and ", "\n"];

/// The clauses of a text. A joint counts only outside of quotes and in front of something to do, so that
/// "milk and eggs" stays together.
#[must_use]
pub(super) fn clauses(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut at = 0;
    let quotes = words::quotes(text);
    while at < text.len() {
        let inside = quotes.iter().find(|quote| quote.contains(&at));
        if let Some(quote) = inside {
            at = quote.end;
            continue;
        }
        let joint =
            JOINTS.iter().find(|joint| text[at..].starts_with(**joint) && words::verb(&text[at + joint.len()..]).is_some());
        match joint {
            Some(joint) => {
                found.push(text[start..at].to_owned());
                at += joint.len();
                start = at;
            }
            None => at += text[at..].chars().next().map_or(1, char::len_utf8),
        }
    }
    found.push(text[start..].to_owned());
    let trimmed = found.iter().map(|clause| clause.trim().trim_end_matches(['.', '!', '?']).trim().to_owned());
    trimmed.filter(|clause| !clause.is_empty()).collect()
}
