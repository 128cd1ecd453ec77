-- The words of what was said, for searching. The host cuts texts into words (host/store/src/search/words.rs), so that both
-- databases find the same; what was said before is cut by the database's own rules, which differ in details only.
CREATE TABLE message_texts (
    place INTEGER NOT NULL PRIMARY KEY
  , message_id BLOB NOT NULL UNIQUE REFERENCES messages (id) ON DELETE CASCADE
  , session_id BLOB NOT NULL
  , user_id BLOB NOT NULL
  , FOREIGN KEY (session_id, user_id) REFERENCES sessions (id, user_id) ON DELETE CASCADE
) STRICT;

-- The words alone; the text stays with the message.
CREATE VIRTUAL TABLE message_words USING fts5 (
    words
  , content = ''
  , contentless_delete = 1
  , tokenize = "unicode61 remove_diacritics 2"
);

CREATE TRIGGER message_texts_gone AFTER DELETE ON message_texts BEGIN
    DELETE FROM message_words WHERE rowid = old.place;
END;

INSERT INTO message_texts (message_id, session_id, user_id)
SELECT id, session_id, user_id
FROM messages
WHERE role IN ('user', 'assistant');

INSERT INTO message_words (rowid, words)
SELECT message_texts.place
     , (
        SELECT SUBSTR(GROUP_CONCAT(JSON_EXTRACT(part.value, '$.text'), ' '), 1, 100000)
        FROM JSON_EACH(messages.parts) AS part
        WHERE JSON_EXTRACT(part.value, '$.type') = 'text'
       )
FROM message_texts
JOIN messages ON messages.id = message_texts.message_id;
