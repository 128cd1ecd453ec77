-- The skills that a turn was given, as a JSON list of names; null means none.
ALTER TABLE runs ADD COLUMN skills TEXT;

-- Which skills a person switched off, and how often their turns were given each.
CREATE TABLE person_skills (
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE
  , skill TEXT NOT NULL
  , is_off INTEGER NOT NULL CHECK (is_off IN (0, 1))
  , uses INTEGER NOT NULL
  , used_at TEXT
  , PRIMARY KEY (user_id, skill)
) STRICT;
