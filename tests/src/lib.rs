//! What the programs of this crate share: how measurements are kept and shown. The measuring is in `tests/bench`.

pub mod report;
