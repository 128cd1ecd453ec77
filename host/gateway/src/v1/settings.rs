//! `/api/settings`: what holds for everybody on this host. For administrators only, reading too: addresses of the house are in it.

use axum::Json as Answer;
use axum::extract::State;
use octi_api::error::ErrorCode;
use octi_api::page::Page;
use octi_api::v1::settings::{SetSetting, SetSettings, Setting, SettingEffective, SettingKind, SettingSource};
use octi_settings::{Effective, Entry, Kind, SettingsError, Snapshot, Source};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{ApiError, ApiResult};
use crate::extract::{Admin, Json, Path};
use crate::state::Gateway;

pub(crate) fn routes() -> OpenApiRouter<Gateway> {
    OpenApiRouter::new().routes(routes!(list, set_several)).routes(routes!(get, set, reset))
}

/// Every setting with the value that holds and where it comes from; never the value of a secret.
#[utoipa::path(get, path = "/api/settings", tag = "settings", responses((status = 200, body = Page<Setting>)))]
async fn list(State(gateway): State<Gateway>, _admin: Admin) -> Answer<Page<Setting>> {
    Answer(Page::whole(gateway.settings.now().entries().map(to_api).collect()))
}

/// One setting.
#[utoipa::path(get, path = "/api/settings/{key}", tag = "settings", params(("key" = String, Path)), responses((status = 200, body = Setting)))]
async fn get(State(gateway): State<Gateway>, _admin: Admin, Path(key): Path<String>) -> ApiResult<Answer<Setting>> {
    one(&gateway.settings.now(), &key)
}

/// Stores a value, which is stronger than the environment, `config.toml` and the default.
#[utoipa::path(put, path = "/api/settings/{key}", tag = "settings", params(("key" = String, Path)), request_body = SetSetting, responses((status = 200, body = Setting)))]
async fn set(
    State(gateway): State<Gateway>,
    Admin(caller): Admin,
    Path(key): Path<String>,
    Json(body): Json<SetSetting>,
) -> ApiResult<Answer<Setting>> {
    let values = [(key, body.value)];
    let now = gateway.settings.set(&caller.principal, &values).await.map_err(|error| refused(error, |_| "value".to_owned()))?;
    one(&now, &values[0].0)
}

/// Stores several values, all or none, and answers with those settings.
#[utoipa::path(put, path = "/api/settings", tag = "settings", request_body = SetSettings, responses((status = 200, body = Page<Setting>)))]
async fn set_several(
    State(gateway): State<Gateway>,
    Admin(caller): Admin,
    Json(body): Json<SetSettings>,
) -> ApiResult<Answer<Page<Setting>>> {
    let values: Vec<_> = body.values.into_iter().collect();
    let place = |key: &str| format!("values.{key}");
    let now = gateway.settings.set(&caller.principal, &values).await.map_err(|error| refused(error, place))?;
    let changed = now.entries().filter(|entry| values.iter().any(|(key, _)| key == entry.definition.key));
    Ok(Answer(Page::whole(changed.map(to_api).collect())))
}

/// Takes away what is stored, so that the environment, `config.toml` or the default holds.
#[utoipa::path(delete, path = "/api/settings/{key}", tag = "settings", params(("key" = String, Path)), responses((status = 200, body = Setting)))]
async fn reset(State(gateway): State<Gateway>, Admin(caller): Admin, Path(key): Path<String>) -> ApiResult<Answer<Setting>> {
    let now = gateway.settings.reset(&caller.principal, &key).await.map_err(|error| refused(error, |_| "key".to_owned()))?;
    one(&now, &key)
}

fn one(now: &Snapshot, key: &str) -> ApiResult<Answer<Setting>> {
    let entry = now.entry(key).ok_or_else(|| refused(SettingsError::Unknown(key.to_owned()), |_| String::new()))?;
    Ok(Answer(to_api(entry)))
}

/// What the client hears. `place` is where the value of a key stands in its body.
fn refused(error: SettingsError, place: impl Fn(&str) -> String) -> ApiError {
    match error {
        SettingsError::Vault(error) => error.into(),
        SettingsError::Store(error) => error.into(),
        SettingsError::Invalid { key, problem } => {
            let dot = if problem.path.is_empty() || problem.path.starts_with('[') { "" } else { "." };
            let path = format!("{}{dot}{}", place(key), problem.path);
            ApiError::field(path, format!("`{key}` cannot be that: {}", problem.message))
        }
        SettingsError::TooMany { .. } => ApiError::field("values", error.to_string()),
        SettingsError::Unknown(_) => ApiError::new(ErrorCode::NotFound, error.to_string()),
        SettingsError::Fixed { .. } => ApiError::new(ErrorCode::Refused, error.to_string()),
        SettingsError::NotAdmin => ApiError::new(ErrorCode::Forbidden, error.to_string()),
    }
}

fn to_api(entry: &Entry) -> Setting {
    let definition = entry.definition;
    let is_number = definition.kind == Kind::Number;
    let bounds = definition.bounds.filter(|_| is_number);
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    Setting {
        key: definition.key.to_owned(),
        category: definition.category().to_owned(),
        kind: match definition.kind {
            Kind::String => SettingKind::String,
            Kind::Number => SettingKind::Number,
            Kind::Boolean => SettingKind::Boolean,
            Kind::Json => SettingKind::Json,
            Kind::StringArray => SettingKind::StringArray,
        },
        description: definition.description.to_owned(),
        value: entry.value().cloned(),
        default: entry.default(),
        source: match entry.source {
            Source::Database => SettingSource::Database,
            Source::Environment => SettingSource::Environment,
            Source::File => SettingSource::File,
            Source::Default => SettingSource::Default,
        },
        secret: definition.is_secret,
        is_set: entry.is_set(),
        env_var: definition.variable.map(str::to_owned),
        file_key: definition.file_key.map(str::to_owned),
        read_only: definition.fixed.is_some(),
        read_only_reason: definition.fixed.map(str::to_owned),
        effective: match definition.effective {
            Effective::AtOnce => SettingEffective::AtOnce,
            Effective::AtNextStart => SettingEffective::AtNextStart,
        },
        allowed: Some(definition.allowed).filter(|allowed| !allowed.is_empty()).map(words),
        minimum: bounds.map(|(least, _)| least),
        maximum: bounds.map(|(_, most)| most),
        problem: entry.problem.clone(),
    }
}
