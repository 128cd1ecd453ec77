//! What is offered to clients, under which names.

use serde_json::json;

use super::*;

fn offers(tables: &str) -> Offers {
    let wit = octi_extension::manifest::WIT_VERSION;
    let text = format!("id = 'acme/styles'\nversion = '1.0.0'\nwit = '{wit}'\ndescription = 'Styles'\n{tables}");
    let manifest = octi_extension::manifest::Manifest::from_toml(&text).unwrap();
    Offers::new(Offered::of(&manifest).map(Arc::new).into_iter().collect())
}

const TABLES: &str = r"
[prompts.review]
description = 'Review a change'
text = 'Review this {{language}} change: {{change}}'
attach = { document = 'acme://styles/{{language}}' }
arguments = [{ name = 'language', required = true, values = ['Rust', 'Ruby', 'Go'] }, { name = 'change' }]

[documents.style]
uri = 'acme://styles/{language}'
title = 'Style'
media_type = 'text/plain'
text = 'How {{language}} is written'

[documents.house]
uri = 'acme://house'
title = 'House'
media_type = 'image/png'
data = 'iVBORw=='
";

fn got(offers: &Offers, arguments: Value) -> Result<Vec<PromptMessage>, ErrorData> {
    let (offered, entry) = offers.prompt("styles__review").unwrap();
    messages(offered, entry, arguments.as_object().unwrap())
}

#[test]
fn a_prompt_comes_with_its_document_and_what_was_said() {
    let messages = got(&offers(TABLES), json!({"language": "rust", "change": "{{language}}"})).unwrap();
    let told = serde_json::to_value(&messages).unwrap();
    assert_eq!(
        told[0]["content"]["resource"],
        json!({
            "uri": "acme://styles/rust", "mimeType": "text/plain", "text": "How rust is written",
        })
    );
    assert_eq!(told[1]["content"]["text"], "Review this rust change: {{language}}");
}

#[test]
fn what_a_prompt_cannot_be_made_of_is_said() {
    let offers = offers(TABLES);
    let told = |arguments: Value| got(&offers, arguments).unwrap_err().message.into_owned();
    assert_eq!(told(json!({})), "the argument `language` is missing");
    assert!(told(json!({"language": "rust", "colour": "red"})).contains("no argument `colour`"));
    assert_eq!(told(json!({"language": 1})), "the argument `language` must be a text");
    assert!(told(json!({"language": "a/b"})).contains("no document `acme://styles/a/b`"));
    let endless = "x".repeat(limits::MCP_RESULT_BYTES_MAX);
    assert!(told(json!({"language": "rust", "change": endless})).contains("say less"));
    assert!(offers.prompt("styles__other").is_none() && offers.prompt("others__review").is_none());
}

#[test]
fn an_argument_is_completed_by_its_beginning() {
    let offers = offers(TABLES);
    let complete = |name: &str, argument: &str, typed: &str| {
        let typed: ArgumentInfo = serde_json::from_value(json!({"name": argument, "value": typed})).unwrap();
        offers.complete(&Reference::for_prompt(name), &typed).unwrap().completion.values
    };
    assert_eq!(complete("styles__review", "language", "ru"), ["Rust", "Ruby"]);
    assert_eq!(complete("styles__review", "language", ""), ["Rust", "Ruby", "Go"]);
    assert!(complete("styles__review", "change", "").is_empty() && complete("other", "language", "").is_empty());
}

#[test]
fn documents_are_listed_by_address_and_read() {
    let offers = offers(TABLES);
    assert!(offers.resources().keys().eq(["acme://house"]) && offers.templates().keys().eq(["acme://styles/{language}"]));
    assert!(
        matches!(offers.read("acme://house"), Some(ResourceContents::BlobResourceContents { blob, .. }) if blob == "iVBORw==")
    );
    assert!(offers.read("acme://other").is_none());
}

#[test]
fn what_is_watched_is_told_once_when_it_changes_and_is_bounded() {
    use crate::server::watched::Watched;
    let (before, after) = (offers(TABLES), offers(&TABLES.replace("iVBORw==", "AAAA")));
    let watched = Watched::default();
    assert!(watched.add("acme://house".to_owned(), &before) && watched.add("acme://styles/go".to_owned(), &before));
    assert!(watched.changed(&before).is_empty());
    assert_eq!(watched.changed(&after), ["acme://house"]);
    assert!(watched.changed(&after).is_empty());
    watched.remove("acme://house");
    assert_eq!(watched.changed(&Offers::new(Vec::new())), ["acme://styles/go"], "gone is another state too");
    for number in 1..limits::MCP_SUBSCRIPTIONS_MAX {
        assert!(watched.add(format!("acme://{number}"), &before));
    }
    assert!(!watched.add("acme://one-more".to_owned(), &before) && watched.add("acme://1".to_owned(), &before));
}

#[test]
fn pages_are_bounded_and_together_they_are_everything() {
    let all: BTreeMap<String, usize> = (0..=limits::MCP_PAGE_ROWS_MAX).map(|number| (format!("{number:04}"), number)).collect();
    let (first, next) = page(all.clone(), None);
    assert_eq!((first.len(), next.as_deref()), (limits::MCP_PAGE_ROWS_MAX, Some("0099")));
    assert_eq!(page(all, next.as_deref()), (vec![100], None));
}
