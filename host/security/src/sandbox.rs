//! The walls around what acts: files under one directory, child processes, outgoing connections.

pub mod egress;
pub mod fs;
pub mod process;
pub mod seal;
