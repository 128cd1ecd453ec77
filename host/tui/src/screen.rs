//! The terminal, taken over and given back in every case: at the end, on an error, on a panic, and when asked to end.

use std::io::{self, Stdout};

use crossterm::event::{DisableBracketedPaste, DisableFocusChange, EnableBracketedPaste, EnableFocusChange};
use crossterm::execute;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

/// The terminal while it is ours. Dropped, it is given back.
pub(crate) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Screen {
    /// Takes the terminal over. A panic gives it back before it is reported.
    ///
    /// # Errors
    /// When standard input or output is no terminal that can be taken over.
    pub(crate) fn take() -> io::Result<Self> {
        let terminal = ratatui::try_init()?;
        // Made now, so that an error below gives the terminal back too.
        let screen = Self { terminal };
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let _ = execute!(io::stdout(), DisableBracketedPaste, DisableFocusChange);
            hook(info);
        }));
        execute!(io::stdout(), EnableBracketedPaste, EnableFocusChange)?;
        Ok(screen)
    }

    pub(crate) fn terminal(&mut self) -> &mut Terminal<CrosstermBackend<Stdout>> {
        &mut self.terminal
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // The terminal may be gone; there is nobody left to tell.
        let _ = execute!(io::stdout(), DisableBracketedPaste, DisableFocusChange);
        let _ = ratatui::try_restore();
    }
}
