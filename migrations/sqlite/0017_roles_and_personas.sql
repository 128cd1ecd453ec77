-- The role that answers in a conversation; null means the host's own.
ALTER TABLE sessions ADD COLUMN role TEXT;

-- How a person wants to be answered, in every conversation.
CREATE TABLE personas (
    user_id BLOB NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE
  , name TEXT
  , tone TEXT
  , facts TEXT NOT NULL
  , updated_at TEXT NOT NULL
) STRICT;
