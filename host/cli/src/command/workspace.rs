//! `octi workspace`: the folders your agents work in.

use clap::Subcommand;
use octi_api::v1::workspaces::{CreateWorkspace, PatchWorkspace, Workspace};
use octi_client::Client;

use crate::command::Context;
use crate::connection::{Connection, Want};
use crate::failure::{Failure, Outcome};

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// List your workspaces; there is always one
    List,
    /// Make a workspace, with a folder of its own
    Create {
        /// What you call it
        name: String,
        /// The word that stands for it in commands; default made of the name
        #[arg(long, value_name = "WORD")]
        slug: Option<String>,
    },
    /// Call a workspace something else; its files stay where they are
    Rename {
        /// Its word or name
        workspace: String,
        /// What you call it from now on
        name: String,
        /// The word that stands for it from now on
        #[arg(long, value_name = "WORD")]
        slug: Option<String>,
    },
    /// Begin conversations in a workspace unless another is named
    Default {
        /// Its word or name
        workspace: String,
    },
    /// Remove a workspace: its conversations go on in the default one, and its files stay on the host
    Remove {
        /// Its word or name
        workspace: String,
    },
}

/// Runs one of them.
pub(crate) async fn run(context: &Context, verb: Verb) -> Outcome {
    let connection = Connection::open(context, Want::Either).await?;
    let outcome = match verb {
        Verb::List => list(context, &connection.client).await,
        Verb::Create { name, slug } => create(context, &connection.client, CreateWorkspace { name, slug }).await,
        Verb::Rename { workspace, name, slug } => rename(context, &connection.client, &workspace, (name, slug)).await,
        Verb::Default { workspace } => set_default(context, &connection.client, &workspace).await,
        Verb::Remove { workspace } => remove(context, &connection.client, &workspace).await,
    };
    connection.close().await;
    outcome
}

async fn list(context: &Context, client: &Client) -> Outcome {
    let all = client.list_workspaces().await?.items;
    context.printer.data(&all, |printer| {
        let row = |one: &Workspace| {
            let name = if one.is_default { format!("{} (default)", one.name) } else { one.name.clone() };
            vec![one.slug.clone(), name, one.id.to_string()]
        };
        printer.table(&["word", "name", "id"], &all.iter().map(row).collect::<Vec<_>>());
        if all.len() == 1 {
            printer.hint("`octi workspace create NAME` makes another one");
        }
    });
    Ok(())
}

async fn create(context: &Context, client: &Client, wanted: CreateWorkspace) -> Outcome {
    let made = client.create_workspace(&wanted).await?;
    context.printer.data(&made, |printer| {
        printer.note(&format!("made the workspace `{}`", made.slug));
        printer.hint(&format!("`octi chat --workspace {}` works in it", made.slug));
    });
    Ok(())
}

async fn rename(context: &Context, client: &Client, workspace: &str, (name, slug): (String, Option<String>)) -> Outcome {
    let id = found(client, workspace).await?.id;
    let renamed = client.patch_workspace(id.into(), &PatchWorkspace { name: Some(name), slug }).await?;
    context.printer.data(&renamed, |printer| printer.note(&format!("`{}` is called {} now", renamed.slug, renamed.name)));
    Ok(())
}

async fn set_default(context: &Context, client: &Client, workspace: &str) -> Outcome {
    let id = found(client, workspace).await?.id;
    let chosen = client.set_default_workspace(id.into()).await?;
    context.printer.data(&chosen, |printer| printer.note(&format!("conversations begin in `{}` now", chosen.slug)));
    Ok(())
}

async fn remove(context: &Context, client: &Client, workspace: &str) -> Outcome {
    let Workspace { id, slug, .. } = found(client, workspace).await?;
    client.delete_workspace(id.into()).await?;
    context.printer.data(&serde_json::json!({ "removed": slug }), |printer| {
        printer.note(&format!("removed `{slug}`; its conversations go on in the default workspace"));
        printer.hint(&format!("its files stay on the host, in a folder `{id}` below `users/`"));
    });
    Ok(())
}

/// The workspace of that word, name or id; `-` is the default one.
pub(crate) async fn found(client: &Client, name: &str) -> Outcome<Workspace> {
    let all = client.list_workspaces().await?.items;
    let slugs: Vec<String> = all.iter().map(|one| format!("`{}`", one.slug)).collect();
    let by_slug = all.iter().position(|one| one.slug == name || one.id.to_string() == name || (name == "-" && one.is_default));
    let by_name = || all.iter().position(|one| one.name.eq_ignore_ascii_case(name));
    let place = by_slug.or_else(by_name);
    place
        .and_then(|place| all.into_iter().nth(place))
        .ok_or_else(|| Failure::user(format!("there is no workspace `{name}`")).hint(format!("there are {}", slugs.join(", "))))
}
