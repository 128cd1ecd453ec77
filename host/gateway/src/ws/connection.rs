//! The life of one connection: authenticating, active, draining, closed.

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::ws::WebSocket;
use octi_api::frames::{
    Auth, AuthError, AuthMethod, AuthOk, Budgets, ClientFrame, CommandResult, EventsDropped, PROTOCOL_VERSIONS, ServerFrame,
    close,
};
use octi_domain::ids::RequestId;
use octi_domain::limits;
use secrecy::{ExposeSecret, SecretString};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout_at};
use tracing::Instrument;

use super::connections::{Arrival, Seat};
use super::link::{End, Link};
use super::presence::Guest;
use super::rates::Rates;
use crate::bus::{Delivery, Listener};
use crate::credential::{Credential, TOKEN_PREFIX};
use crate::error::{ApiError, ApiResult};
use crate::extract::Caller;
use crate::state::Gateway;

/// A connection of a known person.
pub(super) struct Active {
    pub(super) gateway: Gateway,
    pub(super) caller: Caller,
    pub(super) listener: Listener,
    pub(super) rates: Rates,
    /// Commands that a model answers. Each holds a place of its person's, so there are only a few.
    pub(super) later: JoinSet<CommandResult>,
    seat: Seat,
    credential: Credential,
    address: SocketAddr,
}

/// Serves one connection until it ends.
pub(super) async fn run(gateway: Gateway, socket: WebSocket, address: SocketAddr, arrival: Arrival, workspace: Option<String>) {
    let mut link = Link::new(socket);
    let end = match authenticate(&gateway, &mut link, address).await {
        Ok(mut active) => {
            drop(arrival);
            active.caller.workspace = workspace;
            let span =
                tracing::info_span!("connection", connection_id = %active.seat.presence.id, user_id = %active.caller.user_id);
            active.serve(&mut link).instrument(span).await
        }
        Err(end) => end,
    };
    link.finish(end).await;
}

/// Waits for the `auth` frame. A frame that is wrong is answered and another one may follow, within the time.
async fn authenticate(gateway: &Gateway, link: &mut Link, address: SocketAddr) -> Result<Active, End> {
    let deadline = Instant::now() + Duration::from_secs(limits::WS_AUTH_SECONDS_MAX);
    loop {
        let text = tokio::select! {
            text = timeout_at(deadline, link.receive()) => text,
            () = gateway.shared().draining.cancelled() => return Err(GOING_AWAY),
        };
        let Ok(text) = text else {
            return refuse(link, format!("no `auth` frame came within {} seconds", limits::WS_AUTH_SECONDS_MAX)).await;
        };
        let error = match text?.and_then(|text| Ok(ClientFrame::decode(&text)?)) {
            Ok(ClientFrame::Auth(auth)) => return admit(gateway, link, address, auth).await,
            Ok(_) => return refuse(link, "the first frame must be `auth`".to_owned()).await,
            Err(error) => error,
        };
        error.record();
        let request_id: RequestId = gateway.ambient.id();
        link.send(&ServerFrame::Error(error.to_frame(&request_id.to_string()))).await?;
    }
}

async fn admit(gateway: &Gateway, link: &mut Link, address: SocketAddr, auth: Auth) -> Result<Active, End> {
    if let Some(version) = auth.protocol_version.as_deref()
        && !PROTOCOL_VERSIONS.contains(&version)
    {
        let spoken = PROTOCOL_VERSIONS.join(", ");
        return refuse(link, format!("protocol `{version}` is not spoken here; this server speaks {spoken}")).await;
    }
    let guest = Guest::new(&auth, address.ip());
    let credentials = SecretString::from(auth.credentials);
    let credential = match auth.method {
        AuthMethod::Hmac => match gateway.auth.by_signature(&gateway.vault, credentials.expose_secret()).await {
            Ok(key) => Some(Credential::Signed(key)),
            Err(error) => return refuse_for(link, error.into()).await,
        },
        method => credential(gateway, method, credentials),
    };
    let Some(credential) = credential else {
        let why = match auth.method {
            AuthMethod::SessionToken => {
                "this ticket was used or is older than a minute; `POST /api/auth/ws-ticket` gives another"
            }
            _ => "the credentials are of another kind than `method` says",
        };
        return refuse(link, why.to_owned()).await;
    };
    let caller = match Caller::check(gateway, credential.clone(), Some(address)).await {
        Ok(caller) => caller,
        Err(error) => return refuse_for(link, error).await,
    };
    let connections_max = gateway.settings.now().gateway_limits().connections_per_user_max;
    let Some(seat) = gateway.seat(caller.user_id, guest) else {
        let reason = format!("Too many connections: {connections_max} are open; close one first");
        link.send(&ServerFrame::AuthError(AuthError { message: reason })).await?;
        return Err(End::Closed { code: close::TOO_MANY, reason: "too many connections" });
    };
    let hello = AuthOk {
        connection_id: seat.presence.id.into(),
        user_id: caller.user_id.into(),
        capabilities: ClientFrame::TYPES.iter().filter(|kind| **kind != "auth").map(|kind| (*kind).to_owned()).collect(),
        server_time: gateway.ambient.now(),
        server_timezone: "UTC".to_owned(),
        server_version: gateway.version.clone(),
        protocol_versions: PROTOCOL_VERSIONS.iter().map(|version| (*version).to_owned()).collect(),
        budgets: Budgets { connections_max, ..Budgets::default() },
    };
    let listener = gateway.bus.listen(caller.user_id);
    link.send(&ServerFrame::AuthOk(hello)).await?;
    let (rates, later) = (Rates::default(), JoinSet::new());
    Ok(Active { gateway: gateway.clone(), caller, listener, rates, later, seat, credential, address })
}

