//! A workspace, a door and a shell line.

use std::path::{Path, PathBuf};
use std::time::Duration;

use octi_security::sandbox::process::{
    Level, Output, ProcessConfig, ProcessDoor, ProcessError, Profile, Profiles, Spawn, WORKSPACE_SHELL,
};
use tempfile::TempDir;

pub(crate) const LAUNCHER: &str = env!("CARGO_BIN_EXE_octi-sandbox-launcher");

/// A home with one workspace in it, and secrets beside.
pub(crate) struct Home {
    pub(crate) door: ProcessDoor,
    pub(crate) dir: TempDir,
}

impl Home {
    pub(crate) fn new(level: Level) -> Self {
        Self::with(level, |_| {})
    }

    pub(crate) fn with(level: Level, change: impl FnOnce(&mut Profile)) -> Self {
        Self::started_by(LAUNCHER.as_ref(), level, change)
    }

    pub(crate) fn started_by(launcher: &Path, level: Level, change: impl FnOnce(&mut Profile)) -> Self {
        let dir = TempDir::new().unwrap();
        std::fs::create_dir(dir.path().join("files")).unwrap();
        let mut profiles = Profiles::default();
        let mut shell = profiles.get(WORKSPACE_SHELL).unwrap().clone();
        change(&mut shell);
        profiles.insert(WORKSPACE_SHELL, shell).unwrap();
        let door = ProcessDoor::with_profiles(ProcessConfig { launcher: launcher.into(), level }, profiles);
        Self { door, dir }
    }

    pub(crate) fn workspace(&self) -> PathBuf {
        self.dir.path().join("files")
    }

    pub(crate) fn line(&self, line: &str) -> Spawn {
        Spawn {
            profile: WORKSPACE_SHELL.into(),
            argv: vec![line.into()],
            cwd: self.workspace(),
            workspace: self.workspace(),
            time_max: Duration::from_secs(20),
            ..Spawn::default()
        }
    }

    pub(crate) async fn try_run(&self, line: &str) -> Result<Output, ProcessError> {
        let output = self.door.run(self.line(line)).await;
        if let Ok(output) = &output {
            println!("level reached: {}", output.reached);
            println!("{:?}: {}{}", output.ending, text(&output.stdout), text(&output.stderr));
        }
        output
    }

    pub(crate) async fn run(&self, line: &str) -> Output {
        self.try_run(line).await.unwrap()
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Whether any process on this machine has the word among its arguments.
pub(crate) fn is_running(word: &str) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let mut lines = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    lines.any(|line| text(&line).split('\0').any(|argument| argument == word))
}

/// Waits until it is so, at most ten seconds.
pub(crate) async fn eventually(mut check: impl FnMut() -> bool) -> bool {
    for _ in 0..500 {
        if check() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    false
}
