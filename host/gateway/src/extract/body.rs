//! Bodies: JSON whose first bad field is named, and plain bytes.

use axum::body::Bytes as RawBytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use octi_api::decode;
use octi_api::error::ErrorCode;
use serde::de::DeserializeOwned;

use crate::error::ApiError;

/// A JSON body. It must be extracted after the caller, so that strangers are refused before anything is read.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        // Without one, any other site could make a browser send a body: only a request that names JSON is asked about first.
        let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !is_json(kind) {
            let message = format!("the `Content-Type` is `{kind}`; this route takes `application/json`");
            return Err(ApiError::new(ErrorCode::UnsupportedMediaType, message));
        }
        let Bytes(bytes) = Bytes::from_request(request, state).await?;
        Ok(Self(decode::from_slice(&bytes)?))
    }
}

fn is_json(kind: &str) -> bool {
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence.ends_with("+json")
}

/// A body as it came.
#[derive(Debug)]
pub(crate) struct Bytes(pub(crate) RawBytes);

impl<S: Send + Sync> FromRequest<S> for Bytes {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match RawBytes::from_request(request, state).await {
            Ok(bytes) => Ok(Self(bytes)),
            Err(BytesRejection::FailedToBufferBody(error)) if error.status().as_u16() == 413 => {
                Err(ApiError::new(ErrorCode::TooLarge, "the body is larger than this route takes"))
            }
            Err(error) => Err(ApiError::new(ErrorCode::InvalidJson, format!("the body could not be read: {error}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_told_from_other_bodies() {
        assert!(is_json("application/json; charset=utf-8") && is_json("application/merge-patch+json"));
        assert!(!is_json("text/plain") && !is_json("application/wasm"));
    }
}
