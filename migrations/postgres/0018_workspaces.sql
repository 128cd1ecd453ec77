-- The folders in which a person's agents work. `folder` is the name below the person's own; it stays when the workspace is
-- renamed.
CREATE TABLE workspaces (
    id UUID PRIMARY KEY
  , user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE
  , slug TEXT NOT NULL
  , name TEXT NOT NULL
  , folder TEXT NOT NULL
  , is_default BOOLEAN NOT NULL
  , created_at TIMESTAMPTZ NOT NULL
  , updated_at TIMESTAMPTZ NOT NULL
  , UNIQUE (user_id, slug)
  , UNIQUE (user_id, folder)
);
CREATE UNIQUE INDEX workspaces_one_default ON workspaces (user_id) WHERE is_default;

-- Where a conversation works; null means the person's default workspace. Whose workspace it is, every query compares. `project`
-- is a folder in the workspace, or an absolute one that an administrator opened.
ALTER TABLE sessions ADD COLUMN workspace_id UUID REFERENCES workspaces (id) ON DELETE SET NULL;
ALTER TABLE sessions ADD COLUMN project TEXT;
CREATE INDEX sessions_of_workspace ON sessions (workspace_id);
