//! Writing a plugin from the terminal: a new project, its build, its cases, a call, and what is said when something is missing.
#![expect(clippy::disallowed_methods, reason = "these tests run the author's compiler, which their environment names")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use octi_testkit::guests::{Guest, manifest, with_manifest};
use serde_json::{Value, json};

use crate::support::{Octi, Said, said, until};

/// A person's own folder beside octi's.
struct Desk {
    octi: Octi,
    place: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        Self { octi: Octi::new(), place: tempfile::tempdir().expect("a folder") }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// Without a compiler: nothing of this environment is left.
    fn command(&self, folder: &str, arguments: &[&str]) -> Command {
        let mut command = self.octi.command(arguments);
        command.current_dir(self.path(folder));
        command
    }

    /// With the compiler of this machine, which must not ask the network.
    fn compiling(&self, folder: &str, arguments: &[&str]) -> Command {
        let mut command = self.command(folder, arguments);
        for name in ["PATH", "HOME", "CARGO_HOME", "RUSTUP_HOME"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        // Kept between runs, because the SDK's dependencies take longer to compile than all of this.
        command.env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("authored"));
        command.env("CARGO_NET_OFFLINE", "true");
        command
    }

    fn run(&self, folder: &str, arguments: &[&str]) -> Said {
        self.clean(said(self.command(folder, arguments).output().expect("octi starts")))
    }

    /// What it said, without what differs from run to run.
    fn clean(&self, mut said: Said) -> Said {
        let place = self.place.path().canonicalize().expect("the folder").display().to_string();
        for text in [&mut said.out, &mut said.err] {
            *text = text.replace(&place, "PLACE");
        }
        said
    }

    fn fine(&self, folder: &str, arguments: &[&str]) -> Said {
        let said = self.run(folder, arguments);
        assert_eq!(said.code, Some(0), "{arguments:?}: {said:?}");
        said
    }

