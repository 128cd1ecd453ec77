//! What a handler asks for: who calls, which thing, with what body. An extractor that fails ends the request.

mod body;
mod caller;
mod path;

pub(crate) use body::{Bytes, Json};
pub(crate) use caller::{Admin, Caller, Checked};
pub(crate) use path::{Id, Path, Query};
