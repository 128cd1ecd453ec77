//! `octi token`: API tokens, and programs that were let in over MCP without one.

use chrono::{DateTime, Utc};
use clap::Subcommand;
use octi_api::v1::auth::{CreateToken, Token};
use octi_api::v1::programs::{Program, ProgramScope};
use octi_domain::ids::{ProgramId, TokenId};
use serde::ser::{Serialize, SerializeSeq, Serializer};

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
    /// List tokens, never their values, and programs that were let in over MCP
    List,
    /// Make a token stop working at once, or end what a program may do
    Revoke {
        /// Its id, or its name if nothing else has it
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
    let programs = connection.client.list_programs().await?.items;
    context.printer.data(&Listed(&tokens, &programs), |printer| {
        if tokens.is_empty() && programs.is_empty() {
            printer.note("there are no tokens");
            printer.hint("`octi token create NAME` makes one");
            return;
        }
        let rows: Vec<Vec<String>> = tokens
            .iter()
            .map(|token| {
                let state = if token.revoked_at.is_some() { "revoked" } else { "active" };
                let expires = token.expires_at.map_or_else(|| "never".to_owned(), |at| at.format("%Y-%m-%d").to_string());
                vec![
                    token.name.clone(),
                    format!("{}…", token.prefix),
                    state.to_owned(),
                    expires,
                    used(token.last_used_at),
                    token.id.to_string(),
                ]
            })
            .chain(programs.iter().map(|program| {
                let scope = if program.scope == ProgramScope::Read { "MCP, reads" } else { "MCP" };
                let expires = program.expires_at.format("%Y-%m-%d").to_string();
                let used = used(program.last_used_at);
                vec![program.name.clone(), scope.to_owned(), "let in".to_owned(), expires, used, program.id.to_string()]
            }))
            .collect();
        printer.table(&["name", "token", "state", "expires", "last used", "id"], &rows);
    });
    Ok(())
}

fn used(at: Option<DateTime<Utc>>) -> String {
    at.map_or_else(|| "never".to_owned(), |at| at.format("%Y-%m-%d %H:%M").to_string())
}

/// Tokens, and then programs that were let in, in one list.
struct Listed<'a>(&'a [Token], &'a [Program]);

impl Serialize for Listed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len() + self.1.len()))?;
        self.0.iter().try_for_each(|token| list.serialize_element(token))?;
        self.1.iter().try_for_each(|program| list.serialize_element(program))?;
        list.end()
    }
}

/// What can be revoked.
enum Wanted {
    Token(TokenId),
    Program(ProgramId),
}

async fn revoke(context: &Context, connection: &Connection, wanted: &str) -> Outcome {
    let is_wanted = |name: &str, id: uuid::Uuid| name == wanted || id.to_string() == wanted;
    let tokens = connection.client.list_tokens().await?.items;
    let programs = connection.client.list_programs().await?.items;
    let of_tokens = tokens.iter().filter(|token| token.revoked_at.is_none() && is_wanted(&token.name, token.id));
    let of_programs = programs.iter().filter(|program| is_wanted(&program.name, program.id));
    let mut matching = of_tokens
        .map(|token| (&token.name, token.id, Wanted::Token(token.id.into())))
        .chain(of_programs.map(|program| (&program.name, program.id, Wanted::Program(program.id.into()))));
    let Some((name, id, found)) = matching.next() else {
        return Err(
            Failure::user(format!("no active token or program is called `{wanted}`")).hint("`octi token list` shows them")
        );
    };
    if matching.next().is_some() {
        return Err(Failure::user(format!("several tokens or programs are called `{wanted}`"))
            .hint("name the id that `octi token list` shows"));
    }
    match found {
        Wanted::Token(id) => connection.client.revoke_token(id).await?,
        Wanted::Program(id) => connection.client.revoke_program(id).await?,
    }
    context.printer.data(&serde_json::json!({ "revoked": id }), |printer| printer.note(&format!("revoked `{name}`")));
    Ok(())
}
