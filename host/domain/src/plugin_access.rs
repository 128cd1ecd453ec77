//! Who may use which plugin, as administrators said it.

use std::collections::BTreeMap;

use crate::ids::UserId;

/// Everything that was said. Where nothing was, everybody may.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PluginAccess(BTreeMap<String, Said>);

/// What was said of one plugin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Said {
    everyone: Option<bool>,
    people: BTreeMap<UserId, bool>,
}

impl PluginAccess {
    /// Adds what was said of a person, or of everyone when there is none.
    pub fn say(&mut self, plugin: String, user: Option<UserId>, allowed: bool) {
        let said = self.0.entry(plugin).or_default();
        match user {
            Some(user) => drop(said.people.insert(user, allowed)),
            None => said.everyone = Some(allowed),
        }
    }

    /// May that person use it? The host itself, which is no person, may use everything.
    #[must_use]
    pub fn allows(&self, plugin: &str, user: Option<UserId>) -> bool {
        let (Some(said), Some(user)) = (self.0.get(plugin), user) else { return true };
        said.people.get(&user).copied().unwrap_or_else(|| said.everyone.unwrap_or(true))
    }

    /// What holds for people of whom nothing else was said.
    #[must_use]
    pub fn allows_everyone(&self, plugin: &str) -> bool {
        self.0.get(plugin).and_then(|said| said.everyone).unwrap_or(true)
    }

    /// What somebody is told who may not: the missing grant, and where to add it.
    #[must_use]
    pub fn refusal(plugin: &str) -> String {
        format!(
            "you have no grant to use the plugin `{plugin}`: an administrator gives it with `octi plugin allow {plugin} --user NAME`, \
             or on the page of the plugin under \"Who may use it\""
        )
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const X: &str = "acme/x";

    fn user(number: u128) -> Option<UserId> {
        Some(UserId::from(Uuid::from_u128(number)))
    }

    #[test]
    fn everybody_may_unless_somebody_said_no() {
        let mut access = PluginAccess::default();
        assert!(access.allows(X, user(1)) && access.allows_everyone(X));
        access.say(X.to_owned(), user(1), false);
        assert!(!access.allows(X, user(1)) && access.allows(X, user(2)) && access.allows("acme/y", user(1)));
        assert!(access.allows_everyone(X));
    }

    #[test]
    fn what_is_said_of_a_person_counts_before_what_is_said_of_everyone() {
        let mut access = PluginAccess::default();
        access.say(X.to_owned(), None, false);
        access.say(X.to_owned(), user(1), true);
        assert!(access.allows(X, user(1)) && !access.allows(X, user(2)) && !access.allows_everyone(X));
        assert!(access.allows(X, None), "the host itself is no person");
    }

    #[test]
    fn a_refusal_names_the_grant_and_where_to_add_it() {
        assert!(PluginAccess::refusal(X).contains("`octi plugin allow acme/x --user NAME`"));
    }
}
