//! Real programs in the real sandbox. Each test prints the layers that held while it ran.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "the helpers of these tests are tests too, and report the level they ran at"
)]

#[path = "process/background.rs"]
mod background;
#[path = "process/bounds.rs"]
mod bounds;
#[path = "process/calls.rs"]
mod calls;
#[path = "process/death.rs"]
mod death;
#[path = "process/git.rs"]
mod git;
#[path = "process/levels.rs"]
mod levels;
#[path = "process/mounts.rs"]
mod mounts;
#[path = "process/network.rs"]
mod network;
#[path = "process/profiles.rs"]
mod profiles;
#[path = "process/promise.rs"]
mod promise;
#[path = "process/support.rs"]
mod support;
#[path = "process/walls.rs"]
mod walls;
