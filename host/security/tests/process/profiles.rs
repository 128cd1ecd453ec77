//! What a profile of an operator changes.

use std::path::PathBuf;

use octi_security::sandbox::process::{ArgumentRules, Ending, EnvRule, Level, ProcessError};

use crate::support::{Home, text};

#[tokio::test]
async fn a_profile_adds_arguments_and_variables_and_lets_the_named_ones_through() {
    let home = Home::with(Level::Auto, |shell| {
        shell.program = "/usr/bin/printenv".into();
        shell.prefix = vec!["--".into()];
        shell.arguments = ArgumentRules::any(4).allow(["[A-Z]+"]).unwrap();
        shell.env = EnvRule::Named(vec!["COLOUR".into()]);
        shell.set = vec![("PLACE".into(), "{workspace}/build".into()), ("CACHE".into(), "{scratch}".into())];
    });
    let mut spawn = home.line("PLACE");
    spawn.argv = vec!["PLACE".into(), "CACHE".into(), "TMPDIR".into(), "COLOUR".into()];
    spawn.env = vec![("COLOUR".into(), "blue".into())];
    let output = home.door.run(spawn.clone()).await.unwrap();
    let workspace = home.workspace().canonicalize().unwrap();
    let said = text(&output.stdout);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], workspace.join("build").display().to_string());
    assert_eq!((lines[1], lines[3]), (lines[2], "blue"));
    spawn.argv = vec!["--help".into()];
    assert!(matches!(home.door.run(spawn.clone()).await, Err(ProcessError::Invalid(text)) if text.contains("`--help`")));
    spawn.argv = vec!["HOME".into()];
    spawn.env = vec![("FLAVOUR".into(), "sweet".into())];
    assert!(matches!(home.door.run(spawn).await, Err(ProcessError::Invalid(text)) if text.contains("`FLAVOUR`")));
}

#[tokio::test]
async fn more_directories_are_read_or_written_and_no_others() {
    let more = tempfile::TempDir::new().unwrap();
    let (read, write): (PathBuf, PathBuf) = (more.path().join("read"), more.path().join("write"));
    for directory in [&read, &write] {
        std::fs::create_dir(directory).unwrap();
        std::fs::write(directory.join("a"), "content\n").unwrap();
    }
    let home = Home::with(Level::Auto, |shell| {
        shell.read = vec![read.clone()];
        shell.write = vec![write.clone()];
    });
    let (read, write) = (read.display(), write.display());
    let line = format!("cat {read}/a {write}/a && echo new > {write}/b && ! echo x > {read}/b && ! ls {}", more.path().display());
    let output = home.run(&line).await;
    assert_eq!(
        (output.ending, text(&output.stdout)),
        (Ending::Exited(0), "content\ncontent\n".into()),
        "{}",
        text(&output.stderr)
    );
    let plain = Home::new(Level::Auto).run(&format!("cat {read}/a {write}/a; echo x > {write}/c")).await;
    assert!(plain.stdout.is_empty() && plain.ending != Ending::Exited(0));
}

#[tokio::test]
async fn a_profile_cannot_be_given_what_lies_around_a_workspace() {
    let home = Home::with(Level::Auto, |shell| shell.read = vec![std::env::temp_dir().canonicalize().unwrap()]);
    let error = home.try_run("true").await.unwrap_err();
    assert!(matches!(&error, ProcessError::Refused(text) if text.contains("the workspace lies in")), "{error}");
}

#[tokio::test]
async fn a_profile_may_have_a_directory_of_its_own_in_the_workspace() {
    let home = Home::with(Level::Auto, |shell| shell.cwd = "project".into());
    let missing = home.try_run("pwd").await.unwrap_err();
    assert!(matches!(&missing, ProcessError::Invalid(text) if text.contains("directory of the profile")), "{missing}");
    std::fs::create_dir_all(home.workspace().join("project/deep")).unwrap();
    std::fs::create_dir(home.workspace().join("other")).unwrap();
    let at = |directory: &str| {
        let mut spawn = home.line("pwd");
        spawn.cwd = home.workspace().join(directory);
        home.door.run(spawn)
    };
    assert!(text(&at("").await.unwrap().stdout).ends_with("/files/project\n"));
    assert!(text(&at("project/deep").await.unwrap().stdout).ends_with("/project/deep\n"));
    let error = at("other").await.unwrap_err();
    assert!(matches!(&error, ProcessError::Invalid(text) if text.contains("starts its programs in `project`")), "{error}");
    std::fs::remove_dir_all(home.workspace().join("project")).unwrap();
    std::os::unix::fs::symlink("/usr", home.workspace().join("project")).unwrap();
    let error = at("").await.unwrap_err();
    assert!(matches!(&error, ProcessError::Invalid(text) if text.contains("not in the workspace")), "{error}");
}

#[tokio::test]
async fn a_profile_bounds_its_output_and_its_time() {
    let home = Home::with(Level::Auto, |shell| {
        shell.output_bytes_max = 100;
        shell.time_max = std::time::Duration::from_millis(800);
    });
    let output = home.run("head -c 5000 /dev/zero | tr '\\0' x").await;
    assert_eq!((output.stdout.len(), output.truncated), (100, true));
    assert_eq!(home.run("sleep 68.5; true").await.ending, Ending::TimedOut);
}
