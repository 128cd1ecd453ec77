-- Who may use which plugin, as administrators said it. The subject is `everyone` or `user:<id>`, and leaves room for organisations;
-- user_id is the person it names, if any. Plugins are files and not rows, so nothing refers to one.
CREATE TABLE plugin_access (
    plugin TEXT NOT NULL
  , subject TEXT NOT NULL
  , user_id UUID REFERENCES users (id) ON DELETE CASCADE
  , allowed BOOLEAN NOT NULL
  , set_at TIMESTAMPTZ NOT NULL
  , PRIMARY KEY (plugin, subject)
);
