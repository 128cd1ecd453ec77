-- Servers of the Model Context Protocol. The owner is the host itself: user_id is always null and kept for rules that name the owner.
-- added_by is the administrator whose secrets a server uses; no reference, because the server outlives the person.
CREATE TABLE mcp_servers (
    name TEXT PRIMARY KEY
  , user_id UUID CHECK (user_id IS NULL)
  , added_by UUID NOT NULL
  , config JSON NOT NULL
  , updated_at TIMESTAMPTZ NOT NULL
);

-- What an administrator accepted of their tools. The server may stand in a file, so this refers to no row.
CREATE TABLE mcp_pins (
    server TEXT NOT NULL
  , tool TEXT NOT NULL
  , user_id UUID CHECK (user_id IS NULL)
  , accepted JSON NOT NULL
  , accepted_at TIMESTAMPTZ NOT NULL
  , PRIMARY KEY (server, tool)
);
