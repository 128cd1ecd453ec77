//! The skills folder while the host runs, beside the skills of plugins.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use octi_extension::health::HealthReport;
use octi_extension::registry::{PluginStatus, Registry, Snapshot};
use octi_extension::skill::{Skill, SkillProblem, SkillSource};

use crate::folder::{self, Reading};
use crate::watch;

/// Told of every change of the folder, as a sentence.
pub type OnChange = Arc<dyn Fn(&str) + Send + Sync>;

/// A folder of skills that is read again when it changes. It is only ever read.
pub struct SkillFolder {
    root: PathBuf,
    now: ArcSwap<Reading>,
    on_change: OnChange,
}

impl SkillFolder {
    /// Reads the folder, which is made when it is not there. It never fails: what cannot be read is told by
    /// [`Registry::skill_problems`] and in the log.
    pub async fn open(root: PathBuf, on_change: OnChange) -> Arc<Self> {
        if let Err(error) = DirBuilder::new().recursive(true).mode(0o700).create(&root) {
            tracing::warn!(%error, folder = %root.display(), "the skills folder cannot be made");
        }
        let folder = Arc::new(Self { root, now: ArcSwap::default(), on_change });
        if let Some(reading) = folder.read().await {
            folder.log(&reading.problems);
            folder.now.store(Arc::new(reading));
        }
        folder
    }

    /// Reads the folder again whenever it changes, until this is dropped.
    pub async fn watch(&self) {
        watch::each_change(&self.root, || self.reload()).await;
    }

    /// Reads the folder again. What turns keep of it is as it was.
    pub async fn reload(&self) {
        let Some(reading) = self.read().await else { return };
        let before = self.now.load_full();
        if *before == reading {
            return;
        }
        let new: Vec<SkillProblem> =
            reading.problems.iter().filter(|problem| !before.problems.contains(problem)).cloned().collect();
        let told = changed(&before, &reading);
        self.log(&new);
        self.now.store(Arc::new(reading));
        tracing::info!(folder = %self.root.display(), "{told}");
        (self.on_change)(&told);
    }

    async fn read(&self) -> Option<Reading> {
        let root = self.root.clone();
        let read = tokio::task::spawn_blocking(move || folder::read(&root)).await;
        match read.unwrap_or_else(|error| Err(std::io::Error::other(error.to_string()))) {
            Ok(reading) => Some(reading),
            Err(error) => {
                tracing::warn!(%error, folder = %self.root.display(), "the skills folder cannot be read; what was read before stays");
                None
            }
        }
    }

    fn log(&self, problems: &[SkillProblem]) {
        for problem in problems {
            tracing::warn!(folder = %self.root.display(), "not a skill: {problem}");
        }
    }
}

/// What happened between two readings.
fn changed(before: &Reading, after: &Reading) -> String {
    let has = |reading: &Reading, name: &String| reading.skills.contains_key(name);
    let came = after.skills.keys().filter(|name| !has(before, name)).map(|name| format!("`{name}` came"));
    let went = before.skills.keys().filter(|name| !has(after, name)).map(|name| format!("`{name}` went"));
    let other = after.skills.iter().filter(|(name, skill)| before.skills.get(*name).is_some_and(|old| old != *skill));
    let other = other.map(|(name, _)| format!("`{name}` changed"));
    let bad =
        after.problems.iter().filter(|problem| !before.problems.contains(problem)).map(|problem| format!("not used: {problem}"));
    let all: Vec<String> = came.chain(went).chain(other).chain(bad).collect();
    if all.is_empty() { "what could not be read before is gone".to_owned() } else { all.join("; ") }
}

/// What plugins offer, and the skills of a folder. A plugin's skill keeps its name: a file of that name is told as a problem.
pub struct WithFolder {
    plugins: Arc<dyn Registry>,
    folder: Arc<SkillFolder>,
}

impl WithFolder {
    /// Both together.
    #[must_use]
    pub fn new(plugins: Arc<dyn Registry>, folder: Arc<SkillFolder>) -> Self {
        Self { plugins, folder }
    }
}

impl Registry for WithFolder {
    fn snapshot(&self) -> Arc<Snapshot> {
        let (plugins, folder) = (self.plugins.snapshot(), self.folder.now.load());
        if folder.skills.is_empty() {
            return plugins;
        }
        // Not kept: whoever holds a snapshot pins the plugins in it.
        let mut both = Snapshot::clone(&plugins);
        for (name, skill) in &folder.skills {
            both.skills.entry(name.clone()).or_insert_with(|| Arc::clone(skill) as Arc<dyn Skill>);
        }
        Arc::new(both)
    }

