//! One hostile component: what it is, and what has to come of it.

use std::panic::AssertUnwindSafe;
use std::path::Path;

use futures::FutureExt;
use octi_domain::event::EventKind;
use octi_domain::message::{Part, ToolResult};
use octi_extension::registry::Registry;
use octi_security::guard::clean;
use octi_testkit::Answer;
use octi_testkit::agents::TestAgents;
use octi_testkit::guests::{Guest, manifest, with_manifest};
use serde_json::{Value, json};

use crate::host::{TestHost, workspace};
use crate::measure::Held;

/// What has to come of a row.
pub(crate) enum Expect {
    /// It is not installed, and who installs it reads these words.
    Refused(String),
    /// Its call ends with that code, and the model and the person read these words.
    Ends(&'static str, String),
    /// Its call succeeds, and the model reads these words.
    Answers(String),
}

/// One hostile component.
pub(crate) struct Row {
    name: String,
    /// Who it is published by.
    publisher: &'static str,
    file: Vec<u8>,
    arguments: Value,
    expect: Expect,
    prepare: Box<dyn Fn(&Path)>,
    afterwards: Box<dyn Fn(&Seen)>,
}

/// What a call left behind.
#[derive(Debug)]
pub(crate) struct Seen {
    /// How the call was recorded.
    pub(crate) code: String,
    /// What the model got.
    pub(crate) model: ToolResult,
    pub(crate) summary: String,
    pub(crate) preview: String,
    pub(crate) progress: Vec<String>,
    /// What was logged meanwhile.
    pub(crate) logs: String,
    pub(crate) workspace: std::path::PathBuf,
}

impl Seen {
    /// Every text that a person reads.
    pub(crate) fn shown(&self) -> Vec<&str> {
        let fixed = [self.summary.as_str(), self.preview.as_str()];
        fixed.into_iter().chain(self.progress.iter().map(String::as_str)).collect()
    }
}

impl Row {
    /// A guest with a manifest that asks for `extra`, whose call answers an empty object.
    pub(crate) fn of(name: &str, extra: &str, guest: &Guest) -> Self {
        Self::file(name, with_manifest(guest.component(), &manifest(&format!("acme/{name}"), "1.0.0", extra)))
    }

    /// A file that may not even be a plugin.
    pub(crate) fn file(name: &str, file: Vec<u8>) -> Self {
        Self {
            name: name.to_owned(),
            publisher: "acme",
            file,
            arguments: json!({}),
            expect: Expect::Answers("{}".to_owned()),
            prepare: Box::new(|_| {}),
            afterwards: Box::new(|_| {}),
        }
    }

    /// A component without a manifest, which the person is asked about before it is called.
    pub(crate) fn bare(name: &str, file: Vec<u8>) -> Self {
        Self { publisher: "local", ..Self::file(name, file) }
    }

    pub(crate) fn refused(self, says: &str) -> Self {
        Self { expect: Expect::Refused(says.to_owned()), ..self }
    }

    pub(crate) fn ends(self, code: &'static str, says: &str) -> Self {
        Self { expect: Expect::Ends(code, says.to_owned()), ..self }
    }

    pub(crate) fn answers(self, says: &str) -> Self {
        Self { expect: Expect::Answers(says.to_owned()), ..self }
    }

    /// What the model passes.
    pub(crate) fn given(self, arguments: Value) -> Self {
        Self { arguments, ..self }
    }

    /// What is in the person's folder before.
    pub(crate) fn prepared(self, prepare: impl Fn(&Path) + 'static) -> Self {
        Self { prepare: Box::new(prepare), ..self }
    }

    /// What has to be true after the call.
    pub(crate) fn and(self, afterwards: impl Fn(&Seen) + 'static) -> Self {
        Self { afterwards: Box::new(afterwards), ..self }
    }

    fn id(&self) -> String {
        format!("{}/{}", self.publisher, self.name)
    }

    async fn run(&self, host: &TestHost) {
        let installed = host.plugins.install(self.file.clone(), &format!("{}.wasm", self.name)).await;
        let says = match (&self.expect, installed) {
            (Expect::Refused(says), Err(error)) => {
                let error = error.to_string();
                assert!(error.contains(says), "{}: `{says}` is not in `{error}`", self.name);
                assert_eq!(clean(&error), error, "{}: it can be shown", self.name);
                return assert!(!self.is_installed(host), "{}: nothing of it is left", self.name);
            }
            (Expect::Refused(says), Ok(status)) => panic!("{}: `{says}` was expected, but it runs: {status:?}", self.name),
            (Expect::Ends(_, says) | Expect::Answers(says), Ok(_)) => says,
            (_, Err(error)) => panic!("{}: it is not installed: {error}", self.name),
        };
        // Held because the files of the person go with it.
        let (seen, _agents) = self.call(host).await;
        let code = match &self.expect {
            Expect::Ends(code, _) => code,
            _ => "ok",
        };
        assert_eq!(seen.code, code, "{}: {seen:#?}", self.name);
        assert_eq!(seen.model.is_error, code != "ok", "{}: {seen:#?}", self.name);
        assert!(seen.model.content.contains(says), "{}: `{says}` is not in {seen:#?}", self.name);
        self.check_shown(&seen);
        (self.afterwards)(&seen);
        host.plugins.remove(&self.id()).await.unwrap_or_else(|error| panic!("{}: {error}", self.name));
        assert!(!self.is_installed(host), "{}: it is gone", self.name);
    }

