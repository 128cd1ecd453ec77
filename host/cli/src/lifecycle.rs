//! Starting and stopping: the home folder, the one-server lock, signals.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::{Failure, Outcome};

/// Makes the home folder, readable by its owner only, and checks that it can be written.
///
/// # Errors
/// Says which folder and what to set.
pub(crate) fn prepare_home(home: &Path) -> Outcome {
    let hint = "set `OCTI_HOME` (or `--home`) to a folder that belongs to you";
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(home).map_err(|error| {
        Failure::user(format!("cannot make octi's home folder `{}`", home.display())).because(&error).hint(hint)
    })?;
    let probe = home.join(".writable");
    let written = File::create(&probe).and_then(|_| std::fs::remove_file(&probe));
    written.map_err(|error| {
        Failure::user(format!("cannot write to octi's home folder `{}`", home.display())).because(&error).hint(hint)
    })
}

/// Held by the one process that owns the running turns of a home folder.
#[derive(Debug)]
pub(crate) struct HomeLock {
    _file: File,
}

/// Who holds the lock.
#[derive(Debug)]
pub(crate) enum Lock {
    Ours(HomeLock),
    /// Another octi, with the process id it wrote down.
    Theirs(Option<u32>),
}

/// Takes the lock of a home folder, without waiting. The system gives it back when the process ends, however it ends.
///
/// # Errors
/// When the lock file cannot be opened.
pub(crate) fn lock(home: &Path) -> Outcome<Lock> {
    let path: PathBuf = home.join("octi.lock");
    let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
    let mut file = open.map_err(|error| Failure::user(format!("cannot open `{}`", path.display())).because(&error))?;
    match file.try_lock() {
        Ok(()) => {
            let written = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| write!(file, "{}", std::process::id()));
            written.map_err(|error| Failure::user(format!("cannot write `{}`", path.display())).because(&error))?;
            Ok(Lock::Ours(HomeLock { _file: file }))
        }
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            let _ = file.read_to_string(&mut text);
            Ok(Lock::Theirs(text.trim().parse().ok()))
        }
        Err(TryLockError::Error(error)) => Err(Failure::user(format!("cannot lock `{}`", path.display())).because(&error)),
    }
}

/// Lets this process open as many files and sockets as the system allows it: the soft limit becomes the hard one. The usual
/// soft limit of 1,024 is there for programs that wait with `select`, and is less than the connections of a busy server.
/// What cannot be raised stays as it is.
pub(crate) fn raise_open_files() {
    let raised = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(soft, hard)| {
        if soft < hard {
            setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
        }
        Ok((soft, hard))
    });
    match raised {
        Ok((before, now)) => tracing::info!(before, now, "files and sockets that may be open at once"),
        Err(error) => tracing::warn!(%error, "the limit of open files and sockets cannot be raised, and stays as it is"),
    }
}

/// The signals that ask this process to end: SIGINT and SIGTERM.
///
/// From [`Self::listen`] on neither ends the process by itself, and one that arrives between two waits is kept for the
/// second; so it is made before anybody can know that the process runs.
#[derive(Debug)]
pub(crate) struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignals {
    /// # Errors
    /// When signals cannot be received.
    pub(crate) fn listen() -> Outcome<Self> {
        let failed = |error: std::io::Error| Failure::us("signals cannot be received").because(&error);
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
            terminate: signal(SignalKind::terminate()).map_err(failed)?,
        })
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_lock_names_the_first_holder() {
        let home = tempfile::tempdir().expect("a folder");
        let first = lock(home.path()).expect("the lock file opens");
        assert!(matches!(first, Lock::Ours(_)));
        let second = lock(home.path()).expect("the lock file opens");
        assert!(matches!(second, Lock::Theirs(Some(id)) if id == std::process::id()), "{second:?}");
        drop(first);
        assert!(matches!(lock(home.path()), Ok(Lock::Ours(_))));
    }

    #[test]
    fn a_home_that_cannot_be_made_says_what_to_set() {
        let error = prepare_home(Path::new("/proc/octi")).expect_err("proc takes no folders");
        assert!(error.message.contains("/proc/octi"), "{error:?}");
        assert!(error.hints[0].contains("OCTI_HOME"), "{error:?}");
    }
}
