//! What a tool gave, as others may see it: bounded, free of secrets, its files kept.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use octi_domain::ids::ArtifactId;
use octi_domain::limits;
use octi_domain::message::Attachment;
use octi_domain::run::Usage;
use octi_extension::tool::{Artifact, Containment, ToolError, ToolOutput};
use octi_security::guard::Redactor;

use super::dispatch::{Call, Dispatch, plugin_failed, presentable};
use super::{bound, keep};

/// What came of a call: bounded, and free of secrets.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// JSON for a success, a sentence for an error.
    pub content: String,
    /// Whether `content` is all of it and not the beginning of what was too large.
    pub is_whole: bool,
    pub is_error: bool,
    /// `ok`, or why it failed: `bad_input`, `denied`, `time_limit` and so on.
    pub code: &'static str,
    /// One line for the person watching.
    pub summary: String,
    pub artifact: Option<ArtifactId>,
    /// The files that it gave; none of a call that failed.
    pub artifacts: Vec<Artifact>,
    /// Why those files are nowhere but here, if they could not be kept beside a conversation.
    pub lost: Option<&'static str>,
    /// Tokens that models used for it.
    pub usage: Usage,
    /// How long the tool ran; zero when it did not.
    pub duration: Duration,
    /// The rule that would allow the call, when it was refused because nobody could be asked.
    pub suggested_rule: Option<String>,
}

/// Makes of what a tool gave what others may see.
pub(super) async fn settle(
    dispatch: &Dispatch,
    call: &Call,
    redactor: &Redactor,
    given: Result<ToolOutput, ToolError>,
) -> Outcome {
    let output = match given {
        Ok(output) => output,
        Err(error) => return plugin_failed(redactor, &error),
    };
    let whole = bound::render(&redactor.redact_value(output.content));
    if whole.len() > limits::ARTIFACT_BYTES_MAX {
        let error = ToolError::Contained(Containment::Output { bytes_max: limits::ARTIFACT_BYTES_MAX as u64 });
        return plugin_failed(redactor, &error);
    }
    let own = output.summary.map(|summary| presentable(redactor, &summary));
    let summary = bound::summary(own.as_deref(), &whole);
    let is_whole = !bound::is_large(&whole);
    let (content, artifact) = if is_whole {
        (whole, None)
    } else {
        let artifact = Box::pin(keep::artifact(dispatch, call, &whole)).await;
        (bound::handle(&whole, artifact), artifact)
    };
    let artifacts: Vec<Artifact> = output.artifacts.into_iter().map(|file| without_secrets(redactor, file)).collect();
    let lost = if artifacts.is_empty() { None } else { Box::pin(keep::files(dispatch, call, &artifacts)).await };
    let (code, usage, duration, suggested_rule) = ("ok", Usage::default(), Duration::ZERO, None);
    let is_error = false;
    Outcome { content, is_whole, is_error, code, summary, artifact, artifacts, lost, usage, duration, suggested_rule }
}

/// A file that is text is searched like any other text; what is none cannot be blacked out without breaking it.
fn without_secrets(redactor: &Redactor, file: Artifact) -> Artifact {
    let name = redactor.redact(&file.name).into_owned();
    let redacted = std::str::from_utf8(&file.content).ok().and_then(|text| match redactor.redact(text) {
        Cow::Owned(text) => Some(Arc::from(text.into_bytes())),
        Cow::Borrowed(_) => None,
    });
    let content = redacted.unwrap_or(file.content);
    Artifact { name, content, ..file }
}

impl Outcome {
    /// A call that failed with this text.
    pub(crate) fn failure(code: &'static str, content: String) -> Self {
        Self {
            summary: bound::summary(None, &content),
            content,
            is_whole: true,
            is_error: true,
            code,
            artifact: None,
            artifacts: Vec::new(),
            lost: None,
            usage: Usage::default(),
            duration: Duration::ZERO,
            suggested_rule: None,
        }
    }

    /// The files that it gave, by name.
    #[must_use]
    pub fn files(&self) -> Vec<Attachment> {
        let named = |file: &Artifact| Attachment {
            artifact: file.id,
            name: file.name.clone(),
            media_type: file.media_type.clone(),
            bytes: file.content.len() as u64,
        };
        self.artifacts.iter().map(named).collect()
    }

    /// The same, of those that can be fetched.
    pub(crate) fn files_kept(&self) -> Vec<Attachment> {
        if self.lost.is_some() { Vec::new() } else { self.files() }
    }
}
