//! `/workspace` and `/project`.

use octi_api::v1::sessions::Session;
use octi_api::v1::workspaces::Workspace;
use octi_domain::text::clean;

use crate::conversation::Tone;
use crate::message::{Effect, Moving};
use crate::model::Model;
use crate::overlay::{Choice, Entry, Overlay, Picker};
use crate::place::Project;

/// What a list of workspaces is called.
const WORKSPACES: &str = "Workspaces";

/// Lets this conversation, and those that begin here, work in another workspace; without a name, shows them.
pub(super) fn workspace(model: &mut Model, wanted: &str) -> Vec<Effect> {
    if wanted.is_empty() {
        model.overlay = Some(Overlay::Picker(Picker::new(WORKSPACES, entries(model))));
        return vec![Effect::ListWorkspaces];
    }
    let chosen = match wanted {
        "-" => None,
        wanted => match model.place.find(wanted) {
            Some(found) => Some(found.clone()),
            None => {
                let words: Vec<String> = model.place.workspaces.iter().map(|one| format!("`{}`", clean(&one.slug))).collect();
                let there = if words.is_empty() { String::new() } else { format!("; there are {}", words.join(", ")) };
                model.conversation.inform(Tone::Error, &format!("there is no workspace `{wanted}`{there}"));
                return Vec::new();
            }
        },
    };
    // A folder of the one before is none of this one.
    model.place.project.take_if(|project| !project.path.starts_with('/'));
    let word = chosen.as_ref().map_or_else(|| "-".to_owned(), |one| one.slug.clone());
    let connected_to = chosen.as_ref().map(|one| one.slug.clone());
    model.place.workspace = chosen;
    let mut effects = moved_now(model, Moving { workspace: Some(word), project: None });
    effects.push(Effect::ConnectTo(connected_to));
    effects
}

/// Lets this conversation, and those that begin here, work in another folder; without one, says where they work.
pub(super) fn project(model: &mut Model, wanted: &str) -> Vec<Effect> {
    match wanted {
        "" => {
            let path = match model.conversation.session {
                Some(_) => model.conversation.project.clone(),
                None => model.place.project.as_ref().map(|project| project.path.clone()),
            };
            let text = match path {
                Some(path) => format!("the project is `{}`; `/project -` is all of the workspace", clean(&path)),
                None => "there is no project: tools work in all of the workspace; `/project PATH` chooses a folder".to_owned(),
            };
            model.conversation.inform(Tone::Info, &text);
            Vec::new()
        }
        "-" => {
            model.place.project = None;
            moved_now(model, Moving { workspace: None, project: Some(String::new()) })
        }
        path => match crate::place::project(path) {
            Ok(path) => {
                if model.conversation.session.is_none() {
                    model.note(format!("the next conversation works in `{path}`"));
                }
                model.place.project = Some(Project { path: path.clone(), is_named: true });
                moved_now(model, Moving { workspace: None, project: Some(path) })
            }
            Err(problem) => {
                model.conversation.inform(Tone::Error, &problem);
                Vec::new()
            }
        },
    }
}

/// A conversation that is not there yet begins in the right place by itself.
fn moved_now(model: &Model, to: Moving) -> Vec<Effect> {
    model.conversation.session.map(|session| Effect::Move { session, to }).into_iter().collect()
}

pub(super) fn moved(model: &mut Model, session: uuid::Uuid, outcome: Result<Session, String>) -> Vec<Effect> {
    if model.conversation.session != Some(session) {
        return Vec::new();
    }
    match outcome {
        Ok(session) => {
            model.conversation.stands(&session);
            let word = model.place.word(session.workspace_id);
            let workspace = word.map_or_else(|| "its workspace".to_owned(), |word| format!("the workspace `{word}`"));
            let text = match &model.conversation.project {
                Some(path) => format!("this conversation works in `{}` of {workspace} now", clean(path)),
                None => format!("this conversation works in {workspace} now"),
            };
            model.note(text);
        }
        Err(problem) => model.conversation.inform(Tone::Error, &problem),
    }
    Vec::new()
}

/// The folder that octi was started in is not the server's to open.
pub(super) fn let_go(model: &mut Model, why: &str) -> Vec<Effect> {
    model.place.project = None;
    let text = format!("this folder is not the project, so the conversation works in its workspace: {}", clean(why));
    model.conversation.inform(Tone::Info, &text);
    Vec::new()
}

/// The list came, or changed.
pub(super) fn listed(model: &mut Model, outcome: Result<Vec<Workspace>, String>) -> Vec<Effect> {
    // An older server has none; then nothing is said of them.
    model.place.workspaces = outcome.unwrap_or_default();
    let chosen = model.place.workspace.as_ref().map(|one| one.id);
    model.place.workspace = chosen.and_then(|id| model.place.workspaces.iter().find(|one| one.id == id).cloned());
    let entries = entries(model);
    if let Some(Overlay::Picker(picker)) = &mut model.overlay
        && picker.title == WORKSPACES
    {
        picker.fill(entries);
    }
    Vec::new()
}

fn entries(model: &Model) -> Vec<Entry> {
    let entry = |one: &Workspace| {
        let default = if one.is_default { ", where conversations begin" } else { "" };
        Entry {
            name: clean(&one.slug),
            hint: format!("{}{default}", clean(&one.name)),
            choice: Choice::Workspace(one.slug.clone()),
        }
    };
    model.place.workspaces.iter().map(entry).collect()
}
