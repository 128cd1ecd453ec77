//! The commands of this screen.

use octi_api::v1::auth::User;
use octi_api::v1::sessions::Session;
use octi_domain::text::clean;
use secrecy::SecretString;
use uuid::Uuid;

use super::{ask, open, place, reload};
use crate::conversation::Tone;
use crate::message::Effect;
use crate::model::Model;
use crate::overlay::{Choice, Entry, Overlay, Picker, SignIn};
use crate::words;

/// One command of this screen.
#[derive(Debug)]
pub(crate) struct Local {
    pub(crate) name: &'static str,
    /// The arguments that it takes, as a person reads them.
    pub(crate) arguments: &'static str,
    pub(crate) meaning: &'static str,
    verb: Verb,
}

#[derive(Debug, Clone, Copy)]
enum Verb {
    Ask,
    Login,
    Logout,
    WhoAmI,
    Resume,
    Sessions,
    Workspace,
    Project,
    New,
    Quit,
}

const fn local(name: &'static str, arguments: &'static str, meaning: &'static str, verb: Verb) -> Local {
    Local { name, arguments, meaning, verb }
}

impl Local {
    /// Whether it says something to the server, so that its text has to stay while there is no connection.
    pub(super) const fn needs_server(&self) -> bool {
        matches!(self.verb, Verb::Ask | Verb::Workspace | Verb::Project)
    }

    /// Whether it does nothing without an argument.
    pub(super) fn needs_argument(&self) -> bool {
        !self.arguments.is_empty() && !self.arguments.starts_with('[')
    }
}

pub(crate) const COMMANDS: &[Local] = &[
    local("ask", "TEXT", "ask something beside the conversation, which goes on untouched", Verb::Ask),
    local("new", "", "begin another conversation", Verb::New),
    local("sessions", "", "list the conversations", Verb::Sessions),
    local("resume", "[ID or title]", "go on with a conversation", Verb::Resume),
    local("workspace", "[NAME or -]", "work in another workspace; `-` is the default one", Verb::Workspace),
    local("project", "[PATH or -]", "work in a folder; `-` is all of the workspace", Verb::Project),
    local("login", "NAME", "sign in as somebody", Verb::Login),
    local("logout", "", "sign out of what `/login` signed in to", Verb::Logout),
    local("whoami", "", "who is signed in, and where", Verb::WhoAmI),
    local("quit", "", "leave", Verb::Quit),
];

/// What a list of sessions is called.
const SESSIONS: &str = "Conversations";

pub(super) fn find(name: &str) -> Option<&'static Local> {
    let name = name.to_lowercase();
    COMMANDS.iter().find(|local| local.name == name)
}

