-- Settings of the host. The owner is the host itself: user_id is always null and kept for rules that name the owner.
CREATE TABLE settings (
    key TEXT NOT NULL PRIMARY KEY
  , user_id BLOB CHECK (user_id IS NULL)
  , value TEXT NOT NULL
) STRICT;

-- Who did what. No reference to users: the log outlives the people in it.
CREATE TABLE audit_log (
    id BLOB NOT NULL PRIMARY KEY
  , user_id BLOB
  , action TEXT NOT NULL
  , resource TEXT NOT NULL
  , details TEXT NOT NULL
  , created_at TEXT NOT NULL
) STRICT;
CREATE INDEX audit_log_recent ON audit_log (created_at, id);
CREATE INDEX audit_log_of_user ON audit_log (user_id, created_at, id);
