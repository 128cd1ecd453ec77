//! Makes native code of components, in a process of its own.
//!
//! The compiler is the largest piece of code that a stranger's file meets, and nobody promises that it ends, or that it fits into
//! memory. So it runs behind the process door, without network and with bounds on time, memory and output, and once it has its two
//! files open it gives up the right to open any other. What it returns is trusted like the compiler itself.

mod symbols;

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use octi_domain::{limits, telemetry};
use octi_security::sandbox::fs::open_regular;
use octi_security::sandbox::process::{
    ArgumentRules, Ending, EnvRule, Level, Output, ProcessConfig, ProcessDoor, ProcessError, Profile, ProfileLimits, Profiles,
    Spawn,
};
use octi_security::sandbox::seal::seal;
use tokio::sync::Semaphore;
use wasmtime::Engine;

use crate::engine::{self, Target};
use crate::functions::Functions;
use crate::install::InstallError;
use crate::lean::lean;
use crate::text;
use symbols::without_symbols;

/// The hidden subcommand that runs [`compiler_main`].
pub const COMPILER_COMMAND: &str = "__compile";
/// The only profile of the compiler's door.
const PROFILE: &str = "compile";
const INPUT: &str = "in.wasm";
const OUTPUT: &str = "out.cwasm";
/// Functions of the version before, and those of this one.
const KNOWN: &str = "known.functions";
const FUNCTIONS: &str = "out.functions";
/// Working folders of compilers start with this.
pub(crate) const WORK_PREFIX: &str = ".compile-";
/// Each thread of the compiler reserves address space, of which there is a bounded amount.
const THREADS: &str = "4";

/// What makes native code of components.
#[derive(Debug, Clone)]
pub enum Compiler {
    /// This process. Only for tests and build tools: a component that crashes the compiler or fills the memory ends the process.
    InProcess,
    /// A program that answers to `__sandbox` with the launcher of the process door, and to `__compile` with [`compiler_main`]: octi
    /// itself.
    Helper {
        program: PathBuf,
        /// How much of the sandbox must hold around it.
        level: Level,
        limits: CompileLimits,
    },
}

/// What one compilation may take. The default is what a host gives; less is for tests, which cannot wait for that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompileLimits {
    /// Of the clock.
    pub time_max: Duration,
    /// Memory that its process may map.
    pub memory_bytes_max: u64,
    /// Native code that comes of it.
    pub native_bytes_max: u64,
}

impl Default for CompileLimits {
    fn default() -> Self {
        Self {
            time_max: Duration::from_secs(limits::PLUGIN_COMPILE_SECONDS_MAX),
            memory_bytes_max: limits::PLUGIN_COMPILE_MEMORY_BYTES_MAX,
            native_bytes_max: limits::PLUGIN_NATIVE_BYTES_MAX,
        }
    }
}

/// What came of a component.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) native: Vec<u8>,
    /// What its next version may have in common with it, if that is worth keeping.
    pub(crate) functions: Option<Vec<u8>>,
    /// How long it took, without waiting for others.
    pub(crate) time: Duration,
}

/// The compilers of a host: a bounded number at once.
pub(crate) struct Compilers {
    helper: Option<(ProcessDoor, CompileLimits)>,
    places: Semaphore,
}

impl Compilers {
    pub(crate) fn new(compiler: Compiler) -> Self {
        let helper = match compiler {
            Compiler::InProcess => None,
            Compiler::Helper { program, level, limits } => Some((door(program, level, limits), limits)),
        };
        Self { helper, places: Semaphore::new(limits::PLUGIN_COMPILERS_MAX) }
    }

    /// Native code of that component for that target; `known` are functions of its plugin's last version. Dropping the future ends the compiler.
    pub(crate) async fn compile(
        &self,
        target: Target,
        engine: &Engine,
        code: impl FnOnce() -> io::Result<Vec<u8>> + Send + 'static,
        folder: Option<&Path>,
        known: Option<Arc<Vec<u8>>>,
    ) -> Result<Compiled, InstallError> {
        let _place = self.places.acquire().await.map_err(|_| failed("the host is shutting down"))?;
        let began = Instant::now();
        let (native, functions) = match &self.helper {
            None => (in_process(engine.clone(), code).await?, None),
            Some((door, allowed)) => in_helper(door, *allowed, target, code, folder, known).await?,
        };
        let time = began.elapsed();
        metrics::histogram!(telemetry::COMPILE_SECONDS.name).record(time.as_secs_f64());
        Ok(Compiled { native, functions, time })
    }

