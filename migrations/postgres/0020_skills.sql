-- The skills that a turn was given, as a JSON list of names; null means none.
ALTER TABLE runs ADD COLUMN skills JSON;

-- Which skills a person switched off, and how often their turns were given each.
CREATE TABLE person_skills (
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE
  , skill TEXT NOT NULL
  , is_off BOOLEAN NOT NULL
  , uses BIGINT NOT NULL
  , used_at TIMESTAMPTZ
  , PRIMARY KEY (user_id, skill)
);
