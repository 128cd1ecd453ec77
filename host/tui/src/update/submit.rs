//! What is done with a text: said, or obeyed.

use octi_api::frames::{ChatSend, ChatSteer, ClientFrame, Command};
use octi_api::v1::sessions::Session;
use octi_domain::limits;
use uuid::Uuid;

use super::{ask_cost, local};
use crate::conversation::ItemId;
use crate::message::{Effect, Purpose};
use crate::model::Model;
use crate::wrap::shorten;

/// Columns of the title of a new conversation.
const TITLE_COLUMNS_MAX: usize = 60;

/// Enter: sends the text, unless it cannot leave; then it stays.
pub(super) fn submit(model: &mut Model) -> Vec<Effect> {
    let text = model.input.text();
    if text.trim().is_empty() {
        return Vec::new();
    }
    if let Some((name, args)) = as_command(&text) {
        let (name, args) = (name.to_owned(), args.to_owned());
        return run(model, &name, &args);
    }
    if text.len() > limits::MESSAGE_BYTES_MAX {
        let max = limits::MESSAGE_BYTES_MAX / 1_000;
        model.note(format!("longer than {max} kB: put long text into a file and ask about the file"));
        return Vec::new();
    }
    if !model.is_online() {
        return not_connected(model);
    }
    let text = model.input.take().trim_end().to_owned();
    model.transcript.show_tail();
    say(model, &text)
}

/// What was written stays where it is.
fn not_connected(model: &mut Model) -> Vec<Effect> {
    model.note("not connected: your text stays here until it can be sent");
    vec![Effect::ConnectNow]
}

/// A command and its arguments: `/name`, but not a path such as `/etc/hosts`.
fn as_command(text: &str) -> Option<(&str, &str)> {
    let rest = text.trim().strip_prefix('/')?;
    let (name, args) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let is_name = name == "?" || (!name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
    is_name.then(|| (name, args.trim()))
}

fn say(model: &mut Model, text: &str) -> Vec<Effect> {
    let runs = model.conversation.turn.is_some();
    let id = model.conversation.add_sending(text, runs);
    match model.conversation.session {
        Some(session) => vec![said(session, runs, id, text)],
        None => {
            model.outbox.push((id, text.to_owned()));
            if model.creating.is_some() {
                return Vec::new();
            }
            model.created += 1;
            model.creating = Some(model.created);
            let workspace = model.place.workspace.as_ref().map(|one| one.slug.clone());
            let (title, project) = (shorten(text, TITLE_COLUMNS_MAX, "…"), model.place.project.clone());
            vec![Effect::Create { title, number: model.created, workspace, project }]
        }
    }
}

fn said(session_id: Uuid, runs: bool, id: ItemId, text: &str) -> Effect {
    let content = text.to_owned();
    let frame = if runs {
        ClientFrame::ChatSteer(ChatSteer { session_id, content })
    } else {
        ClientFrame::ChatSend(ChatSend::new(session_id, content))
    };
    Effect::Send(frame, Purpose::Message(id))
}

/// The conversation is there: what was said before goes out.
pub(super) fn created(model: &mut Model, number: u64, outcome: Result<Session, String>) -> Vec<Effect> {
    if model.creating != Some(number) {
        // It was for somebody who is not signed in any more.
        return Vec::new();
    }
    model.creating = None;
    let waiting = std::mem::take(&mut model.outbox);
    if model.conversation.session.is_some() {
        // Another conversation was opened meanwhile.
        return Vec::new();
    }
    match outcome {
        Ok(session) => {
            model.conversation.session = Some(session.id);
            model.conversation.title = session.title.as_deref().map(octi_domain::text::clean);
            model.conversation.loaded = true;
            model.conversation.stands(&session);
            // The first begins a turn, and the others are said to it.
            let frames = waiting.into_iter().enumerate();
            frames.map(|(index, (id, text))| said(session.id, index > 0, id, &text)).collect()
        }
        Err(problem) => {
            for (id, _) in waiting {
                model.conversation.refuse(&id, &problem);
            }
            Vec::new()
        }
    }
}

/// Obeys a command: one of this screen, or one of the server.
pub(super) fn run(model: &mut Model, name: &str, args: &str) -> Vec<Effect> {
    if let Some(local) = local::find(name) {
        if local.needs_server() && !model.is_online() {
            return not_connected(model);
        }
        model.input.take();
        model.transcript.show_tail();
        return local::run(model, local, args);
    }
    if !model.is_online() {
        return not_connected(model);
    }
    model.input.take();
    model.transcript.show_tail();
    let args = (!args.is_empty()).then(|| args.to_owned());
    let command = Command { name: name.to_owned(), args, session_id: model.conversation.session };
    let purpose = if name == "compact" {
        // A model answers this one, which takes a while.
        Purpose::Compact(model.conversation.wait(&format!("summarising what is older{}", model.glyphs.ellipsis)))
    } else {
        Purpose::Command
    };
    let mut effects = vec![Effect::Send(ClientFrame::Command(command), purpose)];
    if matches!(name, "clear" | "cls" | "reset") {
        effects.extend(ask_cost(model));
    }
    effects
}

/// Tab: completes the name of a command or its argument, and lists what it could be.
pub(super) fn complete(model: &mut Model) {
    let text = model.input.text();
    if !text.starts_with('/') || text.contains('\n') {
        model.note("Tab completes commands, which begin with `/`");
        return;
    }
    let (lead, begun, candidates) = match text.split_once(' ') {
        None => (String::new(), text.clone(), names(model)),
        Some((name, begun)) => (format!("{name} "), begun.to_owned(), local::arguments(model, &name[1..])),
    };
    let matching: Vec<String> =
        candidates.into_iter().filter(|one| one.to_lowercase().starts_with(&begun.to_lowercase())).collect();
    let common = common_beginning(&matching);
    match matching.len() {
        0 => model.note(format!("nothing begins with `{begun}`")),
        1 => model.input.set(&format!("{lead}{common} ")),
        _ if common.len() > begun.len() => model.input.set(&format!("{lead}{common}")),
        _ => model.note(matching.join(", ")),
    }
}

/// Every command by its own name.
fn names(model: &Model) -> Vec<String> {
    let server = model.commands.iter().map(|command| command.name.as_str());
    let mut names: Vec<String> =
        server.chain(local::COMMANDS.iter().map(|local| local.name)).map(|name| format!("/{name}")).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn common_beginning(texts: &[String]) -> String {
    let Some(first) = texts.first() else { return String::new() };
    let same = |at: usize, c: char| texts.iter().all(|text| text[at..].starts_with(c));
    let end = first.char_indices().find(|(at, c)| !same(*at, *c)).map_or(first.len(), |(at, _)| at);
    first[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_no_command() {
        assert_eq!(as_command("/cost"), Some(("cost", "")));
        assert_eq!(as_command(" /resume  abc "), Some(("resume", "abc")));
        assert_eq!(as_command("/?"), Some(("?", "")));
        for text in ["/etc/hosts is odd", "/", "no /cost", "/ cost"] {
            assert_eq!(as_command(text), None, "{text}");
        }
    }

    #[test]
    fn what_several_texts_begin_with() {
        let common = |texts: &[&str]| common_beginning(&texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>());
        assert_eq!(common(&["/clear", "/clock"]), "/cl");
        assert_eq!(common(&["größe", "grün"]), "gr");
        assert_eq!(common(&["/a"]), "/a");
    }
}
