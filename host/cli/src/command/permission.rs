//! `octi permission`: what tools may do without asking.

use clap::{Subcommand, ValueEnum};
use octi_api::v1::permissions::{Level, Rule, RuleQuery, SetRule};

use crate::command::Context;
use crate::connection::{Connection, Want};
use crate::failure::{Failure, Outcome};
use crate::output::shorten;

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// List your rules and each tool's default
    List,
    /// Set a rule, such as `shell(git status:*)` or `filesystem.delete_file`
    Set {
        /// `tool`, `tool.operation`, or either with `(exact)`, `(prefix:*)` or `(*)`
        rule: String,
        /// What it says
        level: Word,
    },
    /// Remove a rule
    Remove {
        /// Its text or id
        rule: String,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Word {
    /// Without asking
    Allow,
    /// Ask each time
    Ask,
    /// Never
    Deny,
}

impl From<Word> for Level {
    fn from(word: Word) -> Self {
        match word {
            Word::Allow => Self::Allow,
            Word::Ask => Self::Ask,
            Word::Deny => Self::Deny,
        }
    }
}

/// Runs one of them.
pub(crate) async fn run(context: &Context, verb: Verb) -> Outcome {
    let connection = Connection::open(context, Want::Either).await?;
    let outcome = match verb {
        Verb::List => list(context, &connection).await,
        Verb::Set { rule, level } => set(context, &connection, rule, level).await,
        Verb::Remove { rule } => remove(context, &connection, &rule).await,
    };
    connection.close().await;
    outcome
}

async fn rules(connection: &Connection) -> Outcome<Vec<Rule>> {
    Ok(connection.client.list_rules(&RuleQuery::default()).await?.items)
}

const fn word(level: Level) -> &'static str {
    match level {
        Level::Allow => "allow",
        Level::Ask => "ask",
        Level::Deny => "deny",
    }
}

async fn list(context: &Context, connection: &Connection) -> Outcome {
    let rules = rules(connection).await?;
    let tools = connection.client.list_tools().await?.items;
    let defaults: Vec<_> =
        tools.iter().map(|tool| (format!("{}.{}", tool.tool, tool.operation), word(tool.permission))).collect();
    let document = serde_json::json!({
        "rules": rules,
        "defaults": defaults.iter().map(|(tool, level)| serde_json::json!({ "tool": tool, "level": level })).collect::<Vec<_>>(),
    });
    context.printer.data(&document, |printer| {
        if rules.is_empty() {
            printer.note("you have set no rules; these defaults hold");
            printer.hint("`octi permission set 'shell(git status:*)' allow` sets one");
        } else {
            let rows: Vec<Vec<String>> = rules
                .iter()
                .map(|rule| vec![word(rule.level).to_owned(), shorten(&rule.rule, 60), rule.id.to_string()])
                .collect();
            printer.table(&["level", "rule", "id"], &rows);
            printer.line("");
        }
        let rows: Vec<Vec<String>> = defaults.iter().map(|(tool, level)| vec![(*level).to_owned(), tool.clone()]).collect();
        printer.table(&["default", "tool"], &rows);
    });
    Ok(())
}

async fn set(context: &Context, connection: &Connection, rule: String, level: Word) -> Outcome {
    let set = connection.client.set_rule(&SetRule { rule, level: level.into(), session_id: None }).await?;
    context.printer.data(&set, |printer| printer.note(&format!("{} {}", word(set.level), set.rule)));
    Ok(())
}

async fn remove(context: &Context, connection: &Connection, wanted: &str) -> Outcome {
    let rules = rules(connection).await?;
    let matching: Vec<_> = rules.iter().filter(|rule| rule.rule == wanted || rule.id.to_string() == wanted).collect();
    if matching.is_empty() {
        return Err(Failure::user(format!("there is no rule `{wanted}`")).hint("`octi permission list` shows them"));
    }
    for rule in &matching {
        connection.client.delete_rule(rule.id.into()).await?;
    }
    let removed: Vec<_> = matching.iter().map(|rule| rule.id).collect();
    context.printer.data(&serde_json::json!({ "removed": removed }), |printer| printer.note(&format!("removed `{wanted}`")));
    Ok(())
}
