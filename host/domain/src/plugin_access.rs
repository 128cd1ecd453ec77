//! Who may use which plugin, as administrators said it.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{OrgId, UserId};

/// Of whom something is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// Everyone of whom nothing else is said.
    Everyone,
    Person(UserId),
    /// Everyone in an organisation.
    Org(OrgId),
}

/// Everything that was said, and who is in the organisations of which something was. Where nothing was said, everybody may.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PluginAccess {
    plugins: BTreeMap<String, Said>,
    orgs: BTreeMap<UserId, BTreeSet<OrgId>>,
}

/// What was said of one plugin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Said {
    everyone: Option<bool>,
    people: BTreeMap<UserId, bool>,
    orgs: BTreeMap<OrgId, bool>,
}

impl PluginAccess {
    /// Adds what was said of somebody.
    pub fn say(&mut self, plugin: String, whom: Whom, allowed: bool) {
        let said = self.plugins.entry(plugin).or_default();
        match whom {
            Whom::Everyone => said.everyone = Some(allowed),
            Whom::Person(user) => drop(said.people.insert(user, allowed)),
            Whom::Org(org) => drop(said.orgs.insert(org, allowed)),
        }
    }

    /// Adds that a person is in an organisation.
    pub fn join(&mut self, org: OrgId, user: UserId) {
        self.orgs.entry(user).or_default().insert(org);
    }

    /// May that person use it? What is said of them counts first, then what is said of their organisations, then what is said of
    /// everyone. The host itself, which is no person, may use everything.
    #[must_use]
    pub fn allows(&self, plugin: &str, user: Option<UserId>) -> bool {
        let (Some(said), Some(user)) = (self.plugins.get(plugin), user) else { return true };
        let own = said.people.get(&user).copied();
        own.or_else(|| self.through(said, user).map(|(_, allowed)| allowed)).unwrap_or_else(|| said.everyone.unwrap_or(true))
    }

    /// The organisation that decides for that person; none when something is said of them, or nothing of any organisation of
    /// theirs.
    #[must_use]
    pub fn deciding_org(&self, plugin: &str, user: UserId) -> Option<OrgId> {
        let said = self.plugins.get(plugin).filter(|said| !said.people.contains_key(&user))?;
        self.through(said, user).map(|(org, _)| org)
    }

    /// What counts of what is said of a person's organisations: a no before a yes, because who belongs to several would get around
    /// it otherwise.
    fn through(&self, said: &Said, user: UserId) -> Option<(OrgId, bool)> {
        let theirs = self.orgs.get(&user)?;
        let spoken = theirs.iter().filter_map(|org| said.orgs.get(org).map(|allowed| (*org, *allowed)));
        spoken.min_by_key(|(_, allowed)| *allowed)
    }

    /// What is said of that organisation, if anything.
    #[must_use]
    pub fn said_of_org(&self, plugin: &str, org: OrgId) -> Option<bool> {
        self.plugins.get(plugin)?.orgs.get(&org).copied()
    }

    /// What holds for people of whom nothing else was said.
    #[must_use]
    pub fn allows_everyone(&self, plugin: &str) -> bool {
        self.plugins.get(plugin).and_then(|said| said.everyone).unwrap_or(true)
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

    fn user(number: u128) -> UserId {
        UserId::from(Uuid::from_u128(number))
    }

    fn org(number: u128) -> OrgId {
        OrgId::from(Uuid::from_u128(number))
    }

    #[test]
    fn everybody_may_unless_somebody_said_no() {
        let mut access = PluginAccess::default();
        assert!(access.allows(X, Some(user(1))) && access.allows_everyone(X));
        access.say(X.to_owned(), Whom::Person(user(1)), false);
        assert!(!access.allows(X, Some(user(1))) && access.allows(X, Some(user(2))) && access.allows("acme/y", Some(user(1))));
        assert!(access.allows_everyone(X));
    }

    #[test]
    fn what_is_said_of_a_person_counts_before_what_is_said_of_everyone() {
        let mut access = PluginAccess::default();
        access.say(X.to_owned(), Whom::Everyone, false);
        access.say(X.to_owned(), Whom::Person(user(1)), true);
        assert!(access.allows(X, Some(user(1))) && !access.allows(X, Some(user(2))) && !access.allows_everyone(X));
        assert!(access.allows(X, None), "the host itself is no person");
    }

    /// Every way in which something can be said of a person, two organisations of theirs, one that is not theirs, and everyone.
    #[test]
    fn the_person_counts_then_their_organisations_then_everyone() {
        const SAYINGS: [Option<bool>; 3] = [None, Some(true), Some(false)];
        let mut cases = 0;
        for number in 0..3_usize.pow(5) {
            let said = |place: u32| SAYINGS[number / 3_usize.pow(place) % 3];
            let (person, one, two, foreign, everyone) = (said(0), said(1), said(2), said(3), said(4));
            let mut access = PluginAccess::default();
            let whoms = [Whom::Person(user(1)), Whom::Org(org(1)), Whom::Org(org(2)), Whom::Org(org(3)), Whom::Everyone];
            for (whom, said) in whoms.into_iter().zip([person, one, two, foreign, everyone]) {
                if let Some(allowed) = said {
                    access.say(X.to_owned(), whom, allowed);
                }
            }
            access.join(org(1), user(1));
            access.join(org(2), user(1));
            access.join(org(3), user(2));
            let orgs = match (one, two) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), _) | (_, Some(true)) => Some(true),
                (None, None) => None,
            };
            let expected = person.or(orgs).or(everyone).unwrap_or(true);
            let shown = format!("person {person:?}, theirs {one:?} and {two:?}, foreign {foreign:?}, everyone {everyone:?}");
            assert_eq!(access.allows(X, Some(user(1))), expected, "{shown}");
            let deciding = access.deciding_org(X, user(1));
            assert_eq!(deciding.is_some(), person.is_none() && orgs.is_some(), "{shown}");
            assert!(deciding.is_none_or(|org| access.said_of_org(X, org) == orgs), "{shown}");
            cases += 1;
        }
        assert_eq!(cases, 243);
    }

    #[test]
    fn a_refusal_names_the_grant_and_where_to_add_it() {
        assert!(PluginAccess::refusal(X).contains("`octi plugin allow acme/x --user NAME`"));
    }
}
