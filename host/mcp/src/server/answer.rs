//! What a client is told of a call.

use rmcp::model::{CallToolResult, ContentBlock, MetaObject};
use serde_json::Value;

use super::host::Reply;

/// The key of a failure's code in `_meta`: `bad_input`, `denied`, `needs_user` and so on.
const CODE: &str = "octi/code";

/// The answer to a call whose tool promised an output schema, or did not.
pub(super) fn of(reply: Reply, has_output_schema: bool) -> CallToolResult {
    match reply {
        Reply::Done { content, is_whole: true } => done(content),
        // What is cut does not fit the schema, and a client that checks would refuse the answer without a word of why.
        Reply::Done { content, is_whole: false } if has_output_schema => failed("too_large", content),
        Reply::Done { content, is_whole: false } => CallToolResult::success(vec![ContentBlock::text(content)]),
        Reply::Failed { code, text } => failed(&code, text),
        Reply::NeedsYes { reason, suggested_rule } => failed("approval_required", needs_yes(&reason, &suggested_rule)),
    }
}

/// Texts for people are text; objects are structured as well.
fn done(content: String) -> CallToolResult {
    let value: Option<Value> = serde_json::from_str(&content).ok();
    let text = match &value {
        Some(Value::String(text)) => text.clone(),
        _ => content,
    };
    let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
    result.structured_content = value.filter(Value::is_object);
    result
}

pub(super) fn failed(code: &str, text: String) -> CallToolResult {
    let mut result = CallToolResult::error(vec![ContentBlock::text(text)]);
    let mut meta = MetaObject::default();
    meta.insert(CODE.to_owned(), Value::from(code));
    result.meta = Some(meta);
    result
}

fn needs_yes(reason: &str, suggested_rule: &str) -> String {
    format!(
        "the call was not run: {reason}, and over MCP nobody is there to ask. To allow calls like it from now on, the person \
         whose token this is adds the rule `{suggested_rule}`: on octi's page for permissions, or with \
         `octi permission set '{suggested_rule}' allow`"
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn done(content: &str, is_whole: bool) -> Reply {
        Reply::Done { content: content.to_owned(), is_whole }
    }

    fn text(result: &CallToolResult) -> &str {
        &result.content[0].as_text().unwrap().text
    }

    #[test]
    fn an_object_is_structured_and_text_and_a_text_is_only_text() {
        let object = of(done(r#"{"a":1}"#, true), true);
        assert_eq!((text(&object), &object.structured_content), (r#"{"a":1}"#, &Some(json!({"a": 1}))));
        let words = of(done(r#""two\nlines""#, true), false);
        assert_eq!((text(&words), &words.structured_content), ("two\nlines", &None));
        let list = of(done("[1]", true), false);
        assert_eq!((text(&list), &list.structured_content), ("[1]", &None));
    }

    #[test]
    fn what_was_cut_is_never_taken_for_what_the_schema_promised() {
        let cut = r#"{"bytes":100000,"preview":"…"}"#;
        let free = of(done(cut, false), false);
        assert_eq!((free.is_error, &free.structured_content), (Some(false), &None));
        let promised = of(done(cut, false), true);
        assert_eq!((promised.is_error, text(&promised)), (Some(true), cut));
    }

    #[test]
    fn a_refusal_says_who_can_do_what() {
        let reply = Reply::NeedsYes {
            reason: "`notes__write` asks unless a rule allows it".into(),
            suggested_rule: "notes.write".into(),
        };
        let refused = of(reply, true);
        assert_eq!(refused.meta.as_ref().unwrap()[CODE], "approval_required");
        assert_eq!(
            text(&refused),
            "the call was not run: `notes__write` asks unless a rule allows it, and over MCP nobody is there to ask. To allow \
             calls like it from now on, the person whose token this is adds the rule `notes.write`: on octi's page for \
             permissions, or with `octi permission set 'notes.write' allow`"
        );
    }
}
