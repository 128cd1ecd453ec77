//! Organisations and who is in them. Their owner is the host itself: a person's principal finds and changes none, except that
//! they see their own memberships.

use chrono::{DateTime, Utc};
use octi_domain::ids::{OrgId, UserId};
use octi_domain::limits;
use octi_domain::org::{Org, OrgMember, OrgRole};
use sqlx::FromRow;
use tracing::instrument;
use uuid::Uuid;

use crate::codec::{each, stamp, text, word};
use crate::error::{StoreError, Subject};
use crate::tx::{ALL_ROWS, Tx};

const ORGS: Subject = Subject::new("orgs", "an organisation with this word", "the organisation");
const MEMBERS: Subject = Subject::new("org_members", "this membership", "the organisation or the person");

#[derive(FromRow)]
struct OrgRow {
    id: Uuid,
    slug: String,
    name: String,
    created_by: Uuid,
    created_at: DateTime<Utc>,
}

impl From<OrgRow> for Org {
    fn from(row: OrgRow) -> Self {
        let OrgRow { id, slug, name, created_by, created_at } = row;
        Self { id: OrgId::from(id), slug, name, created_by: UserId::from(created_by), created_at }
    }
}

#[derive(FromRow)]
struct MemberRow {
    org_id: Uuid,
    user_id: Uuid,
    role: String,
    joined_at: DateTime<Utc>,
}

impl TryFrom<MemberRow> for OrgMember {
    type Error = StoreError;

    fn try_from(row: MemberRow) -> Result<Self, StoreError> {
        Ok(Self {
            org_id: OrgId::from(row.org_id),
            user_id: UserId::from(row.user_id),
            role: word("org_members", "role", &row.role, OrgRole::parse)?,
            joined_at: row.joined_at,
        })
    }
}

