//! Whose plugin it is, and whether it is what they published: statements and their signatures, keys and trust in them, the signed
//! index, revocations, and packages as an OCI layout.
//!
//! This crate must know neither the network nor the engine. What is fetched comes through [`Source`], and every byte of it is checked
//! here before anybody believes it.

mod digest;
mod document;
mod envelope;
pub mod freshness;
pub mod index;
pub mod keys;
pub mod layout;
mod name;
mod oci;
pub mod package;
mod registry;
pub mod revocation;
pub mod section;
pub mod seen;
pub mod signature;
pub mod source;
pub mod state;
pub mod statement;
mod text;

#[cfg(test)]
mod fixture;

pub use digest::Digest;
pub use document::Document;
pub use envelope::EnvelopeError;
pub use keys::{PublicKey, SecretKey};
pub use name::{Contract, PluginName, Version, is_reserved};
pub use oci::{Descriptor, MANIFEST_TYPE};
pub use package::Package;
pub use registry::{Offer, Registry, RegistryError};
pub use signature::Signature;
pub use source::Source;
pub use state::StateError;
pub use statement::Statement;
pub use text::TextError;
