//! The engine against guests that behave and guests that do not.

mod cache;
mod calls;
mod capabilities;
mod channels;
mod contract;
pub(crate) mod guests;
mod health;
mod hooks;
mod http;
mod lean;
mod limits;
mod manager;
mod metrics;
mod packs;
mod reach;
mod reflect;
mod rollback;
mod skills;
mod swaps;
mod trials;
mod warm;
