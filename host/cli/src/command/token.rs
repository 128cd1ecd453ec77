//! `octi token`: API tokens.

use clap::Subcommand;
use octi_api::v1::auth::CreateToken;

use crate::command::Context;
use crate::connection::{Connection, Want};
use crate::failure::{Failure, Outcome};

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Make a token; its value is shown this once
    Create {
        /// What it is for
        name: String,
        /// Days until it stops working; without, it works until revoked
        #[arg(long, value_name = "DAYS")]
        expires_in: Option<u32>,
        /// Make a key that signs instead, for programs that stay connected: its secret is never sent
        #[arg(long)]
        hmac: bool,
    },
    /// List tokens, never their values
    List,
    /// Make a token stop working at once
    Revoke {
        /// Its id, or its name if no other token has it
        token: String,
    },
}

/// Runs one of them.
pub(crate) async fn run(context: &Context, verb: Verb) -> Outcome {
    let connection = Connection::open(context, Want::Either).await?;
    let outcome = match verb {
        Verb::Create { name, expires_in, hmac } => {
            create(context, &connection, CreateToken { name, expires_in_days: expires_in, hmac }).await
        }
        Verb::List => list(context, &connection).await,
        Verb::Revoke { token } => revoke(context, &connection, &token).await,
    };
    connection.close().await;
    outcome
}

async fn create(context: &Context, connection: &Connection, wanted: CreateToken) -> Outcome {
    let created = connection.client.create_token(&wanted).await?;
    context.printer.data(&created, |printer| {
        if created.token.hmac {
            printer.line(&format!("id      {}", created.token.id));
            printer.line(&format!("secret  {}", created.secret));
            printer.hint(
                "keep the secret now: it cannot be shown again, and is never sent; sign in to `/gateway` with the method `hmac`",
            );
            return;
        }
        printer.line(&created.secret);
        printer.hint("keep it now: it cannot be shown again");
    });
    Ok(())
}

async fn list(context: &Context, connection: &Connection) -> Outcome {
    let tokens = connection.client.list_tokens().await?.items;
    context.printer.data(&tokens, |printer| {
        if tokens.is_empty() {
            printer.note("there are no tokens");
            printer.hint("`octi token create NAME` makes one");
            return;
        }
        let rows: Vec<Vec<String>> = tokens
            .iter()
            .map(|token| {
                let state = if token.revoked_at.is_some() { "revoked" } else { "active" };
                let expires = token.expires_at.map_or_else(|| "never".to_owned(), |at| at.format("%Y-%m-%d").to_string());
                let used = token.last_used_at.map_or_else(|| "never".to_owned(), |at| at.format("%Y-%m-%d %H:%M").to_string());
                vec![token.name.clone(), format!("{}…", token.prefix), state.to_owned(), expires, used, token.id.to_string()]
            })
            .collect();
        printer.table(&["name", "token", "state", "expires", "last used", "id"], &rows);
    });
    Ok(())
}

async fn revoke(context: &Context, connection: &Connection, wanted: &str) -> Outcome {
    let tokens = connection.client.list_tokens().await?.items;
    let matching: Vec<_> = tokens
        .iter()
        .filter(|token| token.revoked_at.is_none() && (token.name == wanted || token.id.to_string() == wanted))
        .collect();
    let token = match matching.as_slice() {
        [token] => *token,
        [] => return Err(Failure::user(format!("no active token is called `{wanted}`")).hint("`octi token list` shows them")),
        _ => {
            return Err(
                Failure::user(format!("several tokens are called `{wanted}`")).hint("name the id that `octi token list` shows")
            );
        }
    };
    connection.client.revoke_token(token.id.into()).await?;
    context
        .printer
        .data(&serde_json::json!({ "revoked": token.id }), |printer| printer.note(&format!("revoked `{}`", token.name)));
    Ok(())
}
