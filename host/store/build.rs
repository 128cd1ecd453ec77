//! Rebuilds the crate when a migration is added: they are embedded, and cargo watches only this folder by itself.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=../../migrations");
}
