//! The frames of the WebSocket at `/gateway`: JSON objects, told apart by `type`.

mod client;
mod server;

pub use client::{
    AgentStop, Auth, AuthMethod, ChatInterject, ChatSend, ChatSteer, ClientFrame, ClientType, Command, InlineFile, Patterns,
    PermissionRespond, Ping, Replay, Scope, Watch, session_resource,
};
pub use server::{
    AuthError, AuthOk, Budgets, CommandResult, ErrorFrame, EventsDropped, PermissionPending, Pong, Replayed, ServerFrame,
    Subscribed,
};

/// The versions of this protocol that a server speaks, newest last.
pub const PROTOCOL_VERSIONS: &[&str] = &["1.0"];

/// The codes of a close frame that octi sends.
pub mod close {
    /// The server is going away.
    pub const GOING_AWAY: u16 = 1001;
    /// A frame was larger than allowed.
    pub const TOO_LARGE: u16 = 1009;
    /// The credentials were missing or wrong, or the first frame was another than `auth`.
    pub const UNAUTHENTICATED: u16 = 4000;
    /// The user was deactivated.
    pub const DEACTIVATED: u16 = 4001;
    /// Nothing came for longer than a program of this kind may be silent.
    pub const IDLE: u16 = 4002;
    /// Too many connections.
    pub const TOO_MANY: u16 = 4008;
}
