-- What plugins remember between calls, of one plugin and one person.
-- Keys are bytes, so that their order is byte order whatever the collation of the database is.
CREATE TABLE kv_items (
    plugin TEXT NOT NULL
  , user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE
  , key BYTEA NOT NULL
  , value BYTEA NOT NULL
  , version BIGINT NOT NULL CHECK (version > 0)
  , PRIMARY KEY (plugin, user_id, key)
);
CREATE INDEX kv_items_of_user ON kv_items (user_id);

-- Bytes of keys and values together. Writers lock this row, so the sum and the versions cannot race.
CREATE TABLE kv_usage (
    plugin TEXT NOT NULL
  , user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE
  , bytes BIGINT NOT NULL CHECK (bytes >= 0)
  , PRIMARY KEY (plugin, user_id)
);
CREATE INDEX kv_usage_of_user ON kv_usage (user_id);
