//! Starting the launcher, and hearing from it.

use std::os::fd::{AsFd as _, AsRawFd as _};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;
use tokio::process::{Child, Command};

use super::launcher::spec::LaunchSpec;
use super::profile::{Network, Profile};
use super::types::{Level, ProcessError, Spawn};

/// Where programs look for programs.
pub(super) const SEARCH_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The launcher as it was started, with the host's end of the socket.
#[derive(Debug)]
pub(super) struct Started {
    pub child: Child,
    pub control: UnixStream,
    /// Where the listener of a program that may use the network arrives.
    pub passing: Option<UnixStream>,
}

/// The orders for a program of a profile.
pub(super) fn orders(profile: &Profile, spawn: &Spawn, level: Level, id: &str) -> Result<LaunchSpec, ProcessError> {
    profile.check(spawn)?;
    let workspace = canonical(&spawn.workspace, "workspace")?;
    let cwd = directory(profile, spawn, &workspace)?;
    let outer = super::launcher::readable_above(&workspace).map(Path::new);
    let more = profile.read.iter().chain(&profile.write).map(PathBuf::as_path);
    if let Some(outer) = outer.or_else(|| more.into_iter().find(|more| workspace.starts_with(more))) {
        return Err(ProcessError::Refused(format!(
            "the workspace lies in `{}`, which programs of profile `{}` may reach, so nothing beside it would be safe: move it",
            outer.display(),
            spawn.profile
        )));
    }
    let program = profile.program.to_string_lossy().into_owned();
    let argv = [program].into_iter().chain(profile.prefix.iter().cloned()).chain(spawn.argv.iter().cloned()).collect();
    let mut spec = plain_orders(workspace, level, id);
    spec.argv = argv;
    spec.cwd = cwd;
    let (workspace, scratch) = (spec.workspace.to_string_lossy(), spec.scratch.to_string_lossy());
    let filled = |value: &str| value.replace("{workspace}", &workspace).replace("{scratch}", &scratch);
    let set: Vec<_> = profile.set.iter().map(|(name, value)| (name.clone(), filled(value))).collect();
    spec.env.extend(set.into_iter().chain(spawn.env.iter().cloned()));
    spec.read.clone_from(&profile.read);
    spec.write.clone_from(&profile.write);
    spec.tunnel = matches!(profile.network, Network::Hosts(_)).then_some(0);
    spec.memory_bytes = profile.limits.memory_bytes;
    spec.file_bytes = profile.limits.file_bytes;
    spec.processes = profile.limits.processes;
    spec.open_files = profile.limits.open_files;
    // Each of a process's threads uses this up, so it is a backstop behind the time limit and not a second one.
    spec.cpu_seconds = spawn.time_max.as_secs().saturating_mul(4).saturating_add(5);
    Ok(spec)
}

/// Orders without a program: to find out which layers hold.
pub(super) fn plain_orders(workspace: PathBuf, level: Level, id: &str) -> LaunchSpec {
    let scratch = std::env::temp_dir().join(format!("octi-{id}"));
    let limits = super::ProfileLimits::default();
    let env = [
        ("PATH", SEARCH_PATH.to_owned()),
        ("HOME", workspace.to_string_lossy().into_owned()),
        ("LANG", "C.UTF-8".to_owned()),
        ("TMPDIR", scratch.to_string_lossy().into_owned()),
        ("TERM", "dumb".to_owned()),
    ];
    LaunchSpec {
        argv: Vec::new(),
        cwd: workspace.clone(),
        workspace,
        scratch,
        env: env.map(|(name, value)| (name.to_owned(), value)).to_vec(),
        read: Vec::new(),
        write: Vec::new(),
        hidden: Vec::new(),
        tunnel: None,
        level,
        memory_bytes: limits.memory_bytes,
        file_bytes: limits.file_bytes,
        processes: limits.processes,
        open_files: limits.open_files,
        cpu_seconds: 5,
    }
}

