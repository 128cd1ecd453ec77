//! `octi skill`: texts that turns are given when they help.

use clap::Subcommand;
use octi_api::error::ErrorCode;
use octi_api::v1::skills::{Skill, SkillText, Skills};
use octi_client::ClientError;

use crate::command::Context;
use crate::connection::{Connection, Want};
use crate::failure::{Failure, Outcome};
use crate::output::{DIM, WARN, shorten};

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// List the skills there are, and how often your turns were given each
    List,
    /// Show what a skill tells a model
    Show {
        /// The skill's name
        name: String,
    },
    /// Let your turns be given a skill again
    Enable {
        /// The skill's name
        name: String,
    },
    /// Keep a skill out of your turns
    Disable {
        /// The skill's name
        name: String,
    },
}

/// Runs one of them.
pub(crate) async fn run(context: &Context, verb: Verb) -> Outcome {
    let connection = Connection::open(context, Want::Either).await?;
    let outcome = match verb {
        Verb::List => list(context, &connection).await,
        Verb::Show { name } => show(context, &connection, &name).await,
        Verb::Enable { name } => switch(context, &connection, &name, true).await,
        Verb::Disable { name } => switch(context, &connection, &name, false).await,
    };
    connection.close().await;
    outcome
}

async fn list(context: &Context, connection: &Connection) -> Outcome {
    let skills = connection.client.list_skills().await?;
    context.printer.data(&skills, |printer| {
        let Skills { items, problems } = &skills;
        if items.is_empty() {
            printer.note("there are no skills");
            printer.hint("put a folder with a `SKILL.md` into the folder `skills` of octi's home");
        } else {
            let rows: Vec<Vec<String>> = items.iter().map(row).collect();
            printer.table(&["name", "from", "given", "uses", "what it knows"], &rows);
        }
        for problem in problems {
            let line = problem.line.map(|line| format!(" line {line}")).unwrap_or_default();
            printer.note(&format!("{WARN}not a skill{WARN:#} `{}`{line}: {}", problem.path, problem.problem));
        }
    });
    Ok(())
}

fn row(skill: &Skill) -> Vec<String> {
    let given = match (skill.enabled, skill.always) {
        (false, _) => "never: switched off",
        (true, true) => "always",
        (true, false) => "when it fits",
    };
    vec![skill.name.clone(), from(skill), given.to_owned(), skill.uses.to_string(), shorten(&skill.description, 60)]
}

fn from(skill: &Skill) -> String {
    skill.plugin.clone().unwrap_or_else(|| "skills folder".to_owned())
}

async fn show(context: &Context, connection: &Connection, name: &str) -> Outcome {
    let found = connection.client.skill(name).await.map_err(unknown)?;
    context.printer.data(&found, |printer| {
        let SkillText { skill, text } = &found;
        printer.note(&format!("{} {DIM}({}){DIM:#}", skill.description, from(skill)));
        if !skill.allowed_tools.is_empty() {
            printer.note(&format!("it speaks of {}; that grants none of them", skill.allowed_tools.join(", ")));
        }
        printer.out(text);
    });
    Ok(())
}

async fn switch(context: &Context, connection: &Connection, name: &str, enabled: bool) -> Outcome {
    let skill = connection.client.switch_skill(name, enabled).await.map_err(unknown)?;
    context.printer.data(&skill, |printer| {
        let what = if skill.enabled { "may be given" } else { "are not given" };
        printer.note(&format!("your turns {what} `{}`", skill.name));
    });
    Ok(())
}

fn unknown(error: ClientError) -> Failure {
    let unknown = error.code() == Some(ErrorCode::NotFound);
    let failure = Failure::from(error);
    if unknown { failure.hint("`octi skill list` shows them") } else { failure }
}
