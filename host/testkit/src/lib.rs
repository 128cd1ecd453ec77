//! What tests share: a clock that obeys, events that can be waited for, fake tools and roles, memory and secrets of
//! plugins, people with sessions, small
//! guests, and agents ready to work on a scripted model.
//!
//! Only tests use this crate, so it may panic with a good explanation; nothing that ships may depend on it.

#[cfg(feature = "agents")]
pub mod agents;
pub mod clock;
pub mod db;
#[cfg(feature = "egress")]
pub mod egress;
pub mod events;
pub mod fakes;
#[cfg(feature = "guests")]
pub mod guests;
pub mod people;
pub mod services;
#[cfg(feature = "shelf")]
pub mod shelf;

#[cfg(feature = "agents")]
pub use octi_models::scripted::{Answer, ScriptedModel, Step};
