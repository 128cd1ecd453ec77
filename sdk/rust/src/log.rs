//! Lines for the operator, and progress for the person waiting. Bounded: 1,000 lines of 4 KiB a call, the rest is dropped.

use crate::raw::bindings::octi::log::log as raw;

pub use raw::Level;

/// Writes a line with fields.
pub fn log(level: Level, message: &str, fields: &[(&str, String)]) {
    let fields: Vec<(String, String)> = fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    raw::log(level, message, &fields);
}

/// Something worth knowing when looking for a fault.
pub fn debug(message: &str) {
    log(Level::Debug, message, &[]);
}

/// Something that happened.
pub fn info(message: &str) {
    log(Level::Info, message, &[]);
}

/// Something an operator should look at.
pub fn warn(message: &str) {
    log(Level::Warn, message, &[]);
}

/// How far long work is, from 0 to 1, with a short text.
pub fn progress(fraction: f32, message: &str) {
    raw::progress(Some(fraction.clamp(0.0, 1.0)), message);
}

/// That long work goes on, when nobody knows how far it is.
pub fn working(message: &str) {
    raw::progress(None, message);
}

/// True once the caller has given up; long work should stop.
#[must_use]
pub fn cancelled() -> bool {
    raw::cancelled()
}
