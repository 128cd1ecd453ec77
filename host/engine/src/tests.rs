//! The engine against guests that behave and guests that do not.

mod cache;
mod calls;
mod capabilities;
mod guests;
mod http;
mod limits;
mod manager;
mod packs;
