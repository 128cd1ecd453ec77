//! Servers that are programs of this machine: started in the process sandbox, spoken to line by line.

use std::borrow::Cow;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use octi_domain::ids::UserId;
use octi_domain::limits;
use octi_security::sandbox::egress::HostAllow;
use octi_security::sandbox::process::{EnvRule, Network, Piped, Profile, Spawn};
use rmcp::RoleClient;
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::Transport;
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::sync::Mutex;

use super::config::ServerConfig;
use super::hub::Doors;
use super::secrets::{Hidden, Used, join};
use super::stderr;

/// A server that takes no input for this long is not waited for any longer.
const WRITE_PATIENCE: Duration = Duration::from_secs(5);

/// Starts the program. What it is called in errors is not its name but the server's.
pub(super) async fn start(
    doors: &Doors,
    server: &str,
    owner: Option<UserId>,
    config: &ServerConfig,
    (program, network): (&Path, &HostAllow),
) -> Result<(Lines, Arc<Piped>, Hidden), String> {
    let mut used = Used::default();
    let mut env = Vec::new();
    for (name, value) in &config.env {
        let value = join(doors.secrets.as_ref(), owner, (&format!("env.{name}"), value), &mut used).await?;
        env.push((name.clone(), value.expose_secret().to_owned()));
    }
    let hidden = used.hiding(None);
    let own = own_directory(&doors.home, server)?;
    let lasts = Duration::from_secs(limits::MCP_SESSION_HOURS_MAX * 60 * 60);
    let mut profile = Profile::new(program);
    profile.env = EnvRule::Harmless;
    profile.time_max = lasts;
    profile.read.clone_from(&config.read);
    profile.write.clone_from(&config.write);
    profile.network = if config.network.is_empty() { Network::Nothing } else { Network::Hosts(network.clone()) };
    profile.limits.memory_bytes = config.memory_mb.map_or(profile.limits.memory_bytes, |mb| mb.saturating_mul(1 << 20));
    let spawn = Spawn {
        profile: format!("mcp/{server}"),
        argv: config.args.clone(),
        cwd: own.clone(),
        workspace: own,
        env,
        time_max: lasts,
        stdin: None,
    };
    let mut piped = doors.processes.pipe(&profile, spawn).await.map_err(|error| error.to_string())?;
    let streams = (piped.stdin.take(), piped.stdout.take(), piped.stderr.take());
    let (Some(stdin), Some(stdout), Some(errors)) = streams else { return Err("the program has no streams".to_owned()) };
    doors.tasks.spawn(stderr::follow(server.to_owned(), errors, hidden.redactor()));
    let piped = Arc::new(piped);
    let lines = Lines {
        server: server.to_owned(),
        stdin: Arc::new(Mutex::new(Some(stdin))),
        stdout: BufReader::new(stdout),
        line: Vec::new(),
        stray: 0,
    };
    Ok((lines, piped, hidden))
}

/// The directory the server works in: its own, and the only one of octi's that it sees.
fn own_directory(home: &Path, server: &str) -> Result<std::path::PathBuf, String> {
    use std::os::unix::fs::DirBuilderExt as _;
    let own = home.join(server);
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&own);
    made.map_err(|error| format!("its directory `{}` cannot be made: {error}", own.display()))?;
    Ok(own)
}

/// Messages as lines of JSON, each bounded.
pub(super) struct Lines {
    server: String,
    stdin: Arc<Mutex<Option<ChildStdin>>>,
    stdout: BufReader<ChildStdout>,
    /// The beginning of a line that is not all there: reading it may be given up and taken up again.
    line: Vec<u8>,
    stray: usize,
}

impl Transport<RoleClient> for Lines {
    type Error = io::Error;

    fn name() -> Cow<'static, str> {
        "stdio".into()
    }

    fn send(&mut self, item: ClientJsonRpcMessage) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let stdin = Arc::clone(&self.stdin);
        async move {
            let mut line = serde_json::to_vec(&item)?;
            line.push(b'\n');
            let mut stdin = stdin.lock().await;
            let pipe = stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
            let written = async {
                pipe.write_all(&line).await?;
                pipe.flush().await
            };
            match tokio::time::timeout(WRITE_PATIENCE, written).await {
                Ok(Ok(())) => Ok(()),
                // Half a line cannot be taken back, so nothing more can be said.
                Ok(Err(error)) => {
                    stdin.take();
                    Err(error)
                }
                Err(_) => {
                    stdin.take();
                    Err(io::Error::new(io::ErrorKind::TimedOut, "the program does not read its input"))
                }
            }
        }
    }

    async fn receive(&mut self) -> Option<ServerJsonRpcMessage> {
        loop {
            let available = self.stdout.fill_buf().await.ok()?;
            if available.is_empty() {
                return None;
            }
            let end = available.iter().position(|byte| *byte == b'\n');
            let part = &available[..end.unwrap_or(available.len())];
            if self.line.len() + part.len() > limits::MCP_SERVER_MESSAGE_BYTES_MAX {
                let max = limits::MCP_SERVER_MESSAGE_BYTES_MAX;
                tracing::warn!(server = self.server, "a message of an MCP server is longer than {max} bytes: it is ended");
                return None;
            }
            self.line.extend_from_slice(part);
            let taken = part.len() + usize::from(end.is_some());
            self.stdout.consume(taken);
            if end.is_none() {
                continue;
            }
            let line = std::mem::take(&mut self.line);
            match serde_json::from_slice(&line) {
                Ok(message) => return Some(message),
                Err(_) if line.trim_ascii().is_empty() => {}
                Err(error) => {
                    self.stray += 1;
                    tracing::debug!(server = self.server, %error, "an MCP server wrote a line that is no message");
                    if self.stray > limits::MCP_STRAY_LINES_MAX {
                        tracing::warn!(
                            server = self.server,
                            "an MCP server writes too many lines that are no message: it is ended"
                        );
                        return None;
                    }
                }
            }
        }
    }

    async fn close(&mut self) -> io::Result<()> {
        self.stdin.lock().await.take();
        Ok(())
    }
}
