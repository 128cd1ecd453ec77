//! `POST /api/plugins` and `POST /api/plugins/inspect`: plugin files.

use axum::Json as Answer;
use axum::extract::State;
use axum::http::StatusCode;
use octi_api::error::ErrorCode;
use octi_api::v1::plugins::{InstallQuery, Plugin, PluginInspection};
use octi_security::audit::Deed;

use crate::error::{ApiError, ApiResult};
use crate::extract::{Admin, Bytes, Caller, Query};
use crate::ports::PortError;
use crate::state::Gateway;

/// Installs a plugin file: checks all of it, keeps it and swaps it in. Running calls end on the old one.
#[utoipa::path(post, path = "/api/plugins", tag = "plugins", params(InstallQuery), request_body(content = Vec<u8>, content_type = "application/wasm"), responses((status = 201, body = Plugin)))]
pub(super) async fn install(
    State(gateway): State<Gateway>,
    Admin(caller): Admin,
    Query(query): Query<InstallQuery>,
    Bytes(bytes): Bytes,
) -> ApiResult<(StatusCode, Answer<Plugin>)> {
    query.file_name.as_deref().map(plain_name).transpose()?;
    let file_name = query.file_name.clone();
    let plugin = gateway.plugins.install(&caller.principal, some(bytes)?, query).await.inspect_err(|error| {
        if let PortError::Refused(why) = error {
            gateway.audit.note(Some(caller.user_id), &Deed::PluginRefused { plugin: file_name.as_deref(), why });
        }
    })?;
    let (version, digest) = (plugin.version.as_str(), plugin.digest.as_str());
    gateway.audit.note(Some(caller.user_id), &Deed::PluginInstalled { plugin: &plugin.id, version, digest });
    tracing::info!(plugin = plugin.id, version = plugin.version, user_id = %caller.user_id, "plugin installed");
    Ok((StatusCode::CREATED, Answer(plugin)))
}

/// What a plugin file holds, without installing or running it.
#[utoipa::path(post, path = "/api/plugins/inspect", tag = "plugins", params(InstallQuery), request_body(content = Vec<u8>, content_type = "application/wasm"), responses((status = 200, body = PluginInspection)))]
pub(super) async fn inspect(
    State(gateway): State<Gateway>,
    _caller: Caller,
    Query(query): Query<InstallQuery>,
    Bytes(bytes): Bytes,
) -> ApiResult<Answer<PluginInspection>> {
    let file_name = query.file_name.as_deref().map(plain_name).transpose()?;
    Ok(Answer(gateway.plugins.inspect(some(bytes)?, file_name).await?))
}

fn some(bytes: axum::body::Bytes) -> ApiResult<Vec<u8>> {
    if bytes.is_empty() {
        return Err(ApiError::new(ErrorCode::Refused, "the body is empty; send the bytes of a plugin's `.wasm` file"));
    }
    Ok(bytes.into())
}

/// The name becomes a file in the plugins folder, so it must not lead anywhere else.
fn plain_name(name: &str) -> ApiResult<&str> {
    let is_plain = name.ends_with(".wasm")
        && name.len() <= 128
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if is_plain {
        Ok(name)
    } else {
        let message =
            "the name of a plugin's file has letters, digits, `-`, `_` and `.`, and ends in `.wasm`, such as `weather.wasm`";
        Err(ApiError::field("fileName", message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere_else() {
        assert_eq!(plain_name("weather-1.2.wasm"), Ok("weather-1.2.wasm"));
        for name in ["", "weather", "../x.wasm", "a/b.wasm", ".x.wasm", "a\0.wasm", "a\\b.wasm"] {
            assert!(plain_name(name).is_err(), "{name}");
        }
    }
}
