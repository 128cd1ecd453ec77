//! What is in the skills folder: `<name>/SKILL.md`, read with a bound and without following a link out of it.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt as _};
use nix::fcntl::OFlag;
use octi_domain::limits;
use octi_domain::text::clean;
use octi_extension::manifest::SkillEntry;
use octi_extension::skill::{Skill, SkillProblem, SkillSource};
use octi_extension::tool::ToolError;

use crate::file::{self, SkillFile};

/// The file that makes a folder a skill.
pub const FILE_NAME: &str = "SKILL.md";

/// One reading of the folder.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) skills: BTreeMap<String, Arc<FolderSkill>>,
    pub(crate) problems: Vec<SkillProblem>,
}

/// A skill of the folder, as it was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FolderSkill {
    file: SkillFile,
    source: SkillSource,
}

#[async_trait]
impl Skill for FolderSkill {
    fn spec(&self) -> &SkillEntry {
        &self.file.entry
    }

    fn source(&self) -> &SkillSource {
        &self.source
    }

    fn license(&self) -> Option<&str> {
        self.file.license.as_deref()
    }

    async fn fits(&self, _said: &str) -> Result<bool, ToolError> {
        Ok(false)
    }

    async fn text(&self, _said: &str) -> Result<String, ToolError> {
        Ok(self.file.body.clone())
    }
}

/// Reads the folder. What is no skill is a problem and hinders no other; a folder that is not there has none.
///
/// # Errors
/// When the folder itself cannot be read.
pub(crate) fn read(root: &Path) -> io::Result<Reading> {
    let root = match Dir::open_ambient_dir(root, ambient_authority()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Reading::default()),
        opened => opened?,
    };
    let mut names = Vec::new();
    for entry in root.entries()? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // A plain file beside the skills, such as a README, is nobody's mistake.
        if !name.starts_with('.') && !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            names.push(name);
        }
    }
    names.sort();
    let mut reading = Reading::default();
    for name in names.drain(limits::SKILLS_IN_FOLDER_MAX.min(names.len())..) {
        let problem = format!("it is not used: the folder has more than {} skills", limits::SKILLS_IN_FOLDER_MAX);
        reading.problems.push(SkillProblem { path: clean(&name), line: None, problem });
    }
    for name in names {
        match skill(&root, &name) {
            Ok(skill) => drop(reading.skills.insert(name, Arc::new(skill))),
            Err(problem) => reading.problems.push(problem),
        }
    }
    Ok(reading)
}

fn skill(root: &Dir, name: &str) -> Result<FolderSkill, SkillProblem> {
    let path = format!("{name}/{FILE_NAME}");
    let problem = |line, problem: String| SkillProblem { path: clean(&path), line, problem };
    let text = text(root, &path).map_err(|error| problem(None, error))?;
    let file = file::parse(&text).map_err(|wrong| problem(wrong.line, wrong.problem))?;
    if file.entry.name != name {
        return Err(problem(
            None,
            format!("its name is `{}`, but its folder is `{}`; give both the same", file.entry.name, clean(name)),
        ));
    }
    Ok(FolderSkill { file, source: SkillSource::Folder { path } })
}

