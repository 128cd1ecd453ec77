//! Which folder of this machine the tools of a call work in.

use std::path::{Path, PathBuf};

use octi_domain::ids::UserId;
use octi_domain::workspace::Place;

use super::error::FsError;
use super::path::RelativePath;
use super::walk::Workspace;

/// A folder that tools may not leave, and where in it they stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkFolder {
    /// What a program may write. Nothing that tools write is above it, so no link can be put in its place.
    pub root: PathBuf,
    /// The folder in it from which paths are counted, as [`Workspace::below`] takes it; empty for the root itself.
    pub within: String,
}

impl WorkFolder {
    /// The folder of a place. A project that is absolute must lie in one of the folders that an administrator opened; the
    /// outermost of them is the root, because its own tools could put a link in the place of an inner one.
    ///
    /// # Errors
    /// [`FsError::Escape`] for a project outside of what is open, which says who can open it.
    pub fn of(home: &Path, user: UserId, place: &Place, opened: &[PathBuf]) -> Result<Self, FsError> {
        let project = place.project.as_deref().unwrap_or_default();
        if !project.starts_with('/') {
            let root = user_folder(home, user).join("workspaces").join(folder_name(&place.folder)?).join("files");
            return Ok(Self { root, within: RelativePath::parse(project)?.parts().join("/") });
        }
        let project_path = Path::new(project);
        let around = opened.iter().filter(|folder| project_path.starts_with(folder));
        let Some(root) = around.min_by_key(|folder| folder.components().count()) else {
            return Err(FsError::Escape(format!(
                "`{}` is not a folder that agents may work in: an administrator adds it, or one around it, to the setting \
                 `workspace.additional_paths`",
                project.escape_debug()
            )));
        };
        if overlaps(root, home) {
            return Err(FsError::Escape(format!(
                "`{}` holds, or lies in, the data of octi, which no agent may reach: take it out of the setting \
                 `workspace.additional_paths`",
                root.display()
            )));
        }
        let inner = project_path.strip_prefix(root).unwrap_or_else(|_| Path::new("")).to_string_lossy();
        Ok(Self { root: root.clone(), within: RelativePath::parse(&inner)?.parts().join("/") })
    }

    /// Looks whether the folder is there and leads nowhere else. The workspace itself is made when it is missing, and nothing
    /// that belongs to the machine is.
    ///
    /// # Errors
    /// What is wrong with which part of the path.
    pub fn check(&self, place: &Place) -> Result<(), FsError> {
        let is_outside = place.project.as_deref().is_some_and(|project| project.starts_with('/'));
        if is_outside && !self.root.is_dir() {
            return Err(FsError::NotFound(self.root.display().to_string()));
        }
        Workspace::open(&self.root)?.below(&self.within).map(drop)
    }
}

/// Whether one of them is in the other, wherever links lead. What is not there yet is compared as it is written.
fn overlaps(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let (one, other) = (real(one), real(other));
    one.starts_with(&other) || other.starts_with(&one)
}

/// Where everything of a person is.
fn user_folder(home: &Path, user: UserId) -> PathBuf {
    home.join("users").join(user.to_string())
}

