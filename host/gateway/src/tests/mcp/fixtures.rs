//! Tools that work for a while.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use octi_domain::permission::Level;
use octi_extension::health::HealthReport;
use octi_extension::manifest::SubjectKind;
use octi_extension::registry::{PluginStatus, Registry, Snapshot};
use octi_extension::skill::SkillProblem;
use octi_extension::tool::{CallContext, LogLevel, Tool, ToolError, ToolOutput, ToolSpec};
use serde_json::{Value, json};

/// What is installed.
pub(super) struct Fixtures {
    tools: BTreeMap<String, Arc<dyn Tool>>,
}

/// How many calls of `work__wait` run right now.
#[derive(Default)]
pub(super) struct Waiting(AtomicUsize);

impl Waiting {
    pub(super) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

enum Does {
    Says(Value),
    Progresses,
    Logs,
    /// Until it is given up.
    Waits(Arc<Waiting>),
}

struct Fixture {
    spec: ToolSpec,
    does: Does,
}

#[async_trait]
impl Tool for Fixture {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, context: CallContext, _arguments: Value) -> Result<ToolOutput, ToolError> {
        let said = match &self.does {
            Does::Says(value) => value.clone(),
            Does::Progresses => {
                for (fraction, message) in [(0.0, "begun"), (0.5, "half"), (1.0, "done")] {
                    context.progress.progress(Some(fraction), message.to_owned());
                    // Quicker words are left out.
                    tokio::time::sleep(Duration::from_millis(150)).await;
                }
                json!("done")
            }
            Does::Logs => {
                for (level, line) in [(LogLevel::Info, "one"), (LogLevel::Debug, "two"), (LogLevel::Error, "three")] {
                    context.progress.log(level, line);
                }
                json!("logged")
            }
            Does::Waits(waiting) => {
                let _here = Here::new(waiting);
                std::future::pending().await
            }
        };
        Ok(ToolOutput::new(said, None))
    }
}

struct Here<'a>(&'a Waiting);

impl<'a> Here<'a> {
    fn new(waiting: &'a Waiting) -> Self {
        waiting.0.fetch_add(1, Ordering::SeqCst);
        Self(waiting)
    }
}

impl Drop for Here<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn fixture(name: &str, permission: Level, input_schema: Value, does: Does) -> (String, Arc<dyn Tool>) {
    let (tool, operation) = name.split_once('_').unwrap();
    let spec = ToolSpec {
        name: name.to_owned(),
        tool: tool.to_owned(),
        operation: operation.trim_start_matches('_').to_owned(),
        plugin: "acme/fixtures".to_owned(),
        plugin_version: "1.0.0".to_owned(),
        digest: "00".repeat(32),
        description: "A tool of the tests".to_owned(),
        input_schema,
        output_schema: None,
        permission,
        effects: Vec::new(),
        subject: None,
        subject_kind: SubjectKind::Text,
    };
    (name.to_owned(), Arc::new(Fixture { spec, does }))
}

impl Fixtures {
    /// `work__progress`, `work__log`, `work__wait`, and `work__careful`, which is asked about.
    pub(super) fn at_work() -> (Arc<Self>, Arc<Waiting>) {
        let (object, waiting) = (json!({"type": "object"}), Arc::new(Waiting::default()));
        let tools = [
            fixture("work__progress", Level::Allow, object.clone(), Does::Progresses),
            fixture("work__log", Level::Allow, object.clone(), Does::Logs),
            fixture("work__wait", Level::Allow, object.clone(), Does::Waits(Arc::clone(&waiting))),
            fixture("work__careful", Level::Ask, object, Does::Says(json!({"did": "it"}))),
        ];
        (Arc::new(Self { tools: tools.into() }), waiting)
    }
}

impl Registry for Fixtures {
    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::new(Snapshot {
            tools: self.tools.clone(),
            roles: super::super::fakes::FakeRegistry.snapshot().roles.clone(),
            ..Snapshot::default()
        })
    }

    fn plugins(&self) -> Vec<PluginStatus> {
        Vec::new()
    }

    fn health(&self) -> Option<HealthReport> {
        None
    }

    fn skill_problems(&self) -> Vec<SkillProblem> {
        Vec::new()
    }
}