    /// A folder with a plugin that was made without a compiler: its file, and one case that passes and one that does not.
    fn made(&self) {
        let folder = self.path("guest");
        let case = |lines: u64| json!({ "steps": [{ "call": "run", "output": { "lines": lines } }] }).to_string();
        for (name, lines) in [("two_lines_are_counted", 2), ("three_lines_are_counted", 3)] {
            fs::create_dir_all(folder.join("cases").join(name)).expect("a folder");
            fs::write(folder.join("cases").join(name).join("case.json"), case(lines)).expect("a file");
        }
        let toml = "id = 'acme/guest'\nversion = '1.0.0'\nwit = '1.0'\ndescription = 'x'\n[tools.run]\npermission = 'allow'\n";
        fs::write(folder.join("plugin.toml"), toml).expect("a file");
        let guest = Guest::default().answers(r#"{"lines":2}"#).component();
        let asks = "[capabilities]\nfs = [{ root = 'workspace', access = 'read', reason = 'count lines' }]";
        fs::write(folder.join("guest.wasm"), with_manifest(guest, &manifest("acme/guest", "1.0.0", asks))).expect("a file");
    }
}

/// What a person reads, without times.
fn read(said: &Said) -> String {
    format!("{}---\n{}exit code {}\n", said.out, said.err, said.code.unwrap_or_default())
}

macro_rules! assert_read {
    ($said:expr) => {
        insta::with_settings!({filters => [
            (r"\d+(\.\d)? (ms|s)\b", "[time]"),
            (r"[0-9a-f]{64}", "[sha256]"),
            (r"\d+\.\d KiB", "[size]"),
        ]}, { insta::assert_snapshot!(read(&$said)) });
    };
}

#[test]
fn a_new_project_says_what_comes_next_and_nothing_is_overwritten() {
    let desk = Desk::new();
    assert_read!(desk.fine("", &["plugin", "new", "acme/hello"]));
    let again = desk.run("", &["plugin", "new", "acme/hello"]);
    assert!(again.code == Some(1) && again.err.contains("`hello` is there already"), "{again:?}");
    let json = desk.fine("", &["--json", "plugin", "new", "acme/hello", "it's mine"]);
    let made: Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!(made["next"], json!([r"cd 'it'\''s mine'", "octi plugin test"]));
    assert!(
        made["files"].as_array().is_some_and(|files| files
            .iter()
            .all(|file| { desk.path("it's mine").join(file.as_str().expect("a path")).is_file() }))
    );
}

#[test]
fn mistakes_are_answered_with_the_next_command() {
    let desk = Desk::new();
    fs::create_dir(desk.path("empty")).expect("a folder");
    fs::create_dir(desk.path("codeless")).expect("a folder");
    let toml = "id = 'acme/x'\nversion = '1.0.0'\nwit = '1.0'\ndescription = 'x'\n";
    fs::write(desk.path("codeless/plugin.toml"), toml).expect("a file");
    for (arguments, parts) in [
        (&["plugin", "new", "hello"][..], ["`hello` is not `publisher/name`", "write it like `acme/weather`"]),
        (&["plugin", "new", "acme/x", "--sdk", "empty"], ["there is no SDK in `empty`", "`sdk/rust` of a checkout"]),
        (&["plugin", "new", "acme/x", "--lang", "cobol"], ["invalid value 'cobol'", "possible values: rust"]),
        (&["plugin", "build", "empty"], ["has no `plugin.toml`", "`octi plugin new PUBLISHER/NAME`"]),
        (&["plugin", "new", "acme/x", "--lang", "js", "--sdk", "empty"], ["has its own copy of the SDK", "leave `--sdk` away"]),
        (&["plugin", "build", "codeless"], ["no code beside it", "makes a complete one"]),
        (&["plugin", "test", "codeless"], ["there are no cases in", "/<what_is_true>/case.json"]),
        (&["plugin", "call", "codeless", "a", "{}"], ["no code beside it", "makes a complete one"]),
        (&["plugin", "call", "nothing.x", "a", "{}"], ["neither the file nor the folder", "one word of arguments"]),
    ] {
        let said = desk.run("", arguments);
        assert_eq!(said.code, Some(1), "{arguments:?}: {said:?}");
        for part in parts {
            assert!(said.err.contains(part), "`{part}` is not in what {arguments:?} says: {}", said.err);
        }
    }
    desk.fine("", &["plugin", "new", "acme/x"]);
    let said = desk.run("x", &["plugin", "build"]);
    assert!(said.code == Some(1) && said.err.contains("install Rust as https://rustup.rs says"), "{said:?}");
    for (lang, command) in [("js", "`npm ci --ignore-scripts`"), ("python", "`python3 -m venv .venv && ")] {
        desk.fine("", &["plugin", "new", "acme/y", lang, "--lang", lang]);
        let said = desk.run(lang, &["plugin", "build"]);
        assert!(said.code == Some(1) && said.err.contains(command), "{said:?}");
        let said = desk.run(lang, &["plugin", "doctor"]);
        assert!(said.code == Some(1) && said.out.contains("it is not in the project's folder"), "{said:?}");
    }
}

#[test]
fn a_role_needs_no_compiler_and_a_folder_is_not_what_is_installed() {
    let desk = Desk::new();
    desk.fine("", &["plugin", "new", "acme/pirate", "--kind", "role"]);
    let checked = desk.fine("pirate", &["plugin", "doctor"]);
    assert!(checked.out.contains("none is needed") && !checked.out.contains("rust"), "{checked:?}");
    for (folder, arguments, parts) in [
        ("pirate", &["plugin", "call", ".", "talk"][..], ["acme/pirate has no operations to call", "`octi plugin test`"]),
        ("pirate", &["plugin", "install", "."], ["`.` is a folder", "`octi plugin build .` makes it, then"]),
        ("", &["plugin", "install", "pirate/cases"], ["is a folder", "a plugin of a registry such as `acme/weather`"]),
    ] {
        let said = desk.run(folder, arguments);
        assert_eq!(said.code, Some(1), "{arguments:?}: {said:?}");
        parts.iter().for_each(|part| assert!(said.err.contains(part), "{part}: {said:?}"));
    }
}

#[test]
fn cases_are_told_as_a_test_runner_tells_them() {
    let desk = Desk::new();
    desk.made();
    assert_read!(desk.run("guest", &["plugin", "test", "--file", "guest.wasm"]));
    let one = desk.fine("guest", &["plugin", "test", "--file", "guest.wasm", "--only", "two"]);
    assert!(one.out.contains("1 passed, 0 failed"), "{one:?}");
    let json = desk.run("guest", &["--json", "plugin", "test", "--file", "guest.wasm"]);
    assert_eq!(json.code, Some(1), "{json:?}");
    let told: Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!((&told["passed"], &told["failed"]), (&json!(1), &json!(1)));
    let difference = &told["cases"][0]["problem"]["differences"][0];
    assert_eq!(*difference, json!({ "place": "$.lines", "expected": 3, "actual": 2 }));
}

#[test]
fn a_call_shows_the_grants_the_answer_and_what_it_used() {
    let desk = Desk::new();
    desk.made();
    assert_read!(desk.fine("guest", &["plugin", "call", "guest.wasm", "run", "{}"]));
    let unnamed = desk.run("guest", &["plugin", "call", "guest.wasm"]);
    assert!(unnamed.code == Some(1) && unnamed.err.contains("name an operation of acme/guest: `run`"), "{unnamed:?}");
    let json = desk.fine("guest", &["--json", "plugin", "call", "guest.wasm", "run"]);
    let told: Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!((&told["content"], &told["isError"]), (&json!({ "lines": 2 }), &json!(false)));
    assert_eq!(told["mayReach"], json!(["fs: read workspace (count lines)"]));
    assert_eq!(told["usage"]["memoryPeakBytes"], 2 * 65_536);
    assert_eq!(desk.octi.left_behind(), Vec::<String>::new(), "a throw-away engine leaves nothing in octi's home");
}

#[test]
fn a_machine_without_rust_is_told_what_to_install() {
    let desk = Desk::new();
    desk.made();
    let said = desk.run("guest", &["plugin", "doctor"]);
    assert!(said.code == Some(1) && said.err.contains("3 of 6 checks failed"), "{said:?}");
    for part in ["✗ bad   rust", "install Rust as https://rustup.rs says", "✓ ok    plugin    acme/guest 1.0.0", "2 in `cases`"]
    {
        assert!(said.out.contains(part), "`{part}` is not in {}", said.out);
    }
    let json = desk.run("", &["--json", "plugin", "doctor"]);
    let told: Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!(told.as_array().map(Vec::len), Some(4), "outside of a plugin only the machine is looked at: {told}");
}

/// The whole loop on a project as a stranger makes it.
#[test]
fn a_new_project_builds_passes_its_cases_and_is_swapped_into_a_server() {
    let mut desk = Desk::new();
    desk.fine("", &["plugin", "new", "acme/hello"]);
    let compile =
        |desk: &Desk, arguments: &[&str]| desk.clean(said(desk.compiling("hello", arguments).output().expect("octi starts")));

    let built = compile(&desk, &["plugin", "build"]);
    assert_eq!(built.code, Some(0), "{built:?}");
    // The compiler's own words stand before the hint.
    let hint = built.err.split_inclusive('\n').next_back().unwrap_or_default().to_owned();
    assert_read!(Said { err: hint, ..built });
    let tested = compile(&desk, &["plugin", "test"]);
    assert!(tested.code == Some(0) && tested.out.contains("ok      a_text_is_counted"), "{tested:?}");
    let doctor = compile(&desk, &["plugin", "doctor"]);
    assert!(doctor.code == Some(0) && doctor.out.contains("fits this octi"), "{doctor:?}");
    let called = compile(&desk, &["plugin", "call", ".", "count", r#"{"path":"README.md"}"#, "--workspace", "."]);
    assert!(called.code == Some(0) && called.err.contains("host calls  fs "), "{called:?}");

    let _server = desk.octi.serve();
    let mut command = desk.compiling("hello", &["plugin", "dev", "--test"]);
    let log = desk.path("dev.log");
    command.stdout(fs::File::create(&log).expect("a file")).stderr(fs::File::options().append(true).open(&log).expect("a file"));
    let mut dev = Ended(command.spawn().expect("octi starts"));
    let log = || fs::read_to_string(&log).expect("the log");
    until("the first build is swapped in", || log().contains("runs (generation 1)"));
    let source = desk.path("hello/src/lib.rs");
    let text = fs::read_to_string(&source).expect("the source");
    fs::write(&source, text.replace("use octi_sdk", "use nothing_at_all;\nuse octi_sdk")).expect("a mistake");
    until("the mistake is told", || log().contains("mend what the compiler says"));
    fs::write(&source, text.replace("lines, {} words\"", "lines and {} words\"")).expect("a change that its case does not like");
    until("the failed case is told", || log().contains("without `2 lines, 4 words`"));
    let good = r#"read_text({ assert_ne!(path, "bug", "what the author reads"); path.trim() }"#;
    fs::write(&source, text.replace("read_text(&path", good)).expect("a good change");
    until("the change is swapped in", || log().contains("runs (generation 2)"));
    let missing = desk.octi.run(&["plugin", "call", "hello.count", r#"{"path":" nowhere "}"#]);
    assert!(missing.code == Some(1) && missing.err.contains("`nowhere`"), "{missing:?}");
    dev.0.kill().expect("it runs");

    let mut crashing = desk.compiling("hello", &["plugin", "call", ".", "count", r#"{"path":"bug"}"#]);
    let crashed = said(crashing.env("OCTI_LOG", "octi::plugin=debug").output().expect("octi starts"));
    assert!(crashed.code == Some(1) && crashed.err.contains("the tool crashed"), "{crashed:?}");
    assert!(crashed.err.contains("panicked at src/lib.rs") && crashed.err.contains("what the author reads"), "{crashed:?}");
}

/// What `tests/peers/componentize.sh` brought, in the project of that name, as `npm ci` and `pip install` put it there.
#[expect(clippy::print_stderr, reason = "a test says what it left out")]
fn with_tools(desk: &Desk, name: &str) -> bool {
    let Some(peers) = std::env::var_os("OCTI_TEST_COMPONENTIZE").map(PathBuf::from) else {
        eprintln!("left out: OCTI_TEST_COMPONENTIZE is not set; `bash tests/peers/componentize.sh` says it");
        return false;
    };
    let link = |from: &Path, to: PathBuf| std::os::unix::fs::symlink(from, to).expect("a link");
    let modules = desk.path(name).join("node_modules");
    fs::create_dir_all(modules.join("@octi")).expect("a folder");
    link(Path::new("../../vendor/octi-plugin"), modules.join("@octi/plugin"));
    for entry in fs::read_dir(peers.join("node_modules")).expect("the packages").flatten() {
        if entry.file_name() != "@octi" {
            link(&entry.path(), modules.join(entry.file_name()));
        }
    }
    link(&peers.join(".venv"), desk.path(name).join(".venv"));
    true
}

#[test]
fn a_new_project_in_javascript_goes_the_whole_way() {
    goes_the_whole_way("js", "src/plugin.js", "const found", "if (path === \"bug\") null.of();\n    const found");
}

#[test]
fn a_new_project_in_python_goes_the_whole_way() {
    goes_the_whole_way("python", "src/plugin.py", "found =", "if path == \"bug\":\n        None.of()\n    found =");
}

#[test]
fn what_is_installed_for_the_rest_of_a_machine_does_not_get_into_a_plugin() {
    let desk = Desk::new();
    desk.fine("", &["plugin", "new", "acme/hello", "--lang", "python"]);
    if !with_tools(&desk, "hello") {
        return;
    }
    let packages = desk.path("machine/lib/python3.11/site-packages");
    fs::create_dir_all(&packages).expect("a folder");
    fs::write(packages.join("stranger.py"), "HERE = True\n").expect("a package");
    let source = desk.path("hello/src/plugin.py");
    let text = fs::read_to_string(&source).expect("the source");
    fs::write(&source, format!("import stranger\n{text}")).expect("a change");
    let mut command = desk.compiling("hello", &["plugin", "build"]);
    command.env("VIRTUAL_ENV", desk.path("machine")).env("PYTHONPATH", &packages);
    let said = desk.clean(said(command.output().expect("octi starts")));
    assert!(said.code == Some(1) && said.err.contains("No module named 'stranger'"), "{said:?}");
}

/// Built, tested, swapped into a server; through a question; and a bug that the author reads of and nobody else.
fn goes_the_whole_way(lang: &str, file: &str, before: &str, with_bug: &str) {
    let mut desk = Desk::new();
    desk.fine("", &["plugin", "new", "acme/hello", "--lang", lang]);
    if !with_tools(&desk, "hello") {
        return;
    }
    let compile =
        |desk: &Desk, arguments: &[&str]| desk.clean(said(desk.compiling("hello", arguments).output().expect("octi starts")));
    let tested = compile(&desk, &["plugin", "test"]);
    assert!(tested.code == Some(0) && tested.out.contains("ok      a_text_is_counted"), "{tested:?}");
    let doctor = compile(&desk, &["plugin", "doctor"]);
    assert!(doctor.code == Some(0) && doctor.out.contains("fits this octi"), "{doctor:?}");

    // Each build takes the compiler most of a minute, so what is swapped in is not the one that was tested.
    let source = desk.path("hello").join(file);
    let text = fs::read_to_string(&source).expect("the source");
    fs::write(&source, format!("this is no {lang}\n{text}")).expect("a mistake");
    let server_log = desk.path("server.log");
    let _server = desk.octi.serve_logging_to(&server_log);
    let mut command = desk.compiling("hello", &["plugin", "dev"]);
    let log = desk.path("dev.log");
    command.stdout(fs::File::create(&log).expect("a file")).stderr(fs::File::options().append(true).open(&log).expect("a file"));
    let mut dev = Ended(command.spawn().expect("octi starts"));
    let log = || fs::read_to_string(&log).expect("the log");
    slowly("the mistake is told", || log().contains("mend what the compiler says"));
    let manifest = desk.path("hello/plugin.toml");
    let asking = fs::read_to_string(&manifest).expect("the manifest").replace("permission = \"allow\"", "permission = \"ask\"");
    fs::write(&manifest, asking).expect("a change");
    fs::write(&source, text.replace(before, with_bug)).expect("a change");
    slowly("the change is swapped in", || log().contains("runs (generation 1)"));
    assert!(log().contains("s, compiled in "), "{}", log());
    dev.0.kill().expect("it runs");

    let refused = desk.octi.run(&["plugin", "call", "hello.count", r#"{"path":"none"}"#]);
    assert!(refused.code == Some(1) && refused.err.contains("add `--yes`"), "{refused:?}");
    let failed = desk.octi.run(&["plugin", "call", "hello.count", r#"{"path":"none"}"#, "--yes"]);
    assert!(failed.code == Some(1) && failed.err.contains("`none`"), "{failed:?}");
    let broken = desk.octi.run(&["plugin", "call", "hello.count", r#"{"path":"bug"}"#, "--yes"]);
    let (told, kept) = (format!("{}{}", broken.out, broken.err), || fs::read_to_string(&server_log).expect("the log"));
    assert!(broken.code == Some(1) && told.contains("the plugin failed unexpectedly; its log says where"), "{broken:?}");
    assert!(!told.contains("plugin.py") && !told.contains("Error:"), "{told}");
    until("the author reads where", || kept().contains("`count` failed: ") && kept().contains("Error: "));
}

/// As [`until`], for what the engine of a whole language is compiled in.
fn slowly(what: &str, mut holds: impl FnMut() -> bool) {
    let started = std::time::Instant::now();
    while !holds() {
        assert!(started.elapsed() < std::time::Duration::from_secs(400), "{what} did not happen");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

/// A program that does not outlive its test.
struct Ended(std::process::Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
