//! Plugins in JavaScript and Python on the real engine: what goes wrong in both languages, what new projects are, and those of the
//! cookbook. It takes the compilers of `tests/peers/componentize.sh`, and is left out without them.
//!
//! Building and compiling one takes up to a minute, because the engine of the whole language is in it. So without
//! `OCTI_TEST_SCRIPTS=all` only the first of these is tried.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test says what it ran and what it left out"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use octi_author::{Language, NewKind, NewPlugin, Project, Sdk, Workbench, WorkbenchConfig, find_cases};
use octi_engine::Compiler;
use octi_security::sandbox::process::{Level, ProcessConfig, ProcessDoor};

/// Asks for all of it.
const EVERYTHING: &str = "OCTI_TEST_SCRIPTS";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn javascript_is_a_language_like_any_other() {
    goes_the_whole_way(Language::JavaScript, "js", &["slug", "rates", "board"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn python_is_a_language_like_any_other() {
    goes_the_whole_way(Language::Python, "python", &["table", "habits"]).await;
}

async fn goes_the_whole_way(language: Language, name: &str, cookbook: &[&str]) {
    let Some(peers) = peers() else { return };
    let shop = Shop { place: tempfile::tempdir().expect("a folder"), peers, language };
    let stories = here().join("tests/stories");
    let project = shop.project("stories", NewKind::Tool, &[&stories.join(name), &stories]);
    shop.passes(&project).await;
    shop.refuses(name).await;
    if !everything() {
        println!("left out: new projects and the cookbook, without `{EVERYTHING}=all`");
        return;
    }
    for kind in [NewKind::Tool, NewKind::Hook, NewKind::Channel] {
        let project = shop.project(&format!("{kind:?}"), kind, &[]);
        shop.passes(&project).await;
    }
    for plugin in cookbook {
        let project = shop.project(plugin, NewKind::Tool, &[&here().join("../../docs/cookbook").join(plugin)]);
        shop.passes(&project).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "a test is told by its environment how long it may take")]
fn everything() -> bool {
    std::env::var_os(EVERYTHING).is_some_and(|value| value == "all")
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[expect(clippy::disallowed_methods, reason = "a test is told by its environment where the compilers are")]
fn peers() -> Option<PathBuf> {
    let peers = std::env::var_os("OCTI_TEST_COMPONENTIZE").map(PathBuf::from);
    if peers.is_none() {
        eprintln!("left out: OCTI_TEST_COMPONENTIZE is not set; `bash tests/peers/componentize.sh` says it");
    }
    peers
}

/// Where projects of one language are made and tried.
struct Shop {
    place: tempfile::TempDir,
    peers: PathBuf,
    language: Language,
}

impl Shop {
    /// A new project with what builds it, and over it the files of those folders.
    fn project(&self, name: &str, kind: NewKind, over: &[&Path]) -> PathBuf {
        let folder = self.place.path().join(name);
        let id = "acme/guest".to_owned();
        let wanted = NewPlugin { id, folder: Some(folder.clone()), kind, language: self.language, sdk: Sdk::Copy };
        octi_author::create(&wanted).expect("it is made");
        if !over.is_empty() {
            for part in ["src", "cases"] {
                fs::remove_dir_all(folder.join(part)).expect("it is there");
            }
            over.iter().for_each(|from| copy(from, &folder));
        }
        let link = |from: &Path, to: PathBuf| std::os::unix::fs::symlink(from, to).expect("a link");
        match self.language {
            Language::Python => link(&self.peers.join(".venv"), folder.join(".venv")),
            _ => {
                let modules = folder.join("node_modules");
                fs::create_dir_all(modules.join("@octi")).expect("a folder");
                link(Path::new("../../vendor/octi-plugin"), modules.join("@octi/plugin"));
                for entry in fs::read_dir(self.peers.join("node_modules")).expect("the packages").flatten() {
                    if entry.file_name() != "@octi" {
                        link(&entry.path(), modules.join(entry.file_name()));
                    }
                }
            }
        }
        folder
    }

    /// Builds it and runs its cases.
    async fn passes(&self, folder: &Path) {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let begun = Instant::now();
        let project = Project::open(folder).expect("a plugin's folder");
        let built = octi_author::build(&project, "release").await.unwrap_or_else(|error| panic!("{name}: {error}"));
        let (built_in, begun) = (begun.elapsed(), Instant::now());
        let bench =
            Workbench::start(config(), built.bytes, "plugin.wasm").await.unwrap_or_else(|error| panic!("{name}: {error}"));
        println!("{:?} {name}: built in {built_in:.1?}, compiled in {:.1?}", self.language, begun.elapsed());
        let mut failures = Vec::new();
        let cases = find_cases(&project.cases(), None).expect("cases");
        for case in &cases {
            if let Some(problem) = case.run(&bench).await.problem {
                failures.push(format!("{}: {problem}", case.name));
            }
        }
        bench.stop().await;
        assert!(failures.is_empty(), "{} of {} cases of {name} fail:\n{}", failures.len(), cases.len(), failures.join("\n"));
    }

    /// A manifest that says that there is more than the code has is told while the component is built.
    async fn refuses(&self, name: &str) {
        let folder = self.project("without", NewKind::Tool, &[]);
        let toml = fs::read_to_string(folder.join("plugin.toml")).expect("the manifest");
        fs::write(folder.join("plugin.toml"), format!("{toml}\n[hook]\nevents = [\"tool.before\"]\n")).expect("written");
        let project = Project::open(&folder).expect("a plugin's folder");
        let refused = octi_author::build(&project, "release").await.expect_err("there is no hook");
        assert!(refused.to_string().contains("ended with"), "{name}: {refused}");
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("the folder").flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            // The other language's, beside what both have.
            if !matches!(entry.file_name().to_str(), Some("js" | "python")) {
                copy(&path, &target);
            }
        } else {
            fs::copy(&path, &target).expect("copied");
        }
    }
}

/// None of these plugins starts a program.
fn config() -> WorkbenchConfig {
    let launch = ProcessConfig { launcher: PathBuf::from("/nonexistent"), level: Level::Auto };
    WorkbenchConfig::scripted(ProcessDoor::new(launch), Compiler::InProcess)
}