    /// Ends the compilers that run.
    pub(crate) async fn shutdown(&self) {
        self.places.close();
        if let Some((door, _)) = &self.helper {
            door.shutdown().await;
        }
    }
}

fn failed(problem: impl Into<String>) -> InstallError {
    InstallError::Compile(problem.into())
}

fn too_large(native_bytes_max: u64) -> InstallError {
    failed(format!("its native code has more than {native_bytes_max} bytes; make the component smaller"))
}

/// A door for this one program, so that no plugin can be granted the profile.
fn door(program: PathBuf, level: Level, allowed: CompileLimits) -> ProcessDoor {
    let profile = Profile {
        prefix: vec![COMPILER_COMMAND.to_owned()],
        arguments: ArgumentRules::any(5),
        env: EnvRule::Named(vec!["RAYON_NUM_THREADS".to_owned()]),
        time_max: allowed.time_max,
        read: vec![program.clone()],
        limits: ProfileLimits {
            memory_bytes: allowed.memory_bytes_max,
            file_bytes: allowed.native_bytes_max,
            ..ProfileLimits::default()
        },
        ..Profile::new(program.clone())
    };
    let mut profiles = Profiles::default();
    if let Err(error) = profiles.insert(PROFILE, profile) {
        tracing::error!(%error, "plugins cannot be compiled");
    }
    ProcessDoor::with_profiles(ProcessConfig { launcher: program, level }, profiles)
}

/// What wasmtime makes of a component, without what nothing here reads.
fn native_code(engine: &Engine, component: &[u8]) -> wasmtime::Result<Vec<u8>> {
    engine.precompile_component(&lean(component)).map(without_symbols)
}

async fn in_process(
    engine: Engine,
    code: impl FnOnce() -> io::Result<Vec<u8>> + Send + 'static,
) -> Result<Vec<u8>, InstallError> {
    blocking(move || {
        let code = code().map_err(|error| failed(format!("its file cannot be read: {error}")))?;
        native_code(&engine, &code).map_err(|error| refused(&error))
    })
    .await
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, InstallError> + Send + 'static) -> Result<T, InstallError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(failed(format!("the compiler failed: {error}"))))
}

fn refused(error: &wasmtime::Error) -> InstallError {
    failed(text::clean(&format!("{error:#}"), limits::PLUGIN_TEXT_BYTES_MAX))
}

/// The native code, and the functions that the next version may have in common with it.
async fn in_helper(
    door: &ProcessDoor,
    allowed: CompileLimits,
    target: Target,
    code: impl FnOnce() -> io::Result<Vec<u8>> + Send + 'static,
    folder: Option<&Path>,
    known: Option<Arc<Vec<u8>>>,
) -> Result<(Vec<u8>, Option<Vec<u8>>), InstallError> {
    let wanted = folder.map(Path::to_owned);
    let work = blocking(move || {
        let code = code().map_err(|error| failed(format!("its file cannot be read: {error}")))?;
        let known = known.as_ref().map_or(&[][..], |known| known.as_slice());
        let files = [(INPUT, code.as_slice()), (KNOWN, known)];
        WorkFolder::with(&files, wanted.as_deref()).map_err(|error| failed(format!("there is no folder to compile in: {error}")))
    })
    .await?;
    let spawn = Spawn {
        profile: PROFILE.to_owned(),
        argv: [target.name(), INPUT, OUTPUT, KNOWN, FUNCTIONS].map(str::to_owned).to_vec(),
        cwd: work.0.clone(),
        workspace: work.0.clone(),
        env: vec![("RAYON_NUM_THREADS".to_owned(), THREADS.to_owned())],
        time_max: allowed.time_max,
        stdin: None,
    };
    let output = judge(door.run(spawn).await, allowed)?;
    tracing::debug!("compiled: {}", text::clean(String::from_utf8_lossy(&output.stdout).trim(), limits::PLUGIN_TEXT_BYTES_MAX));
    blocking(move || {
        let native = work.output(OUTPUT, allowed.native_bytes_max)?;
        // Without them the next version only takes longer.
        let functions = work.output(FUNCTIONS, limits::PLUGIN_FUNCTIONS_BYTES_MAX).ok().filter(|functions| !functions.is_empty());
        Ok((native, functions))
    })
    .await
}

