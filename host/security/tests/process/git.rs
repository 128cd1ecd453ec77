//! Real git behind its two profiles: repositories that try to run something, and a server that is reached over HTTPS.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use octi_security::sandbox::process::{
    Ending, GIT, GIT_NETWORK, Level, Output, ProcessConfig, ProcessDoor, ProcessError, Profiles, Spawn,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tempfile::TempDir;

use crate::network::{egress, only};
use crate::support::{LAUNCHER, text};

const AUTHORITY: &str = include_str!("../forge/authority.pem");
const CERTIFICATE: &str = include_str!("../forge/certificate.pem");
const KEY: &str = include_str!("../forge/key.pem");

struct Git {
    door: ProcessDoor,
    dir: TempDir,
}

impl Git {
    /// None where git is not installed. `port` is where `forge.test` is.
    fn new(port: u16) -> Option<Self> {
        let dir = TempDir::new().unwrap();
        let workspace = dir.path().join("files");
        std::fs::create_dir(&workspace).unwrap();
        std::fs::write(workspace.join("forge.pem"), AUTHORITY).unwrap();
        let mut profiles = Profiles::default();
        let mut network = profiles.get(GIT_NETWORK).unwrap().clone();
        network.network = only("forge.test", port);
        network.set.push(("GIT_SSL_CAINFO".into(), "{workspace}/forge.pem".into()));
        profiles.insert(GIT_NETWORK, network).unwrap();
        let config = ProcessConfig { launcher: LAUNCHER.into(), level: Level::Auto };
        let door = ProcessDoor::with_profiles(config, profiles).with_egress(egress());
        door.which(GIT, "git").unwrap()?;
        Some(Self { door, dir })
    }

    fn workspace(&self) -> PathBuf {
        self.dir.path().join("files")
    }

    async fn try_run(&self, profile: &str, cwd: &str, argv: &[&str]) -> Result<Output, ProcessError> {
        let names = ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"];
        let spawn = Spawn {
            profile: profile.into(),
            argv: argv.iter().map(|argument| (*argument).into()).collect(),
            cwd: self.workspace().join(cwd),
            workspace: self.workspace(),
            env: names.map(|name| (name.into(), "somebody".into())).into(),
            time_max: Duration::from_secs(30),
            stdin: None,
        };
        let output = self.door.run(spawn).await?;
        println!("git {argv:?}: {:?}\n{}{}", output.ending, text(&output.stdout), text(&output.stderr));
        Ok(output)
    }

