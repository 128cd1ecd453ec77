//! Who is behind a request, frame, message or tool call.

use crate::ids::UserId;

/// Who acts. Every store call takes one, so a handler cannot forget whose data it touches.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Principal(Actor);

/// The kinds of actor.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A signed-in person.
    User {
        /// Whose data they reach.
        id: UserId,
        /// Whether they may manage the host and other users.
        is_admin: bool,
    },
    /// The host itself, doing the named job across users.
    System {
        /// What for, as it stands in the audit log.
        job: &'static str,
    },
}

impl Principal {
    /// A person whose credentials were just checked. Only `octi_security::auth` calls this; `clippy.toml` bans it elsewhere.
    #[must_use]
    pub const fn authenticated(id: UserId, is_admin: bool) -> Self {
        Self(Actor::User { id, is_admin })
    }

    /// The host itself. `job` names why data of every user is needed.
    #[must_use]
    pub const fn system(job: &'static str) -> Self {
        Self(Actor::System { job })
    }

    /// The actor, for code that must tell people from jobs.
    #[must_use]
    pub const fn actor(&self) -> &Actor {
        &self.0
    }

    /// Whose data this principal owns; none for the host itself.
    #[must_use]
    pub const fn user_id(&self) -> Option<UserId> {
        match self.0 {
            Actor::User { id, .. } => Some(id),
            Actor::System { .. } => None,
        }
    }

    /// Whether this principal may manage the host.
    #[must_use]
    pub const fn is_admin(&self) -> bool {
        match self.0 {
            Actor::User { is_admin, .. } => is_admin,
            Actor::System { .. } => true,
        }
    }
}