/// What the words of an `auth` frame stand for.
fn credential(gateway: &Gateway, method: AuthMethod, words: SecretString) -> Option<Credential> {
    if method == AuthMethod::SessionToken {
        return gateway.shared().tickets.redeem(words.expose_secret(), gateway.ambient.now());
    }
    let is_token = words.expose_secret().starts_with(TOKEN_PREFIX);
    (is_token == (method == AuthMethod::ApiKey)).then_some(Credential::Token(words))
}

async fn refuse_for(link: &mut Link, error: ApiError) -> Result<Active, End> {
    error.record();
    refuse(link, error.message().to_owned()).await
}

async fn refuse(link: &mut Link, message: String) -> Result<Active, End> {
    link.send(&ServerFrame::AuthError(AuthError { message })).await?;
    Err(End::Closed { code: close::UNAUTHENTICATED, reason: "not authenticated" })
}

const GOING_AWAY: End = End::Closed { code: close::GOING_AWAY, reason: "the host is shutting down" };
const REVOKED: End = End::Closed { code: close::DEACTIVATED, reason: "the credentials are no longer valid" };

const IDLE: End =
    End::Closed { code: close::IDLE, reason: "silent for too long; whoever wants to stay sends a ping now and then" };

impl Active {
    async fn serve(&mut self, link: &mut Link) -> End {
        tracing::debug!("connection active");
        let end = match self.work(link).await {
            Ok(never) => match never {},
            Err(end) => end,
        };
        tracing::debug!(?end, "connection closed");
        end
    }

    /// Frames in, events out, in turn. While a frame is handled no event is sent, so what a subscription answers comes
    /// before the events that happened meanwhile.
    async fn work(&mut self, link: &mut Link) -> Result<std::convert::Infallible, End> {
        let first = Instant::now() + self.gateway.recheck_time;
        let mut recheck = interval_at(first, self.gateway.recheck_time);
        recheck.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let draining = self.gateway.shared().draining.clone();
        let revoked = self.seat.presence.revoked.clone();
        let presence = self.seat.presence.clone();
        loop {
            tokio::select! {
                () = draining.cancelled() => return Err(self.drain(link).await),
                () = revoked.cancelled() => return Err(REVOKED),
                _ = recheck.tick() => self.recheck().await?,
                () = presence.recheck.notified() => self.recheck().await?,
                text = link.receive() => {
                    let text = text?;
                    self.seat.presence.touch(self.gateway.ambient.now());
                    self.obey(link, text).await?;
                }
                delivery = self.listener.next() => deliver(link, delivery).await?,
                Some(Ok(result)) = self.later.join_next() => link.send(&ServerFrame::CommandResult(result)).await?,
            }
        }
    }

    /// Sends what waits already, then ends.
    async fn drain(&self, link: &mut Link) -> End {
        while let Some(delivery) = self.listener.try_next() {
            if let Err(end) = deliver(link, delivery).await {
                return end;
            }
        }
        GOING_AWAY
    }

    /// Whether the credentials still let this person in, and anything still comes from them. A database that is down does
    /// not throw anybody out.
    async fn recheck(&self) -> Result<(), End> {
        if self.seat.presence.is_idle(self.gateway.ambient.now()) {
            return Err(IDLE);
        }
        match self.checked().await {
            Err(error) if error.code().status() < 500 => Err(REVOKED),
            _ => Ok(()),
        }
    }

    /// The caller as the credentials say now.
    pub(super) async fn checked(&self) -> ApiResult<Caller> {
        let caller = Caller::check(&self.gateway, self.credential.clone(), Some(self.address)).await?;
        Ok(Caller { workspace: self.caller.workspace.clone(), ..caller })
    }

    async fn obey(
        &mut self,
        link: &mut Link,
        text: Result<axum::extract::ws::Utf8Bytes, crate::error::ApiError>,
    ) -> Result<(), End> {
        let request_id: RequestId = self.gateway.ambient.id();
        let request_id = request_id.to_string();
        let span = tracing::info_span!("frame", %request_id);
        async {
            let frame = text.and_then(|text| Ok(ClientFrame::decode(&text)?));
            let answer = match frame {
                Ok(frame) => self.answer(frame).await,
                Err(error) => Err(error),
            };
            match answer {
                Ok(frames) => {
                    for frame in &frames {
                        link.send(frame).await?;
                    }
                    Ok(())
                }
                Err(error) => {
                    error.record();
                    link.send(&ServerFrame::Error(error.to_frame(&request_id))).await
                }
            }
        }
        .instrument(span)
        .await
    }
}

async fn deliver(link: &mut Link, delivery: Delivery) -> Result<(), End> {
    match delivery {
        Delivery::Event(text) => link.send_text(text).await,
        Delivery::Dropped(count) => {
            let reason = "this connection reads more slowly than events happen; reload what is shown".to_owned();
            link.send(&ServerFrame::EventsDropped(EventsDropped { count, reason })).await
        }
    }
}
