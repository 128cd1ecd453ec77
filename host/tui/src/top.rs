//! `octi plugin top`: how plugins are doing, like `top` shows processes.
//!
//! [`Watched`] is the state and pure; [`run`] asks the server once a second, draws, and listens to keys.

mod row;
mod view;

use std::time::Duration;

use crossterm::event::{Event, EventStream, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use futures::StreamExt;
use octi_api::v1::plugin_health::PluginsHealth;
use octi_client::{Client, ClientError};
use tokio::time::{MissedTickBehavior, interval};

use crate::run::{Signals, TuiError};
use crate::screen::Screen;

pub use row::{COLUMNS, Row, rows};

/// How often the server is asked.
const PERIOD: Duration = Duration::from_secs(1);

/// What is known of plugins, and what of it is on the screen.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    rows: Vec<Row>,
    last: Option<PluginsHealth>,
    /// Why the numbers are not of now.
    problem: Option<String>,
    /// Rows above the screen.
    above: usize,
}

/// What a key asks for.
#[derive(Debug, PartialEq, Eq)]
enum Wish {
    Nothing,
    Leave,
}

impl Watched {
    /// Takes what the server said, or why it did not say it.
    pub(crate) fn take(&mut self, asked: Result<PluginsHealth, ClientError>) {
        match asked {
            Ok(health) => {
                self.rows = rows(self.last.as_ref(), &health);
                self.last = Some(health);
                self.problem = None;
            }
            Err(error) => self.problem = Some(format!("{error}; these are the last numbers, octi tries again")),
        }
        self.scroll(0);
    }

    fn key(&mut self, key: KeyEvent) -> Wish {
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('q') | KeyCode::Esc => return Wish::Leave,
            KeyCode::Char('c') if is_control => return Wish::Leave,
            KeyCode::Down | KeyCode::Char('j') => self.scroll(1),
            KeyCode::Up | KeyCode::Char('k') => self.scroll(-1),
            KeyCode::PageDown => self.scroll(10),
            KeyCode::PageUp => self.scroll(-10),
            KeyCode::Home => self.above = 0,
            _ => {}
        }
        Wish::Nothing
    }

    fn scroll(&mut self, by: isize) {
        self.above = self.above.saturating_add_signed(by).min(self.rows.len().saturating_sub(1));
    }
}

/// Shows the plugins of a server until the person leaves.
///
/// # Errors
/// [`TuiError`] when the terminal cannot be used.
pub async fn run(client: &Client) -> Result<(), TuiError> {
    let mut signals = Signals::listen()?;
    let mut watched = Watched::default();
    watched.take(client.plugins_health().await);
    let mut screen = Screen::take()?;
    let (mut events, mut ticks) = (EventStream::new(), interval(PERIOD));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        screen.terminal().draw(|frame| view::draw(&watched, frame))?;
        tokio::select! {
            event = events.next() => match event.transpose()? {
                Some(Event::Key(key)) if key.kind != KeyEventKind::Release && watched.key(key) == Wish::Leave => return Ok(()),
                Some(_) => {}
                None => return Ok(()),
            },
            () = signals.next() => return Ok(()),
            _ = ticks.tick() => watched.take(client.plugins_health().await),
        }
    }
}

#[cfg(test)]
mod tests;
