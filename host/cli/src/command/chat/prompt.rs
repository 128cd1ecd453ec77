//! Reading from the keyboard without holding up anything else.

use std::path::Path;

use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{Config, Editor};

use crate::failure::{Failure, Outcome};

type LineEditor = Editor<(), FileHistory>;

/// Lines of a person, with history and editing.
pub(crate) struct Reader {
    /// None only while a line is being read.
    editor: Option<LineEditor>,
    history: std::path::PathBuf,
}

impl Reader {
    /// A reader whose history is kept in the home folder.
    pub(crate) fn new(home: &Path) -> Outcome<Self> {
        let failed = |error: ReadlineError| Failure::us("the keyboard cannot be read").because(&error);
        let config = Config::builder().max_history_size(1_000).map_err(failed)?.auto_add_history(true).build();
        let mut editor = LineEditor::with_config(config).map_err(failed)?;
        let history = home.join("chat-history");
        // The first conversation has no history yet.
        let _ = editor.load_history(&history);
        Ok(Self { editor: Some(editor), history })
    }

    /// The next line; none when the person wants to leave.
    pub(crate) async fn line(&mut self) -> Outcome<Option<String>> {
        let Some(mut editor) = self.editor.take() else { return Ok(None) };
        let read = tokio::task::spawn_blocking(move || {
            let line = editor.readline("> ");
            (editor, line)
        });
        let (mut editor, line) = read.await.map_err(|error| Failure::us("reading the keyboard failed").because(&error))?;
        // Losing the history is no reason to end a conversation.
        let _ = editor.save_history(&self.history);
        self.editor = Some(editor);
        match line {
            Ok(line) => Ok(Some(line)),
            Err(ReadlineError::Interrupted) => Ok(Some(String::new())),
            Err(ReadlineError::Eof) => Ok(None),
            Err(error) => Err(Failure::us("the keyboard cannot be read").because(&error)),
        }
    }
}

/// One line of standard input, read on a thread of its own.
pub(crate) async fn plain_line() -> Option<String> {
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        let count = std::io::stdin().read_line(&mut line).ok()?;
        (count > 0).then_some(line)
    });
    read.await.ok().flatten()
}
