-- Who may use which plugin, as administrators said it. The subject is `everyone` or `user:<id>`, and leaves room for organisations;
-- user_id is the person it names, if any. Plugins are files and not rows, so nothing refers to one.
CREATE TABLE plugin_access (
    plugin TEXT NOT NULL
  , subject TEXT NOT NULL
  , user_id BLOB REFERENCES users (id) ON DELETE CASCADE
  , allowed INTEGER NOT NULL CHECK (allowed IN (0, 1))
  , set_at TEXT NOT NULL
  , PRIMARY KEY (plugin, subject)
) STRICT;
