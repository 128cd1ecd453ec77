//! Steps of a case that ask a skill or a role for what it tells a model.

use octi_domain::limits;
use octi_domain::text::clean;
use serde::Deserialize;

use super::problem::Problem;
use crate::workbench::Workbench;

/// Which prompt of a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Size {
    Full,
    Small,
}

/// What a step asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked<'a> {
    /// A person said this: is the skill given?
    Said {
        said: &'a str,
        given: bool,
    },
    Prompt(Size),
}

impl Asked<'_> {
    /// What the step is called when it fails.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Said { .. } => "said",
            Self::Prompt(_) => "prompt",
        }
    }

    /// Asks, and looks for each of `parts` in the text that comes.
    pub(super) async fn check(self, bench: &Workbench, parts: &[String]) -> Result<(), Problem> {
        let text = match self {
            Self::Said { said, given } => match skill_text(bench, said).await? {
                Some(_) if !given => return Err(Problem::of("the skill is given".to_owned())),
                None if given => return Err(Problem::of("the skill is not given: nothing in it fits what was said".to_owned())),
                None => return Ok(()),
                Some(text) => text,
            },
            Self::Prompt(size) => prompt(bench, size == Size::Small).await?,
        };
        match parts.iter().find(|part| !text.contains(part.as_str())) {
            None => Ok(()),
            Some(part) => {
                let shown = &text[..text.floor_char_boundary(limits::CASE_SHOWN_BYTES_MAX)];
                Err(Problem::of(format!("`{part}` is not in the text, which begins with {shown:?}")))
            }
        }
    }
}

/// The text of the plugin's skill, when a turn would be given it.
async fn skill_text(bench: &Workbench, said: &str) -> Result<Option<String>, Problem> {
    let skill = bench.skill().ok_or_else(|| Problem::of("the plugin has no skill".to_owned()))?;
    let said = &said[..said.floor_char_boundary(limits::SKILL_SAID_BYTES_MAX)];
    let failed = |error| Problem::of(format!("the skill did not answer: {error}"));
    let spec = skill.spec();
    let given = match (spec.always, spec.dynamic) {
        (true, _) => true,
        (false, true) => skill.fits(said).await.map_err(failed)?,
        (false, false) => octi_skills::fit(spec, said).is_some(),
    };
    if !given {
        return Ok(None);
    }
    skill.text(said).await.map(|text| Some(clean(&text))).map_err(failed)
}

async fn prompt(bench: &Workbench, small: bool) -> Result<String, Problem> {
    let role = bench.role().ok_or_else(|| Problem::of("the plugin has no role".to_owned()))?;
    role.prompt(small).await.map_err(|error| Problem::of(format!("the role did not answer: {error}")))
}