/// What `/help` adds.
pub(super) fn help() -> String {
    let line = |local: &Local| {
        let arguments = if local.arguments.is_empty() { String::new() } else { format!(" {}", local.arguments) };
        format!("/{}{arguments}: {}", local.name, local.meaning)
    };
    COMMANDS.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What the argument of a command could be.
pub(super) fn arguments(model: &Model, name: &str) -> Vec<String> {
    match name.to_lowercase().as_str() {
        "resume" => model.sessions.iter().map(|session| session.id.to_string()).collect(),
        "workspace" => model.place.workspaces.iter().map(|one| one.slug.clone()).collect(),
        "login" => model.user.iter().cloned().collect(),
        _ => Vec::new(),
    }
}

pub(super) fn run(model: &mut Model, local: &Local, args: &str) -> Vec<Effect> {
    match local.verb {
        Verb::Ask => ask::ask(model, args),
        Verb::New => open(model, None),
        Verb::Sessions => pick_session(model),
        Verb::Resume => resume(model, args),
        Verb::Workspace => place::workspace(model, args),
        Verb::Project => place::project(model, args),
        Verb::Login if args.is_empty() => {
            model.conversation.inform(Tone::Error, "`/login` needs a name, as in `/login ann`; the password is asked for");
            Vec::new()
        }
        Verb::Login => {
            let password = SecretString::default();
            let sign_in = SignIn { username: args.to_owned(), password, busy: false, problem: None };
            model.overlay = Some(Overlay::SignIn(sign_in));
            Vec::new()
        }
        Verb::Logout if !model.signed_in => {
            let text = "nobody signed in here: octi uses the token it was started with; `/login NAME` signs in as somebody";
            model.conversation.inform(Tone::Info, text);
            Vec::new()
        }
        Verb::Logout => vec![Effect::SignOut],
        Verb::WhoAmI => vec![Effect::WhoAmI],
        Verb::Quit => vec![Effect::Quit],
    }
}

/// Shows the conversations to choose from, and asks for the newest list.
pub(super) fn pick_session(model: &mut Model) -> Vec<Effect> {
    model.overlay = Some(Overlay::Picker(Picker::new(SESSIONS, entries(model))));
    vec![Effect::ListSessions]
}

fn entries(model: &Model) -> Vec<Entry> {
    let entry = |session: &Session| {
        let messages =
            if session.message_count == 1 { "1 message".to_owned() } else { format!("{} messages", session.message_count) };
        let waiting = if model.waits(session.id) { ", waits for your answer" } else { "" };
        let here = if Some(session.id) == model.conversation.session { ", open" } else { "" };
        let hint = format!("{}, {messages}{waiting}{here}", words::ago(model.now - session.updated_at));
        let title = session.title.as_deref().map(clean).filter(|title| !title.trim().is_empty());
        let name = title.unwrap_or_else(|| format!("without a title ({})", session.id));
        Entry { name, hint, choice: Choice::Session(session.id) }
    };
    model.sessions.iter().map(entry).collect()
}

/// Goes on with the conversation that is named by the beginning of its id or by a part of its title.
fn resume(model: &mut Model, wanted: &str) -> Vec<Effect> {
    if wanted.is_empty() {
        return pick_session(model);
    }
    if let Ok(id) = Uuid::try_parse(wanted) {
        return open(model, Some(id));
    }
    let wanted_lower = wanted.to_lowercase();
    let is_it = |session: &&Session| {
        session.id.to_string().starts_with(&wanted_lower)
            || session.title.as_deref().is_some_and(|title| title.to_lowercase().contains(&wanted_lower))
    };
    let found: Vec<Uuid> = model.sessions.iter().filter(is_it).map(|session| session.id).collect();
    match found.as_slice() {
        [id] => open(model, Some(*id)),
        [] => {
            model.conversation.inform(Tone::Error, &format!("no conversation is called `{wanted}`; `/sessions` lists them"));
            Vec::new()
        }
        _ => {
            let effects = pick_session(model);
            if let Some(Overlay::Picker(picker)) = &mut model.overlay {
                wanted.chars().for_each(|c| picker.write(c));
            }
            effects
        }
    }
}

pub(super) fn sessions(model: &mut Model, outcome: Result<Vec<Session>, String>) -> Vec<Effect> {
    match outcome {
        Ok(sessions) => {
            model.sessions = sessions;
            let entries = entries(model);
            if let Some(Overlay::Picker(picker)) = &mut model.overlay
                && picker.title == SESSIONS
            {
                picker.fill(entries);
            }
        }
        Err(problem) => model.note(format!("the conversations cannot be listed: {}", clean(&problem))),
    }
    Vec::new()
}

/// Somebody else is there now: who signed in `here`, or who started this program.
pub(super) fn signed_in(model: &mut Model, outcome: Result<User, String>, here: bool) -> Vec<Effect> {
    match outcome {
        Ok(user) => {
            let name = clean(&user.username);
            model.signed_in = here;
            model.overlay = None;
            // Nothing of the one before may stay on the screen.
            (model.questions, model.asked, model.sessions) = (Vec::new(), Vec::new(), Vec::new());
            // A conversation that was being made would be theirs.
            model.creating = None;
            model.place.workspaces.clear();
            model.place.workspace = None;
            model.place.project.take_if(|project| !project.path.starts_with('/'));
            model.input.forget_history();
            let unsent = if std::mem::take(&mut model.outbox).is_empty() { "" } else { "; what was said last was not sent" };
            let effects = open(model, None);
            model.conversation.inform(Tone::Info, &format!("signed in as {name} at {}{unsent}", model.server));
            model.user = Some(name);
            effects
        }
        Err(problem) => {
            match &mut model.overlay {
                Some(Overlay::SignIn(sign_in)) => {
                    (sign_in.busy, sign_in.problem) = (false, Some(clean(&problem)));
                    sign_in.password = SecretString::default();
                }
                _ => model.conversation.inform(Tone::Error, &problem),
            }
            Vec::new()
        }
    }
}

pub(super) fn who_am_i(model: &mut Model, outcome: Result<User, String>) -> Vec<Effect> {
    match outcome {
        Ok(user) => {
            let admin = if user.is_admin { ", an administrator" } else { "" };
            let name = clean(&user.username);
            model.conversation.inform(Tone::Info, &format!("{name}{admin}, at {}", model.server));
            model.user = Some(name);
        }
        Err(problem) => model.conversation.inform(Tone::Error, &problem),
    }
    Vec::new()
}

/// Opens what was chosen from the list; the one that is open is only loaded again.
pub(super) fn open_session(model: &mut Model, id: Uuid) -> Vec<Effect> {
    if model.conversation.session == Some(id) { reload(model) } else { open(model, Some(id)) }
}
