//! The REST routes: a folder per resource, a file per endpoint of substance.

pub(crate) mod agents;
pub(crate) mod artifacts;
pub(crate) mod audit;
pub(crate) mod auth;
mod cursor;
pub(crate) mod health;
pub(crate) mod metrics;
pub(crate) mod models;
pub(crate) mod permissions;
pub(crate) mod plugins;
pub(crate) mod secrets;
pub(crate) mod sessions;
pub(crate) mod tools;

use octi_domain::limits;

/// The rows of a page: what was asked for, within bounds.
fn page_rows(asked: Option<u32>) -> u32 {
    asked.unwrap_or(limits::PAGE_ROWS_DEFAULT).clamp(1, limits::PAGE_ROWS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_never_larger_than_allowed() {
        assert_eq!(page_rows(Some(u32::MAX)), limits::PAGE_ROWS_MAX);
        assert_eq!(page_rows(Some(0)), 1);
        assert_eq!(page_rows(None), limits::PAGE_ROWS_DEFAULT);
    }
}
