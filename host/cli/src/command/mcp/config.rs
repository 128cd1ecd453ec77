//! `octi mcp config`: the few lines that a program needs to find octi.
//!
//! The program starts `octi mcp serve`, which reads the token from a file that only its owner can read. So no token stands in
//! a file that people commit, share and show.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use octi_api::v1::auth::CreateToken;
use serde_json::{Map, Value, json};

use crate::command::Context;
use crate::connection::{Connection, Want};
use crate::failure::{Failure, Outcome};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The program
    #[arg(long, value_enum, default_value_t = Client::Generic)]
    client: Client,
    /// Write the program's file in this folder, beside what stands there already, and make the token
    #[arg(long)]
    write: bool,
}

/// Programs whose files are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Client {
    /// Claude Code (`.mcp.json`)
    Claude,
    /// Cursor (`.cursor/mcp.json`)
    Cursor,
    /// Visual Studio Code (`.vscode/mcp.json`)
    Vscode,
    /// Any other, in the form that most take (`.mcp.json`)
    Generic,
}

impl Client {
    const fn word(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::Cursor => "cursor",
            Self::Vscode => "vscode",
            Self::Generic => "generic",
        }
    }

    const fn file(self) -> &'static str {
        match self {
            Self::Claude | Self::Generic => ".mcp.json",
            Self::Cursor => ".cursor/mcp.json",
            Self::Vscode => ".vscode/mcp.json",
        }
    }

    /// The key that servers stand under.
    const fn key(self) -> &'static str {
        match self {
            Self::Claude | Self::Cursor | Self::Generic => "mcpServers",
            Self::Vscode => "servers",
        }
    }
}

/// Prints or writes it.
pub(crate) async fn run(context: &Context, options: Options) -> Outcome {
    let token_file = context.config.home.join("mcp").join(format!("{}.token", options.client.word()));
    let entry = entry(&program()?, &context.config.home, &context.config.url, &token_file);
    if !options.write {
        let whole = merged(options.client, None, entry).map_err(Failure::us)?;
        context.printer.out(&whole);
        context.printer.hint(&format!(
            "`octi mcp config --client {} --write` writes this to `{}` and makes the token",
            options.client.word(),
            options.client.file()
        ));
        return Ok(());
    }
    let path = PathBuf::from(options.client.file());
    let before = match std::fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(unreadable(&path, &error)),
    };
    let whole = merged(options.client, before.as_deref(), entry).map_err(|problem| {
        Failure::user(format!("`{}` is left as it is: {problem}", path.display()))
            .hint("correct the file or move it away; without `--write` this command prints what it would add")
    })?;
    let is_new = make_token(context, options.client, &token_file).await?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|error| unreadable(folder, &error))?;
    }
    std::fs::write(&path, whole).map_err(|error| unreadable(&path, &error))?;
    let written = json!({"file": path, "tokenFile": token_file, "newToken": is_new});
    context.printer.data(&written, |printer| {
        printer.note(&format!("wrote `{}`; the token is in `{}`", path.display(), token_file.display()));
        printer.hint("octi has to run (`octi serve`) when the program starts; `octi token revoke` ends its access");
    });
    Ok(())
}

/// This very program, as others can start it.
fn program() -> Outcome<PathBuf> {
    std::env::current_exe().map_err(|error| Failure::us("this program does not know where it is").because(&error))
}

/// What starts a bridge to octi.
fn entry(program: &Path, home: &Path, url: &str, token_file: &Path) -> Value {
    let words = ["--url", url, "--home"].map(Value::from);
    let mut arguments: Vec<Value> = words.into();
    arguments.push(json!(home));
    arguments.extend(["mcp", "serve", "--token-file"].map(Value::from));
    arguments.push(json!(token_file));
    json!({"type": "stdio", "command": program, "args": arguments})
}

/// The program's file with octi in it, and with everything that stood there.
fn merged(client: Client, before: Option<&str>, entry: Value) -> Result<String, String> {
    let mut whole: Map<String, Value> = match before.map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) => serde_json::from_str(text).map_err(|error| format!("it is no JSON object ({error})"))?,
        None => Map::new(),
    };
    let servers = whole.entry(client.key()).or_insert_with(|| json!({}));
    let servers = servers.as_object_mut().ok_or_else(|| format!("`{}` is no object", client.key()))?;
    servers.insert("octi".to_owned(), entry);
    let text = serde_json::to_string_pretty(&whole).map_err(|error| error.to_string())?;
    Ok(format!("{text}\n"))
}

/// Makes a token for the program, unless it has one.
async fn make_token(context: &Context, client: Client, path: &Path) -> Outcome<bool> {
    if path.exists() {
        return Ok(false);
    }
    let connection = Connection::open(context, Want::Either).await?;
    let wanted = CreateToken { name: format!("mcp {}", client.word()), expires_in_days: None, hmac: false };
    let created = connection.client.create_token(&wanted).await;
    connection.close().await;
    keep(path, &created?.secret).map_err(|error| unreadable(path, &error))?;
    Ok(true)
}

/// Writes a token where only its owner can read it.
fn keep(path: &Path, secret: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(format!("{secret}\n").as_bytes())
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::user(format!("`{}` cannot be read or written", path.display())).because(error)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn example() -> Value {
        entry(
            Path::new("/bin/octi"),
            Path::new("/home/ann/.octi"),
            "http://127.0.0.1:3005",
            Path::new("/home/ann/.octi/mcp/claude.token"),
        )
    }

    #[test]
    fn what_a_program_needs_names_files_and_no_token() {
        insta::assert_snapshot!(merged(Client::Claude, None, example()).unwrap());
    }

    #[test]
    fn what_stood_there_stays() {
        let before = r#"{"inputs": [], "servers": {"other": {"url": "http://x"}, "octi": {"url": "http://old"}}}"#;
        let whole: Value = serde_json::from_str(&merged(Client::Vscode, Some(before), example()).unwrap()).unwrap();
        assert_eq!(whole["servers"]["other"], json!({"url": "http://x"}));
        assert_eq!((&whole["servers"]["octi"]["command"], &whole["inputs"]), (&json!("/bin/octi"), &json!([])));
        for broken in ["[", "[]", r#"{"servers": 7}"#] {
            assert!(merged(Client::Vscode, Some(broken), example()).is_err(), "{broken}");
        }
    }

    #[test]
    fn a_token_is_its_owners_alone_and_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mcp").join("claude.token");
        keep(&path, "octi_secret").unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "octi_secret\n");
        assert!(keep(&path, "octi_other").is_err());
    }
}
