//! Where conversations work: the workspace and the project.

use std::path::Path;

use octi_api::v1::workspaces::Workspace;
use octi_domain::text::clean;

/// A folder in which conversations that begin here work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// A folder of the workspace, or an absolute one of the server's machine.
    pub path: String,
    /// Whether the person named it. One that was only started in is let go when the server does not open it.
    pub is_named: bool,
}

/// The project that a text means: what begins like a path of this machine is made one, and the rest is a folder of the workspace.
///
/// # Errors
/// A sentence, when there is no such path of this machine.
pub fn project(typed: &str) -> Result<String, String> {
    let is_here = typed == "." || typed == ".." || typed.starts_with("./") || typed.starts_with("../") || typed.starts_with('/');
    if !is_here {
        return Ok(typed.to_owned());
    }
    let real = Path::new(typed).canonicalize().map_err(|error| {
        format!("`{typed}` cannot be the project: {error}; name a folder that is there, or one of the workspace without `./`")
    })?;
    real.to_str().map(str::to_owned).ok_or_else(|| format!("`{typed}` cannot be the project: its name is not UTF-8"))
}

/// Where conversations that begin here work, and where they could.
#[derive(Debug, Default)]
pub(crate) struct Place {
    /// Of the person, the default one first; none when the server did not say.
    pub(crate) workspaces: Vec<Workspace>,
    /// The one that was chosen here; none for the default one.
    pub(crate) workspace: Option<Workspace>,
    pub(crate) project: Option<Project>,
}

impl Place {
    /// The workspace of that word, name or id.
    pub(crate) fn find(&self, wanted: &str) -> Option<&Workspace> {
        let exact = self.workspaces.iter().find(|one| one.slug == wanted || one.id.to_string() == wanted);
        exact.or_else(|| self.workspaces.iter().find(|one| one.name.eq_ignore_ascii_case(wanted)))
    }

    /// The word of a workspace for the status bar: of that one, or where none is said, of the one where conversations begin. None
    /// while there is only one, which goes without saying.
    pub(crate) fn word(&self, id: Option<uuid::Uuid>) -> Option<String> {
        let default = || self.workspaces.iter().find(|one| one.is_default);
        let one = match id {
            Some(id) => self.workspaces.iter().find(|one| one.id == id),
            None => self.workspace.as_ref().or_else(default),
        };
        one.filter(|_| self.workspaces.len() > 1).map(|one| clean(&one.slug))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_like_a_path_of_this_machine_is_one() {
        let here = std::env::current_dir().expect("a folder").canonicalize().expect("a real one");
        assert_eq!(project("site/pages"), Ok("site/pages".to_owned()));
        assert_eq!(project("."), Ok(here.display().to_string()));
        assert_eq!(project("./src"), Ok(here.join("src").display().to_string()));
        assert!(project("./no-such-folder").expect_err("not there").contains("`./no-such-folder`"));
    }
}
