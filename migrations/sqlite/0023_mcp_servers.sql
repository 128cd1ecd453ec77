-- Servers of the Model Context Protocol. The owner is the host itself: user_id is always null and kept for rules that name the owner.
-- added_by is the administrator whose secrets a server uses; no reference, because the server outlives the person.
CREATE TABLE mcp_servers (
    name TEXT NOT NULL PRIMARY KEY
  , user_id BLOB CHECK (user_id IS NULL)
  , added_by BLOB NOT NULL
  , config TEXT NOT NULL
  , updated_at TEXT NOT NULL
) STRICT;

-- What an administrator accepted of their tools. The server may stand in a file, so this refers to no row.
CREATE TABLE mcp_pins (
    server TEXT NOT NULL
  , tool TEXT NOT NULL
  , user_id BLOB CHECK (user_id IS NULL)
  , accepted TEXT NOT NULL
  , accepted_at TEXT NOT NULL
  , PRIMARY KEY (server, tool)
) STRICT;
