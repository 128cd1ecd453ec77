//! Programs that outlive the call that started them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use octi_domain::ids::UserId;
use octi_domain::limits;
use tokio::io::AsyncWriteExt as _;

use super::job::Job;
use super::types::{Ending, News, Owner, ProcessError};

/// A program that takes no input for this long is not waited for any longer.
const WRITE_PATIENCE: Duration = Duration::from_secs(5);

/// A running or ended background program. Dropping it does not end the program.
#[derive(Debug, Clone)]
pub struct Background {
    job: Arc<Job>,
}

impl Background {
    pub(super) const fn of(job: Arc<Job>) -> Self {
        Self { job }
    }

    /// Its unguessable id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.job.id
    }

    /// The command line, as it was started.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.job.title
    }

    /// Writes to its input.
    ///
    /// # Errors
    /// When it has ended, its input is closed, or it does not read.
    pub async fn write_stdin(&self, bytes: &[u8]) -> Result<(), ProcessError> {
        if bytes.len() > limits::PROCESS_INPUT_BYTES_MAX {
            return Err(ProcessError::Limit { what: "the bytes of the input", limit: limits::PROCESS_INPUT_BYTES_MAX as u64 });
        }
        let mut stdin = self.job.stdin.lock().await;
        let pipe = stdin.as_mut().ok_or(ProcessError::Ended)?;
        match tokio::time::timeout(WRITE_PATIENCE, pipe.write_all(bytes)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => {
                stdin.take();
                Err(ProcessError::Ended)
            }
            Err(_) => Err(ProcessError::Failed("the program does not read its input: a part of it was not delivered".to_owned())),
        }
    }

    /// Closes its input.
    pub async fn close_stdin(&self) {
        self.job.stdin.lock().await.take();
    }

    /// What arrived since the last read, at most `max` bytes of each stream, waiting at most `wait` for the first byte or the end.
    pub async fn read(&self, max: usize, wait: Duration) -> News {
        let arrived = self.job.until(|state| (state.over || !state.out.is_empty() || !state.err.is_empty()).then_some(()));
        let _in_time = tokio::time::timeout(wait, arrived).await;
        let mut state = self.job.state();
        let (stdout, stderr) = (state.out.take(max), state.err.take(max));
        let (lost_out, lost_err) = (state.out.take_lost(), state.err.take_lost());
        let all_read = state.over && state.out.is_empty() && state.err.is_empty();
        let ending = if all_read { state.ending.or(Some(Ending::Signalled(0))) } else { None };
        News { stdout, stderr, truncated: lost_out || lost_err, ending }
    }

    /// Waits at most `wait` for its end.
    pub async fn wait(&self, wait: Duration) -> Option<Ending> {
        let end = self.job.until(|state| state.over.then_some(state.ending.unwrap_or(Ending::Signalled(0))));
        tokio::time::timeout(wait, end).await.ok().flatten()
    }

    /// Ends it and everything it started.
    pub fn kill(&self) {
        self.job.stop.cancel();
    }
}

/// The background programs of a host, oldest first.
#[derive(Debug, Default)]
pub(super) struct Table(Mutex<Rows>);

#[derive(Debug, Default)]
struct Rows {
    next: u64,
    jobs: BTreeMap<u64, Arc<Job>>,
}

impl Table {
    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place for the job, if its owner has one left. What ended long ago makes room for what ends later.
    pub(super) fn reserve(&self, job: Arc<Job>, user: UserId) -> Result<(), ProcessError> {
        let mut rows = self.rows();
        let of_user = |job: &Job| job.owner.as_ref().is_some_and(|owner| owner.user_id == user);
        let running = rows.jobs.values().filter(|job| of_user(job) && !job.state().over).count();
        if running >= limits::PROCESS_BACKGROUND_MAX {
            let limit = limits::PROCESS_BACKGROUND_MAX as u64;
            return Err(ProcessError::Limit { what: "the number of background programs running for one person", limit });
        }
        let ended: Vec<u64> = rows.jobs.iter().filter(|(_, job)| of_user(job) && job.state().over).map(|(at, _)| *at).collect();
        for at in ended.iter().take(ended.len().saturating_sub(limits::PROCESS_BACKGROUND_KEPT_MAX - 1)) {
            rows.jobs.remove(at);
        }
        let at = rows.next;
        rows.next += 1;
        rows.jobs.insert(at, job);
        Ok(())
    }

    pub(super) fn forget(&self, id: &str) {
        self.rows().jobs.retain(|_, job| job.id != id);
    }

    /// Ends everything that a plugin started, whoever it was for.
    pub(super) fn end_of(&self, plugin: &str) {
        let rows = self.rows();
        let of_plugin = |job: &&Arc<Job>| job.owner.as_ref().is_some_and(|owner| owner.plugin == plugin);
        rows.jobs.values().filter(of_plugin).for_each(|job| job.stop.cancel());
    }

    pub(super) fn find(&self, owner: &Owner, id: &str) -> Option<Background> {
        let rows = self.rows();
        let found = rows.jobs.values().find(|job| job.id == id && job.owner.as_ref() == Some(owner))?;
        Some(Background { job: Arc::clone(found) })
    }
}
