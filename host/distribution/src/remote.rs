//! An OCI registry, spoken to by `oci-client` through the [`Door`].

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use http::HeaderValue;
use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::errors::OciDistributionError;
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference};
use octi_domain::limits::{REGISTRY_ANSWER_BYTES_MAX, REGISTRY_MANIFEST_BYTES_MAX};
use octi_registry::package::Packed;
use octi_registry::source::SourceError;
use octi_registry::{Digest, Document, MANIFEST_TYPE, PluginName, Source, Version};
use secrecy::ExposeSecret as _;
use tokio::sync::{Mutex, MutexGuard};

use crate::door::{Door, Last, Trouble};
use crate::location::{OciLocation, is_component};
use crate::place::{Progress, Published};
use crate::{Access, DistributionError};

/// The repository of what a registry signs of itself. No plugin's is called so: theirs have two parts.
const OWN: &str = "octi";

/// A place in an OCI registry.
pub(crate) struct Remote {
    location: OciLocation,
    origin: String,
    client: Client,
    auth: RegistryAuth,
    door: Door,
    /// One thing is asked for at a time: what the door says of the last request is about that.
    turn: Mutex<()>,
}

/// What a registry said instead of serving.
#[derive(Debug, thiserror::Error)]
#[error("it answered {status}{}", if .said.is_empty() { String::new() } else { format!(": {}", .said) })]
struct Said {
    status: u16,
    said: String,
}

impl Remote {
    /// It waits for the disk, where the certificate authorities are, and has to be called in a runtime.
    pub(crate) fn open(location: &OciLocation, access: &Access) -> Result<Self, DistributionError> {
        let origin = location.to_string();
        let setup = |problem: String| DistributionError::Setup { origin: origin.clone(), problem };
        let door = Door::open(location, access).map_err(|error| setup(error.to_string()))?;
        let auth = access.credentials.as_ref().map_or(RegistryAuth::Anonymous, |credentials| {
            RegistryAuth::Basic(credentials.user.clone(), credentials.password.expose_secret().to_owned())
        });
        let client = client(&door).map_err(setup)?;
        Ok(Self { location: location.clone(), origin, client, auth, door, turn: Mutex::new(()) })
    }

