//! What programs read before they ask: what the MCP server is (RFC 9728), and how its authorization server is asked (RFC 8414).

use axum::Json;
use octi_security::auth::oauth::{Place, Scope};
use serde_json::{Value, json};

use super::Here;

/// The MCP server.
pub(super) async fn resource(Here(place): Here) -> Json<Value> {
    described(&place, &place.resource())
}

/// The same by its older transport.
pub(super) async fn older_resource(Here(place): Here) -> Json<Value> {
    described(&place, &place.at("/sse"))
}

fn described(place: &Place, resource: &str) -> Json<Value> {
    Json(json!({
        "resource": resource,
        "resource_name": "octi",
        "authorization_servers": [place.issuer()],
        "scopes_supported": Scope::ALL.map(Scope::as_str),
        "bearer_methods_supported": ["header"],
    }))
}

/// The authorization server.
pub(super) async fn server(Here(place): Here) -> Json<Value> {
    Json(json!({
        "issuer": place.issuer(),
        "authorization_endpoint": place.at("/oauth/authorize"),
        "token_endpoint": place.at("/oauth/token"),
        "registration_endpoint": place.at("/oauth/register"),
        "revocation_endpoint": place.at("/oauth/revoke"),
        "scopes_supported": Scope::ALL.map(Scope::as_str),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "authorization_response_iss_parameter_supported": true,
        "client_id_metadata_document_supported": true,
    }))
}
