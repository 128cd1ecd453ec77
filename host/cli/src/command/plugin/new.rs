//! `octi plugin new`: a small, complete project to begin with.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use octi_author::{AuthorError, Language, NewKind, NewPlugin, ScriptTools, Sdk};

use crate::command::Context;
use crate::failure::{Failure, Outcome};
use crate::output::DIM;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Who publishes it and what it is called, such as `acme/weather`
    id: String,
    /// Where to make it; default: a folder of the plugin's name, here
    folder: Option<PathBuf>,
    /// What it is written in; a role and a skill are texts, whose folder is the same in each
    #[arg(long, value_enum, default_value_t)]
    lang: Lang,
    /// What it is
    #[arg(long, value_enum, default_value_t)]
    kind: Kind,
    /// Take the SDK from a checkout of octi instead of copying it into the project; only for Rust
    #[arg(long, value_name = "FOLDER")]
    sdk: Option<PathBuf>,
}

/// Languages with a template.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(super) enum Lang {
    #[default]
    Rust,
    /// JavaScript or TypeScript
    Js,
    Python,
}

impl From<Lang> for Language {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::Rust => Self::Rust,
            Lang::Js => Self::JavaScript,
            Lang::Python => Self::Python,
        }
    }
}

/// Kinds of plugin with a template.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Kind {
    /// Operations that a model calls
    #[default]
    Tool,
    /// Who an agent is: a prompt
    Role,
    /// What an agent is told when it helps: a SKILL.md
    Skill,
    /// What watches over everybody's calls
    Hook,
    /// Another place where people write and read
    Channel,
}

/// Makes it and says what comes next.
pub(super) fn run(context: &Context, options: Options) -> Outcome {
    let kind = match options.kind {
        Kind::Tool => NewKind::Tool,
        Kind::Role => NewKind::Role,
        Kind::Skill => NewKind::Skill,
        Kind::Hook => NewKind::Hook,
        Kind::Channel => NewKind::Channel,
    };
    let is_text = matches!(kind, NewKind::Role | NewKind::Skill);
    let sdk = options.sdk.map_or(Sdk::Copy, Sdk::Folder);
    let language = Language::from(options.lang);
    let created = octi_author::create(&NewPlugin { id: options.id.clone(), folder: options.folder, kind, language, sdk })?;
    let folder = created.folder.display().to_string();
    let bring = match language {
        _ if created.sdk.is_none() => None,
        Language::Rust => None,
        Language::JavaScript => Some(ScriptTools::NPM_INSTALL),
        Language::Python => Some(ScriptTools::PIP_INSTALL),
    };
    let mut next = vec![format!("cd {}", quoted(&folder))];
    next.extend(bring.map(str::to_owned));
    next.push("octi plugin test".to_owned());
    let made = serde_json::json!({ "id": options.id, "folder": created.folder, "files": created.files, "sdk": created.sdk, "next": next });
    context.printer.data(&made, |printer| {
        printer.note(&format!("made {} in {folder}", options.id));
        for file in &created.files {
            printer.note(&format!("  {DIM}{file}{DIM:#}"));
        }
        if let Some(sdk) = created.sdk {
            printer.note(&format!("  {DIM}{sdk}/ (the SDK){DIM:#}"));
        }
        if is_text {
            printer.note(&format!("  {DIM}(texts: no code and no SDK, whatever `--lang` says){DIM:#}"));
        }
        printer.hint(&format!("`{}` builds it and runs its cases; README.md has the other commands", next.join(" && ")));
    });
    Ok(())
}

/// A word for a shell.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
    if text.chars().all(is_plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

impl From<AuthorError> for Failure {
    fn from(error: AuthorError) -> Self {
        let failure = match &error {
            AuthorError::Engine(_) => Self::us(error.to_string()),
            _ => Self::user(error.to_string()),
        };
        error.next().into_iter().fold(failure, Self::hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_typed_as_it_is_meant() {
        assert_eq!(quoted("a/b-c_d.e"), "a/b-c_d.e");
        assert_eq!(quoted("it's mine"), r"'it'\''s mine'");
    }
}
