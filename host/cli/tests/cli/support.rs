//! A home folder of its own, commands in it, and a server that ends with the test.
#![expect(clippy::disallowed_methods, reason = "these tests start the program itself")]

use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// A server on a free port.
const SERVE: [&str; 4] = ["--json", "serve", "--port", "0"];

/// One installation.
pub(crate) struct Octi {
    pub(crate) home: tempfile::TempDir,
    url: String,
    /// Of the first administrator; known when its first server has started.
    pub(crate) password: String,
    variables: Vec<(String, String)>,
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Octi {
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().expect("a temporary folder");
        // The compiled plugins are shared by all tests, and with them the key that they are sealed with: compiling them
        // anew for each test would take longer than the test.
        let compiled = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled-plugins");
        std::fs::create_dir_all(&compiled).expect("a folder");
        std::fs::create_dir(home.path().join("cache")).expect("a folder");
        std::os::unix::fs::symlink(compiled, home.path().join("cache/plugins")).expect("a link");
        // A port nobody listens on: commands must not find somebody else's server.
        Self { home, url: "http://127.0.0.1:9".to_owned(), password: String::new(), variables: Vec::new() }
            .with("MASTER_KEY", &"5a".repeat(32))
    }

    /// What octi itself put into its home folder.
    pub(crate) fn left_behind(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.home.path()).expect("the home folder").flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.filter(|name| name != "cache").collect()
    }

    /// Sets an environment variable of every command.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Where its server listens.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_octi"));
        command.args(arguments).env_clear().env("OCTI_HOME", self.home.path()).env("OCTI_URL", &self.url);
        command.env("NO_COLOR", "1").env("OLLAMA_HOST", "http://127.0.0.1:9").stdin(Stdio::null());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        said(self.command(arguments).output().expect("octi starts"))
    }

    /// Runs a command that reads this from a pipe.
    pub(crate) fn feed(&self, arguments: &[&str], input: &str) -> Said {
        let mut command = self.command(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("octi starts");
        child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it reads");
        said(child.wait_with_output().expect("it ends"))
    }

    /// Asks something over the running server, event by event.
    pub(crate) fn ask(&self, question: &str) -> Talk {
        let mut command = self.command(&["--json", "chat", "--yes", question]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("octi starts");
        let events = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        Talk { child, events, session: String::new() }
    }

    /// Sends a request to the running server, as any program would; gives the status and the JSON that came back.
    pub(crate) fn request(&self, line: &str, token: &str, body: &str) -> (u16, Value) {
        let address = self.url.strip_prefix("http://").expect("the server's address");
        let mut stream = TcpStream::connect(address).expect("the server listens");
        let length = body.len();
        let head = format!("{line} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n");
        let head = format!("{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n");
        stream.write_all((head + body).as_bytes()).expect("the server reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the server answers");
        let status = answer.split(' ').nth(1).and_then(|word| word.parse().ok()).expect("a status");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        (status, serde_json::from_str(body).expect("JSON"))
    }

    /// What commands on this machine sign in with.
    pub(crate) fn token(&self) -> String {
        std::fs::read_to_string(self.home.path().join("local-token")).expect("the token").trim().to_owned()
    }

    /// The folder of the person's files, which the first call of a tool makes.
    pub(crate) fn files(&self) -> PathBuf {
        let said = self.run(&["plugin", "call", "filesystem.list_directory"]);
        assert_eq!(said.code, Some(0), "{said:?}");
        let mut people = std::fs::read_dir(self.home.path().join("users")).expect("a folder of people");
        people.next().expect("one person").expect("an entry").path().join("workspaces/default/files")
    }

    /// Starts a server on a free port; later commands talk to it.
    pub(crate) fn serve(&mut self) -> Server {
        self.serve_to(Stdio::null())
    }

    /// The same on this port.
    pub(crate) fn serve_at(&mut self, port: &str) -> Server {
        let mut command = self.command(&["--json", "serve", "--port", port]);
        command.stderr(Stdio::null());
        self.started(command)
    }

    /// The same; what it logs goes to this file.
    pub(crate) fn serve_logging_to(&mut self, log: &Path) -> Server {
        self.serve_to(std::fs::File::create(log).expect("a file").into())
    }

    /// The same after what a shell does first; what it logs goes to this file.
    pub(crate) fn serve_after(&mut self, shell: &str, log: &Path) -> Server {
        let octi = self.command(&SERVE);
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{shell} && exec \"$0\" \"$@\"")]).arg(octi.get_program()).args(octi.get_args());
        command.env_clear().envs(octi.get_envs().filter_map(|(name, value)| Some((name, value?)))).stdin(Stdio::null());
        command.stderr(std::fs::File::create(log).expect("a file"));
        self.started(command)
    }

    fn serve_to(&mut self, log: Stdio) -> Server {
        let mut command = self.command(&SERVE);
        command.stderr(log);
        self.started(command)
    }

    fn started(&mut self, mut command: Command) -> Server {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("octi starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("the server says where it listens");
        let ready: serde_json::Value = serde_json::from_str(&line).expect("one JSON object");
        self.url = ready["listening"].as_str().expect("an address").to_owned();
        if let Some(password) = ready["firstSignIn"]["password"].as_str() {
            password.clone_into(&mut self.password);
        }
        Server(child)
    }
}

/// A turn under way, seen through its events.
pub(crate) struct Talk {
    child: Child,
    events: Lines<BufReader<ChildStdout>>,
    /// Known with the first event.
    pub(crate) session: String,
}

impl Talk {
    /// The next event of that type.
    pub(crate) fn until(&mut self, kind: &str) -> Value {
        loop {
            let line = self.events.next().unwrap_or_else(|| panic!("the turn ended without `{kind}`")).expect("text");
            let event: Value = serde_json::from_str(&line).expect("JSON");
            if let Some(session) = event["sessionId"].as_str() {
                session.clone_into(&mut self.session);
            }
            if event["type"] == kind {
                return event;
            }
        }
    }

    /// Waits until the command is over, and gives its exit code.
    pub(crate) fn end(mut self) -> Option<i32> {
        self.events.by_ref().for_each(drop);
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server. Dropped, it is killed.
pub(crate) struct Server(Child);

impl Server {
    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Asks it to end, as a service manager would, and gives the code that it ended with.
    pub(crate) fn terminate(mut self) -> Option<i32> {
        let id = nix::unistd::Pid::from_raw(i32::try_from(self.0.id()).expect("a process id"));
        nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGTERM).expect("it runs");
        self.0.wait().expect("it ends").code()
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(mut self) {
        self.0.kill().expect("it can be killed");
        self.0.wait().expect("it ends");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn said(output: Output) -> Said {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Waits until something holds, and says what when it never does.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "{what} did not happen");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Every file below a folder whose name is that.
pub(crate) fn find(folder: &Path, name: &str) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.file_name().is_some_and(|found| found == name) {
                found.push(path);
            }
        }
    }
    found
}
