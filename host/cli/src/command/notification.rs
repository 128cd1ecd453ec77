//! `octi notification`: what you were told of while you looked elsewhere.

use clap::Subcommand;
use octi_api::error::ErrorCode;
use octi_api::v1::notifications::{Notification, NotificationKind, NotificationQuery};
use octi_domain::ids::NotificationId;

use crate::command::Context;
use crate::connection::{Connection, Want};
use crate::failure::{Failure, Outcome};
use crate::output::shorten;

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// List the newest ones, and which of them are unread
    List {
        /// Only the unread ones
        #[arg(long)]
        unread: bool,
        /// How many, at most 200
        #[arg(long, value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=200))]
        limit: u32,
    },
    /// Mark one as read, or all of them
    Read {
        /// Its id
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        id: Option<NotificationId>,
        /// All of them
        #[arg(long)]
        all: bool,
    },
}

/// Runs one of them.
pub(crate) async fn run(context: &Context, verb: Verb) -> Outcome {
    let connection = Connection::open(context, Want::Either).await?;
    let outcome = match verb {
        Verb::List { unread, limit } => list(context, &connection, unread, limit).await,
        Verb::Read { id: Some(id), .. } => read(context, &connection, id).await,
        Verb::Read { id: None, .. } => read_all(context, &connection).await,
    };
    connection.close().await;
    outcome
}

const fn word(kind: NotificationKind) -> &'static str {
    match kind {
        NotificationKind::AgentCompleted => "done",
        NotificationKind::AgentFailed => "failed",
        NotificationKind::PermissionRequest => "waits",
    }
}

async fn list(context: &Context, connection: &Connection, unread: bool, limit: u32) -> Outcome {
    let query = NotificationQuery { unread, cursor: None, limit: Some(limit) };
    let page = connection.client.list_notifications(&query).await?;
    context.printer.data(&page.items, |printer| {
        if page.items.is_empty() {
            printer.note(if unread { "all is read" } else { "you were told of nothing yet" });
            return;
        }
        printer.table(&["", "when", "kind", "what", "id"], &page.items.iter().map(row).collect::<Vec<_>>());
        printer.note(&format!("{} unread", page.unread));
        if page.unread > 0 {
            printer.hint("`octi notification read --all` marks all as read");
        }
    });
    Ok(())
}

fn row(one: &Notification) -> Vec<String> {
    let mark = if one.read_at.is_some() { "" } else { "*" };
    vec![
        mark.to_owned(),
        one.created_at.format("%Y-%m-%d %H:%M").to_string(),
        word(one.kind).to_owned(),
        shorten(&one.title, 60),
        one.id.to_string(),
    ]
}

async fn read(context: &Context, connection: &Connection, id: NotificationId) -> Outcome {
    connection.client.read_notification(id).await.map_err(|error| {
        let unknown = error.code() == Some(ErrorCode::NotFound);
        let failure = Failure::from(error);
        if unknown { failure.hint("`octi notification list` shows them") } else { failure }
    })?;
    context.printer.data(&serde_json::json!({ "read": id.to_string() }), |printer| printer.note("marked as read"));
    Ok(())
}

async fn read_all(context: &Context, connection: &Connection) -> Outcome {
    connection.client.read_all_notifications().await?;
    context.printer.data(&serde_json::json!({ "read": "all" }), |printer| printer.note("marked all as read"));
    Ok(())
}
