//! Plugins compiled in a process of their own.

#![expect(clippy::expect_used, reason = "the helpers of these tests are tests too")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use octi_domain::ambient::Ambient;
use octi_engine::{COMPILER_COMMAND, CompileLimits, Compiler, EngineConfig, InstallError, PluginManager, pack};
use octi_extension::registry::Registry as _;
use octi_security::sandbox::process::{Level, ProcessConfig, ProcessDoor};
use octi_testkit::services::{Memory, Secrets};

const COMPILER: &str = env!("CARGO_BIN_EXE_octi-compiler");

/// A role, packed.
fn role() -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let toml = "id = 'acme/poet'\nversion = '1.0.0'\nwit = '1.0'\ndescription = 'Rhymes'\n\
                [role]\nname = 'poet'\npurpose = 'Rhyme'\ntools = []\n";
    std::fs::write(folder.path().join("plugin.toml"), toml).expect("written");
    std::fs::write(folder.path().join("prompt.md"), "You rhyme.").expect("written");
    pack::pack_role(folder.path()).expect("a role")
}

async fn host(home: &Path, program: &str, level: Level) -> Arc<PluginManager> {
    let config = EngineConfig {
        cache_dir: home.join("cache"),
        cache_key: [7; 32],
        compiler: Compiler::Helper { program: PathBuf::from(program), level, limits: CompileLimits::default() },
        plugin_limits: BTreeMap::new(),
        plugins_dir: Some(home.join("plugins")),
        bundle: &[],
        kv: Arc::new(Memory::default()),
        processes: Arc::new(ProcessDoor::new(ProcessConfig { launcher: PathBuf::from(program), level: Level::Off })),
        egress: Arc::default(),
        endpoints: Arc::default(),
        secrets: Arc::new(Secrets::default()),
        ambient: Ambient::system(),
        on_change: Arc::new(|_, _, _| ()),
    };
    PluginManager::start(config).await.expect("the engine starts")
}

fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("the folder");
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_helper_compiles_runs_and_is_kept() {
    for level in [Level::Auto, Level::Off] {
        let home = tempfile::tempdir().expect("a folder");
        let plugins = host(home.path(), COMPILER, level).await;
        plugins.install(role(), "poet.wasm").await.expect("installed");
        let role = plugins.snapshot().roles.get("poet").cloned().expect("the role");
        assert_eq!(role.prompt(false).await, Ok("You rhyme.".to_owned()));
        let kept = files(&home.path().join("cache"));
        assert!(kept.len() == 1 && kept[0].ends_with(".cwasm"), "one entry and no working folder: {kept:?}");
        plugins.shutdown().await;
        // Another start has no need of a compiler.
        let plugins = host(home.path(), "/nonexistent", level).await;
        let role = plugins.snapshot().roles.get("poet").cloned().expect("the role");
        assert_eq!(role.prompt(false).await, Ok("You rhyme.".to_owned()));
        plugins.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cache_that_is_no_folder_does_not_stop_a_start() {
    let home = tempfile::tempdir().expect("a folder");
    std::fs::write(home.path().join("cache"), "x").expect("written");
    let plugins = host(home.path(), COMPILER, Level::Auto).await;
    plugins.install(role(), "poet.wasm").await.expect("installed");
    plugins.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_compiler_that_is_not_there_is_told() {
    let home = tempfile::tempdir().expect("a folder");
    let plugins = host(home.path(), "/nonexistent/octi", Level::Auto).await;
    let error = plugins.install(role(), "poet.wasm").await.expect_err("nothing compiles");
    assert!(matches!(&error, InstallError::Compile(text) if text.contains("did not start")), "{error}");
    assert_eq!(files(&home.path().join("plugins")), Vec::<String>::new(), "nothing was installed");
    plugins.shutdown().await;
}

/// Runs the compiler as the door would, but without its walls.
#[expect(clippy::disallowed_methods, reason = "the test plays the door")]
fn compile(folder: &Path, words: &[&str]) -> (Option<i32>, String) {
    let output =
        std::process::Command::new(COMPILER).arg(COMPILER_COMMAND).args(words).current_dir(folder).output().expect("it runs");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn the_compiler_refuses_by_itself() {
    let home = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| std::fs::write(home.path().join(name), bytes).expect("written");
    write("good", &role());
    write("bad", b"\0asm not wasm");
    write("large", &vec![0; octi_domain::limits::PLUGIN_BYTES_MAX + 1]);
    write("none", b"");
    assert_eq!(compile(home.path(), &["small", "good", "out", "none", "functions"]), (Some(0), String::new()));
    assert_eq!(compile(home.path(), &["huge", "good", "out2", "none", "functions2"]).0, Some(2), "no such class");
    assert_eq!(compile(home.path(), &["small"]).0, Some(2));
    for (input, output, says) in [
        ("good", "out", "cannot open its files"),
        ("missing", "out3", "cannot open its files"),
        ("bad", "out4", "failed to parse"),
        ("large", "out5", "more than 33554432 bytes"),
    ] {
        let (code, said) = compile(home.path(), &["big", input, output, "none", &format!("{output}.functions")]);
        assert!(code == Some(1) && said.contains(says), "{input}: {code:?} {said}");
    }
}

#[test]
fn the_next_version_of_a_large_component_is_compiled_with_functions_of_the_last_one() {
    let home = tempfile::tempdir().expect("a folder");
    let path = |name: &str| home.path().join(name);
    std::fs::write(path("good"), role()).expect("written");
    std::fs::write(path("none"), b"").expect("written");
    let run = |arguments: &[&str]| assert_eq!(compile(home.path(), arguments), (Some(0), String::new()), "{arguments:?}");
    run(&["big", "good", "out", "none", "functions"]);
    assert!(std::fs::metadata(path("functions")).expect("they are there").len() > 0);
    run(&["big", "good", "again", "functions", "functions2"]);
    assert!(std::fs::read(path("out")).ok() == std::fs::read(path("again")).ok(), "the same code");
    std::fs::write(path("cut"), b"no functions").expect("written");
    run(&["big", "good", "third", "cut", "functions3"]);
    run(&["small", "good", "fourth", "none", "functions4"]);
    assert_eq!(std::fs::metadata(path("functions4")).expect("it is there").len(), 0, "small ones keep none");
}
