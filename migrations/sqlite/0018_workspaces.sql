-- The folders in which a person's agents work. `folder` is the name below the person's own; it stays when the workspace is
-- renamed.
CREATE TABLE workspaces (
    id BLOB NOT NULL PRIMARY KEY
  , user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE
  , slug TEXT NOT NULL
  , name TEXT NOT NULL
  , folder TEXT NOT NULL
  , is_default INTEGER NOT NULL CHECK (is_default IN (0, 1))
  , created_at TEXT NOT NULL
  , updated_at TEXT NOT NULL
  , UNIQUE (user_id, slug)
  , UNIQUE (user_id, folder)
) STRICT;
CREATE UNIQUE INDEX workspaces_one_default ON workspaces (user_id) WHERE is_default = 1;

-- Where a conversation works; null means the person's default workspace. Whose workspace it is, every query compares. `project`
-- is a folder in the workspace, or an absolute one that an administrator opened.
ALTER TABLE sessions ADD COLUMN workspace_id BLOB REFERENCES workspaces (id) ON DELETE SET NULL;
ALTER TABLE sessions ADD COLUMN project TEXT;
CREATE INDEX sessions_of_workspace ON sessions (workspace_id);
