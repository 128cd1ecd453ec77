//! `octi:shell`: programs in the host's process sandbox.

use std::time::Duration;

use octi_domain::limits;
use octi_security::sandbox::fs::Workspace;
use octi_security::sandbox::process::{self, Background, Owner, ProcessError, Spawn};
use wasmtime::component::Resource;

use crate::bindings::HostError;
use crate::bindings::tool::octi::shell::process::{Command, Ending, Host, HostChild, News, Output};
use crate::capability::{HostResult, refuse};
use crate::quota::Charge;
use crate::state::{CallState, Services};

/// The longest wait of one host call, so that a call that is over is noticed.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// A running child.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Child(Background);

impl From<ProcessError> for HostError {
    fn from(error: ProcessError) -> Self {
        let text = error.to_string();
        match error {
            ProcessError::UnknownProfile { .. } | ProcessError::NotFound(_) => Self::NotFound(text),
            ProcessError::Invalid(_) => Self::Invalid(text),
            ProcessError::Refused(_) => Self::Denied(text),
            ProcessError::Limit { what, limit } => {
                Self::Quota(crate::bindings::Quota { name: what.to_owned(), limit, retry_after_ms: None })
            }
            ProcessError::ShuttingDown => Self::Unavailable(text),
            ProcessError::Ended => Self::Conflict(text),
            ProcessError::Failed(_) => Self::Other(text),
        }
    }
}

impl From<process::Ending> for Ending {
    fn from(ending: process::Ending) -> Self {
        match ending {
            process::Ending::Exited(code) => Self::Exited(code),
            process::Ending::Signalled(signal) => Self::Signalled(signal),
            process::Ending::TimedOut => Self::TimedOut,
            process::Ending::OutputLimit => Self::OutputLimit,
        }
    }
}

impl CallState {
    /// Charges one start and asks the grant for the profile.
    fn enter_shell(&mut self, profile: &str) -> HostResult<Services> {
        let services = refuse!(self.enter(Charge::Spawn)?);
        refuse!(self.grant.shell(profile).map_err(|why| self.denied("shell", why)));
        Ok(Ok(services))
    }

    fn owner(&self) -> Result<Owner, HostError> {
        let user_id = self
            .caller
            .principal
            .user_id()
            .ok_or_else(|| HostError::Denied("programs belong to a person, and no person made this call".to_owned()))?;
        Ok(Owner { user_id, plugin: self.grant.plugin().to_owned() })
    }

    /// A shell line that nobody should run is refused here too, after the permission engine.
    fn spawn_of(&self, command: Command, stdin: Option<Vec<u8>>, time_max: Duration) -> Result<Spawn, HostError> {
        if command.profile == process::WORKSPACE_SHELL {
            for line in &command.argv {
                refuse_line(line)?;
            }
        }
        let root = self.caller.workspace.clone();
        let root = root.ok_or_else(|| HostError::NotFound("this call has no workspace".to_owned()))?;
        let start = Workspace::open(&root)?.below(&self.caller.within)?;
        let cwd = start.relative_dir(command.cwd.as_deref().unwrap_or("."))?;
        let asked = command.timeout_ms.map_or(time_max, |ms| Duration::from_millis(u64::from(ms)));
        Ok(Spawn {
            profile: command.profile,
            argv: command.argv,
            cwd,
            workspace: root,
            env: command.env,
            time_max: asked.min(time_max),
            stdin,
        })
    }
}

fn refuse_line(line: &str) -> Result<(), HostError> {
    match octi_security::permissions::command::refusal(line) {
        Some(refusal) => Err(HostError::Denied(refusal.to_string())),
        None => Ok(()),
    }
}

impl Host for CallState {
    async fn which(&mut self, profile: String, program: String) -> HostResult<Option<String>> {
        let services = refuse!(self.enter_shell(&profile)?);
        let place = refuse!(services.processes.which(&profile, &program));
        Ok(Ok(place.map(|path| path.display().to_string())))
    }

    async fn run(&mut self, command: Command, stdin: Option<Vec<u8>>) -> HostResult<Output> {
        let services = refuse!(self.enter_shell(&command.profile)?);
        let spawn = refuse!(self.spawn_of(command, stdin, self.time_left()));
        let since = self.meter.host_call();
        let output = services.processes.run(spawn).await;
        self.meter.waited(since);
        let output = refuse!(output);
        Ok(Ok(Output { ending: output.ending.into(), stdout: output.stdout, stderr: output.stderr, truncated: output.truncated }))
    }