    fn is_installed(&self, host: &TestHost) -> bool {
        host.plugins.plugins().iter().any(|plugin| plugin.id == self.id())
    }

    /// One turn in which the model asks for the call.
    async fn call(&self, host: &TestHost) -> (Seen, TestAgents) {
        let tool = format!("{}__run", self.name);
        let ask = Answer::calls([("1", tool.as_str(), self.arguments.clone())]);
        let agents = host.person([ask, Answer::text("I see.")]).await;
        (self.prepare)(&workspace(&agents));
        let logged = host.logs.text().len();
        let mut seen = seen(&agents, &self.name, self.publisher == "local").await;
        host.logs.text()[logged..].clone_into(&mut seen.logs);
        (seen, agents)
    }

    /// A failure is told to the person in the words that the model gets, and nothing that is shown obeys a terminal or hides.
    fn check_shown(&self, seen: &Seen) {
        for text in seen.shown() {
            assert_eq!(clean(text), text, "{}: {seen:#?}", self.name);
        }
        if seen.model.is_error {
            assert_eq!(clean(&seen.model.content), seen.model.content, "{}: {seen:#?}", self.name);
            let begin = seen.summary.trim_end_matches('…');
            assert!(!begin.is_empty() && seen.model.content.contains(begin), "{}: {seen:#?}", self.name);
        }
    }
}

/// Talks to the agent until it is done, and gathers what everybody got of the one call.
async fn seen(agents: &TestAgents, name: &str, is_asked: bool) -> Seen {
    let sent = agents.send("go").await;
    if is_asked {
        // Arguments that do not fit are refused before anybody is asked.
        tokio::select! {
            question = agents.events.question(1) => {
                let said = agents.agents.answer(&agents.principal, question.id, octi_domain::permission::Answer::Once).await;
                said.expect("an answer");
            }
            _ = agents.events.ended(sent.run_id) => {}
        }
    }
    let (_, reason) = agents.ended(sent.run_id).await;
    agents.shutdown().await;
    let requests = agents.model.requests();
    let parts = requests.iter().flat_map(|request| &request.messages).flat_map(|message| &message.parts);
    let mut results = parts.filter_map(|part| match part {
        Part::ToolResult(result) => Some(result.clone()),
        _ => None,
    });
    let model = results.next_back().unwrap_or_else(|| panic!("{name}: the model got nothing: {reason}"));
    let calls = agents.store.read(&agents.principal).await.expect("a transaction").list_calls(sent.run_id).await.expect("calls");
    let code = calls.first().and_then(|call| call.outcome.clone()).unwrap_or_default();
    let mut seen = Seen {
        code,
        model,
        summary: String::new(),
        preview: String::new(),
        progress: Vec::new(),
        logs: String::new(),
        workspace: agents.workspace(),
    };
    for kind in agents.events.kinds() {
        match kind {
            EventKind::ToolResult { summary, preview, .. } => (seen.summary, seen.preview) = (summary, preview),
            EventKind::ToolProgress { message, .. } => seen.progress.push(message),
            _ => {}
        }
    }
    seen
}

/// A call of a plugin that behaves.
pub(crate) async fn is_well(host: &TestHost, after: &str) {
    let agents = host.person([Answer::calls([("1", "good__run", json!({}))]), Answer::text("Good.")]).await;
    let seen = seen(&agents, after, false).await;
    assert_eq!((seen.code.as_str(), seen.model.content.as_str()), ("ok", r#"{"good":true}"#), "after {after}: {seen:#?}");
}

/// Runs a table twice: what the first round left behind for ever is warmth, what the second one adds would be a leak.
pub(crate) async fn run(rows: fn() -> Vec<Row>) {
    run_on(TestHost::start().await, rows).await;
}

/// The same on that host.
pub(crate) async fn run_on(host: TestHost, rows: fn() -> Vec<Row>) {
    round(&host, rows()).await;
    let before = Held::settled().await;
    round(&host, rows()).await;
    let after = Held::back(before).await;
    assert_eq!(host.connections(), 0, "nobody was allowed to connect to anything");
    println!("{before:?} after the first round, {after:?} after the second");
    host.stop().await;
}

/// Runs every row, also after one that failed, so that a broken limit is seen as the several rows that it breaks.
async fn round(host: &TestHost, rows: Vec<Row>) {
    let mut failed = Vec::new();
    for row in rows {
        let alone = async {
            Box::pin(row.run(host)).await;
            Box::pin(is_well(host, &row.name)).await;
        };
        if AssertUnwindSafe(alone).catch_unwind().await.is_err() {
            failed.push(row.name);
        }
    }
    assert!(failed.is_empty(), "these rows failed, as told above: {failed:?}");
}
