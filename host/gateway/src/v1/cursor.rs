//! The place after which the next page of a list begins: a row's time, and its id to tell rows of the same moment apart.

use std::fmt::Display;
use std::str::FromStr;

use chrono::{DateTime, Utc};

use crate::error::{ApiError, ApiResult};

/// The place after this row.
pub(crate) fn write(at: DateTime<Utc>, id: impl Display) -> String {
    format!("{}_{id}", at.timestamp_micros())
}

/// The place that a client named.
pub(crate) fn read<T: FromStr>(cursor: &str) -> ApiResult<(DateTime<Utc>, T)> {
    let place = cursor
        .split_once('_')
        .and_then(|(micros, id)| Some((DateTime::from_timestamp_micros(micros.parse().ok()?)?, id.parse().ok()?)));
    place.ok_or_else(|| ApiError::field("cursor", "not a cursor of this list; pass `next` of the page before"))
}

#[cfg(test)]
mod tests {
    use octi_domain::ids::SessionId;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_cursor_survives_its_text() {
        let at = DateTime::from_timestamp_micros(1_234_567).unwrap();
        let id = SessionId::from(Uuid::from_u128(7));
        assert_eq!(read(&write(at, id)), Ok((at, id)));
    }

    #[test]
    fn another_text_is_refused_by_name() {
        for cursor in ["", "x", "1_x", "x_00000000-0000-0000-0000-000000000007"] {
            assert!(read::<SessionId>(cursor).is_err(), "{cursor}");
        }
    }
}
