//! `octi:fs`: files under the roots that a plugin was granted.
//!
//! Short calls run where they are, like a read of the standard library in async code would not: each is one system call
//! on a local file, shorter than moving it to another thread. Whatever walks a tree or copies goes to the blocking pool.

use octi_domain::limits;
use octi_extension::capability::Access;
use octi_security::sandbox::fs::{self, FsError, Workspace};
use tokio::sync::OwnedSemaphorePermit;
use wasmtime::component::Resource;

use crate::bindings::HostError;
use crate::bindings::tool::octi::fs::files::{Entry, Hit, Host, HostDir, HostReader, HostWriter, Kind, Query, WriteMode};
use crate::capability::{HostResult, refuse};
use crate::quota::Charge;
use crate::state::CallState;

/// The only root so far.
const ROOT: &str = "workspace";

/// A granted directory.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Dir(Workspace, #[expect(dead_code, reason = "given back with the directory")] OwnedSemaphorePermit);
/// A file being read.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct OpenReader(fs::Reader, #[expect(dead_code, reason = "given back with the file")] OwnedSemaphorePermit);
/// A file being written; nothing is visible before its commit.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct OpenWriter(fs::Writer, OwnedSemaphorePermit);

impl From<FsError> for HostError {
    fn from(error: FsError) -> Self {
        let text = error.to_string();
        match error {
            // No grant would change it: whoever chose the path must choose another.
            FsError::Escape(_) | FsError::Invalid(_) | FsError::TooLarge { .. } => Self::Invalid(text),
            FsError::NotFound(_) => Self::NotFound(text),
            FsError::Exists(_) => Self::Conflict(text),
            FsError::Io(_) => Self::Other(text),
        }
    }
}

impl From<fs::Entry> for Entry {
    fn from(entry: fs::Entry) -> Self {
        let kind = match entry.kind {
            fs::Kind::File => Kind::File,
            fs::Kind::Directory => Kind::Directory,
            fs::Kind::Symlink => Kind::Symlink,
            fs::Kind::Other => Kind::Other,
        };
        Self { path: entry.path, kind, size: entry.size, modified: entry.modified_ms }
    }
}

impl CallState {
    /// Charges one call and asks the grant for that access to the workspace.
    fn enter_fs(&mut self, access: Access) -> HostResult<()> {
        refuse!(self.enter(Charge::Fs)?);
        Ok(self.grant.fs(ROOT, access).map_err(|why| self.denied("fs", why)))
    }

    fn dir(&mut self, dir: &Resource<Dir>, access: Access) -> HostResult<Workspace> {
        refuse!(self.enter_fs(access)?);
        Ok(Ok(self.table.get(dir)?.0.clone()))
    }

    /// Runs long file work on the blocking pool, such as what waits for the disk; the guest is not charged for the wait.
    async fn long<T: Send + 'static>(&mut self, work: impl FnOnce() -> Result<T, FsError> + Send + 'static) -> HostResult<T> {
        let since = self.meter.host_call();
        let done = tokio::task::spawn_blocking(work).await;
        self.meter.waited(since);
        Ok(done?.map_err(HostError::from))
    }

    /// A place for one more open file or directory: each is a descriptor of the host, which all plugins share.
    fn place(&self) -> Result<OwnedSemaphorePermit, HostError> {
        self.files.clone().try_acquire_owned().map_err(|_| full("open files", limits::GUEST_FILES_MAX))
    }

    /// A table that is full is the guest's mistake, not a reason to end it.
    pub(crate) fn hold<T: Send + 'static>(&mut self, thing: T) -> Result<Resource<T>, HostError> {
        self.table.push(thing).map_err(|_| full("open resources", self.budget.resources))
    }
}

fn full(name: &str, limit: usize) -> HostError {
    HostError::Quota(crate::bindings::Quota { name: name.to_owned(), limit: limit as u64, retry_after_ms: None })
}

impl Host for CallState {
    async fn root(&mut self, name: String) -> HostResult<Resource<Dir>> {
        refuse!(self.enter(Charge::Fs)?);
        refuse!(self.grant.fs(&name, Access::Read).map_err(|why| self.denied("fs", why)));
        let Some(path) = self.caller.workspace.clone().filter(|_| name == ROOT) else {
            return Ok(Err(HostError::NotFound(format!("`{name}` is not a root of this call"))));
        };
        let place = refuse!(self.place());
        let workspace = refuse!(Workspace::open(&path).and_then(|whole| whole.below(&self.caller.within)));
        Ok(self.hold(Dir(workspace, place)))
    }
}

impl HostDir for CallState {
    async fn open(&mut self, dir: Resource<Dir>, path: String) -> HostResult<Resource<OpenReader>> {
        let workspace = refuse!(self.dir(&dir, Access::Read)?);
        let place = refuse!(self.place());
        let reader = refuse!(workspace.open_read(&path));
        Ok(self.hold(OpenReader(reader, place)))
    }