/// Says in words how the compiler's process ended, unless it ended well.
fn judge(ended: Result<Output, ProcessError>, allowed: CompileLimits) -> Result<Output, InstallError> {
    const SIGKILL: i32 = 9;
    const SIGXCPU: i32 = 24;
    const SIGXFSZ: i32 = 25;
    let output = ended.map_err(|error| failed(format!("the compiler did not start: {error}")))?;
    let slow = || failed(format!("the compiler needed more than {} s; make the component smaller", allowed.time_max.as_secs()));
    match output.ending {
        Ending::Exited(0) => Ok(output),
        Ending::Exited(1) => {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(failed(text::clean(said.trim(), limits::PLUGIN_TEXT_BYTES_MAX)))
        }
        Ending::TimedOut | Ending::Signalled(SIGXCPU) => Err(slow()),
        Ending::Signalled(SIGKILL) => Err(failed("the compiler was killed, most likely because this machine is out of memory")),
        Ending::Signalled(SIGXFSZ) => Err(too_large(allowed.native_bytes_max)),
        Ending::Exited(code) => Err(failed(format!("the compiler ended with code {code}; please report it with the plugin"))),
        Ending::Signalled(signal) => Err(failed(format!(
            "the compiler crashed (signal {signal}), or the component needs more than the {} MiB of memory that compiling may take",
            allowed.memory_bytes_max >> 20
        ))),
        Ending::OutputLimit => Err(failed("the compiler wrote too many messages")),
    }
}

/// A folder of one compilation; gone when it is dropped.
struct WorkFolder(PathBuf);

impl WorkFolder {
    /// A folder in the wanted place, or among the temporary files, with those files in it.
    fn with(files: &[(&str, &[u8])], wanted: Option<&Path>) -> io::Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("{WORK_PREFIX}{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let make = |parent: &Path| {
            let path = parent.join(&name);
            DirBuilder::new().mode(0o700).create(&path)?;
            let work = Self(path);
            for (name, bytes) in files {
                let mut file = File::options().write(true).create_new(true).mode(0o600).open(work.0.join(name))?;
                file.write_all(bytes)?;
            }
            Ok(work)
        };
        let here = wanted.map(make);
        match here {
            Some(Ok(work)) => Ok(work),
            _ => make(&std::env::temp_dir()),
        }
    }

    fn output(&self, name: &str, bytes_max: u64) -> Result<Vec<u8>, InstallError> {
        let unreadable = |error: io::Error| failed(format!("the compiler's output cannot be read: {error}"));
        // Where no sandbox held, the compiler could have left anything in its place.
        let file = open_regular(&self.0.join(name)).map_err(unreadable)?;
        if file.metadata().map_err(unreadable)?.len() > bytes_max {
            return Err(too_large(bytes_max));
        }
        let mut bytes = Vec::new();
        file.take(bytes_max).read_to_end(&mut bytes).map_err(unreadable)?;
        Ok(bytes)
    }
}

impl Drop for WorkFolder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, path = %self.0.display(), "a folder of the compiler could not be removed");
        }
    }
}

/// What `octi __compile <target> <input> <output> <known> <functions>` runs, before anything else and before any thread is started:
/// it writes the native code of the component to a new file, and the functions of a large one to another. Started by the process
/// door only.
#[must_use]
pub fn compiler_main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(2).collect();
    let [target, files @ ..] = words.as_slice() else { return ExitCode::from(2) };
    let (Some(target), Ok(files)) = (Target::named(target), <&[String; 4]>::try_from(files)) else { return ExitCode::from(2) };
    match compile_files(target, files.each_ref().map(Path::new)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            // Nothing is left to do when even the error cannot be told.
            let _ = writeln!(io::stderr(), "{problem}");
            ExitCode::FAILURE
        }
    }
}

fn compile_files(target: Target, [input, output, known, functions]: [&Path; 4]) -> Result<(), String> {
    let open = |error: io::Error| format!("the compiler cannot open its files: {error}");
    let (source, before) = (File::open(input).map_err(open)?, File::open(known).map_err(open)?);
    let create = |path| File::options().write(true).create_new(true).mode(0o600).open(path).map_err(open);
    let (mut made, mut after) = (create(output)?, create(functions)?);
    seal(limits::PLUGIN_COMPILE_SECONDS_MAX).map_err(|error| format!("the compiler cannot wall itself in: {error}"))?;
    let mut code = Vec::new();
    source.take(limits::PLUGIN_BYTES_MAX as u64 + 1).read_to_end(&mut code).map_err(open)?;
    if code.len() > limits::PLUGIN_BYTES_MAX {
        return Err(format!("it has more than {} bytes", limits::PLUGIN_BYTES_MAX));
    }
    let functions = Functions::save_time(target.class, code.len()).then(|| known_before(before));
    let engine =
        engine::compiler(target, functions.clone()).map_err(|error| format!("the compiler does not start: {error:#}"))?;
    let native = native_code(&engine, &code).map_err(|error| format!("{error:#}"))?;
    made.write_all(&native).map_err(|error| format!("the native code cannot be written: {error}"))?;
    if let Some(functions) = functions {
        let bytes = functions.to_bytes();
        // What cannot be kept, or is too much, only costs the next version time.
        if bytes.len() as u64 <= limits::PLUGIN_FUNCTIONS_BYTES_MAX {
            let _kept = after.write_all(&bytes);
        }
        let (reused, learned) = functions.count();
        let _told = writeln!(io::stdout(), "{reused} functions were known, {learned} were not");
    }
    Ok(())
}

