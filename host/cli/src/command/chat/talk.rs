//! One conversation over the WebSocket: send, show what happens, answer questions, stop.

use std::collections::VecDeque;

use octi_api::event::EventBody;
use octi_api::frames::{AgentStop, ChatSend, ClientFrame, Command, Patterns, PermissionRespond, Scope, ServerFrame};
use octi_api::v1::permissions::PermissionRequest;
use octi_api::v1::questions::Question;
use octi_client::{Client, ClientError, Socket};
use octi_domain::ids::{RunId, SessionId};
use uuid::Uuid;

use super::prompt;
use super::view::{self, Piece, Turn, View};
use crate::failure::{Failure, Outcome};
use crate::output::{DIM, HINT, Printer, WARN};

/// A conversation and its connection.
pub(crate) struct Talk {
    pub(super) printer: Printer,
    pub(super) client: Client,
    socket: Socket,
    session: SessionId,
    model: Option<String>,
    /// Every question is answered with "once".
    yes: bool,
    /// Files that the next message names.
    pub(crate) files: Vec<Uuid>,
    open: bool,
}

/// One turn, from sending to its end.
#[derive(Default)]
pub(super) struct Course {
    view: View,
    agent: Option<Uuid>,
    questions: VecDeque<PermissionRequest>,
    /// What plugins ask.
    asked: VecDeque<Question>,
    /// The code of what went wrong, once something did.
    trouble: Option<String>,
    stopping: bool,
    /// Set when the turn is over.
    end: Option<Outcome>,
}

impl Course {
    pub(super) const fn is_over(&self) -> bool {
        self.end.is_some()
    }
}

impl Talk {
    /// Connects and listens to everything that happens in the session.
    pub(crate) async fn open(
        printer: Printer,
        client: &Client,
        session: SessionId,
        model: Option<String>,
        yes: bool,
    ) -> Outcome<Self> {
        let mut socket = client.connect().await?;
        socket.send(&ClientFrame::Subscribe(Patterns::of(["*"]))).await?;
        loop {
            match next(&mut socket).await? {
                ServerFrame::Subscribed(_) => {
                    return Ok(Self {
                        printer,
                        client: client.clone(),
                        socket,
                        session,
                        model,
                        yes,
                        files: Vec::new(),
                        open: true,
                    });
                }
                ServerFrame::Error(error) => return Err(Failure::external(error.message)),
                _ => {}
            }
        }
    }

    /// Whether the connection still stands.
    pub(crate) const fn is_open(&self) -> bool {
        self.open
    }

    /// Says goodbye.
    pub(crate) async fn close(self) {
        self.socket.close().await;
    }

    /// Sends a message and follows its turn to the end.
    pub(crate) async fn ask(&mut self, question: &str) -> Outcome {
        let (model, file_refs) = (self.model.clone(), std::mem::take(&mut self.files));
        let chat = ChatSend { model, file_refs, ..ChatSend::new(self.session.into(), question) };
        self.socket.send(&ClientFrame::ChatSend(chat)).await?;
        self.follow(Course::default()).await
    }

    /// Follows a turn that goes on to its end.
    pub(crate) async fn follow_run(&mut self, run: RunId) -> Outcome {
        self.follow(Course { agent: Some(run.into()), ..Course::default() }).await
    }

    /// Sends a command such as `status` and shows its answer.
    pub(crate) async fn command(&mut self, text: &str) -> Outcome {
        let (name, args) = text.split_once(' ').map_or((text, None), |(name, args)| (name, Some(args.to_owned())));
        let session_id = Some(self.session.into());
        self.socket.send(&ClientFrame::Command(Command { name: name.to_owned(), args, session_id })).await?;
        loop {
            match self.frame().await? {
                ServerFrame::CommandResult(result) => {
                    self.printer.line(result.error.as_deref().unwrap_or(&result.result));
                    return Ok(());
                }
                ServerFrame::Error(error) => return Err(Failure::user(error.message)),
                _ => {}
            }
        }
    }

    pub(super) async fn frame(&mut self) -> Outcome<ServerFrame> {
        let frame = next(&mut self.socket).await;
        self.open = frame.is_ok();
        frame.map_err(|failure| {
            failure.hint(format!("the turn goes on without you; `octi chat --session {}` comes back to it", self.session))
        })
    }

    async fn follow(&mut self, mut course: Course) -> Outcome {
        loop {
            if let Some(outcome) = course.end.take() {
                for piece in course.view.finish() {
                    self.print(&piece);
                }
                return outcome;
            }
            if let Some(request) = course.questions.pop_front() {
                self.decide(&mut course, request).await?;
                continue;
            }
            if let Some(question) = course.asked.pop_front() {
                for piece in course.view.finish() {
                    self.print(&piece);
                }
                self.reply(&mut course, question).await?;
                continue;
            }
            let frame = tokio::select! {
                frame = self.frame() => frame?,
                _ = tokio::signal::ctrl_c() => {
                    self.interrupt(&mut course).await?;
                    continue;
                }
            };
            self.take(&mut course, frame);
        }
    }