    async fn create(&mut self, dir: Resource<Dir>, path: String, mode: WriteMode) -> HostResult<Resource<OpenWriter>> {
        let workspace = refuse!(self.dir(&dir, Access::Write)?);
        let mode = match mode {
            WriteMode::CreateNew => fs::WriteMode::CreateNew,
            WriteMode::Replace => fs::WriteMode::Replace,
        };
        let place = refuse!(self.place());
        let writer = refuse!(workspace.create(&path, mode));
        Ok(self.hold(OpenWriter(writer, place)))
    }

    async fn append(&mut self, dir: Resource<Dir>, path: String, bytes: Vec<u8>) -> HostResult<Entry> {
        let workspace = refuse!(self.dir(&dir, Access::Write)?);
        let appended = self.long(move || workspace.append(&path, &bytes)).await?;
        Ok(appended.map(Entry::from))
    }

    async fn stat(&mut self, dir: Resource<Dir>, path: String) -> HostResult<Entry> {
        let workspace = refuse!(self.dir(&dir, Access::Read)?);
        Ok(Ok(refuse!(workspace.stat(&path)).into()))
    }

    async fn list(&mut self, dir: Resource<Dir>, path: String, start: Option<String>, max: u32) -> HostResult<Vec<Entry>> {
        let workspace = refuse!(self.dir(&dir, Access::Read)?);
        let max = (max as usize).min(limits::FS_LIST_MAX);
        let entries = refuse!(self.long(move || workspace.list(&path, start.as_deref(), max)).await?);
        Ok(Ok(entries.into_iter().map(Entry::from).collect()))
    }

    async fn search(&mut self, dir: Resource<Dir>, query: Query) -> HostResult<Vec<Hit>> {
        let workspace = refuse!(self.dir(&dir, Access::Read)?);
        let max = (query.max as usize).min(limits::FS_SEARCH_HITS_MAX);
        let query = fs::Query { glob: query.glob, pattern: query.pattern, max };
        let hits = refuse!(self.long(move || workspace.search(&query)).await?);
        Ok(Ok(hits.into_iter().map(|h| Hit { path: h.path, line: h.line, column: h.column, text: h.text }).collect()))
    }

    async fn make_dir(&mut self, dir: Resource<Dir>, path: String) -> HostResult<()> {
        let workspace = refuse!(self.dir(&dir, Access::Write)?);
        Ok(workspace.make_dir(&path).map_err(HostError::from))
    }

    async fn remove(&mut self, dir: Resource<Dir>, path: String, recursive: bool) -> HostResult<()> {
        let workspace = refuse!(self.dir(&dir, Access::Write)?);
        self.long(move || workspace.remove(&path, recursive)).await
    }

    async fn rename(&mut self, dir: Resource<Dir>, source: String, target: String, overwrite: bool) -> HostResult<()> {
        let workspace = refuse!(self.dir(&dir, Access::Write)?);
        self.long(move || workspace.rename(&source, &target, overwrite)).await
    }

    async fn copy(&mut self, dir: Resource<Dir>, source: String, target: String, overwrite: bool) -> HostResult<()> {
        let workspace = refuse!(self.dir(&dir, Access::Write)?);
        self.long(move || workspace.copy(&source, &target, overwrite)).await
    }

    async fn drop(&mut self, dir: Resource<Dir>) -> wasmtime::Result<()> {
        self.table.delete(dir)?;
        Ok(())
    }
}

impl HostReader for CallState {
    async fn size(&mut self, reader: Resource<OpenReader>) -> wasmtime::Result<u64> {
        Ok(self.table.get(&reader)?.0.size())
    }

    async fn seek(&mut self, reader: Resource<OpenReader>, offset: u64) -> HostResult<()> {
        refuse!(self.enter_fs(Access::Read)?);
        Ok(self.table.get_mut(&reader)?.0.seek(offset).map_err(HostError::from))
    }

    async fn read(&mut self, reader: Resource<OpenReader>, max: u32) -> HostResult<Vec<u8>> {
        refuse!(self.enter_fs(Access::Read)?);
        let max = (max as usize).min(limits::FS_CHUNK_BYTES_MAX);
        Ok(self.table.get_mut(&reader)?.0.read(max).map_err(HostError::from))
    }

    async fn drop(&mut self, reader: Resource<OpenReader>) -> wasmtime::Result<()> {
        self.table.delete(reader)?;
        Ok(())
    }
}

impl HostWriter for CallState {
    async fn write(&mut self, writer: Resource<OpenWriter>, chunk: Vec<u8>) -> HostResult<()> {
        refuse!(self.enter_fs(Access::Write)?);
        Ok(self.table.get_mut(&writer)?.0.write(&chunk).map_err(HostError::from))
    }

    async fn commit(&mut self, writer: Resource<OpenWriter>) -> HostResult<Entry> {
        let OpenWriter(writer, _place) = self.table.delete(writer)?;
        refuse!(self.enter_fs(Access::Write)?);
        let committed = self.long(move || writer.commit()).await?;
        Ok(committed.map(Entry::from))
    }

    async fn drop(&mut self, writer: Resource<OpenWriter>) -> wasmtime::Result<()> {
        self.table.delete(writer)?;
        Ok(())
    }
}
