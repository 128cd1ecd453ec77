//! Every query text names its owner column.

use std::fs;
use std::path::Path;

/// Query texts that need no owner, each with the reason.
const EXCEPT: &[(&str, &str)] = &[
    ("SELECT 1", "asks whether the server is there"),
    ("SELECT COUNT(*) FROM sqlite_schema", "asks whether the file can be read"),
    ("SELECT SET_CONFIG(", "tells PostgreSQL who the owner is"),
    ("INSERT INTO message_words ", "the words of the row of message_texts that was just added, which has the owner"),
    ("INSERT INTO users ", "a user is their own owner, and only the host adds one"),
];

#[test]
fn every_query_text_names_its_owner() {
    let mut texts = Vec::new();
    collect(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut texts);
    assert!(texts.len() > 60, "only {} query texts were found, so the search must be wrong", texts.len());
    let nameless: Vec<_> = texts
        .iter()
        .filter(|(_, text)| !EXCEPT.iter().any(|(beginning, _)| text.starts_with(beginning)))
        .filter(|(_, text)| {
            let own_row = text.contains(" users ") && text.contains(" id = $");
            !(text.contains("user_id = $") || text.contains("user_id IS NULL") || own_row || inserts_owner(text))
        })
        .collect();
    assert!(nameless.is_empty(), "these query texts compare no owner: {nameless:#?}");
}

/// An insert names the owner among its columns; whose it is was checked before.
fn inserts_owner(text: &str) -> bool {
    text.starts_with("INSERT INTO") && text.split(')').next().is_some_and(|columns| columns.contains("user_id"))
}

/// String literals that begin with a verb of SQL, with their white space folded.
fn collect(folder: &Path, texts: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, texts);
            continue;
        }
        let source = fs::read_to_string(&path).unwrap();
        for literal in source.split('"') {
            let text = literal.split_whitespace().collect::<Vec<_>>().join(" ");
            if ["SELECT ", "INSERT ", "UPDATE ", "DELETE "].iter().any(|verb| text.starts_with(verb)) {
                texts.push((path.display().to_string(), text));
            }
        }
    }
}
