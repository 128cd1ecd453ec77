//! Several workspaces and projects, with the real tools.

use std::fs;
use std::path::PathBuf;

use crate::support::{Octi, find};

const QUESTION: &str = "write a file hello.md with a greeting and read it back";

/// Where the demo model's file is, below the folder of workspaces.
fn written(octi: &Octi) -> Vec<PathBuf> {
    let mut found = find(octi.home.path(), "hello.md");
    found.sort();
    found
}

#[test]
fn workspaces_are_made_chosen_renamed_and_removed() {
    let octi = Octi::new();
    let listed = octi.run(&["workspace", "list"]);
    let first: Vec<&str> = listed.out.lines().nth(1).expect("one row").split_whitespace().collect();
    assert_eq!(first[..3], ["default", "Default", "(default)"], "{listed:?}");
    assert!(listed.err.ends_with("hint: `octi workspace create NAME` makes another one\n"), "{listed:?}");

    let made = octi.run(&["workspace", "create", "Tax & Co."]);
    assert_eq!(
        (made.code, made.err.as_str()),
        (Some(0), "made the workspace `tax-co`\nhint: `octi chat --workspace tax-co` works in it\n")
    );
    let again = octi.run(&["workspace", "create", "tax co"]);
    assert!(again.code == Some(1) && again.err.contains("already exists"), "{again:?}");
    let path = octi.run(&["workspace", "create", "Sneaky", "--slug", "../up"]);
    assert!(path.code == Some(1) && path.err.contains("small letters, digits and hyphens"), "{path:?}");

    let said = octi.run(&["workspace", "default", "tax-co"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), "conversations begin in `tax-co` now\n"));
    let kept = octi.run(&["workspace", "remove", "Tax & Co."]);
    assert!(kept.code == Some(1) && kept.err.contains("make another one the default first"), "{kept:?}");
    let said = octi.run(&["workspace", "rename", "tax-co", "Taxes", "--slug", "taxes"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), "`taxes` is called Taxes now\n"));
    octi.run(&["workspace", "default", "default"]);
    let removed = octi.run(&["workspace", "remove", "taxes"]);
    assert!(removed.code == Some(0) && removed.err.contains("go on in the default workspace"), "{removed:?}");
    let unknown = octi.run(&["workspace", "remove", "taxes"]);
    assert!(unknown.err.contains("there is no workspace `taxes`") && unknown.err.contains("there are `default`"), "{unknown:?}");
}

#[test]
fn a_tool_reaches_the_workspace_of_its_conversation_and_no_other() {
    let octi = Octi::new();
    octi.run(&["workspace", "create", "Site"]);
    let said = octi.run(&["chat", "--local", "--yes", "--workspace", "site", QUESTION]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let there = written(&octi);
    assert!(there.len() == 1 && !there[0].display().to_string().contains("/default/"), "{there:?}");

    // The other one does not have it, and has no way to it.
    let listed = octi.run(&["plugin", "call", "filesystem.list_directory", "--yes"]);
    assert!(listed.code == Some(0) && !listed.out.contains("hello.md"), "{listed:?}");
    let folder = there[0].parent().expect("files").parent().expect("a workspace").file_name().expect("a name");
    let up = format!("{{\"path\": \"../../{}/files/hello.md\"}}", folder.to_string_lossy());
    let read = octi.run(&["plugin", "call", "filesystem.read_file", &up, "--yes"]);
    assert!(read.code == Some(1) && read.err.contains("goes up with `..`"), "{read:?}");
    let shell = format!("{{\"command\": \"cat {}\"}}", there[0].display());
    let cat = octi.run(&["plugin", "call", "shell.run", &shell, "--yes"]);
    assert!(!cat.out.contains("greeting") && !cat.out.contains("\"exit_code\":0"), "{cat:?}");

    let said = octi.run(&["chat", "--local", "--yes", QUESTION]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(written(&octi).len(), 2);
    let unknown = octi.run(&["chat", "--local", "--workspace", "sight", QUESTION]);
    assert!(unknown.code == Some(1) && unknown.err.contains("there is no workspace `sight`"), "{unknown:?}");
}

#[test]
fn a_project_is_a_folder_of_the_workspace_or_one_that_is_open() {
    let octi = Octi::new();
    let outside = tempfile::tempdir().expect("a folder");
    let outside_path = outside.path().canonicalize().expect("a real path");
    let project = outside_path.join("project");
    fs::create_dir(&project).expect("a folder");
    let project = project.to_str().expect("UTF-8");

    // A private server is the person's own, and so is the folder that they name.
    let said = octi.run(&["chat", "--local", "--yes", "--project", project, QUESTION]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(find(&outside_path, "hello.md"), [outside_path.join("project/hello.md")], "{said:?}");
    assert!(written(&octi).is_empty());
    let own = octi.home.path().to_str().expect("UTF-8");
    let said = octi.run(&["chat", "--local", "--yes", "--project", own, QUESTION]);
    assert!(said.code == Some(1) && said.err.contains("the data of octi"), "{said:?}");

    let files = octi.files();
    fs::create_dir(files.join("site")).expect("a folder");
    let said = octi.run(&["chat", "--local", "--yes", "--project", "site", QUESTION]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(written(&octi), [files.join("site/hello.md")]);
    // Programs start there too, and the project that became a link since is none.
    let said = octi.run(&["chat", "--local", "--yes", "--project", "site", "run `touch here.txt`"]);
    assert_eq!(find(&files, "here.txt"), [files.join("site/here.txt")], "{said:?}");
    std::os::unix::fs::symlink("/etc", files.join("link")).expect("a link");
    let said = octi.run(&["chat", "--local", "--yes", "--project", "link", QUESTION]);
    assert!(said.code == Some(1) && said.err.contains("`link` is a symbolic link"), "{said:?}");
    let said = octi.run(&["chat", "--local", "--yes", "--project", "not-there", QUESTION]);
    assert!(said.code == Some(1) && said.err.contains("`not-there`"), "{said:?}");
}

#[test]
fn a_server_opens_a_folder_when_its_administrator_says_so() {
    let mut octi = Octi::new();
    let _server = octi.serve();
    let outside = tempfile::tempdir().expect("a folder");
    let outside_path = outside.path().canonicalize().expect("a real path");
    let project = outside_path.to_str().expect("UTF-8");
    let refused = octi.run(&["chat", "--yes", "--project", project, QUESTION]);
    assert!(refused.code == Some(1) && refused.err.contains("`workspace.additional_paths`"), "{refused:?}");
    assert!(find(&outside_path, "hello.md").is_empty());

    let set = octi.run(&["settings", "set", "workspace.additional_paths", project]);
    assert_eq!(set.code, Some(0), "{set:?}");
    let said = octi.run(&["chat", "--yes", "--project", project, QUESTION]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(find(&outside_path, "hello.md").len(), 1);
}
