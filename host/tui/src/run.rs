//! The loop: wait for something to happen, update, do what is asked for, draw.

use std::io::IsTerminal;
use std::time::Duration;

use crossterm::event::{Event, EventStream};
use futures::StreamExt;
use octi_client::Client;
use octi_domain::ambient::Ambient;
use octi_domain::ids::SessionId;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{self, Receiver};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::task::TaskTracker;

use crate::effects::{Remains, Runner};
use crate::glyphs::GlyphSet;
use crate::keys::KeyMap;
use crate::link;
use crate::message::Msg;
use crate::model::Model;
use crate::place::Project;
use crate::screen::Screen;
use crate::update::update;
use crate::view;

/// Messages that wait for the model; the connection waits when there are more.
const MESSAGES_MAX: usize = 1_024;
/// Orders that wait for the connection.
const ORDERS_MAX: usize = 64;
/// How often something that moves is drawn, and how often the clock is looked at otherwise.
const LIVELY: Duration = Duration::from_millis(120);
const CALM: Duration = Duration::from_secs(1);
/// Time between two drawings, so that a fast answer costs one for each batch of words.
const FRAME: Duration = Duration::from_millis(33);
/// How long requests under way may take to end when octi is left.
const LEAVE_TIME_MAX: Duration = Duration::from_secs(1);

/// What a conversation on the screen needs.
#[derive(Debug)]
pub struct Settings {
    pub client: Client,
    /// The conversation to go on with; a new one begins with the first message.
    pub session: Option<SessionId>,
    /// Where conversations that begin here work; none for all of the workspace.
    pub project: Option<Project>,
    pub keys: KeyMap,
    pub glyphs: GlyphSet,
    pub ambient: Ambient,
}

/// Why there is no conversation on the screen.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    #[error("`octi tui` needs a terminal on both standard input and standard output")]
    NoTerminal,
    #[error("the terminal cannot be used: {0}")]
    Terminal(#[from] std::io::Error),
}

/// Talks, until the person leaves. Gives the conversation that was open last.
///
/// # Errors
/// [`TuiError`] when there is no terminal, or it goes away.
pub async fn run(settings: Settings) -> Result<Option<SessionId>, TuiError> {
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        return Err(TuiError::NoTerminal);
    }
    // From here on a signal does not end the process with the terminal in our hands.
    let signals = Signals::listen()?;
    let Settings { client, session, project, keys, glyphs, ambient } = settings;
    let mut model = Model::new(client.base().as_str(), keys, glyphs, session.map(SessionId::as_uuid), ambient.now());
    model.place.project = project;
    let tasks = TaskTracker::new();
    let (out, messages) = mpsc::channel(MESSAGES_MAX);
    let (link, orders) = mpsc::channel(ORDERS_MAX);
    tasks.spawn(link::keep(client.clone(), ambient.clone(), orders, out.clone()));
    let runner = Runner::new(client, link, out, tasks.clone());
    let outcome = {
        let mut screen = Screen::take()?;
        let size = screen.terminal().size()?;
        model.size = (size.width, size.height);
        Desk { model: &mut model, runner, ambient }.serve(&mut screen, messages, signals).await
    };
    tasks.close();
    // What does not end in time ends with the process.
    let _ = timeout(LEAVE_TIME_MAX, tasks.wait()).await;
    outcome.map(|()| model.conversation.session.map(SessionId::from))
}

/// What asks this process to end.
pub(crate) struct Signals {
    terminate: Signal,
    hang_up: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(crate) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

struct Desk<'m> {
    model: &'m mut Model,
    runner: Runner,
    ambient: Ambient,
}

/// Whether the person is still there.
#[derive(PartialEq, Eq)]
enum Goes {
    On,
    Away,
}

impl Desk<'_> {
    async fn serve(mut self, screen: &mut Screen, mut messages: Receiver<Msg>, mut signals: Signals) -> Result<(), TuiError> {
        let mut events = EventStream::new();
        self.draw(screen)?;
        let (mut drawn, mut ticked) = (Instant::now(), Instant::now());
        // Whether the screen is behind the model.
        let mut behind = false;
        loop {
            let tick = ticked + if self.model.is_lively() { LIVELY } else { CALM };
            let goes = tokio::select! {
                event = events.next() => match event {
                    // What a person does is shown at once.
                    Some(event) => {
                        drawn -= FRAME;
                        self.event(event?, screen)?
                    }
                    None => Goes::Away,
                },
                Some(msg) = messages.recv() => self.happen(msg, screen)?,
                () = signals.next() => Goes::Away,
                () = sleep_until(tick) => {
                    ticked = Instant::now();
                    self.happen(Msg::Tick, screen)?
                }
                () = sleep_until(drawn + FRAME), if behind => Goes::On,
            };
            if goes == Goes::Away {
                return Ok(());
            }
            behind = drawn.elapsed() < FRAME;
            if !behind {
                self.draw(screen)?;
                drawn = Instant::now();
            }
        }
    }

    fn event(&mut self, event: Event, screen: &mut Screen) -> Result<Goes, TuiError> {
        let msg = match event {
            Event::Key(key) => Msg::Key(key),
            Event::Paste(text) => Msg::Paste(text),
            Event::Resize(columns, rows) => Msg::Resize(columns, rows),
            Event::FocusGained => Msg::Focus(true),
            Event::FocusLost => Msg::Focus(false),
            Event::Mouse(_) => return Ok(Goes::On),
        };
        self.happen(msg, screen)
    }

    fn happen(&mut self, msg: Msg, screen: &mut Screen) -> Result<Goes, TuiError> {
        for effect in update(self.model, msg, self.ambient.now()) {
            match self.runner.run(effect) {
                Remains::Nothing => {}
                Remains::Redraw => screen.terminal().clear()?,
                Remains::Quit => return Ok(Goes::Away),
            }
        }
        Ok(Goes::On)
    }

    fn draw(&mut self, screen: &mut Screen) -> Result<(), TuiError> {
        screen.terminal().draw(|frame| view::draw(self.model, frame))?;
        Ok(())
    }
}