    async fn spawn(&mut self, command: Command) -> HostResult<Resource<Child>> {
        let services = refuse!(self.enter_shell(&command.profile)?);
        let owner = refuse!(self.owner());
        let longest = Duration::from_secs(limits::PROCESS_BACKGROUND_MINUTES_MAX * 60);
        let spawn = refuse!(self.spawn_of(command, None, longest));
        let since = self.meter.host_call();
        let id = services.processes.spawn_background(owner.clone(), spawn).await;
        self.meter.waited(since);
        let id = refuse!(id);
        let child = refuse!(self.attached(&services, &owner, &id));
        // Whoever took its rights away meanwhile has ended the programs that were there then.
        if let Err(why) = self.grant.live() {
            self.table.get(&child)?.0.kill();
            return Ok(Err(self.denied("shell", why)));
        }
        Ok(Ok(child))
    }

    async fn attach(&mut self, id: String) -> HostResult<Resource<Child>> {
        let services = refuse!(self.enter(Charge::Spawn)?);
        let owner = refuse!(self.owner());
        Ok(self.attached(&services, &owner, &id))
    }
}

impl CallState {
    fn attached(&mut self, services: &Services, owner: &Owner, id: &str) -> Result<Resource<Child>, HostError> {
        let child = services
            .processes
            .attach(owner, id)
            .ok_or_else(|| HostError::NotFound(format!("no background process `{id}` of this plugin and person is known")))?;
        self.hold(Child(child))
    }

    fn child(&mut self, child: &Resource<Child>) -> HostResult<Background> {
        refuse!(self.enter(Charge::Fs)?);
        Ok(Ok(self.table.get(child)?.0.clone()))
    }
}

impl HostChild for CallState {
    async fn id(&mut self, child: Resource<Child>) -> wasmtime::Result<String> {
        Ok(self.table.get(&child)?.0.id().to_owned())
    }

    async fn title(&mut self, child: Resource<Child>) -> wasmtime::Result<String> {
        Ok(self.table.get(&child)?.0.title().to_owned())
    }

    async fn write_stdin(&mut self, child: Resource<Child>, bytes: Vec<u8>) -> HostResult<()> {
        let child = refuse!(self.child(&child)?);
        let since = self.meter.host_call();
        let written = child.write_stdin(&bytes).await;
        self.meter.waited(since);
        Ok(written.map_err(HostError::from))
    }

    async fn close_stdin(&mut self, child: Resource<Child>) -> wasmtime::Result<()> {
        let child = self.table.get(&child)?.0.clone();
        child.close_stdin().await;
        Ok(())
    }

    async fn read(&mut self, child: Resource<Child>, max: u32, wait_ms: u32) -> HostResult<News> {
        let child = refuse!(self.child(&child)?);
        let wait = Duration::from_millis(u64::from(wait_ms)).min(WAIT_MAX).min(self.time_left());
        let since = self.meter.host_call();
        let news = child.read((max as usize).min(limits::PROCESS_OUTPUT_BYTES_MAX), wait).await;
        self.meter.waited(since);
        Ok(Ok(News { stdout: news.stdout, stderr: news.stderr, truncated: news.truncated, ending: news.ending.map(Into::into) }))
    }

    async fn wait(&mut self, child: Resource<Child>, wait_ms: u32) -> HostResult<Option<Ending>> {
        let child = refuse!(self.child(&child)?);
        let wait = Duration::from_millis(u64::from(wait_ms)).min(WAIT_MAX).min(self.time_left());
        let since = self.meter.host_call();
        let ending = child.wait(wait).await;
        self.meter.waited(since);
        Ok(Ok(ending.map(Into::into)))
    }

    async fn kill(&mut self, child: Resource<Child>) -> wasmtime::Result<()> {
        self.table.get(&child)?.0.kill();
        Ok(())
    }

    async fn drop(&mut self, child: Resource<Child>) -> wasmtime::Result<()> {
        self.table.delete(child)?;
        Ok(())
    }
}