    async fn run(&self, cwd: &str, argv: &[&str]) -> String {
        let output = self.try_run(GIT, cwd, argv).await.unwrap();
        assert_eq!(output.ending, Ending::Exited(0), "{argv:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// A repository with one commit; returns its hash.
    async fn repository(&self, name: &str) -> String {
        self.run("", &["init", name]).await;
        std::fs::write(self.workspace().join(name).join("a.txt"), "one\n").unwrap();
        self.run(name, &["add", "--", "a.txt"]).await;
        self.run(name, &["commit", "--message=first"]).await;
        self.run(name, &["rev-parse", "HEAD"]).await.trim().to_owned()
    }
}

fn script(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, "#!/bin/sh\necho ran > \"$(dirname \"$0\")/mark\"\n").unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn a_repository_cannot_make_git_run_its_programs() {
    let Some(git) = Git::new(1) else { return };
    git.repository("repo").await;
    let repo = git.workspace().join("repo");
    let evil = git.workspace().join("evil");
    script(&evil.join("run"));
    for hook in
        ["pre-commit", "post-commit", "post-checkout", "pre-push", "commit-msg", "post-index-change", "reference-transaction"]
    {
        script(&repo.join(".git/hooks").join(hook));
    }
    let run = evil.join("run").display().to_string();
    let settings = [
        "[core]",
        &format!("fsmonitor = {run}"),
        &format!("hooksPath = {}", repo.join(".git/hooks").display()),
        &format!("editor = {run}"),
        &format!("pager = {run}"),
        &format!("sshCommand = {run}"),
        &format!("askPass = {run}"),
        "[diff]",
        &format!("external = {run}"),
        "[credential]",
        &format!("helper = !{run}"),
        "[commit]\ngpgSign = true\n[gpg]",
        &format!("program = {run}"),
        "[alias]",
        &format!("status = !{run}"),
        &format!("[pager]\nlog = {run}\nstatus = {run}\ndiff = {run}"),
        "[protocol \"ext\"]\nallow = always",
        "[log]\nshowSignature = true",
        &format!("[sequence]\neditor = {run}"),
    ];
    let config = repo.join(".git/config");
    let before = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("{before}\n{}\n", settings.join("\n"))).unwrap();
    std::fs::write(repo.join("a.txt"), "two\n").unwrap();
    git.run("repo", &["status", "--porcelain=v2", "-z"]).await;
    git.run("repo", &["diff", "--no-ext-diff"]).await;
    assert_ne!(git.try_run(GIT, "repo", &["diff"]).await.unwrap().ending, Ending::Exited(0), "it fails rather than run it");
    git.run("repo", &["add", "--", "a.txt"]).await;
    git.run("repo", &["commit", "--message=second"]).await;
    git.run("repo", &["log", "--max-count=2"]).await;
    git.run("repo", &["checkout", "-b", "other"]).await;
    git.run("repo", &["rebase", "main"]).await;
    git.run("", &["clone", "--no-local", "repo", "copy"]).await;
    git.run("copy", &["fetch", "origin"]).await;
    for place in [evil.join("mark"), repo.join(".git/hooks/mark")] {
        assert!(!place.exists(), "{}", place.display());
    }
    // Without the profile the same repository does run something, so what is tried here is a real attempt.
    let mut plain = Profiles::default();
    let bare = octi_security::sandbox::process::Profile::new(git.door.profiles().get(GIT).unwrap().program.clone());
    plain.insert("plain", bare).unwrap();
    let door = ProcessDoor::with_profiles(ProcessConfig { launcher: LAUNCHER.into(), level: Level::Auto }, plain);
    let spawn = Spawn {
        profile: "plain".into(),
        argv: vec!["status".into()],
        cwd: repo.clone(),
        workspace: git.workspace(),
        time_max: Duration::from_secs(30),
        ..Spawn::default()
    };
    door.run(spawn).await.unwrap();
    assert!(evil.join("mark").exists());
}

#[tokio::test]
async fn commands_in_addresses_are_not_run() {
    let Some(git) = Git::new(1) else { return };
    git.repository("repo").await;
    for profile in [GIT, GIT_NETWORK] {
        let error = git.try_run(profile, "", &["clone", "ext::sh -c touch% mark", "x"]).await.unwrap_err();
        assert!(error.to_string().contains("does not allow"), "{error}");
    }
    // An address that the repository itself rewrites is stopped by git, which may speak one protocol only.
    let config = git.workspace().join("repo/.git/config");
    let before = std::fs::read_to_string(&config).unwrap();
    let rewritten =
        "[remote \"origin\"]\nurl = ext::sh -c touch% mark\n[protocol]\nallow = always\n[protocol \"ext\"]\nallow = always\n";
    std::fs::write(&config, format!("{before}\n{rewritten}")).unwrap();
    for profile in [GIT, GIT_NETWORK] {
        let output = git.try_run(profile, "repo", &["fetch", "origin"]).await;
        if let Ok(output) = output {
            assert_ne!(output.ending, Ending::Exited(0));
            assert!(text(&output.stderr).contains("not allowed"), "{}", text(&output.stderr));
        }
    }
    assert!(!git.workspace().join("repo/mark").exists());
}

#[tokio::test]
async fn the_hooks_of_a_repository_that_is_pushed_to_do_not_run() {
    let Some(git) = Git::new(1) else { return };
    git.repository("repo").await;
    git.run("", &["init", "--bare", "remote.git"]).await;
    let remote = git.workspace().join("remote.git");
    for hook in ["pre-receive", "update", "post-receive", "post-update", "reference-transaction"] {
        script(&remote.join("hooks").join(hook));
    }
    let own = "--receive-pack=git -c core.hooksPath=/dev/null -c core.alternateRefsCommand=true -c receive.denyCurrentBranch=refuse \
               -c gc.auto=0 receive-pack";
    git.run("repo", &["push", own, "../remote.git", "main:main"]).await;
    assert!(!remote.join("hooks/mark").exists());
    assert!(remote.join("refs/heads/main").exists());
}

/// A server of files over HTTPS, as the simplest kind of git server is.
struct Forge {
    port: u16,
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Forge {
    fn serve(listener: TcpListener, root: PathBuf) -> Self {
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let certificates = vec![CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
        let config = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(certificates, key).unwrap();
        let config = Arc::new(config);
        let port = listener.local_addr().unwrap().port();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(connection) = rustls::ServerConnection::new(Arc::clone(&config)) else { continue };
                // One after another is enough; a client that gives up ends only its own turn.
                let _answered = answer(&mut rustls::StreamOwned::new(connection, stream), &root);
            }
        });
        Self { port, stop, thread: Some(thread) }
    }
}