fn known_before(file: File) -> Arc<Functions> {
    let mut bytes = Vec::new();
    let read = file.take(limits::PLUGIN_FUNCTIONS_BYTES_MAX).read_to_end(&mut bytes);
    Arc::new(read.map_or_else(|_| Functions::default(), |_| Functions::from_bytes(&bytes)))
}

#[cfg(test)]
mod tests {
    use octi_security::sandbox::process::Reached;

    use super::*;

    fn told(ending: Ending, stderr: &str) -> String {
        let output = Output {
            ending,
            stdout: Vec::new(),
            stderr: stderr.as_bytes().to_vec(),
            truncated: false,
            reached: Reached::default(),
        };
        judge(Ok(output), CompileLimits::default()).map_or_else(|error| error.to_string(), |_| "well".to_owned())
    }

    #[test]
    fn every_end_of_the_compiler_is_told_in_words() {
        for (ending, stderr, says) in [
            (Ending::Exited(0), "", "well"),
            (Ending::Exited(1), "it has \u{1b}[31ma bug\n", "it does not compile: it has a bug"),
            (Ending::Exited(101), "", "ended with code 101"),
            (Ending::TimedOut, "", "more than 120 s"),
            (Ending::Signalled(24), "", "more than 120 s"),
            (Ending::Signalled(9), "", "out of memory"),
            (Ending::Signalled(25), "", "more than 268435456 bytes"),
            (Ending::Signalled(6), "", "crashed (signal 6), or the component needs more than the 4096 MiB"),
        ] {
            let text = told(ending, stderr);
            assert!(text.contains(says), "{ending:?}: {text}");
        }
        let text = judge(Err(ProcessError::ShuttingDown), CompileLimits::default())
            .map_or_else(|error| error.to_string(), |_| String::new());
        assert!(text.contains("did not start"), "{text}");
    }
    #[test]
    fn what_the_compiler_leaves_is_bounded_and_a_plain_file() {
        let parent = tempfile::tempdir().expect("a folder");
        let work = WorkFolder::with(&[(INPUT, b"code")], Some(parent.path())).expect("a folder to compile in");
        let output = work.0.join(OUTPUT);
        let told = || {
            work.output(OUTPUT, limits::PLUGIN_NATIVE_BYTES_MAX)
                .map_or_else(|error| error.to_string(), |native| format!("{} bytes", native.len()))
        };
        File::create(&output).and_then(|file| file.set_len(limits::PLUGIN_NATIVE_BYTES_MAX + 1)).expect("a file of holes");
        assert!(told().contains("more than 268435456 bytes"), "{}", told());
        fs::write(&output, "native").expect("written");
        assert_eq!(told(), "6 bytes");
        fs::remove_file(&output).expect("removed");
        std::os::unix::fs::symlink("/etc/hostname", &output).expect("linked");
        assert!(told().contains("cannot be read"), "{}", told());
        let folder = work.0.clone();
        drop(work);
        assert!(!folder.exists());
    }

    const SMALL: Target = Target { class: engine::Class::Small, reach: engine::Reach::Whole };

    #[tokio::test]
    async fn compilers_wait_for_each_other() {
        let compilers = Compilers::new(Compiler::InProcess);
        let engine = engine::compiler(SMALL, None).expect("an engine");
        let compile = || compilers.compile(SMALL, &engine, || Ok(b"\0asm\x0d\0\x01\0".to_vec()), None, None);
        let mut held = Vec::new();
        for _ in 0..limits::PLUGIN_COMPILERS_MAX {
            held.push(compilers.places.acquire().await.expect("a place"));
        }
        assert!(tokio::time::timeout(Duration::from_millis(20), compile()).await.is_err());
        drop(held);
        assert!(compile().await.is_ok_and(|compiled| !compiled.native.is_empty()));
        compilers.shutdown().await;
        assert!(compile().await.is_err_and(|error| error.to_string().contains("shutting down")));
    }
}
