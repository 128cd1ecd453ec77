//! The only spawner of child processes: every program runs in its own sandbox, with bounds on time, output and company.
//!
//! The host starts [`launcher_main`] (octi's hidden `__sandbox` subcommand), which puts the layers in place and then becomes a small
//! supervisor: it ends everything it started when the host asks, and when the host is gone.
//!
//! Not bounded: the memory of all processes of a program together (each has its own bound) and the disk space they fill (each file
//! has). Both need control groups, which are the operator's.

mod background;
mod job;
mod launcher;
mod piped;
mod profile;
mod start;
mod tunnel;
mod types;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use octi_domain::ambient::Ambient;
use octi_domain::limits;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use background::Background;
pub use launcher::launcher_main;
pub use piped::Piped;
pub use profile::{
    ArgumentRules, BUILT_IN, EnvRule, GIT, GIT_HOSTS, GIT_NETWORK, Network, Profile, ProfileLimits, Profiles, WORKSPACE_SHELL,
};
pub use types::{Ending, Level, News, Output, Owner, ProcessConfig, ProcessError, Reached, Spawn};

use background::Table;
use job::{Job, Keep};
use launcher::spec::LaunchSpec;
use tunnel::Tunnel;

use crate::sandbox::egress::{Egress, HostAllow};

/// Bytes of the command line that a title shows.
const TITLE_BYTES_MAX: usize = 1_024;
/// How long finding out what holds may take.
const PROBE_TIME_MAX: Duration = Duration::from_secs(10);

/// The door through which every child process goes. Share it in an [`Arc`].
#[derive(Debug)]
pub struct ProcessDoor {
    config: ProcessConfig,
    profiles: Profiles,
    egress: Arc<Egress>,
    hidden: Vec<PathBuf>,
    ambient: Ambient,
    tasks: TaskTracker,
    stop: CancellationToken,
    background: Table,
    probed: OnceCell<Reached>,
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
        Self {
            config,
            profiles,
            egress: Arc::default(),
            hidden: Vec::new(),
            ambient: Ambient::system(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            background: Table::default(),
            probed: OnceCell::new(),
        }
    }

    /// Connects with this dialler for the programs that may use the network.
    #[must_use]
    pub fn with_egress(mut self, egress: Arc<Egress>) -> Self {
        self.egress = egress;
        self
    }

    /// Hides this directory from every program, but for the workspace in it: octi's own data. What cannot be read is kept by
    /// Landlock; hidden, it cannot even be asked about or watched. Needs a mount namespace.
    #[must_use]
    pub fn hiding(mut self, directory: &Path) -> Self {
        self.hidden.extend(directory.canonicalize());
        self
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
        let found = self.probed.get_or_try_init(|| async {
            let id = self.new_id();
            let level = if self.config.level == Level::Off { Level::Off } else { Level::Auto };
            let mut orders = start::plain_orders(PathBuf::new(), level, &id);
            orders.workspace.clone_from(&orders.scratch);
            orders.cwd.clone_from(&orders.scratch);
            orders.hidden.clone_from(&self.hidden);
            let job = Arc::new(Job::new(id, "probe".to_owned(), Keep::First, self.stop.child_token()));
            self.launch(&job, &orders, &Network::Nothing, None, PROBE_TIME_MAX).await?;
            finish(&job).await.map(|output| output.reached)
        });
        found.await.copied()
    }

    /// Runs a program to its end. Dropping the future ends the program and everything it started.
    ///
    /// # Errors
    /// When it could not be started, with a text that says why.
    pub async fn run(&self, spawn: Spawn) -> Result<Output, ProcessError> {
        let profile = self.profiles.get(&spawn.profile)?;
        let id = self.new_id();
        let orders = self.orders(profile, &spawn, &id)?;
        let title = title(profile, &spawn.argv);
        let job = Job::new(id, title, Keep::First, self.stop.child_token()).output_max(profile.output_bytes_max);
        let job = Arc::new(job);
        let _ended_with_this_future = job.stop.clone().drop_guard();
        let time_max = spawn.time_max.min(profile.time_max);
        self.launch(&job, &orders, &profile.network, spawn.stdin.map(Input::All), time_max).await?;
        finish(&job).await
    }

