//! Prompts and documents of manifests, and what is wrong with them.

use super::*;

fn manifest(tables: &str) -> Result<Manifest, String> {
    let text = format!(
        "id = 'acme/styles'\nversion = '1.0.0'\nwit = '{}'\ndescription = 'Styles'\n{tables}",
        crate::manifest::WIT_VERSION
    );
    Manifest::from_toml(&text).map_err(|error| error.to_string())
}

fn refused(tables: &str) -> String {
    manifest(tables).map_or_else(|error| error, |_| "accepted".to_owned())
}

const DOCUMENT: &str = "[documents.one]\nuri = 'acme://one'\ntitle = 'One'\nmedia_type = 'text/plain'\ntext = 'x'\n";
const PROMPT: &str = "[prompts.one]\ndescription = 'One'\ntext = 'x'\n";

#[test]
fn values_are_put_in_once_and_other_braces_are_text() {
    let values = BTreeMap::from([("a", "{{b}}"), ("b", "2")]);
    assert_eq!(fill("{{a}} and {{ b }}, {c}, {{}}, {{d e}}", &values, 100).as_deref(), Some("{{b}} and 2, {c}, {{}}, {{d e}}"));
    assert_eq!(fill("{{{a}}}", &BTreeMap::from([("a", "1")]), 100).as_deref(), Some("{1}"));
    assert_eq!(fill("{{none}}|", &values, 100).as_deref(), Some("|"));
    assert_eq!(fill("{{a}}{{a}}", &values, 10).as_deref(), Some("{{b}}{{b}}"));
    assert_eq!(fill("{{a}}{{a}}", &values, 9), None, "a template cannot multiply what a client says without an end");
}

#[test]
fn a_document_is_found_by_what_its_address_says() {
    let tables = "[documents.style]\nuri = 'acme://styles/{language}/{part}.md'\ntitle = 'Style'\nmedia_type = 'text/markdown'\n\
                  text = '# {{language}}: {{part}}'\n";
    let offered = Offered::of(&manifest(tables).unwrap()).unwrap();
    let text = |uri: &str| offered.document(uri).map(|page| page.body);
    assert_eq!(text("acme://styles/rust/names.md"), Some(Body::Text("# rust: names".to_owned())));
    assert_eq!(text("acme://styles/a%2Fb/x.md"), Some(Body::Text("# a%2Fb: x".to_owned())));
    for other in ["acme://styles/rust/names", "acme://styles//names.md", "acme://styles/a/b/c.md", "acme://styles/\"/c.md", ""] {
        assert_eq!(text(other), None, "{other}");
    }
    let long = format!("acme://styles/{}/x.md", "a".repeat(limits::OFFERED_URI_BYTES_MAX + 1));
    assert_eq!(text(&long), None);
}

#[test]
fn what_is_declared_is_bounded_in_count() {
    let many = |kind: &str, one: &str, count: usize| -> String {
        (0..count)
            .map(|number| {
                one.replace(&format!("{kind}.one"), &format!("{kind}.n{number}")).replace("//one", &format!("//{number}"))
            })
            .collect()
    };
    for (kind, one, max) in
        [("prompts", PROMPT, limits::OFFERED_PROMPTS_MAX), ("documents", DOCUMENT, limits::OFFERED_DOCUMENTS_MAX)]
    {
        assert!(manifest(&many(kind, one, max)).is_ok());
        let error = refused(&many(kind, one, max + 1));
        assert!(error.contains(&format!("{} are more than the {max} allowed", max + 1)), "{error}");
    }
    let arguments = |count: usize| -> String {
        (0..count).map(|number| format!("[[prompts.one.arguments]]\nname = 'a{number}'\n")).collect()
    };
    assert!(manifest(&format!("{PROMPT}{}", arguments(limits::OFFERED_ARGUMENTS_MAX))).is_ok());
    assert!(refused(&format!("{PROMPT}{}", arguments(limits::OFFERED_ARGUMENTS_MAX + 1))).contains("arguments"));
    let values = |count: usize| format!("{PROMPT}[[prompts.one.arguments]]\nname = 'a'\nvalues = {:?}\n", vec!["v"; count]);
    assert!(manifest(&values(limits::OFFERED_VALUES_MAX)).is_ok());
    assert!(refused(&values(limits::OFFERED_VALUES_MAX + 1)).contains("a.values"));
}

