//! The terminal chat: a conversation with an octi server on a whole screen.
//!
//! Start at [`run`]. The state is one `Model`; `update` is pure and turns what happens into the next state and into what is to
//! be done; `view` draws the state; `run` and `link` are the only parts that touch the world. It talks to the server through
//! [`octi_client`] and knows no part of the host.

mod conversation;
mod danger;
mod effects;
mod form;
mod glyphs;
mod input;
mod keys;
mod link;
mod markdown;
mod message;
mod model;
mod overlay;
mod place;
mod run;
mod screen;
#[cfg(test)]
mod testing;
pub mod top;
mod transcript;
mod update;
mod view;
mod words;
mod wrap;

pub use glyphs::GlyphSet;
pub use keys::{Action, Chord, FILE as KEYS_FILE, KeyMap, KeysError};
pub use place::{Project, project};
pub use run::{Settings, TuiError, run};
