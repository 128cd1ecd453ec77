//! Ids, names and query parameters.

use std::str::FromStr;

use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Path as RawPath, Query as RawQuery};
use axum::http::request::Parts;
use octi_api::decode;
use octi_api::error::ErrorCode;
use octi_domain::ids::{ParseIdError, TypedId};
use serde::de::DeserializeOwned;

use crate::error::ApiError;

/// The one id in the path.
#[derive(Debug)]
pub(crate) struct Id<T>(pub(crate) T);

impl<S: Send + Sync, T: TypedId + FromStr<Err = ParseIdError>> FromRequestParts<S> for Id<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path(text) = Path::<String>::from_request_parts(parts, state).await?;
        text.parse().map(Self).map_err(|error: ParseIdError| ApiError::new(ErrorCode::InvalidPath, error.to_string()))
    }
}

/// The names in the path.
#[derive(Debug)]
pub(crate) struct Path<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match RawPath::<T>::from_request_parts(parts, state).await {
            Ok(RawPath(names)) => Ok(Self(names)),
            Err(error) => Err(ApiError::new(ErrorCode::InvalidPath, error.body_text())),
        }
    }
}

/// The query parameters.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        match RawQuery::<T>::try_from_uri(&parts.uri) {
            Ok(RawQuery(query)) => Ok(Self(query)),
            Err(error) => Err(misread(&error)),
        }
    }
}

/// The parameter that is wrong, or missing.
fn misread(error: &QueryRejection) -> ApiError {
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        if let Some(located) = inner.downcast_ref::<serde_path_to_error::Error<serde::de::value::Error>>() {
            return decode::located(located).into();
        }
        cause = inner.source();
    }
    ApiError::new(ErrorCode::InvalidField, error.body_text())
}
