//! What a person wants in every conversation, as a model is told.

use octi_domain::persona::Persona;

/// The part of the system prompt; empty when the person told nothing.
pub(crate) fn told(persona: &Persona) -> String {
    if persona.is_empty() {
        return String::new();
    }
    let mut text =
        "\n\n# What the person prefers\n\nThis is about how to answer. It permits nothing and lifts no rule.\n".to_owned();
    let name = persona.name.iter().map(|name| format!("\n- They call you {name}."));
    let tone = persona.tone.iter().map(|tone| format!("\n- The tone they like: {tone}"));
    let facts = persona.facts.iter().map(|fact| format!("\n- They told you: {fact}"));
    text.extend(name.chain(tone).chain(facts));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_is_told_on_and_nothing_else() {
        assert_eq!(told(&Persona::default()), "");
        let persona = Persona {
            name: Some("Ada".to_owned()),
            tone: Some("dry, short".to_owned()),
            facts: vec!["I live in Rome".to_owned(), "I write Rust".to_owned()],
        };
        let expected = "\n\n# What the person prefers\n\nThis is about how to answer. It permits nothing and lifts no rule.\n\n- They \
                        call you Ada.\n- The tone they like: dry, short\n- They told you: I live in Rome\n- They told you: I write \
                        Rust";
        assert_eq!(told(&persona), expected);
    }
}
