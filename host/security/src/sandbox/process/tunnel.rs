//! The host's side of a program's network: it accepts the connections that a program makes to its proxy, and makes those that the
//! profile allows itself, through the egress door. The program never dials.
//!
//! Only `CONNECT` is answered. What goes through afterwards is between the program and the server, usually TLS, and not looked at.

use std::fmt::Write as _;
use std::io::{self, IoSliceMut};
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::socket::{ControlMessageOwned, MsgFlags, UnixAddr, recvmsg};
use octi_domain::limits;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, Interest};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::task::JoinSet;

use super::job::Job;
use crate::sandbox::egress::{Egress, EgressError, HostAllow};

/// What a program's connections go through.
#[derive(Clone)]
pub(super) struct Tunnel {
    pub egress: Arc<Egress>,
    pub allow: HostAllow,
    /// Told about what was refused.
    pub job: Arc<Job>,
    /// Bytes of one connection in each direction.
    pub bytes_max: u64,
    /// How long a program may take to say where a connection goes.
    pub patience: Duration,
}

impl Tunnel {
    /// Waits for the program's listener and answers there until the future is dropped.
    pub(super) async fn serve(self, passing: UnixStream) {
        match receive(&passing).await {
            Ok(Some(listener)) => self.answer(listener).await,
            // The launcher ended before there was a network.
            Ok(None) => {}
            Err(error) => tracing::warn!(id = %self.job.id, %error, "the program's network did not arrive"),
        }
    }

    async fn answer(self, listener: TcpListener) {
        let mut open = JoinSet::new();
        loop {
            while open.len() >= limits::PROCESS_CONNECTIONS_MAX {
                open.join_next().await;
            }
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((connection, _)) => drop(open.spawn(self.clone().connection(connection))),
                    Err(error) => {
                        tracing::warn!(id = %self.job.id, %error, "a connection of the program was lost");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                },
                Some(_) = open.join_next(), if !open.is_empty() => {}
            }
        }
    }

    async fn connection(self, mut program: TcpStream) {
        let Ok(Ok(Some((head, rest)))) = tokio::time::timeout(self.patience, read_head(&mut program)).await else { return };
        let target = match target_of(&head) {
            Ok(target) => target,
            Err(text) => return self.refuse(&mut program, "405 Method Not Allowed", text).await,
        };
        let server = match self.egress.dial(&self.allow, target).await {
            Ok(server) => server,
            Err(error @ (EgressError::NotFound { .. } | EgressError::Failed(_))) => {
                return self.refuse(&mut program, "502 Bad Gateway", &error.to_string()).await;
            }
            Err(error) => return self.refuse(&mut program, "403 Forbidden", &error.to_string()).await,
        };
        tracing::debug!(id = %self.job.id, target, "a program connects");
        let (from_program, mut to_program) = program.into_split();
        let (from_server, mut to_server) = server.into_split();
        let greeted = async {
            to_program.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
            to_server.write_all(&rest).await
        };
        if greeted.await.is_ok() {
            tokio::join!(pass(from_program, to_server, self.bytes_max), pass(from_server, to_program, self.bytes_max));
        }
    }

    /// Tells the program, and whoever reads its errors: programs show the number of a proxy's answer at most.
    async fn refuse(&self, program: &mut TcpStream, status: &str, text: &str) {
        self.job.say(text);
        let mut answer = format!("HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n");
        let _written = write!(answer, "Content-Length: {}\r\n\r\n{text}\n", text.len() + 1);
        let _told = program.write_all(answer.as_bytes()).await;
        let _closed = program.shutdown().await;
    }
}

/// The listener, or none when the other end was closed without sending one.
async fn receive(passing: &UnixStream) -> io::Result<Option<TcpListener>> {
    loop {
        passing.readable().await?;
        match passing.try_io(Interest::READABLE, || receive_now(passing)) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            other => return other,
        }
    }
}

#[expect(unsafe_code, reason = "a descriptor that arrives in a message can only be adopted this way")]
fn receive_now(passing: &UnixStream) -> io::Result<Option<TcpListener>> {
    let mut word = [0];
    let mut word = [IoSliceMut::new(&mut word)];
    let mut space = nix::cmsg_space!([i32; 1]);
    let message = recvmsg::<UnixAddr>(passing.as_raw_fd(), &mut word, Some(&mut space), MsgFlags::MSG_CMSG_CLOEXEC)?;
    for part in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(numbers) = part
            && let Some(number) = numbers.first()
        {
            // SAFETY: the kernel made this descriptor for this message, and nothing else knows its number.
            let listener = std::net::TcpListener::from(unsafe { OwnedFd::from_raw_fd(*number) });
            listener.set_nonblocking(true)?;
            return TcpListener::from_std(listener).map(Some);
        }
    }
    Ok(None)
}

/// A request's head, and what came after it; none when it is too long or the program closed.
async fn read_head(program: &mut TcpStream) -> io::Result<Option<(String, Vec<u8>)>> {
    let mut bytes = Vec::new();
    loop {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = end {
            let rest = bytes.split_off(end + 4);
            return Ok(String::from_utf8(bytes).ok().map(|head| (head, rest)));
        }
        let room = limits::PROCESS_CONNECT_HEAD_BYTES_MAX.saturating_sub(bytes.len());
        if room == 0 || program.take(room as u64).read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    }
}

/// `host:port` of a `CONNECT` request.
fn target_of(head: &str) -> Result<&str, &'static str> {
    let mut words = head.lines().next().unwrap_or_default().split(' ');
    match (words.next(), words.next()) {
        (Some("CONNECT"), Some(target)) => Ok(target),
        _ => Err("only `https` addresses can be reached from here, through CONNECT: what is not encrypted is not passed on"),
    }
}

async fn pass(source: impl AsyncRead + Unpin, mut target: impl AsyncWrite + Unpin, bytes_max: u64) {
    let _copied = tokio::io::copy(&mut source.take(bytes_max), &mut target).await;
    let _closed = target.shutdown().await;
}

#[cfg(test)]
#[path = "tunnel_tests.rs"]
mod tests;