impl Tx<'_> {
    /// Adds an organisation.
    ///
    /// # Errors
    /// `Conflict` when its word is taken, `Limit` when there are [`ORGS_MAX`](limits::ORGS_MAX), `Foreign` for a person's
    /// principal.
    #[instrument(name = "db.orgs.insert", level = "debug", skip_all, fields(org.id = %org.id))]
    pub async fn insert_org(&mut self, org: &Org) -> Result<(), StoreError> {
        self.only_the_host()?;
        let (count,): (i64,) = fetch_one!(self, ORGS, "SELECT COUNT(*) FROM orgs WHERE user_id IS NULL")?;
        let there = usize::try_from(count).unwrap_or(usize::MAX).saturating_add(1);
        self.bound("the number of organisations", there, limits::ORGS_MAX)?;
        execute!(
            self,
            ORGS,
            "INSERT INTO orgs (id, user_id, slug, name, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
            org.id.as_uuid(),
            self.owner,
            text(&org.slug),
            text(&org.name),
            org.created_by.as_uuid(),
            stamp(org.created_at),
        )?;
        Ok(())
    }

    /// Every organisation, by its word in byte order.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.orgs.list", level = "debug", skip_all)]
    pub async fn list_orgs(&mut self) -> Result<Vec<Org>, StoreError> {
        if !self.is_system() {
            return Ok(Vec::new());
        }
        let found: Vec<OrgRow> = fetch_all!(
            self,
            ORGS,
            "SELECT id, slug, name, created_by, created_at FROM orgs WHERE user_id IS NULL LIMIT $1",
            ALL_ROWS,
        )?;
        let mut orgs: Vec<_> = found.into_iter().map(Org::from).collect();
        orgs.sort_by(|a, b| a.slug.cmp(&b.slug));
        Ok(orgs)
    }

    /// The organisation of that word.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.orgs.by_slug", level = "debug", skip_all)]
    pub async fn org_by_slug(&mut self, slug: &str) -> Result<Option<Org>, StoreError> {
        if !self.is_system() {
            return Ok(None);
        }
        let row: Option<OrgRow> = fetch_optional!(
            self,
            ORGS,
            "SELECT id, slug, name, created_by, created_at FROM orgs WHERE slug = $1 AND user_id IS NULL",
            text(slug),
        )?;
        Ok(row.map(Org::from))
    }

    /// Takes an organisation away, with who is in it and what was said of it; whether there was one.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.orgs.delete", level = "debug", skip_all, fields(org.id = %id))]
    pub async fn delete_org(&mut self, id: OrgId) -> Result<bool, StoreError> {
        if !self.is_system() {
            return Ok(false);
        }
        self.changes.access = true;
        let changed = execute!(self, ORGS, "DELETE FROM orgs WHERE id = $1 AND user_id IS NULL", id.as_uuid())?;
        Ok(changed > 0)
    }

    /// Who is in that organisation, those who were there first at the beginning; a person sees themselves.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.orgs.members", level = "debug", skip_all, fields(org.id = %org))]
    pub async fn list_org_members(&mut self, org: OrgId) -> Result<Vec<OrgMember>, StoreError> {
        let found: Vec<MemberRow> = fetch_all!(
            self,
            MEMBERS,
            "
            SELECT org_id, user_id, role, joined_at
            FROM org_members
            WHERE org_id = $1 AND ($2 IS NULL OR user_id = $2)
            ORDER BY joined_at, user_id
            LIMIT $3
            ",
            org.as_uuid(),
            self.owner,
            ALL_ROWS,
        )?;
        each(found)
    }

    /// Lets a person be in an organisation, or gives them another role there.
    ///
    /// # Errors
    /// `Foreign` for a person's principal, `Limit` when [`ORG_MEMBERS_MAX`](limits::ORG_MEMBERS_MAX) are in it, `Missing` without
    /// the organisation or the person.
    #[instrument(name = "db.orgs.put_member", level = "debug", skip_all, fields(org.id = %member.org_id))]
    pub async fn put_org_member(&mut self, member: &OrgMember) -> Result<(), StoreError> {
        self.only_the_host()?;
        let (others,): (i64,) = fetch_one!(
            self,
            MEMBERS,
            "SELECT COUNT(*) FROM org_members WHERE org_id = $1 AND NOT user_id = $2",
            member.org_id.as_uuid(),
            member.user_id.as_uuid(),
        )?;
        let there = usize::try_from(others).unwrap_or(usize::MAX).saturating_add(1);
        self.bound("the number of people in an organisation", there, limits::ORG_MEMBERS_MAX)?;
        self.changes.access = true;
        execute!(
            self,
            MEMBERS,
            "
            INSERT INTO org_members (org_id, user_id, role, joined_at)
            VALUES ($1, $2, $3, $4)
            ON CONFLICT (org_id, user_id) DO UPDATE SET role = excluded.role
            ",
            member.org_id.as_uuid(),
            member.user_id.as_uuid(),
            member.role.as_str(),
            stamp(member.joined_at),
        )?;
        Ok(())
    }

    /// Takes a person out of an organisation; whether they were in it.
    ///
    /// # Errors
    /// `Foreign` for a person's principal.
    #[instrument(name = "db.orgs.delete_member", level = "debug", skip_all, fields(org.id = %org))]
    pub async fn delete_org_member(&mut self, org: OrgId, user: UserId) -> Result<bool, StoreError> {
        self.only_the_host()?;
        self.changes.access = true;
        let changed = execute!(
            self,
            MEMBERS,
            "DELETE FROM org_members WHERE org_id = $1 AND user_id = $2",
            org.as_uuid(),
            user.as_uuid(),
        )?;
        Ok(changed > 0)
    }

    /// Who is in the organisations of which something is said about plugins; a person finds what they are in.
    ///
    /// # Errors
    /// When the database fails.
    #[instrument(name = "db.orgs.memberships", level = "debug", skip_all)]
    pub(crate) async fn list_memberships_with_grants(&mut self) -> Result<Vec<(OrgId, UserId)>, StoreError> {
        // Whoever is left out would be in no organisation, so all there can be are read.
        let all = i64::try_from(limits::ORGS_MAX * limits::ORG_MEMBERS_MAX).unwrap_or(i64::MAX);
        let found: Vec<(Uuid, Uuid)> = fetch_all!(
            self,
            MEMBERS,
            "
            SELECT org_id, user_id
            FROM org_members
            WHERE ($1 IS NULL OR user_id = $1)
              AND org_id IN (SELECT org_id FROM plugin_access WHERE org_id IS NOT NULL)
            LIMIT $2
            ",
            self.owner,
            all,
        )?;
        Ok(found.into_iter().map(|(org, user)| (OrgId::from(org), UserId::from(user))).collect())
    }

    fn only_the_host(&mut self) -> Result<(), StoreError> {
        if self.is_system() { Ok(()) } else { self.refuse(StoreError::Foreign { what: "the organisation" }) }
    }
}
