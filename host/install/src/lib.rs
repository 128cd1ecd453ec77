//! Plugins from registries: what would be installed and what it may reach, shown to a person before it is; where each came from, in a
//! lock file; and what was revoked since.
//!
//! This crate must know neither the network nor the gateway: registries come as sources, which are checked by `octi_registry`, and
//! plugins go to the engine, which tries them before they run.

mod catalogue;
mod grants;
mod installer;
mod lock;
mod offers;
mod origins;
mod publishers;
mod refusal;
mod registries;
mod review;
mod rights;
mod similar;
mod text;
mod texts;
mod watch;

#[cfg(test)]
mod tests;

pub use catalogue::{Available, Search};
pub use installer::{Answer, Installer, InstallerParts};
pub use lock::{Lock, LockError, Locked};
pub use origins::Origin;
pub use publishers::Publisher;
pub use refusal::Refusal;
pub use registries::{OpenSource, RegistrySetup};
pub use review::{Ask, Review, ReviewLine};
pub use texts::OfferText;
pub use watch::RegistryStatus;
