//! Looking at, making, removing, moving and copying what is in a workspace.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use cap_std::fs::{Dir, DirBuilder, DirBuilderExt as _};
use octi_domain::limits;

use super::error::FsError;
use super::path::RelativePath;
use super::walk::{self, Workspace};
use super::write::{is_temporary, rename_new, sync_directory};
use super::{Entry, Kind, WriteMode};

impl Workspace {
    /// What a path names; a link is shown as a link.
    ///
    /// # Errors
    /// When nothing is there, or the path is refused.
    pub fn stat(&self, path: &str) -> Result<Entry, FsError> {
        let path = RelativePath::parse(path)?;
        let text = path.to_string();
        let Some((parents, name)) = path.split() else {
            let found = self.dir_at(&[])?.dir_metadata().map_err(|error| FsError::from_io(&text, &error))?;
            return Ok(walk::entry(text, &found));
        };
        let found = walk::look(&*self.dir_at(parents)?, name, &text)?.ok_or_else(|| FsError::NotFound(text.clone()))?;
        Ok(walk::entry(text, &found))
    }

    /// What is in a directory, in name order, after the name `start`, at most `max` and at most `FS_LIST_MAX`.
    ///
    /// # Errors
    /// When it is not a directory, or the path is refused.
    pub fn list(&self, path: &str, start: Option<&str>, max: usize) -> Result<Vec<Entry>, FsError> {
        let path = RelativePath::parse(path)?;
        let dir = self.dir_at(path.parts())?;
        // A guest may hand back the whole path of the last entry instead of its name.
        let start = start.map(|s| s.rsplit('/').next().unwrap_or(s));
        let names = names(&dir, &path.to_string(), start, max.min(limits::FS_LIST_MAX))?;
        let mut entries = Vec::with_capacity(names.len());
        for (shown, name) in names {
            // What vanished between the two looks is not an error of whoever lists.
            if let Ok(found) = dir.symlink_metadata(&name) {
                entries.push(walk::entry(join(&path, &shown), &found));
            }
        }
        Ok(entries)
    }

    /// Makes a directory, and those above it; one that is there already is fine.
    ///
    /// # Errors
    /// When something else has that name, or the path is refused.
    pub fn make_dir(&self, path: &str) -> Result<(), FsError> {
        let path = RelativePath::parse(path)?;
        let mut dir = self.dir_at(&[])?;
        let mut builder = DirBuilder::new();
        builder.mode(0o755);
        for (depth, part) in path.parts().iter().enumerate() {
            let text = path.parts()[..=depth].join("/");
            match dir.create_dir_with(part, &builder) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(FsError::from_io(&text, &error)),
                _ => dir = Arc::new(walk::step(&dir, part, &text)?),
            }
        }
        Ok(())
    }

    /// Removes a file, a link (not what it points to) or a directory; one with something in it only when `recursive`.
    ///
    /// # Errors
    /// When nothing is there or the directory is not empty, or the path is refused.
    pub fn remove(&self, path: &str, recursive: bool) -> Result<(), FsError> {
        let path = RelativePath::parse(path)?;
        let (parents, name) = path.split_or_refuse()?;
        let dir = self.dir_at(parents)?;
        let text = path.to_string();
        let found = walk::look(&dir, name, &text)?.ok_or_else(|| FsError::NotFound(text.clone()))?;
        let removed = match walk::kind(&found) {
            Kind::Directory if recursive => dir.remove_dir_all(name),
            Kind::Directory => dir.remove_dir(name),
            Kind::File | Kind::Symlink | Kind::Other => dir.remove_file(name),
        };
        removed.map_err(|error| FsError::from_io(&text, &error))
    }

    /// Moves a file or a directory.
    ///
    /// # Errors
    /// When the source is not there, the target is and `overwrite` is not set, either is a link, or a path is refused.
    pub fn rename(&self, source: &str, target: &str, overwrite: bool) -> Result<(), FsError> {
        let (source, target) = (RelativePath::parse(source)?, RelativePath::parse(target)?);
        if source.contains(&target) && source != target {
            return Err(FsError::Invalid(format!("`{source}` cannot be moved into itself")));
        }
        let (from, name) = self.leaf(&source)?;
        let (to, new_name) = self.leaf(&target)?;
        let found = walk::look(&from, name, &source.to_string())?.ok_or_else(|| FsError::NotFound(source.to_string()))?;
        if matches!(walk::kind(&found), Kind::Symlink | Kind::Other) {
            walk::plain_file(&found, &source.to_string())?;
        }
        let text = target.to_string();
        match walk::look(&to, new_name, &text)? {
            Some(_) if !overwrite => return Err(FsError::Exists(text)),
            Some(there) if there.is_symlink() => return Err(walk::link_refusal(&text)),
            _ => {}
        }
        let moved = if overwrite { from.rename(name, &to, new_name) } else { rename_new(&from, name, &to, new_name) };
        moved.map_err(|error| FsError::from_io(&text, &error))?;
        sync_directory(&to);
        Ok(())
    }

    /// Copies one file, with its permission bits.
    ///
    /// # Errors
    /// When the source is not a plain file, the target is there and `overwrite` is not set, or a path is refused.
    pub fn copy(&self, source: &str, target: &str, overwrite: bool) -> Result<(), FsError> {
        if RelativePath::parse(source)? == RelativePath::parse(target)? {
            return Err(FsError::Invalid(format!("`{source}` cannot be copied onto itself")));
        }
        let mut reader = self.open_read(source)?;
        let mut writer = self.create(target, if overwrite { WriteMode::Replace } else { WriteMode::CreateNew })?;
        if let Some(mode) = reader.mode() {
            writer.permit(mode)?;
        }
        loop {
            let chunk = reader.read(limits::FS_CHUNK_BYTES_MAX)?;
            if chunk.is_empty() {
                return writer.commit().map(drop);
            }
            writer.write(&chunk)?;
        }
    }

    fn leaf<'a>(&self, path: &'a RelativePath) -> Result<(Arc<Dir>, &'a str), FsError> {
        let (parents, name) = path.split_or_refuse()?;
        Ok((self.dir_at(parents)?, name))
    }
}

/// The first `max` names after `start`, by how they are shown. Only that many are ever in memory, however many there are.
pub(super) fn names(
    dir: &Dir,
    path: &str,
    start: Option<&str>,
    max: usize,
) -> Result<BTreeMap<String, std::ffi::OsString>, FsError> {
    let fail = |error: io::Error| FsError::from_io(path, &error);
    let mut names = BTreeMap::new();
    for entry in dir.entries().map_err(fail)? {
        let name = entry.map_err(fail)?.file_name();
        let shown = name.to_string_lossy().into_owned();
        if is_temporary(&shown) || start.is_some_and(|start| shown.as_str() <= start) {
            continue;
        }
        names.insert(shown, name);
        if names.len() > max {
            names.pop_last();
        }
    }
    Ok(names)
}

/// The path of a name in a directory.
pub(super) fn join(dir: &RelativePath, name: &str) -> String {
    if dir.parts().is_empty() { name.to_owned() } else { format!("{dir}/{name}") }
}
