//! A plugin of each language's template, made and built as an author does. What was built of the same files stays.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::{peers, step};

/// The languages, and the plugins' names.
const LANGUAGES: [(&str, &str); 3] = [("rust", "countrust"), ("js", "countjs"), ("python", "countpython")];

/// Puts them into `templates` in that folder. One whose tools cannot be had is left out, and the benchmark says so.
pub(super) fn build(work: &Path) -> anyhow::Result<()> {
    let out = work.join("templates");
    fs::create_dir_all(&out).with_context(|| format!("cannot create `{}`", out.display()))?;
    let octi = step::target_dir()?.join("release").join("octi");
    let tools = peers::one("componentize.sh", "what authors build plugins in JavaScript and Python with");
    let tools = tools.inspect_err(|error| eprintln!("      {error:#}")).unwrap_or_default();
    for (language, name) in LANGUAGES {
        if language != "rust" && tools.is_empty() {
            // What is there from before would be measured as if it were of now.
            let _gone = fs::remove_file(out.join(format!("{name}.wasm")));
            continue;
        }
        one(&octi, (language, name), &tools, &out)?;
    }
    Ok(())
}

fn one(octi: &Path, (language, name): (&str, &str), tools: &[(String, String)], out: &Path) -> anyhow::Result<()> {
    let work = out.join("work");
    fs::create_dir_all(&work)?;
    let project = work.join(name);
    if project.exists() {
        fs::remove_dir_all(&project).with_context(|| format!("cannot remove `{}`", project.display()))?;
    }
    let id = format!("acme/{name}");
    step::run(Command::new(octi).args(["plugin", "new", &id, "--lang", language]).current_dir(&work))?;
    let (built, mark) = (out.join(format!("{name}.wasm")), out.join(format!("{name}.made-of")));
    let made_of = content(&project, tools)?;
    if built.is_file() && fs::read_to_string(&mark).is_ok_and(|before| before == made_of) {
        return Ok(());
    }
    if language != "rust" {
        let folder = tools.iter().find(|(name, _)| name == "OCTI_TEST_COMPONENTIZE").context("the script named no folder")?;
        link(&project, Path::new(&folder.1))?;
    }
    let mut command = Command::new(octi);
    command.args(["plugin", "build"]).current_dir(&project).env("CARGO_TARGET_DIR", work.join("target"));
    command.envs(tools.iter().filter(|(name, _)| name == "PATH").map(|(name, value)| (name, value)));
    step::run(&mut command)?;
    let made = made(&project, name)?;
    fs::copy(&made, &built).with_context(|| format!("cannot copy `{}`", made.display()))?;
    fs::write(&mark, made_of)?;
    Ok(())
}

/// The packed plugin, which `octi plugin build` puts into the project.
fn made(project: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let made = project.join(format!("{name}.wasm"));
    anyhow::ensure!(made.is_file(), "`octi plugin build` made no `{}`", made.display());
    Ok(made)
}

/// Puts the tools into the project, as `npm ci` and `pip install` do.
fn link(project: &Path, tools: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::symlink;
    let modules = project.join("node_modules");
    fs::create_dir_all(modules.join("@octi"))?;
    symlink("../../vendor/octi-plugin", modules.join("@octi/plugin"))?;
    for entry in fs::read_dir(tools.join("node_modules")).with_context(|| format!("no tools in `{}`", tools.display()))? {
        let entry = entry?;
        if entry.file_name() != "@octi" {
            symlink(entry.path(), modules.join(entry.file_name()))?;
        }
    }
    symlink(tools.join(".venv"), project.join(".venv"))?;
    Ok(())
}

/// What a project is made of, and with what.
fn content(project: &Path, tools: &[(String, String)]) -> anyhow::Result<String> {
    let (mut files, mut open) = (Vec::new(), vec![project.to_path_buf()]);
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() { open.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    tools.hash(&mut hasher);
    for file in files {
        file.strip_prefix(project)?.hash(&mut hasher);
        fs::read(&file)?.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}