    /// The manifest under a plugin's version, for who has no index.
    pub(crate) async fn package(&self, name: &PluginName, version: &Version) -> Result<Option<Digest>, SourceError> {
        let turn = self.turn(0).await;
        let reference = self.tag(name.as_str(), &version.to_string());
        let found = self.client.fetch_manifest_digest(&reference, &self.auth).await;
        let found = self.done(turn, &format!("`{name}` {version}"), found);
        match found {
            Ok(digest) => digest.parse().map(Some).map_err(|error: octi_registry::TextError| self.odd(name.as_str(), &error)),
            Err(SourceError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Puts a version of a plugin there.
    pub(crate) async fn publish(
        &self,
        name: &PluginName,
        version: &Version,
        package: &Packed<'_>,
        progress: Option<Progress>,
    ) -> Result<Published, DistributionError> {
        match self.package(name, version).await? {
            Some(there) if there == package.digest => return Ok(Published::Already),
            Some(there) => {
                let (origin, what) = (self.origin.clone(), format!("`{name}` {version}"));
                return Err(DistributionError::Exists { origin, what, there });
            }
            None => {}
        }
        self.push(name.as_str(), &version.to_string(), package, progress).await?;
        Ok(Published::Now)
    }

    pub(crate) async fn set_document(&self, document: Document, envelope: &[u8]) -> Result<(), DistributionError> {
        self.push(OWN, document.tag(), &document.pack(envelope), None).await
    }

    /// The blobs first, so that a manifest is never there without them, and its tag last of all.
    async fn push(
        &self,
        below: &str,
        tag: &str,
        artifact: &Packed<'_>,
        progress: Option<Progress>,
    ) -> Result<(), DistributionError> {
        let reference = self.tag(below, tag);
        if !reference.repository().split('/').all(is_component) {
            return Err(DistributionError::Name { origin: self.origin.clone(), repository: reference.repository().to_owned() });
        }
        let total = artifact.blobs.iter().map(|blob| blob.len()).chain([artifact.oci_manifest.len()]).sum::<usize>() as u64;
        let done = Arc::new(AtomicU64::new(0));
        let count: Arc<dyn Fn(u64) + Send + Sync> = Arc::new(move |bytes| {
            let done = done.fetch_add(bytes, Ordering::Relaxed) + bytes;
            if let Some(progress) = &progress {
                progress(done.min(total), total);
            }
        });
        for blob in &artifact.blobs {
            let digest = Digest::of(blob).to_string();
            let turn = self.turn(0).await;
            self.client.store_auth_if_needed(reference.resolve_registry(), &self.auth).await;
            let is_there = self.client.blob_exists(&reference, &digest).await;
            // Who may push need not be told what is there: then it is pushed.
            if is_there.unwrap_or(false) {
                count(blob.len() as u64);
                continue;
            }
            self.door.expect(0);
            self.door.tell(Some(Arc::clone(&count)));
            let pushed = self.client.push_blob(&reference, Bytes::copy_from_slice(blob), &digest).await;
            self.door.tell(None);
            self.written(turn, &reference, pushed)?;
        }
        let turn = self.turn(0).await;
        let content_type = HeaderValue::from_static(MANIFEST_TYPE);
        let pushed = self.client.push_manifest_raw(&reference, artifact.oci_manifest.clone(), content_type).await;
        self.written(turn, &reference, pushed)?;
        count(artifact.oci_manifest.len() as u64);
        Ok(())
    }

    async fn document(&self, document: Document, bytes_max: usize) -> Result<Vec<u8>, SourceError> {
        let (tag, what) = (document.tag(), format!("`{}`", document.tag()));
        let manifest = self.manifest(&self.tag(OWN, tag), &what, REGISTRY_MANIFEST_BYTES_MAX).await?;
        let layer = document.envelope(&manifest).map_err(|error| self.odd(tag, &error))?;
        self.content(OWN, layer.digest, &what, bytes_max).await
    }

    async fn manifest(&self, reference: &Reference, what: &str, bytes_max: usize) -> Result<Vec<u8>, SourceError> {
        let turn = self.turn(0).await;
        let pulled = self.client.pull_manifest_raw(reference, &self.auth, &[MANIFEST_TYPE]).await;
        let (manifest, _digest) = self.done(turn, what, pulled)?;
        if manifest.len() > bytes_max {
            return Err(SourceError::TooLarge { origin: self.origin.clone(), what: what.to_owned(), bytes_max });
        }
        Ok(manifest.into())
    }

    async fn content(&self, below: &str, digest: Digest, what: &str, bytes_max: usize) -> Result<Vec<u8>, SourceError> {
        let digest = digest.to_string();
        let reference = Reference::with_digest(self.location.host().to_owned(), self.location.repository(below), digest.clone());
        let mut bytes = Vec::new();
        let turn = self.turn(bytes_max).await;
        self.client.store_auth_if_needed(reference.resolve_registry(), &self.auth).await;
        let pulled = self.client.pull_blob(&reference, digest.as_str(), &mut bytes).await;
        self.done(turn, what, pulled)?;
        Ok(bytes)
    }

    fn tag(&self, below: &str, tag: &str) -> Reference {
        Reference::with_tag(self.location.host().to_owned(), self.location.repository(below), tag.to_owned())
    }

    async fn turn(&self, blob_bytes_max: usize) -> MutexGuard<'_, ()> {
        let turn = self.turn.lock().await;
        self.door.expect(blob_bytes_max);
        turn
    }

    /// What was asked for, or why not, as the door saw it.
    fn done<T>(&self, _turn: MutexGuard<'_, ()>, what: &str, result: Result<T, OciDistributionError>) -> Result<T, SourceError> {
        result.map_err(|error| self.explain(what, error, self.door.last()))
    }

    fn explain(&self, what: &str, error: OciDistributionError, last: Last) -> SourceError {
        let (origin, what) = (self.origin.clone(), what.to_owned());
        match last.trouble {
            Some(Trouble::TooLarge(bytes_max)) => return SourceError::TooLarge { origin, what, bytes_max },
            Some(trouble) => return SourceError::Unavailable { origin, because: trouble.into() },
            None => {}
        }
        let status = last.status.map_or(0, |status| status.as_u16());
        match (status, error) {
            (_, OciDistributionError::DigestError(error)) => SourceError::OtherBytes { origin, what, because: error.into() },
            (401 | 403, _) => SourceError::Unauthorized { origin, what, advice: self.advice() },
            (404, _) => SourceError::Missing { origin, what },
            (400.., _) => SourceError::Unavailable { origin, because: Said { status, said: said(&last.said) }.into() },
            (_, error) => SourceError::Unavailable { origin, because: error.into() },
        }
    }

    fn written<T>(
        &self,
        turn: MutexGuard<'_, ()>,
        reference: &Reference,
        result: Result<T, OciDistributionError>,
    ) -> Result<T, DistributionError> {
        let error = match result {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        let last = self.door.last();
        drop(turn);
        let (origin, what) = (self.origin.clone(), format!("`{}`", reference.repository()));
        match last.status.map_or(0, |status| status.as_u16()) {
            _ if last.trouble.is_some() => Err(self.explain(&what, error, last).into()),
            401 | 403 => Err(DistributionError::MayNotWrite { origin, what, advice: self.advice() }),
            400..=499 => Err(DistributionError::NotTaken { origin, what, said: said(&last.said) }),
            _ => Err(self.explain(&what, error, last).into()),
        }
    }

    const fn advice(&self) -> &'static str {
        match self.auth {
            RegistryAuth::Anonymous => {
                "sign in with `docker login`, or set `OCTI_REGISTRY_HOST`, `OCTI_REGISTRY_USER` and `OCTI_REGISTRY_PASSWORD`"
            }
            _ => "check the user and the password, and what they may do there",
        }
    }

    fn odd(&self, what: &str, problem: &dyn std::fmt::Display) -> SourceError {
        SourceError::Malformed { origin: self.origin.clone(), what: format!("`{what}`"), problem: problem.to_string() }
    }
}

/// The client that knows no way but the door.
fn client(door: &Door) -> Result<Client, String> {
    // Its HTTP client wants to know how it would encrypt, although it never does.
    let _there_is_one = rustls::crypto::ring::default_provider().install_default();
    let config = ClientConfig {
        protocol: ClientProtocol::Http,
        platform_resolver: None,
        user_agent: concat!("octi/", env!("CARGO_PKG_VERSION")),
        https_proxy: Some(door.proxy()),
        http_proxy: Some(door.proxy()),
        ..ClientConfig::default()
    };
    // It panics on a machine that has no certificates at all.
    match catch_unwind(AssertUnwindSafe(|| Client::try_from(config))) {
        Ok(client) => client.map_err(|error| error.to_string()),
        Err(_) => Err("this machine trusts no certificate authority; install `ca-certificates`".to_owned()),
    }
}

/// What a registry says of a failure: the messages of the specification's form, or its first words.
fn said(body: &[u8]) -> String {
    const CHARS_MAX: usize = 300;
    let form: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let errors = form.as_ref().and_then(|form| form["errors"].as_array());
    let text = match errors {
        Some(errors) => errors.iter().filter_map(|error| error["message"].as_str()).collect::<Vec<_>>().join(", "),
        None => String::from_utf8_lossy(&body[..body.len().min(REGISTRY_ANSWER_BYTES_MAX)]).trim().to_owned(),
    };
    let text: String = text.chars().take(CHARS_MAX).flat_map(char::escape_debug).collect();
    if text.is_empty() { "it does not say why".to_owned() } else { text }
}

#[async_trait]
impl Source for Remote {
    fn origin(&self) -> &str {
        &self.origin
    }

    async fn index(&self, bytes_max: usize) -> Result<Vec<u8>, SourceError> {
        self.document(Document::Index, bytes_max).await
    }

    async fn feed(&self, bytes_max: usize) -> Result<Vec<u8>, SourceError> {
        self.document(Document::Revocations, bytes_max).await
    }

    async fn oci_manifest(&self, name: &PluginName, digest: Digest, bytes_max: usize) -> Result<Vec<u8>, SourceError> {
        let repository = self.location.repository(name.as_str());
        let reference = Reference::with_digest(self.location.host().to_owned(), repository, digest.to_string());
        self.manifest(&reference, &format!("package of `{name}` ({digest})"), bytes_max).await
    }

    async fn blob(&self, name: &PluginName, digest: Digest, bytes_max: usize) -> Result<Vec<u8>, SourceError> {
        self.content(name.as_str(), digest, &format!("blob of `{name}` ({digest})"), bytes_max).await
    }
}