    /// Starts a program that outlives the call; returns its unguessable id for [`ProcessDoor::attach`].
    ///
    /// # Errors
    /// When it could not be started or its owner has too many, with a text that says why.
    pub async fn spawn_background(&self, owner: Owner, spawn: Spawn) -> Result<String, ProcessError> {
        let profile = self.profiles.get(&spawn.profile)?;
        let id = self.new_id();
        let time_max = spawn.time_max.min(Duration::from_secs(limits::PROCESS_BACKGROUND_MINUTES_MAX * 60));
        let orders = self.orders(profile, &spawn, &id)?;
        let user = owner.user_id;
        let title = title(profile, &spawn.argv);
        let job = Job::new(id.clone(), title, Keep::Latest, self.stop.child_token()).output_max(profile.output_bytes_max);
        let job = Arc::new(job.owned_by(owner));
        self.background.reserve(Arc::clone(&job), user)?;
        // Until it runs, it ends with this future; a caller who went away could not know its id.
        let unless_it_runs = job.stop.clone().drop_guard();
        let first = Input::First(spawn.stdin.unwrap_or_default());
        let started = match self.launch(&job, &orders, &profile.network, Some(first), time_max).await {
            Ok(()) => began(&job).await,
            Err(error) => Err(error),
        };
        match started {
            Ok(()) => {
                unless_it_runs.disarm();
                Ok(id)
            }
            Err(error) => {
                job.give_up();
                self.background.forget(&id);
                Err(error)
            }
        }
    }

    /// Starts a program whose streams the caller gets: one that is talked with for as long as it is kept. The profile is the
    /// caller's own, and `spawn.profile` only the name it has in errors.
    ///
    /// # Errors
    /// When it could not be started, with a text that says why.
    pub async fn pipe(&self, profile: &Profile, spawn: Spawn) -> Result<Piped, ProcessError> {
        let id = self.new_id();
        let orders = self.orders(profile, &spawn, &id)?;
        let job = Arc::new(Job::new(id, title(profile, &spawn.argv), Keep::Latest, self.stop.child_token()));
        let _ended_with_this = job.stop.clone().drop_guard();
        let mut started = self.start(&orders, true).await?;
        let (stdin, stdout, stderr) = (started.child.stdin.take(), started.child.stdout.take(), started.child.stderr.take());
        self.watch(&job, started, &profile.network, spawn.time_max.min(profile.time_max));
        began(&job).await?;
        Ok(Piped { stdin, stdout, stderr, job, _ended_with_this })
    }

    /// Ends the background programs of a plugin that was removed, whoever they were for, and everything they started.
    pub fn end_of(&self, plugin: &str) {
        self.background.end_of(plugin);
    }

    /// The owner's background program of that id; none when it is somebody else's.
    #[must_use]
    pub fn attach(&self, owner: &Owner, id: &str) -> Option<Background> {
        self.background.find(owner, id)
    }

    /// Where a program is, on the search path of the profile's programs.
    ///
    /// # Errors
    /// When there is no such profile.
    pub fn which(&self, profile: &str, program: &str) -> Result<Option<PathBuf>, ProcessError> {
        Ok(start::which(program, &self.profiles.get(profile)?.read))
    }