impl Drop for Forge {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _woken = std::net::TcpStream::connect(("127.0.0.1", self.port));
        let _ended = self.thread.take().map(std::thread::JoinHandle::join);
    }
}

fn answer(stream: &mut rustls::StreamOwned<rustls::ServerConnection, std::net::TcpStream>, root: &Path) -> std::io::Result<()> {
    let mut reader = BufReader::new(&mut *stream);
    let mut first = String::new();
    reader.by_ref().take(8_192).read_line(&mut first)?;
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        if reader.by_ref().take(8_192).read_line(&mut line)? == 0 {
            break;
        }
    }
    let path = first.split(' ').nth(1).unwrap_or_default().split('?').next().unwrap_or_default();
    let path = path.trim_start_matches('/').strip_prefix("repo.git/").unwrap_or_default();
    let (status, body) = match std::fs::read(root.join(path)) {
        Ok(body) => ("200 OK", body),
        Err(_) => ("404 Not Found", Vec::new()),
    };
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    stream.write_all(head.as_bytes())?;
    stream.write_all(&body)?;
    stream.conn.send_close_notify();
    stream.flush()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repository_is_cloned_over_https_from_an_allowed_host_and_from_no_other() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let Some(git) = Git::new(port) else { return };
    if !git.door.probe().await.unwrap().net_ns {
        return;
    }
    let hash = git.repository("source").await;
    // Out of the workspace, so that only the network leads there.
    let served = git.dir.path().join("served");
    std::fs::rename(git.workspace().join("source/.git"), &served).unwrap();
    std::fs::create_dir_all(served.join("info")).unwrap();
    std::fs::write(served.join("info/refs"), format!("{hash}\trefs/heads/main\n")).unwrap();
    let _forge = Forge::serve(listener, served);
    let address = format!("https://forge.test:{port}/repo.git");
    let output = git.try_run(GIT_NETWORK, "", &["clone", "--", &address, "copy"]).await.unwrap();
    assert_eq!(output.ending, Ending::Exited(0), "{}", text(&output.stderr));
    assert_eq!(std::fs::read_to_string(git.workspace().join("copy/a.txt")).unwrap(), "one\n");
    let output = git.try_run(GIT_NETWORK, "copy", &["fetch", "origin"]).await.unwrap();
    assert_eq!(output.ending, Ending::Exited(0), "{}", text(&output.stderr));

    let other = format!("https://other.test:{port}/repo.git");
    let output = git.try_run(GIT_NETWORK, "", &["clone", "--", &other, "more"]).await.unwrap();
    assert_ne!(output.ending, Ending::Exited(0));
    let said = text(&output.stderr);
    assert!(said.contains(&format!("octi: `other.test:{port}` is not among the hosts")), "{said}");
    let output = git.try_run(GIT, "", &["clone", "--", &address, "more"]).await.unwrap();
    assert_ne!(output.ending, Ending::Exited(0), "what has no network cannot clone from it");
    assert!(!git.workspace().join("more").exists());
}