/// The name comes from the database, and is one name whatever stands there.
fn folder_name(name: &str) -> Result<&str, FsError> {
    let is_plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if is_plain { Ok(name) } else { Err(FsError::Invalid(format!("`{}` is no folder of a workspace", name.escape_debug()))) }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::*;

    fn user() -> UserId {
        UserId::from(uuid::Uuid::from_u128(7))
    }

    fn place(project: &str) -> Place {
        Place { project: Some(project.to_owned()), ..Place::default() }
    }

    fn checked(home: &Path, project: &str, opened: &[PathBuf]) -> Result<WorkFolder, FsError> {
        let place = place(project);
        let folder = WorkFolder::of(home, user(), &place, opened)?;
        folder.check(&place)?;
        Ok(folder)
    }

    #[test]
    fn a_workspace_of_a_person_is_made_for_that_person_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = TempDir::new().unwrap();
        let folder = WorkFolder::of(home.path(), user(), &Place::default(), &[]).unwrap();
        assert_eq!(folder.root, home.path().join("users").join(user().to_string()).join("workspaces/default/files"));
        folder.check(&Place::default()).unwrap();
        assert_eq!(fs::metadata(&folder.root).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_project_is_a_folder_of_the_workspace_that_is_there() {
        let home = TempDir::new().unwrap();
        let files = WorkFolder::of(home.path(), user(), &Place::default(), &[]).unwrap().root;
        fs::create_dir_all(files.join("site/pages")).unwrap();
        assert_eq!(checked(home.path(), "./site//pages/", &[]).unwrap().within, "site/pages");
        assert!(matches!(checked(home.path(), "away", &[]), Err(FsError::NotFound(_))));
        fs::write(files.join("file"), "x").unwrap();
        assert!(checked(home.path(), "file", &[]).unwrap_err().to_string().contains("is a file, not a directory"));
    }

    #[test]
    fn no_project_leads_out_of_what_is_open() {
        let (home, outside) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let open = outside.path().canonicalize().unwrap().join("open");
        fs::create_dir_all(open.join("site")).unwrap();
        fs::create_dir(outside.path().join("opened-not")).unwrap();
        fs::create_dir(outside.path().join("secret")).unwrap();
        symlink("../secret", open.join("link")).unwrap();
        let files = WorkFolder::of(home.path(), user(), &Place::default(), &[]).unwrap().root;
        fs::create_dir_all(&files).unwrap();
        symlink(outside.path(), files.join("link")).unwrap();
        let opened = [open.clone()];
        let absolute = |rest: &str| format!("{}{rest}", open.display());

        assert_eq!(
            checked(home.path(), &absolute("/site"), &opened).unwrap(),
            WorkFolder { root: open.clone(), within: "site".to_owned() }
        );
        for project in [
            "..".to_owned(),
            "site/../..".to_owned(),
            "link".to_owned(),
            "link/secret".to_owned(),
            "a\0b".to_owned(),
            absolute("/../secret"),
            absolute("/site/../../secret"),
            absolute("/link"),
            absolute("ed-not"),
            absolute("/\0"),
            format!("{}/secret", outside.path().display()),
            "/".to_owned(),
            "/etc".to_owned(),
        ] {
            let refusal = checked(home.path(), &project, &opened).unwrap_err();
            assert!(matches!(refusal, FsError::Escape(_) | FsError::Invalid(_)), "{project:?}: {refusal}");
        }
        let refusal = checked(home.path(), "/srv/site", &[]).unwrap_err().to_string();
        assert!(refusal.contains("`/srv/site`") && refusal.contains("`workspace.additional_paths`"), "{refusal}");
    }

    #[test]
    fn of_folders_in_each_other_the_outermost_is_the_wall() {
        let opened = [PathBuf::from("/srv/a/b"), PathBuf::from("/srv/a")];
        let folder = WorkFolder::of(Path::new("/home"), user(), &place("/srv/a/b/c"), &opened).unwrap();
        assert_eq!(folder, WorkFolder { root: "/srv/a".into(), within: "b/c".to_owned() });
    }

    #[test]
    fn what_octi_keeps_cannot_be_opened() {
        let outside = TempDir::new().unwrap();
        let home = outside.path().join("home");
        fs::create_dir_all(home.join("users")).unwrap();
        symlink(&home, outside.path().join("link")).unwrap();
        for folder in [outside.path().to_owned(), home.clone(), home.join("users"), outside.path().join("link")] {
            let refusal = checked(&home, &folder.display().to_string(), std::slice::from_ref(&folder)).unwrap_err().to_string();
            assert!(refusal.contains("the data of octi"), "{refusal}");
        }
    }

    #[test]
    fn a_folder_of_the_machine_is_never_made() {
        let (home, outside) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let away = outside.path().join("away");
        assert!(matches!(
            checked(home.path(), &away.display().to_string(), std::slice::from_ref(&away)),
            Err(FsError::NotFound(_))
        ));
        assert!(!away.exists());
    }

    #[test]
    fn a_name_of_a_folder_is_one_name() {
        for name in ["..", "", "a/b", ".", "a\0"] {
            let place = Place { folder: name.to_owned(), project: None };
            assert!(WorkFolder::of(Path::new("/home"), user(), &place, &[]).is_err(), "{name:?}");
        }
    }
}
