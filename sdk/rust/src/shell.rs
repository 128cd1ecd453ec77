//! Programs in the host's process sandbox. Needs `capabilities.shell` for each profile.

use std::time::Duration;

use crate::HostError;
use crate::raw::bindings::octi::shell::process as raw;

/// A program to run: a profile of the operator, and arguments.
#[derive(Debug, Clone)]
pub struct Command {
    raw: raw::Command,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this exit code.
    Exited(i32),
    /// By a signal.
    Signalled(i32),
    /// It took longer than it may.
    TimedOut,
    /// It wrote more than it may.
    OutputLimit,
}

/// What a program left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    pub ending: Ending,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    /// Some of the output was dropped.
    pub truncated: bool,
}

/// What a running program wrote since it was last asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    /// Some of the output was dropped.
    pub truncated: bool,
    /// Set once it is over and all of its output was read.
    pub ending: Option<Ending>,
}

/// A program that outlives the call.
#[derive(Debug)]
pub struct Child {
    raw: raw::Child,
}

impl Command {
    /// A command of a profile, such as `workspace-shell`.
    #[must_use]
    pub fn new(profile: &str) -> Self {
        Self { raw: raw::Command { profile: profile.to_owned(), argv: Vec::new(), cwd: None, env: Vec::new(), timeout_ms: None } }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<String>) -> Self {
        self.raw.argv.push(argument.into());
        self
    }

    /// Runs it in a directory of the granted root.
    #[must_use]
    pub fn cwd(mut self, directory: impl Into<String>) -> Self {
        self.raw.cwd = Some(directory.into());
        self
    }

    /// Adds an environment variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.raw.env.push((name.into(), value.into()));
        self
    }

    /// Ends it after this long; the profile may allow less.
    #[must_use]
    pub fn timeout(mut self, time: Duration) -> Self {
        self.raw.timeout_ms = Some(milliseconds(time));
        self
    }

    /// Runs it to the end, with nothing on its standard input.
    ///
    /// # Errors
    /// [`HostError`] when it may not run or cannot start. A program that fails is not an error: see [`Finished::ending`].
    pub fn run(&self) -> Result<Finished, HostError> {
        Ok(raw::run(&self.raw, None)?.into())
    }

    /// Runs it to the end, with these bytes on its standard input.
    ///
    /// # Errors
    /// As [`Command::run`].
    pub fn run_with(&self, stdin: &[u8]) -> Result<Finished, HostError> {
        Ok(raw::run(&self.raw, Some(stdin))?.into())
    }

    /// Starts it and leaves it running; [`attach`] finds it again.
    ///
    /// # Errors
    /// [`HostError`] when it may not run, cannot start, or too many run already.
    pub fn spawn(&self) -> Result<Child, HostError> {
        Ok(Child { raw: raw::spawn(&self.raw)? })
    }
}

/// The running program of that id, if this plugin started it for this person.
///
/// # Errors
/// [`HostError::NotFound`] when there is none.
pub fn attach(id: &str) -> Result<Child, HostError> {
    Ok(Child { raw: raw::attach(id)? })
}

/// Where a program is on the profile's search path.
///
/// # Errors
/// [`HostError`] when the profile is not granted.
pub fn which(profile: &str, program: &str) -> Result<Option<String>, HostError> {
    Ok(raw::which(profile, program)?)
}

impl Child {
    /// Unguessable.
    #[must_use]
    pub fn id(&self) -> String {
        self.raw.id()
    }

    /// The command line, as it was started.
    #[must_use]
    pub fn title(&self) -> String {
        self.raw.title()
    }

    /// What it wrote since it was last asked, waiting for the first byte or the end.
    ///
    /// # Errors
    /// [`HostError`] when it is gone.
    pub fn read(&self, bytes_max: u32, wait: Duration) -> Result<News, HostError> {
        let raw::News { stdout, stderr, truncated, ending } = self.raw.read(bytes_max, milliseconds(wait))?;
        Ok(News { stdout, stderr, truncated, ending: ending.map(Into::into) })
    }

    /// Waits for the end; none if it still runs.
    ///
    /// # Errors
    /// [`HostError`] when it is gone.
    pub fn wait(&self, time: Duration) -> Result<Option<Ending>, HostError> {
        Ok(self.raw.wait(milliseconds(time))?.map(Into::into))
    }

    /// Writes to its standard input.
    ///
    /// # Errors
    /// [`HostError`] when it no longer reads.
    pub fn write(&self, bytes: &[u8]) -> Result<(), HostError> {
        Ok(self.raw.write_stdin(bytes)?)
    }

    /// Tells it that no more input comes.
    pub fn close_stdin(&self) {
        self.raw.close_stdin();
    }

    /// Ends it and everything it started.
    pub fn kill(&self) {
        self.raw.kill();
    }
}

fn milliseconds(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}

impl From<raw::Ending> for Ending {
    fn from(ending: raw::Ending) -> Self {
        match ending {
            raw::Ending::Exited(code) => Self::Exited(code),
            raw::Ending::Signalled(signal) => Self::Signalled(signal),
            raw::Ending::TimedOut => Self::TimedOut,
            raw::Ending::OutputLimit => Self::OutputLimit,
        }
    }
}

impl From<raw::Output> for Finished {
    fn from(output: raw::Output) -> Self {
        let raw::Output { ending, stdout, stderr, truncated } = output;
        Self { ending: ending.into(), stdout, stderr, truncated }
    }
}
