//! A stand-in for the addresses at which programs describe themselves: one of them is `https://app.example/octi.json`.

use async_trait::async_trait;
use serde_json::json;

use crate::ports::{PortError, ProgramDocuments};

/// The address of the program that is there.
pub(super) const PROGRAM: &str = "https://app.example/octi.json";

pub(super) struct FakeDocuments;

#[async_trait]
impl ProgramDocuments for FakeDocuments {
    async fn read(&self, url: &str) -> Result<Vec<u8>, PortError> {
        if url != PROGRAM {
            return Err(PortError::Upstream("nobody is there".to_owned()));
        }
        let redirects = ["http://127.0.0.1/cb", "https://app.example/cb"];
        Ok(json!({"client_id": PROGRAM, "client_name": "App", "redirect_uris": redirects}).to_string().into_bytes())
    }
}
