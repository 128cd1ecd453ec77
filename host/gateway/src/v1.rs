//! The REST routes: a folder per resource, a file per endpoint of substance.

pub(crate) mod agents;
pub(crate) mod artifacts;
pub(crate) mod audit;
pub(crate) mod auth;
pub(crate) mod cursor;
pub(crate) mod gateway;
pub(crate) mod health;
pub(crate) mod mcp;
pub(crate) mod metrics;
pub(crate) mod models;
pub(crate) mod notifications;
pub(crate) mod orgs;
pub(crate) mod permissions;
pub(crate) mod plugin_offers;
pub(crate) mod plugin_publishers;
pub(crate) mod plugin_registries;
pub(crate) mod plugins;
pub(crate) mod programs;
pub(crate) mod questions;
pub(crate) mod search;
pub(crate) mod secrets;
pub(crate) mod sessions;
pub(crate) mod settings;
pub(crate) mod setup;
pub(crate) mod skills;
pub(crate) mod tools;
pub(crate) mod workspaces;

use octi_api::page::Page;
use octi_domain::limits;

use crate::error::{ApiError, ApiResult};

/// The rows of a page: what was asked for, when it is within bounds.
fn page_rows(asked: Option<u32>) -> ApiResult<u32> {
    match asked {
        None => Ok(limits::PAGE_ROWS_DEFAULT),
        Some(rows @ 1..=limits::PAGE_ROWS_MAX) => Ok(rows),
        Some(_) => Err(ApiError::field("limit", format!("a page has 1 to {} rows; read on with `next`", limits::PAGE_ROWS_MAX))),
    }
}

/// One page of what was found when so many rows were asked for; a full one names the place where the next begins.
fn page<R, T>(found: Vec<R>, rows: u32, place: impl FnOnce(&R) -> String, item: impl FnMut(R) -> T) -> Page<T> {
    let is_full = found.len() == rows as usize;
    let next = found.last().filter(|_| is_full).map(place);
    Page { items: found.into_iter().map(item).collect(), next }
}

/// The name that a person gives something, without the blanks around it.
fn checked_name(name: &str, chars_max: usize) -> ApiResult<String> {
    let name = name.trim();
    let count = name.chars().count();
    if count == 0 || count > chars_max || name.chars().any(char::is_control) {
        return Err(ApiError::field("name", format!("a name has 1 to {chars_max} printable characters")));
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_never_larger_than_allowed() {
        assert_eq!(page_rows(Some(limits::PAGE_ROWS_MAX)), Ok(limits::PAGE_ROWS_MAX));
        assert_eq!(page_rows(None), Ok(limits::PAGE_ROWS_DEFAULT));
        for rows in [0, limits::PAGE_ROWS_MAX + 1, u32::MAX] {
            assert_eq!(page_rows(Some(rows)).unwrap_err().path(), Some("limit"), "{rows}");
        }
    }

    #[test]
    fn only_a_full_page_has_a_next_one() {
        let page = |rows| page(vec![1, 2], rows, ToString::to_string, |row| row * 10);
        assert_eq!(page(2), Page { items: vec![10, 20], next: Some("2".to_owned()) });
        assert_eq!(page(3), Page { items: vec![10, 20], next: None });
    }
}
