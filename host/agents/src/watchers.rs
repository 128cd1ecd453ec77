//! Tells hooks of what has happened.
//!
//! Work hands its news over and goes on: a queue with a bound, and one task that asks the hooks. Their answers mean nothing
//! here, and what they do wrong is in the log. What finds no place in the queue is dropped and counted.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use octi_domain::ids::{CallId, SessionId};
use octi_domain::principal::Principal;
use octi_domain::{limits, telemetry};
use octi_extension::hook::{Hook, HookContext, HookEvent};
use octi_extension::registry::Registry;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::tools::bound;
use crate::tools::dispatch::{RedactorOf, redact_with};

/// Something that happened.
pub(crate) struct Happened<'a> {
    pub(crate) principal: &'a Principal,
    pub(crate) session_id: Option<SessionId>,
    pub(crate) call: Option<(CallId, &'a str)>,
    pub(crate) event: HookEvent,
}

struct News {
    principal: Principal,
    session_id: Option<SessionId>,
    call_id: Option<CallId>,
    event: HookEvent,
    details: Value,
    hooks: Vec<Arc<dyn Hook>>,
}

enum Entry {
    News(Box<News>),
    /// Answered when everything before it was told.
    Flush(oneshot::Sender<()>),
}

/// The hooks of this host, and the way to tell them.
pub(crate) struct Watchers {
    pub(crate) registry: Arc<dyn Registry>,
    redactor: RedactorOf,
    queue: mpsc::Sender<Entry>,
    closing: CancellationToken,
    teller: TaskTracker,
}

impl Watchers {
    /// Starts the task that tells. Must be called inside a tokio runtime.
    pub(crate) fn start(registry: Arc<dyn Registry>, redactor: RedactorOf) -> Self {
        let (queue, entries) = mpsc::channel(limits::HOOK_QUEUE_MAX);
        let (closing, teller) = (CancellationToken::new(), TaskTracker::new());
        teller.spawn(run(entries, Arc::clone(&redactor), closing.clone()));
        teller.close();
        Self { registry, redactor, queue, closing, teller }
    }

    /// Tells the hooks that want to know. `details` is asked for only when there is one.
    pub(crate) fn tell(&self, happened: &Happened<'_>, details: impl FnOnce() -> Value) {
        let Happened { principal, session_id, call, event } = *happened;
        // A name that a model made up has no `__`; whoever hears of every tool hears of it too.
        let of = call.map(|(_, name)| name.split_once("__").unwrap_or((name, "")));
        let hooks = self.registry.snapshot();
        let hooks: Vec<_> = hooks.hooks.iter().filter(|hook| hook.spec().hears(event, of)).cloned().collect();
        if hooks.is_empty() {
            return;
        }
        // First redacted, then cut: half of a secret would not be found.
        let details = cut((self.redactor)(principal).redact_value(details()));
        let call_id = call.map(|(id, _)| id);
        let news = News { principal: principal.clone(), session_id, call_id, event, details, hooks };
        if self.queue.try_send(Entry::News(Box::new(news))).is_err() {
            metrics::counter!(telemetry::HOOK_DROPPED.name).increment(1);
            tracing::warn!(event = event.as_str(), "no hook is told of this: too much waits to be told, or octi is about to end");
        }
    }

    /// Waits until everything so far was told.
    pub(crate) async fn flush(&self) {
        let (done, told) = oneshot::channel();
        if self.queue.send(Entry::Flush(done)).await.is_ok() {
            // An error means the task ended, and it tells everything before it ends.
            let _told = told.await;
        }
    }

    /// Tells what is left and ends.
    pub(crate) async fn close(&self) {
        self.closing.cancel();
        self.teller.wait().await;
    }
}

async fn run(mut entries: mpsc::Receiver<Entry>, redactor: RedactorOf, closing: CancellationToken) {
    loop {
        let entry = tokio::select! {
            biased;
            entry = entries.recv() => entry,
            () = closing.cancelled(), if !entries.is_closed() => { entries.close(); continue }
        };
        match entry {
            // In the order in which it happened, each to all of its hooks at once.
            Some(Entry::News(news)) => drop(join_all(news.hooks.iter().map(|hook| tell(hook, &news, &redactor))).await),
            Some(Entry::Flush(done)) => {
                // Whoever waited may have gone.
                let _heard = done.send(());
            }
            None => return,
        }
    }
}

async fn tell(hook: &Arc<dyn Hook>, news: &News, redactor: &RedactorOf) {
    let time_max = Duration::from_millis(limits::HOOK_MS_MAX);
    let context = HookContext {
        principal: news.principal.clone(),
        session_id: news.session_id,
        call_id: news.call_id,
        time_max,
        redact: redact_with(&redactor(&news.principal)),
    };
    let (plugin, event) = (&hook.spec().plugin, news.event.as_str());
    match tokio::time::timeout(time_max, hook.tell(context, news.event, news.details.clone())).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(plugin, event, code = error.code(), "a hook failed after the fact"),
        Err(_) => tracing::warn!(plugin, event, "a hook took too long after the fact"),
    }
}

/// The value with each of its texts cut.
fn cut(value: Value) -> Value {
    match value {
        Value::String(text) if text.len() > limits::HOOK_TEXT_BYTES_MAX => {
            Value::String(bound::head(&text, limits::HOOK_TEXT_BYTES_MAX).to_owned())
        }
        Value::Array(items) => items.into_iter().map(cut).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, field)| (name, cut(field))).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use octi_extension::tool::ToolError;
    use octi_security::guard::Redactor;
    use octi_testkit::fakes::{FakeHook, FakeRegistry};
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn what_finds_no_place_in_the_queue_is_dropped_and_nobody_waits() {
        let registry = Arc::new(FakeRegistry::default());
        let hook = FakeHook::new("acme/slow", |entry| entry.events = vec![HookEvent::Message])
            .answers(|_, _| Err(ToolError::Failed("it always fails".to_owned())));
        registry.install_hook(hook.clone());
        let watchers = Watchers::start(registry, Arc::new(|_| Arc::new(Redactor::new([]))));
        let principal = Principal::system("a test");
        let happened = Happened { principal: &principal, session_id: None, call: None, event: HookEvent::Message };
        // The task that tells has no chance to run before this one waits.
        for nth in 0..limits::HOOK_QUEUE_MAX + 10 {
            watchers.tell(&happened, || json!({ "nth": nth }));
        }
        watchers.flush().await;
        let told = hook.told();
        assert_eq!((told.len(), &told[0].1["nth"]), (limits::HOOK_QUEUE_MAX, &json!(0)));
        watchers.close().await;
    }

    #[test]
    fn texts_are_cut_wherever_they_stand() {
        let long = "é".repeat(limits::HOOK_TEXT_BYTES_MAX);
        let details = cut(json!({ "content": long, "parts": [long, "short"], "count": 3 }));
        let length = |value: &Value| value.as_str().map(str::len);
        assert_eq!(length(&details["content"]), Some(limits::HOOK_TEXT_BYTES_MAX));
        assert_eq!(length(&details["parts"][0]), Some(limits::HOOK_TEXT_BYTES_MAX));
        assert_eq!((&details["parts"][1], &details["count"]), (&json!("short"), &json!(3)));
    }
}
