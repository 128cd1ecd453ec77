//! Which skills a person switched off, and how often their turns were given each.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use tracing::instrument;

use crate::codec::{count, stamp, text};
use crate::error::{StoreError, Subject};
use crate::tx::Tx;

const TABLE: &str = "person_skills";
const SUBJECT: Subject = Subject::new(TABLE, "this skill", "the user");

/// What is kept of a skill for one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonSkill {
    pub skill: String,
    /// The person's turns are not given it.
    pub is_off: bool,
    /// Turns that were given it.
    pub uses: u64,
    pub used_at: Option<DateTime<Utc>>,
}

#[derive(FromRow)]
struct PersonSkillRow {
    skill: String,
    is_off: bool,
    uses: i64,
    used_at: Option<DateTime<Utc>>,
}

impl TryFrom<PersonSkillRow> for PersonSkill {
    type Error = StoreError;

    fn try_from(row: PersonSkillRow) -> Result<Self, StoreError> {
        Ok(Self { skill: row.skill, is_off: row.is_off, uses: count(TABLE, "uses", row.uses)?, used_at: row.used_at })
    }
}

impl Tx<'_> {
    /// Every skill of which something is kept for the principal; none for the host itself.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.skills.list", level = "debug", skip_all)]
    pub async fn person_skills(&mut self) -> Result<Vec<PersonSkill>, StoreError> {
        let found: Vec<PersonSkillRow> = fetch_all!(
            self,
            SUBJECT,
            "SELECT skill, is_off, uses, used_at FROM person_skills WHERE user_id = $1 ORDER BY skill",
            self.owner
        )?;
        crate::codec::each(found)
    }

    /// The skills that the principal switched off.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.skills.off", level = "debug", skip_all)]
    pub async fn skills_off(&mut self) -> Result<BTreeSet<String>, StoreError> {
        let kept = self.person_skills().await?;
        Ok(kept.into_iter().filter(|kept| kept.is_off).map(|kept| kept.skill).collect())
    }

    /// Switches a skill off or on for the principal.
    ///
    /// # Errors
    /// `Foreign` for the host itself.
    #[instrument(name = "db.skills.switch", level = "debug", skip_all)]
    pub async fn switch_skill(&mut self, skill: &str, is_off: bool) -> Result<(), StoreError> {
        if self.is_system() {
            return self.refuse(StoreError::Foreign { what: "the choice of skills" });
        }
        execute!(
            self,
            SUBJECT,
            "
            INSERT INTO person_skills (user_id, skill, is_off, uses)
            VALUES ($1, $2, $3, 0)
            ON CONFLICT (user_id, skill) DO UPDATE SET is_off = excluded.is_off
            ",
            self.owner,
            text(skill),
            is_off,
        )?;
        Ok(())
    }

    /// Counts a turn of the principal's that was given these skills.
    ///
    /// # Errors
    /// `Foreign` for the host itself.
    #[instrument(name = "db.skills.count", level = "debug", skip_all)]
    pub async fn count_skills(&mut self, skills: &[String], at: DateTime<Utc>) -> Result<(), StoreError> {
        if self.is_system() {
            return self.refuse(StoreError::Foreign { what: "the use of skills" });
        }
        for skill in skills {
            execute!(
                self,
                SUBJECT,
                "
                INSERT INTO person_skills (user_id, skill, is_off, uses, used_at)
                VALUES ($1, $2, $3, 1, $4)
                ON CONFLICT (user_id, skill) DO UPDATE SET uses = person_skills.uses + 1, used_at = excluded.used_at
                ",
                self.owner,
                text(skill),
                false,
                stamp(at),
            )?;
        }
        Ok(())
    }
}