#[test]
fn what_is_declared_is_bounded_in_size() {
    let sized = |bytes: usize| DOCUMENT.replace("text = 'x'", &format!("text = '{}'", "x".repeat(bytes)));
    assert!(manifest(&sized(limits::OFFERED_BYTES_MAX)).is_ok());
    assert!(refused(&sized(limits::OFFERED_BYTES_MAX + 1)).contains("`documents.one.text`"));
    let long = |chars: usize| PROMPT.replace("'One'", &format!("'{}'", "x".repeat(chars)));
    assert!(manifest(&long(limits::OFFERED_DESCRIPTION_CHARS_MAX)).is_ok());
    assert!(refused(&long(limits::OFFERED_DESCRIPTION_CHARS_MAX + 1)).contains("`prompts.one.description`"));
    let value = |chars: usize| format!("{PROMPT}[[prompts.one.arguments]]\nname = 'a'\nvalues = ['{}']\n", "v".repeat(chars));
    assert!(manifest(&value(limits::OFFERED_VALUE_CHARS_MAX)).is_ok());
    assert!(refused(&value(limits::OFFERED_VALUE_CHARS_MAX + 1)).contains("a.values"));
    let address = |bytes: usize| DOCUMENT.replace("acme://one", &format!("acme://{}", "a".repeat(bytes - 7)));
    assert!(manifest(&address(limits::OFFERED_URI_BYTES_MAX)).is_ok());
    assert!(refused(&address(limits::OFFERED_URI_BYTES_MAX + 1)).contains("`documents.one.uri`"));
}

#[test]
fn mistakes_are_named_by_their_field() {
    let picture = "[prompts.one.attach]\nmedia_type = 'text/plain'\ndata = 'AAAA'\n";
    for (tables, told) in [
        (PROMPT.replace("'x'", "'{{who}}'"), "`prompts.one.text`: `{{who}}` stands for nothing"),
        (PROMPT.replace("text = 'x'", ""), "write exactly one of `file`, `text`"),
        (PROMPT.replace("prompts.one", "prompts.One"), "lower case"),
        (format!("{PROMPT}{picture}"), "`text/plain` is no picture"),
        (format!("{PROMPT}{}", picture.replace("AAAA", "not base64!!")), "it is not base64"),
        (format!("{PROMPT}[prompts.one.attach]\ndocument = 'acme://{{{{x}}}}'\n"), "`prompts.one.attach.document`"),
        (PROMPT.replace("'One'", "\"a\\u001b[2J\""), "control character"),
        (DOCUMENT.replace("acme://one", "octi://artifacts/1"), "`octi:` leads elsewhere"),
        (DOCUMENT.replace("acme://one", "file:///etc/passwd"), "`file:` leads elsewhere"),
        (DOCUMENT.replace("acme://one", "acme://{a}{b}"), "something has to stand between"),
        (DOCUMENT.replace("acme://one", "acme://{a"), "not closed"),
        (DOCUMENT.replace("acme://one", "acme://a b"), "a character that addresses do not"),
        (DOCUMENT.replace("acme://one", "one"), "no address"),
        (DOCUMENT.replace("text/plain", "plain"), "no media type"),
        (DOCUMENT.replace("acme://one", "acme://{a}").replace("text = 'x'", "data = 'AAAA'"), "is a text"),
        (format!("{DOCUMENT}{}", DOCUMENT.replace("documents.one", "documents.two")), "another document of the plugin has it"),
    ] {
        let error = refused(&tables);
        assert!(error.contains(told), "{told}: {error}");
    }
}

#[test]
fn a_section_holds_the_texts_and_not_the_names_of_files() {
    let with_file = manifest(&DOCUMENT.replace("text = 'x'", "file = 'one.txt'")).unwrap();
    let error = Manifest::from_section(&with_file.to_section()).unwrap_err().to_string();
    assert!(error.contains("`documents.one.file`") && error.contains("octi plugin build"), "{error}");
    let whole = manifest(&format!("{DOCUMENT}{PROMPT}")).unwrap();
    assert_eq!(Manifest::from_section(&whole.to_section()), Ok(whole));
}
