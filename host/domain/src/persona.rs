//! How a person wants to be answered.

use crate::limits;

/// What a person told of themselves and of the answers they like. It holds in every conversation, and permits nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Persona {
    /// What they call the agent.
    pub name: Option<String>,
    /// How answers should sound.
    pub tone: Option<String>,
    /// What the agent should know, the oldest first.
    pub facts: Vec<String>,
}

impl Persona {
    /// Whether the person told nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds a fact.
    ///
    /// # Errors
    /// The number there may be, when there are as many already.
    pub fn learn(&mut self, fact: String) -> Result<(), usize> {
        if self.facts.len() >= limits::PERSONA_FACTS_MAX {
            return Err(limits::PERSONA_FACTS_MAX);
        }
        self.facts.push(fact);
        Ok(())
    }

    /// Takes the fact of that number away, counted from 1.
    pub fn forget(&mut self, number: usize) -> Option<String> {
        let index = number.checked_sub(1).filter(|index| *index < self.facts.len())?;
        Some(self.facts.remove(index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_counted_from_one_and_bounded() {
        let mut persona = Persona::default();
        assert!(persona.is_empty());
        for number in 1..=limits::PERSONA_FACTS_MAX {
            assert_eq!(persona.learn(format!("fact {number}")), Ok(()));
        }
        assert_eq!(persona.learn("one more".to_owned()), Err(limits::PERSONA_FACTS_MAX));
        assert_eq!((persona.forget(0), persona.forget(limits::PERSONA_FACTS_MAX + 1)), (None, None));
        assert_eq!(persona.forget(2).as_deref(), Some("fact 2"));
        assert_eq!((persona.facts.len(), persona.facts[1].as_str()), (limits::PERSONA_FACTS_MAX - 1, "fact 3"));
        assert_eq!(persona.learn("one more".to_owned()), Ok(()));
    }
}