    /// Ends every program and waits until they are gone.
    pub async fn shutdown(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn orders(&self, profile: &Profile, spawn: &Spawn, id: &str) -> Result<LaunchSpec, ProcessError> {
        let mut orders = start::orders(profile, spawn, self.config.level, id)?;
        orders.hidden.clone_from(&self.hidden);
        Ok(orders)
    }

    fn new_id(&self) -> String {
        self.ambient.bytes::<16>().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    async fn launch(
        &self,
        job: &Arc<Job>,
        orders: &LaunchSpec,
        network: &Network,
        input: Option<Input>,
        time_max: Duration,
    ) -> Result<(), ProcessError> {
        let mut started = self.start(orders, input.is_some()).await?;
        let stdin = started.child.stdin.take();
        self.watch(job, started, network, time_max);
        match (input, stdin) {
            (Some(Input::All(bytes)), Some(mut pipe)) => {
                // Beside the program, which may answer before it has read everything; a program that does not read ends it.
                let stop = job.stop.clone();
                self.tasks.spawn(async move {
                    let _delivered = stop.run_until_cancelled(pipe.write_all(&bytes)).await;
                });
            }
            (Some(Input::First(bytes)), Some(pipe)) => {
                *job.stdin.lock().await = Some(pipe);
                if !bytes.is_empty() {
                    let writer = Background::of(Arc::clone(job));
                    self.tasks.spawn(async move {
                        let _delivered = writer.write_stdin(&bytes).await;
                    });
                }
            }
            _ => {}
        }
        Ok(())
    }
}

impl ProcessDoor {
    async fn start(&self, orders: &LaunchSpec, input: bool) -> Result<start::Started, ProcessError> {
        if self.stop.is_cancelled() {
            return Err(ProcessError::ShuttingDown);
        }
        start::start(&self.config.launcher, orders, input).await
    }

    /// Watches over the program, and over its connections, until nothing of it is left.
    fn watch(&self, job: &Arc<Job>, mut started: start::Started, network: &Network, time_max: Duration) {
        let tunnel = started.passing.take().zip(self.tunnel(job, network)).map(|(passing, tunnel)| tunnel.serve(passing));
        let watched = Arc::clone(job);
        self.tasks.spawn(async move {
            let watch = watched.supervise(started, time_max);
            match tunnel {
                None => watch.await,
                // The program's connections end with it.
                Some(tunnel) => {
                    tokio::pin!(watch);
                    tokio::select! {
                        () = &mut watch => return,
                        () = tunnel => {}
                    }
                    watch.await;
                }
            }
        });
    }

    fn tunnel(&self, job: &Arc<Job>, network: &Network) -> Option<Tunnel> {
        let Network::Hosts(allow) = network else { return None };
        Some(Tunnel {
            egress: Arc::clone(&self.egress),
            allow: HostAllow::clone(allow),
            job: Arc::clone(job),
            bytes_max: limits::PROCESS_CONNECTION_BYTES_MAX,
            patience: Duration::from_secs(limits::PROCESS_CONNECT_SECONDS_MAX),
        })
    }
}

impl Drop for ProcessDoor {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// What goes to a program's input.
enum Input {
    /// This, and then its end.
    All(Vec<u8>),
    /// This, and then what is written later.
    First(Vec<u8>),
}

/// Waits for the end, and says what was.
async fn finish(job: &Job) -> Result<Output, ProcessError> {
    let output = job.until(|state| {
        state.over.then(|| {
            let reached = match (state.failure.take(), state.reached) {
                (Some(failure), None) => return Err(failure),
                (Some(failure @ (ProcessError::NotFound(_) | ProcessError::Refused(_))), _) => return Err(failure),
                (_, reached) => reached.unwrap_or_default(),
            };
            let ending = state.ending.unwrap_or(Ending::Signalled(0));
            let truncated = state.out.take_lost() | state.err.take_lost();
            Ok(Output { ending, stdout: state.out.take(usize::MAX), stderr: state.err.take(usize::MAX), truncated, reached })
        })
    });
    output.await.unwrap_or(Err(ProcessError::Ended))
}

/// Waits until the program runs, or has failed to.
async fn began(job: &Job) -> Result<(), ProcessError> {
    let answer = job.until(|state| match &state.failure {
        Some(failure) => Some(Err(failure.clone())),
        None => (state.reached.is_some() || state.over).then_some(Ok(())),
    });
    answer.await.unwrap_or(Err(ProcessError::Ended))
}

fn title(profile: &Profile, argv: &[String]) -> String {
    // A shell line says more than the shell it is given to; what a profile always adds says nothing.
    let program = profile.program.file_name().map(|name| name.to_string_lossy().into_owned());
    let program = program.filter(|_| profile.prefix != ["-c"]);
    let mut title = program.iter().chain(argv).map(String::as_str).collect::<Vec<_>>().join(" ");
    if title.len() > TITLE_BYTES_MAX {
        title.truncate(title.floor_char_boundary(TITLE_BYTES_MAX));
        title.push('…');
    }
    title
}
