-- Organisations: people of whom something can be said together. The owner is the host itself: user_id is always null and kept for
-- rules that name the owner. created_by is no reference, because an organisation outlives the administrator who made it.
CREATE TABLE orgs (
    id BLOB NOT NULL PRIMARY KEY
  , user_id BLOB CHECK (user_id IS NULL)
  , slug TEXT NOT NULL UNIQUE
  , name TEXT NOT NULL
  , created_by BLOB NOT NULL
  , created_at TEXT NOT NULL
) STRICT;

CREATE TABLE org_members (
    org_id BLOB NOT NULL REFERENCES orgs (id) ON DELETE CASCADE
  , user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE
  , role TEXT NOT NULL CHECK (role IN ('member', 'org_admin'))
  , joined_at TEXT NOT NULL
  , PRIMARY KEY (org_id, user_id)
) STRICT;
CREATE INDEX org_members_of_user ON org_members (user_id);

-- A subject may be `org:<id>` from now on, and org_id is the organisation it names.
ALTER TABLE plugin_access
    ADD COLUMN org_id BLOB REFERENCES orgs (id) ON DELETE CASCADE CHECK (org_id IS NULL OR user_id IS NULL);
