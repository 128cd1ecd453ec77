//! Who the agent is: a role's prompt, filled in with a closed set of facts.

use std::io;

use minijinja::{Environment, UndefinedBehavior, context};
use octi_extension::manifest::RoleEntry;

/// Steps a prompt's template may take.
const FUEL_MAX: u64 = 50_000;
/// Bytes of a template and of the prompt made from it.
const PROMPT_BYTES_MAX: usize = 64 * 1024;
/// Tokens of context below which a model gets the role's short prompt.
const SMALL_CONTEXT_TOKENS: u32 = 16_000;
/// What a prompt may use, for the text of its errors.
const VARIABLES: &str = "`role`, `purpose`, `date`, `model`, `tools` and `unattended`";

/// The facts a prompt may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Today, such as `2026-05-01`.
    pub date: String,
    /// The model's name.
    pub model: String,
    /// Names of the tools it may call, such as `filesystem__read_file`.
    pub tools: Vec<String>,
    /// Nobody is there to be asked.
    pub unattended: bool,
}

/// Whether a model with this context gets the short prompt.
#[must_use]
pub fn is_small(context_window: Option<u32>) -> bool {
    context_window.is_some_and(|tokens| tokens < SMALL_CONTEXT_TOKENS)
}

/// Fills in a role's template.
///
/// # Errors
/// A sentence for the role's author: what is wrong, where, and what a prompt may use.
pub fn render(role: &RoleEntry, template: &str, facts: &Facts) -> Result<String, String> {
    let complain = |problem: String| format!("the prompt of role `{}` cannot be used: {problem}", role.name);
    if template.len() > PROMPT_BYTES_MAX {
        return Err(complain(format!("it has {} bytes and at most {PROMPT_BYTES_MAX} are allowed", template.len())));
    }
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL_MAX));
    let values = context! {
        role => &role.name,
        purpose => &role.purpose,
        date => &facts.date,
        model => &facts.model,
        tools => &facts.tools,
        unattended => facts.unattended,
    };
    let mut page = Page::default();
    let rendered = environment
        .template_from_named_str("prompt", template)
        .and_then(|prompt| prompt.render_captured_to(values, &mut page).map(drop));
    if page.overflowed {
        return Err(complain(format!("it grows beyond the {PROMPT_BYTES_MAX} bytes allowed")));
    }
    rendered.map_err(|error| complain(format!("{error}; it may use {VARIABLES}")))?;
    String::from_utf8(page.bytes).map_err(|error| complain(error.to_string()))
}

/// Takes in what a prompt may have and refuses the rest, so that a loop cannot fill the memory first.
#[derive(Default)]
struct Page {
    bytes: Vec<u8>,
    overflowed: bool,
}

impl io::Write for Page {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + piece.len() > PROMPT_BYTES_MAX {
            self.overflowed = true;
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.bytes.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role() -> RoleEntry {
        RoleEntry {
            name: "general".into(),
            purpose: "help".into(),
            tools: vec!["*".into()],
            core_tools: vec![],
            topic: "chat".into(),
            read_only: false,
        }
    }

    fn facts() -> Facts {
        Facts { date: "2026-05-01".into(), model: "m".into(), tools: vec!["a__b".into(), "c__d".into()], unattended: false }
    }

    #[test]
    fn every_fact_can_be_used() {
        let template =
            "{{ role }} {{ purpose }} {{ date }} {{ model }} {{ tools | join(',') }}{% if unattended %} alone{% endif %}";
        assert_eq!(render(&role(), template, &facts()).unwrap(), "general help 2026-05-01 m a__b,c__d");
    }

    #[test]
    fn nothing_else_can_be_used_and_the_error_says_so() {
        let text = render(&role(), "Hello {{ user_password }}", &facts()).unwrap_err();
        assert!(text.contains("role `general`") && text.contains("`unattended`"), "{text}");
        assert!(render(&role(), "{% include '/etc/passwd' %}", &facts()).is_err());
    }

    #[test]
    fn an_endless_prompt_runs_out_of_fuel() {
        let text = render(&role(), "{% for i in range(10000) %}{% for j in range(10000) %}x{% endfor %}{% endfor %}", &facts());
        assert!(text.unwrap_err().contains("fuel"));
    }

    #[test]
    fn a_prompt_too_long_is_refused_before_and_after() {
        assert!(render(&role(), &"x".repeat(PROMPT_BYTES_MAX + 1), &facts()).unwrap_err().contains("bytes"));
        let growing = format!("{{% for i in range(20) %}}{}{{% endfor %}}", "x".repeat(10_000));
        assert!(render(&role(), &growing, &facts()).unwrap_err().contains("grows"));
    }

    #[test]
    fn text_is_not_escaped_like_html() {
        let mut facts = facts();
        facts.model = "a<b>&c".into();
        assert_eq!(render(&role(), "{{ model }}", &facts).unwrap(), "a<b>&c");
    }

    #[test]
    fn the_short_prompt_is_for_small_contexts() {
        assert!(is_small(Some(8_192)));
        assert!(!is_small(Some(16_384)));
        assert!(!is_small(None), "an unknown model is most likely a large one");
    }
}
