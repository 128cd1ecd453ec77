-- The words of what was said, for searching. The host cuts texts into words (host/store/src/search/words.rs), so that both
-- databases find the same; what was said before is cut by the database's own rules, which differ in details only.
CREATE TABLE message_texts (
    message_id UUID NOT NULL PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE
  , session_id UUID NOT NULL
  , user_id UUID NOT NULL
  , words TSVECTOR NOT NULL
  , FOREIGN KEY (session_id, user_id) REFERENCES sessions (id, user_id) ON DELETE CASCADE
);
CREATE INDEX message_texts_words ON message_texts USING GIN (words);

INSERT INTO message_texts (message_id, session_id, user_id, words)
SELECT id, session_id, user_id
     , TO_TSVECTOR(
        'simple'
      , COALESCE(
            (SELECT LEFT(STRING_AGG(part ->> 'text', ' '), 100000) FROM JSON_ARRAY_ELEMENTS(parts) AS part WHERE part ->> 'type' = 'text')
          , ''
        )
       )
FROM messages
-- PostgreSQL has no NUL in its texts.
WHERE role IN ('user', 'assistant') AND parts::TEXT NOT LIKE '%\\u0000%';