fn text(root: &Dir, path: &str) -> Result<String, String> {
    let mut options = OpenOptions::new();
    // A pipe in its place must not be waited for.
    options.read(true).custom_flags((OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits());
    let file = root.open_with(path, &options).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("there is no `{FILE_NAME}` in this folder"),
        io::ErrorKind::PermissionDenied => {
            "it cannot be opened: it is not readable, or a link that leads out of the skills folder".to_owned()
        }
        _ => format!("it cannot be opened: {error}"),
    })?;
    if !file.metadata().is_ok_and(|about| about.is_file()) {
        return Err("it is not a plain file".to_owned());
    }
    let mut bytes = Vec::new();
    let read = file.take(limits::SKILL_BYTES_MAX as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| format!("it cannot be read: {error}"))?;
    if bytes.len() > limits::SKILL_BYTES_MAX {
        return Err(format!("it has more than the {} bytes allowed", limits::SKILL_BYTES_MAX));
    }
    String::from_utf8(bytes).map_err(|_| "it is not text in UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn put(root: &Path, name: &str, text: &str) {
        fs::create_dir_all(root.join(name)).unwrap();
        fs::write(root.join(name).join(FILE_NAME), text).unwrap();
    }

    fn good(name: &str) -> String {
        format!("---\nname: {name}\ndescription: About {name}\n---\nText of {name}.\n")
    }

    fn told(reading: &Reading) -> Vec<String> {
        reading.problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_bad_file_is_told_with_its_path_and_line_and_hinders_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        put(root, "good", &good("good"));
        put(root, "broken", "---\nname: broken\ndescription: ''\n---\nx");
        put(root, "other", &good("another"));
        fs::create_dir(root.join("empty")).unwrap();
        fs::create_dir_all(root.join("odd").join(FILE_NAME)).unwrap();
        fs::create_dir(root.join("binary")).unwrap();
        fs::write(root.join("binary").join(FILE_NAME), [0xff, 0xfe]).unwrap();
        put(root, "large", &"x".repeat(limits::SKILL_BYTES_MAX + 1));
        put(root, ".hidden", "x");
        fs::write(root.join("README.md"), "x").unwrap();
        let reading = read(root).unwrap();
        assert_eq!(reading.skills.keys().collect::<Vec<_>>(), ["good"]);
        insta::assert_snapshot!(told(&reading).join("\n"), @r"
        `binary/SKILL.md`: it is not text in UTF-8
        `broken/SKILL.md` line 3: `description`: it has 0 characters; write 1 to 1024 that say what it knows and when it helps
        `empty/SKILL.md`: there is no `SKILL.md` in this folder
        `large/SKILL.md`: it has more than the 65536 bytes allowed
        `odd/SKILL.md`: it is not a plain file
        `other/SKILL.md`: its name is `another`, but its folder is `other`; give both the same
        ");
    }

    #[test]
    fn links_inside_of_the_folder_are_followed_and_links_out_of_it_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let (root, outside) = (folder.path().join("skills"), folder.path().join("outside"));
        put(&root, "good", &good("good"));
        put(&outside, "stolen", &good("stolen"));
        symlink(outside.join("stolen"), root.join("stolen")).unwrap();
        symlink("../outside/stolen", root.join("relative")).unwrap();
        fs::create_dir(root.join("file")).unwrap();
        symlink(outside.join("stolen").join(FILE_NAME), root.join("file").join(FILE_NAME)).unwrap();
        put(&root, "shared", &good("linked"));
        symlink("shared", root.join("linked")).unwrap();
        symlink("/dev/zero", root.join("zero")).unwrap();
        let reading = read(&root).unwrap();
        assert_eq!(reading.skills.keys().collect::<Vec<_>>(), ["good", "linked"]);
        let problems = told(&reading);
        for name in ["stolen", "relative", "file"] {
            let out = problems.iter().find(|problem| problem.starts_with(&format!("`{name}/")));
            assert!(out.is_some_and(|problem| problem.contains("leads out of the skills folder")), "{name}: {problems:?}");
        }
        assert!(!problems.concat().contains("Text of stolen"));
    }

    #[test]
    fn a_folder_that_is_not_there_has_no_skills_and_one_with_too_many_says_so() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(&folder.path().join("none")).unwrap(), Reading::default());
        for number in 0..=limits::SKILLS_IN_FOLDER_MAX {
            let name = format!("s{number:04}");
            put(folder.path(), &name, &good(&name));
        }
        let reading = read(folder.path()).unwrap();
        assert_eq!(reading.skills.len(), limits::SKILLS_IN_FOLDER_MAX);
        assert_eq!(told(&reading), ["`s0500`: it is not used: the folder has more than 500 skills"]);
    }
}
