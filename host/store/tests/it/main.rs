//! The store, on both databases. One binary, so that it is linked once.

#[cfg(test)]
#[path = "../../../testkit/src/db.rs"]
pub mod db;

#[cfg(test)]
mod answered;
#[cfg(test)]
mod behind;
#[cfg(test)]
mod compactions;
#[cfg(test)]
mod conversations;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod granted;
#[cfg(test)]
mod guarded;
#[cfg(test)]
mod house;
#[cfg(test)]
mod memory;
#[cfg(test)]
mod migrating;
#[cfg(test)]
mod notified;
#[cfg(test)]
mod opening;
#[cfg(test)]
mod orgs;
#[cfg(test)]
mod owners;
#[cfg(test)]
mod people;
#[cfg(test)]
mod programs;
#[cfg(test)]
mod records;
#[cfg(test)]
mod searching;
#[cfg(test)]
mod tenancy;
#[cfg(test)]
mod timeline;
#[cfg(test)]
mod transactions;
#[cfg(test)]
mod working;