    /// Shows one frame, and notes when the turn is over.
    pub(super) fn take(&self, course: &mut Course, frame: ServerFrame) {
        let event = match frame {
            ServerFrame::Event { event } => event,
            ServerFrame::Error(error) => {
                let failure = Failure::user(error.message);
                let failure =
                    error.path.into_iter().fold(failure, |failure, path| failure.hint(format!("the field is `{path}`")));
                course.end = Some(Err(failure));
                return;
            }
            ServerFrame::EventsDropped(dropped) => {
                self.printer.warning(&format!("{} events were lost: {}", dropped.count, dropped.reason));
                return;
            }
            _ => return,
        };
        if event.session_id.is_some_and(|session| session != Uuid::from(self.session)) {
            return;
        }
        if self.printer.is_json() {
            self.printer.json_line(&event);
        }
        match &event.body {
            EventBody::AgentSpawned(spawned) => course.agent = Some(spawned.agent_id),
            EventBody::ChatError(error) => course.trouble = Some(error.code.clone()),
            EventBody::PermissionRequest(request) => course.questions.push_back(request.clone()),
            EventBody::QuestionAsked(question) => course.asked.push_back(question.clone()),
            EventBody::QuestionResolved(resolved) => course.asked.retain(|open| open.id != resolved.question_id),
            EventBody::PermissionResolved(resolved) => course.questions.retain(|open| open.id != resolved.request_id),
            _ => {}
        }
        let turn = course.view.turn(&event.body);
        if !self.printer.is_json() {
            for piece in course.view.show(&event.body) {
                self.print(&piece);
            }
        }
        match turn {
            Turn::Running => {}
            Turn::Completed => course.end = Some(Ok(())),
            Turn::Ended(why) => {
                let hint = format!("`octi chat --session {}` goes on with the conversation", self.session);
                course.end = Some(Err(blamed(course.trouble.as_deref(), why).hint(hint)));
            }
        }
    }

    fn print(&self, piece: &Piece) {
        match piece {
            _ if self.printer.is_json() => {}
            Piece::Answer(text) => self.printer.out(text),
            Piece::Aside(text) => self.printer.err(text),
        }
    }

    /// Ctrl-C stops the turn; a second one leaves without waiting.
    async fn interrupt(&mut self, course: &mut Course) -> Outcome {
        if std::mem::replace(&mut course.stopping, true) {
            return Err(Failure::user("left while the turn was being stopped"));
        }
        self.printer.note(&format!("\n{WARN}stopping{WARN:#} {DIM}(Ctrl-C again leaves at once){DIM:#}"));
        match course.agent {
            Some(agent_id) => Ok(self.socket.send(&ClientFrame::AgentStop(AgentStop { agent_id })).await?),
            None => Err(Failure::user("left before the turn began")),
        }
    }

    async fn decide(&mut self, course: &mut Course, request: PermissionRequest) -> Outcome {
        for piece in course.view.finish() {
            self.print(&piece);
        }
        let (approved, scope) = if self.yes {
            (true, Scope::Once)
        } else if self.printer.can_ask() {
            match self.ask_person(course, &request).await? {
                Some(answer) => answer,
                // Somebody answered on another screen, or the time was up.
                None => return Ok(()),
            }
        } else {
            self.printer.warning(&format!(
                "denied {}.{}: nobody can be asked here; `--yes` allows once, `octi permission set '{}' allow` always",
                request.tool, request.operation, request.suggested_rule
            ));
            (false, Scope::Once)
        };
        let answer = PermissionRespond { request_id: request.id, approved, scope };
        Ok(self.socket.send(&ClientFrame::PermissionRespond(answer)).await?)
    }

    /// Asks at the keyboard; none when the question was settled elsewhere meanwhile.
    async fn ask_person(&mut self, course: &mut Course, request: &PermissionRequest) -> Outcome<Option<(bool, Scope)>> {
        self.printer.err(&view::question(request));
        loop {
            self.printer.err(&format!("  {HINT}1-4{HINT:#}> "));
            let typed = prompt::plain_line();
            tokio::pin!(typed);
            let line = loop {
                tokio::select! {
                    line = &mut typed => break line,
                    frame = self.frame() => {
                        let frame = frame?;
                        if settles(&frame, request.id) {
                            self.printer.note(&format!("\n{DIM}answered elsewhere, or expired; press Enter to go on{DIM:#}"));
                            self.take(course, frame);
                            let _ = typed.await;
                            return Ok(None);
                        }
                        self.take(course, frame);
                        if course.end.is_some() {
                            self.printer.note(&format!("\n{DIM}the turn is over; press Enter{DIM:#}"));
                            let _ = typed.await;
                            return Ok(None);
                        }
                    }
                }
            };
            match line.as_deref().map(str::trim) {
                Some("1" | "y" | "yes" | "once") => return Ok(Some((true, Scope::Once))),
                Some("2" | "session") => return Ok(Some((true, Scope::Session))),
                Some("3" | "always") => return Ok(Some((true, Scope::Always))),
                Some("4" | "n" | "no" | "deny") | None => return Ok(Some((false, Scope::Once))),
                Some(_) => self.printer.note("  type 1, 2, 3 or 4"),
            }
        }
    }
}

/// A turn that ended badly, by whose turn it is now.
fn blamed(code: Option<&str>, why: String) -> Failure {
    match code {
        Some("rate_limited" | "overloaded" | "unavailable" | "timeout" | "protocol") => Failure::external(why),
        Some("store" | "internal") => Failure::us(why),
        _ => Failure::user(why),
    }
}

fn settles(frame: &ServerFrame, request: Uuid) -> bool {
    match frame {
        ServerFrame::Event { event } => {
            matches!(&event.body, EventBody::PermissionResolved(resolved) if resolved.request_id == request)
        }
        _ => false,
    }
}

async fn next(socket: &mut Socket) -> Outcome<ServerFrame> {
    match socket.next_known().await {
        Some(Ok(frame)) => Ok(frame),
        Some(Err(error)) => Err(ClientError::into(error)),
        None => Err(Failure::external("the server closed the connection")),
    }
}

#[cfg(test)]
#[path = "talk_tests.rs"]
mod tests;
