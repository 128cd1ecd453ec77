//! Work that goes on when whoever waits for it goes away.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// Polled where it is awaited, and a task of the tracker for what is left of it once it is dropped. A task of its own from the
/// start would have another thread woken for it, which takes longer than a fast tool.
#[must_use = "nothing happens before it is awaited"]
pub(super) struct Outliving<T: Send + 'static> {
    /// None once it ended.
    work: Option<BoxFuture<'static, T>>,
    tasks: TaskTracker,
    runtime: Handle,
    /// Whoever waits for the tracker waits for the work, wherever it is polled.
    _counted: TaskTrackerToken,
}

impl<T: Send + 'static> Outliving<T> {
    /// # Panics
    /// Outside of a runtime.
    pub(super) fn new(tasks: &TaskTracker, work: BoxFuture<'static, T>) -> Self {
        Self { work: Some(work), tasks: tasks.clone(), runtime: Handle::current(), _counted: tasks.token() }
    }
}

impl<T: Send + 'static> Future for Outliving<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        // It is out of its place while it is polled, so that one which panics in spite of all is not polled a second time.
        let Some(mut work) = self.work.take() else { return Poll::Pending };
        let polled = work.as_mut().poll(context);
        if polled.is_pending() {
            self.work = Some(work);
        }
        polled
    }
}

impl<T: Send + 'static> Drop for Outliving<T> {
    fn drop(&mut self) {
        if let Some(work) = self.work.take() {
            self.tasks.spawn_on(work, &self.runtime);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::FutureExt as _;
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn what_ends_at_once_needs_no_task() {
        let tasks = TaskTracker::new();
        assert_eq!(Outliving::new(&tasks, async { 7 }.boxed()).now_or_never(), Some(7));
        assert_eq!(tasks.len(), 0);
    }

    #[tokio::test]
    async fn what_is_left_goes_on_and_the_tracker_waits_for_it() {
        let tasks = TaskTracker::new();
        let ((go, wait), (said, heard)) = (oneshot::channel::<()>(), oneshot::channel());
        let work = async move {
            wait.await.unwrap();
            said.send("done").unwrap();
        };
        let mut outliving = Outliving::new(&tasks, work.boxed());
        assert!((&mut outliving).now_or_never().is_none());
        tasks.close();
        assert!(tasks.wait().now_or_never().is_none(), "it counts where it is polled");

        drop(outliving);
        assert!(tasks.wait().now_or_never().is_none(), "and as a task");
        go.send(()).unwrap();
        tokio::time::timeout(Duration::from_secs(10), tasks.wait()).await.unwrap();
        assert_eq!(heard.await.unwrap(), "done");
    }

    #[tokio::test]
    async fn what_was_never_awaited_runs_too() {
        let tasks = TaskTracker::new();
        let (said, heard) = oneshot::channel();
        drop(Outliving::new(&tasks, async move { said.send(()).unwrap() }.boxed()));
        heard.await.unwrap();
    }

    #[tokio::test]
    async fn what_panics_is_not_polled_again() {
        let tasks = TaskTracker::new();
        let work = async { panic!("a bug") };
        let outliving: Outliving<()> = Outliving::new(&tasks, work.boxed());
        let broken = std::panic::AssertUnwindSafe(outliving).catch_unwind().await;
        assert!(broken.is_err());
        assert_eq!(tasks.len(), 0);
    }
}
