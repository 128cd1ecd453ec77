//! What a client is told of a call.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use octi_domain::limits;
use octi_extension::tool::Artifact;
use rmcp::model::{CallToolResult, ContentBlock, MetaObject, Resource};
use serde_json::Value;

use super::host::{Content, Files, Reply};
use super::reading;

/// The key of a failure's code in `_meta`: `bad_input`, `denied`, `needs_user` and so on.
const CODE: &str = "octi/code";

/// The answer to a call whose tool promised an output schema, or did not.
pub(super) fn of(reply: Reply, has_output_schema: bool) -> CallToolResult {
    match reply {
        Reply::Done { content, is_whole: true, files } => with(done(content), files),
        // What is cut does not fit the schema, and a client that checks would refuse the answer without a word of why.
        Reply::Done { content, is_whole: false, .. } if has_output_schema => failed("too_large", content),
        Reply::Done { content, is_whole: false, files } => {
            with(CallToolResult::success(vec![ContentBlock::text(content)]), files)
        }
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

/// Files follow the text, as long as there is room for them; the others are named, with the address to read them at.
fn with(mut result: CallToolResult, files: Files) -> CallToolResult {
    let mut room = limits::MCP_RESULT_BYTES_MAX;
    for file in files.all {
        let block = match room.checked_sub(file.content.len()) {
            Some(left) => {
                room = left;
                whole(&file)
            }
            None => named(&file, files.lost),
        };
        result.content.push(block);
    }
    result
}

/// Pictures and sounds as such, anything else as a resource.
fn whole(file: &Artifact) -> ContentBlock {
    let data = || STANDARD.encode(&file.content);
    match file.media_type.split('/').next() {
        Some("image") => ContentBlock::image(data(), file.media_type.clone()),
        Some("audio") => ContentBlock::audio(data(), file.media_type.clone()),
        _ => {
            let content = Content { media_type: file.media_type.clone(), bytes: file.content.to_vec() };
            ContentBlock::resource(reading::contents(content, address(file)))
        }
    }
}

fn named(file: &Artifact, lost: Option<&'static str>) -> ContentBlock {
    let bytes = file.content.len();
    match lost {
        None => {
            let link = Resource::new(address(file), file.name.clone());
            ContentBlock::resource_link(link.with_mime_type(file.media_type.clone()).with_size(bytes as u64))
        }
        Some(why) => {
            let most = limits::MCP_RESULT_BYTES_MAX;
            let name = &file.name;
            ContentBlock::text(format!(
                "The file `{name}` ({bytes} bytes) is not here: an answer has at most {most} bytes of files, and {why}."
            ))
        }
    }
}

fn address(file: &Artifact) -> String {
    format!("{}{}", reading::FILES, file.id)
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
        Reply::Done { content: content.to_owned(), is_whole, files: Files::default() }
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
    fn files_follow_as_what_they_are_until_there_is_no_room() {
        let file = |number: usize, media_type: &str, bytes: usize| Artifact {
            id: format!("00000000-0000-0000-0000-{number:012}").parse().unwrap(),
            name: format!("{number}.x"),
            media_type: media_type.to_owned(),
            content: vec![b'x'; bytes].into(),
        };
        let all = vec![
            file(1, "image/png", 3),
            file(2, "audio/wav", 3),
            file(3, "text/plain", 1),
            file(4, "image/png", limits::MCP_RESULT_BYTES_MAX),
        ];
        let told = |lost| {
            let files = Files { all: all.clone(), lost };
            serde_json::to_value(of(Reply::Done { content: "1".to_owned(), is_whole: true, files }, false).content).unwrap()
        };
        let kept = told(None);
        let address = "octi://artifacts/00000000-0000-0000-0000-00000000000";
        assert_eq!(kept[1], json!({"type": "image", "data": "eHh4", "mimeType": "image/png"}));
        assert_eq!(kept[2]["type"], "audio");
        assert_eq!(kept[3]["resource"], json!({"uri": format!("{address}3"), "mimeType": "text/plain", "text": "x"}));
        assert_eq!((&kept[4]["type"], &kept[4]["uri"]), (&json!("resource_link"), &json!(format!("{address}4"))));
        let lost = told(Some("they are kept in conversations only"));
        assert!(lost[4]["text"].as_str().unwrap().contains("they are kept in conversations only"), "{lost}");
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