    fn plugins(&self) -> Vec<PluginStatus> {
        self.plugins.plugins()
    }

    fn health(&self) -> Option<HealthReport> {
        self.plugins.health()
    }

    fn skill_problems(&self) -> Vec<SkillProblem> {
        let (plugins, folder) = (self.plugins.snapshot(), self.folder.now.load());
        let hidden = folder.skills.values().filter_map(|skill| {
            let name = &skill.spec().name;
            let SkillSource::Plugin { id, .. } = plugins.skills.get(name)?.source() else { return None };
            let problem = format!("the skill `{name}` belongs to plugin `{id}` already; rename this one and its folder");
            Some(SkillProblem { path: format!("{name}/{}", folder::FILE_NAME), line: None, problem })
        });
        folder.problems.iter().cloned().chain(hidden).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::sync::Mutex;
    use std::time::Duration;

    use octi_testkit::fakes::{FakeRegistry, FakeSkill};

    use super::*;

    fn put(root: &Path, name: &str, text: &str) {
        fs::create_dir_all(root.join(name)).unwrap();
        let front = format!("---\nname: {name}\ndescription: About {name}\n---\n");
        fs::write(root.join(name).join(folder::FILE_NAME), front + text).unwrap();
    }

    async fn text_of(registry: &WithFolder, name: &str) -> Option<String> {
        let snapshot = registry.snapshot();
        snapshot.skills.get(name)?.text("").await.ok()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_file_that_is_dropped_changed_or_removed_is_noticed_while_the_host_runs() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().join("skills");
        let told = Arc::new(Mutex::new(Vec::new()));
        let (into, tell) = (told.clone(), tokio::sync::Notify::new());
        let tell = Arc::new(tell);
        let heard = tell.clone();
        let folder = SkillFolder::open(
            root.clone(),
            Arc::new(move |text| {
                into.lock().unwrap().push(text.to_owned());
                heard.notify_one();
            }),
        )
        .await;
        assert!(root.is_dir(), "it is made for whoever wants to put something in");
        let registry = WithFolder::new(Arc::new(FakeRegistry::default()), folder.clone());
        let story = async {
            for (step, expected) in [("one\n", Some("one\n")), ("two\n", Some("two\n"))] {
                put(&root, "pdf", step);
                tell.notified().await;
                assert_eq!(text_of(&registry, "pdf").await.as_deref(), expected);
            }
            fs::write(root.join("pdf").join(folder::FILE_NAME), "---\nname: [\n---\n").unwrap();
            tell.notified().await;
            assert_eq!(text_of(&registry, "pdf").await, None);
            assert!(registry.skill_problems()[0].line.is_some(), "{:?}", registry.skill_problems());
            fs::remove_dir_all(root.join("pdf")).unwrap();
            while !registry.skill_problems().is_empty() {
                tell.notified().await;
            }
        };
        tokio::select! {
            () = folder.watch() => panic!("it watches as long as it is asked to"),
            done = tokio::time::timeout(Duration::from_secs(60), story) => done.unwrap(),
        }
        let told = told.lock().unwrap().clone();
        assert_eq!(told[..2], ["`pdf` came", "`pdf` changed"]);
        assert!(told[2].starts_with("`pdf` went; not used: `pdf/SKILL.md` line "), "{told:?}");
    }

    #[tokio::test]
    async fn a_plugins_skill_keeps_its_name() {
        let place = tempfile::tempdir().unwrap();
        put(place.path(), "pdf", "of the folder\n");
        put(place.path(), "own", "of the folder\n");
        let plugins = Arc::new(FakeRegistry::default());
        plugins.install_skill(FakeSkill::new("pdf", "of the plugin"));
        let folder = SkillFolder::open(place.path().to_owned(), Arc::new(|_| ())).await;
        let registry = WithFolder::new(plugins, folder);
        assert_eq!(text_of(&registry, "pdf").await.as_deref(), Some("of the plugin"));
        assert_eq!(text_of(&registry, "own").await.as_deref(), Some("of the folder\n"));
        let problems: Vec<String> = registry.skill_problems().iter().map(ToString::to_string).collect();
        assert_eq!(
            problems,
            ["`pdf/SKILL.md`: the skill `pdf` belongs to plugin `test/pdf` already; rename this one and its folder"]
        );
    }
}
