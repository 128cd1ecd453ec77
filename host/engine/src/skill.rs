//! A plugin's skill as a `octi_extension::skill::Skill`.
//!
//! Its code runs with nothing granted, even where the tools of the same plugin may reach something: it sees what a person says
//! before anybody was asked, and what it writes goes to a model.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use octi_domain::limits;
use octi_extension::manifest::SkillEntry;
use octi_extension::skill::{Skill, SkillSource};
use octi_extension::tool::{Containment, ToolError};
use tokio::sync::OnceCell;
use tracing::Instrument;

use crate::generation::{Generation, Pin};
use crate::observe::{Meters, Observed};

const TIME_MAX: Duration = Duration::from_millis(limits::SKILL_MS_MAX);

/// One skill, bound to its generation. One that is not dynamic is asked for its text once.
pub(crate) struct WasmSkill {
    spec: SkillEntry,
    source: SkillSource,
    generation: Pin,
    meters: Meters,
    text: OnceCell<String>,
}

/// What a skill is asked.
#[derive(Clone, Copy)]
enum Question {
    Fits,
    Text,
}

/// What it answers.
enum Answer {
    Fits(bool),
    Text(String),
}

impl WasmSkill {
    pub(crate) fn new(generation: &Arc<Generation>, spec: SkillEntry) -> Self {
        let manifest = generation.manifest();
        let source = SkillSource::Plugin { id: manifest.id.clone(), version: manifest.version.clone() };
        let meters = Meters::new(&manifest.id, "skill");
        Self { spec, source, generation: Pin::new(generation), meters, text: OnceCell::new() }
    }

    async fn ask(&self, question: Question, said: &str) -> Result<Answer, ToolError> {
        let observed = Observed::begin(&self.meters, &self.generation, None, said.len());
        let answer = self.run(question, said, &observed).instrument(observed.span()).await;
        observed.end(answer.as_ref().map(|_| ()));
        answer
    }

    async fn run(&self, question: Question, said: &str, observed: &Observed<'_>) -> Result<Answer, ToolError> {
        let ready = self.generation.admit().await?;
        let Some(guest) = &ready.skill else {
            return Err(ToolError::Internal(format!("plugin `{}` has no skill", self.generation.manifest().id)));
        };
        let _place = self.generation.place_within(TIME_MAX).await.map_err(ToolError::Contained)?;
        let setup = self.generation.setup_without_rights("ask a skill", TIME_MAX);
        let work = async {
            match question {
                Question::Fits => {
                    let (fits, usage) = guest.fits(setup, said).await;
                    (fits.map(Answer::Fits), usage)
                }
                Question::Text => {
                    let (text, usage) = guest.text(setup, said).await;
                    (text.map(Answer::Text), usage)
                }
            }
        };
        let (answer, usage) = self.generation.unless_closed(work).await;
        if let Some(usage) = &usage {
            observed.used(usage);
        }
        let answer = answer.and_then(|answer| match answer {
            Answer::Text(text) if text.len() > limits::SKILL_BYTES_MAX => {
                Err(Containment::Output { bytes_max: limits::SKILL_BYTES_MAX as u64 })
            }
            answer => Ok(answer),
        });
        self.generation.learn_of_skill(&answer);
        answer.map_err(ToolError::Contained)
    }

    async fn render(&self, said: &str) -> Result<String, ToolError> {
        match self.ask(Question::Text, said).await? {
            Answer::Text(text) => Ok(text),
            Answer::Fits(_) => Err(ToolError::Internal("a skill answered another question than it was asked".to_owned())),
        }
    }
}

#[async_trait]
impl Skill for WasmSkill {
    fn spec(&self) -> &SkillEntry {
        &self.spec
    }

    fn source(&self) -> &SkillSource {
        &self.source
    }

    fn license(&self) -> Option<&str> {
        self.generation.manifest().license.as_deref()
    }

    async fn fits(&self, said: &str) -> Result<bool, ToolError> {
        if !self.spec.dynamic {
            return Ok(false);
        }
        Ok(matches!(self.ask(Question::Fits, said).await?, Answer::Fits(true)))
    }

    async fn text(&self, said: &str) -> Result<String, ToolError> {
        if self.spec.dynamic {
            return self.render(said).await;
        }
        self.text.get_or_try_init(|| self.render("")).await.cloned()
    }
}