/// Where the program starts. A profile may have a directory of its own in the workspace, which it does not leave.
fn directory(profile: &Profile, spawn: &Spawn, workspace: &Path) -> Result<PathBuf, ProcessError> {
    let cwd = canonical(&spawn.cwd, "directory to start in")?;
    if !cwd.starts_with(workspace) {
        return Err(ProcessError::Invalid("the directory to start in is not in the workspace".to_owned()));
    }
    if profile.cwd.as_os_str().is_empty() {
        return Ok(cwd);
    }
    let own = canonical(&workspace.join(&profile.cwd), "directory of the profile")?;
    if !own.starts_with(workspace) {
        return Err(ProcessError::Invalid("the directory of the profile is not in the workspace".to_owned()));
    }
    if cwd.starts_with(&own) {
        Ok(cwd)
    } else if cwd == workspace {
        Ok(own)
    } else {
        Err(ProcessError::Invalid(format!("profile `{}` starts its programs in `{}`", spawn.profile, profile.cwd.display())))
    }
}

fn canonical(path: &Path, what: &str) -> Result<PathBuf, ProcessError> {
    let found = path.canonicalize().map_err(|error| ProcessError::Invalid(format!("the {what} cannot be used: {error}")))?;
    // The orders travel as JSON.
    if found.to_str().is_none() {
        return Err(ProcessError::Invalid(format!("the {what} has a name that is not UTF-8")));
    }
    Ok(found)
}

/// Starts the launcher and gives it its orders.
pub(super) async fn start(launcher: &Path, spec: &LaunchSpec, input: bool) -> Result<Started, ProcessError> {
    let fail = |error: std::io::Error| ProcessError::Failed(error.to_string());
    let (ours, theirs) = StdUnixStream::pair().map_err(fail)?;
    ours.set_nonblocking(true).map_err(fail)?;
    let control = UnixStream::from_std(ours).map_err(fail)?;
    let passing = spec.tunnel.is_some().then(StdUnixStream::pair).transpose().map_err(fail)?;
    let (ours_passing, theirs_passing) = passing.unzip();
    let child = spawn(launcher, &theirs, theirs_passing.as_ref(), input)?;
    drop((theirs, theirs_passing));
    let passing = match ours_passing {
        Some(socket) => {
            socket.set_nonblocking(true).map_err(fail)?;
            Some(UnixStream::from_std(socket).map_err(fail)?)
        }
        None => None,
    };
    let mut started = Started { child, control, passing };
    let mut line = serde_json::to_vec(spec).map_err(|error| ProcessError::Failed(error.to_string()))?;
    line.push(b'\n');
    // A launcher that ends at once is heard of on the reading side.
    let _sent = started.control.write_all(&line).await;
    Ok(started)
}

/// The sockets' ends are inheritable only while the launcher is started, and only one launcher is started at a time: none
/// gets another's.
#[expect(clippy::disallowed_methods, reason = "this is the process door: the one place that starts children")]
fn spawn(launcher: &Path, theirs: &StdUnixStream, passing: Option<&StdUnixStream>, input: bool) -> Result<Child, ProcessError> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let mut command = Command::new(launcher);
    let sockets = || [Some(theirs), passing].into_iter().flatten();
    command.arg("__sandbox").args(sockets().map(|socket| socket.as_raw_fd().to_string())).env_clear().current_dir("/");
    command.stdin(if input { Stdio::piped() } else { Stdio::null() }).stdout(Stdio::piped()).stderr(Stdio::piped());
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let inheritable = |flags| {
        sockets()
            .try_for_each(|socket| fcntl(socket.as_fd(), FcntlArg::F_SETFD(flags)).map(drop))
            .map_err(|error| ProcessError::Failed(error.to_string()))
    };
    inheritable(FdFlag::empty())?;
    let child = command.spawn();
    inheritable(FdFlag::FD_CLOEXEC)?;
    child.map_err(|error| ProcessError::Failed(format!("the launcher `{}`: {error}", launcher.display())))
}

/// Where a program is, for programs that look for it.
pub(super) fn which(program: &str, more: &[PathBuf]) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt as _;
    if program.is_empty() || program.contains(['/', '\0']) {
        return None;
    }
    let directories = SEARCH_PATH.split(':').map(PathBuf::from).chain(more.iter().cloned());
    directories
        .map(|directory| directory.join(program))
        .find(|path| path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0))
}
