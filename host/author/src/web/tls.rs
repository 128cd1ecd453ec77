//! The scripted web over TLS: one key, made when the web starts and believed by its door alone, vouches for whatever name is asked for.
//!
//! The certificates have the few fields that a verifier looks at (RFC 5280), written here in DER: a library that makes certificates
//! would be much larger than they are.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use octi_security::sandbox::egress::Authorities;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, SigningKey};
use tokio_rustls::TlsAcceptor;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const UTF8: u8 = 0x0c;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// `[2]` in a name of a host.
const DNS_NAME: u8 = 0x82;
/// `ecdsa-with-SHA256`, with its tag.
const ECDSA_SHA256: &[u8] = &[0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
/// `id-ecPublicKey` and `prime256v1`, with their tags.
const P256: &[u8] = &[0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
/// `subjectAltName`, with its tag.
const ALT_NAME: &[u8] = &[0x06, 3, 0x55, 0x1d, 0x11];
/// `commonName`, with its tag.
const COMMON_NAME: &[u8] = &[0x06, 3, 0x55, 0x04, 3];

/// The key that vouches.
pub(super) struct Identity {
    key: EcdsaKeyPair,
    signing: Arc<dyn SigningKey>,
    random: SystemRandom,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

impl Identity {
    /// A new one; none when the system gives no random numbers.
    pub(super) fn new() -> Option<Self> {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).ok()?;
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref(), &random).ok()?;
        let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(document.as_ref().to_vec()));
        let signing = rustls::crypto::ring::sign::any_supported_type(&private).ok()?;
        Some(Self { key, signing, random })
    }

    /// Who believes this believes every name that is asked for.
    pub(super) fn authorities(&self) -> Option<Authorities> {
        let text = BASE64_STANDARD.encode(self.certificate(None)?);
        let pem = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
        Authorities::from_pem(pem.as_bytes()).ok()
    }

    /// What answers handshakes.
    pub(super) fn acceptor(self) -> Option<TlsAcceptor> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok()?;
        let config = config.with_no_client_auth().with_cert_resolver(Arc::new(self));
        Some(TlsAcceptor::from(Arc::new(config)))
    }

    fn certificate(&self, host: Option<&str>) -> Option<Vec<u8>> {
        let algorithm = der(SEQUENCE, &[ECDSA_SHA256]);
        let name = der(SEQUENCE, &[&der(SET, &[&der(SEQUENCE, &[COMMON_NAME, &der(UTF8, &[b"octi cases"])])])]);
        let validity = der(SEQUENCE, &[&der(UTC_TIME, &[b"000101000000Z"]), &der(GENERALIZED_TIME, &[b"21000101000000Z"])]);
        let key = der(SEQUENCE, &[&der(SEQUENCE, &[P256]), &der(BIT_STRING, &[&[0], self.key.public_key().as_ref()])]);
        let extensions = host.map(|host| {
            let names = der(SEQUENCE, &[&der(DNS_NAME, &[host.as_bytes()])]);
            let extension = der(SEQUENCE, &[ALT_NAME, &der(OCTET_STRING, &[&names])]);
            der(0xa3, &[&der(SEQUENCE, &[&extension])])
        });
        let version = der(0xa0, &[&der(INTEGER, &[&[2]])]);
        let serial = der(INTEGER, &[&[1]]);
        let parts = [&version, &serial, &algorithm, &name, &validity, &name, &key].map(Vec::as_slice);
        let body = der(SEQUENCE, &[&parts.concat(), extensions.as_deref().unwrap_or_default()]);
        let signature = self.key.sign(&self.random, &body).ok()?;
        Some(der(SEQUENCE, &[&body, &algorithm, &der(BIT_STRING, &[&[0], signature.as_ref()])]))
    }
}

impl ResolvesServerCert for Identity {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let certificate = CertificateDer::from(self.certificate(hello.server_name())?);
        Some(Arc::new(CertifiedKey::new(vec![certificate], Arc::clone(&self.signing))))
    }
}

/// A value in DER (X.690): its tag, its length, and what is in it.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let length = body.len().to_be_bytes();
    let digits = length.iter().skip_while(|digit| **digit == 0).copied().collect::<Vec<u8>>();
    let mut value = vec![tag];
    if body.len() < 0x80 {
        value.extend(digits.first().or(Some(&0)));
    } else {
        // At most eight digits.
        value.push(0x80 | digits.len() as u8);
        value.extend(digits);
    }
    value.extend(body);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_as_short_as_they_can_be() {
        for (length, head) in [(0, &[4, 0][..]), (127, &[4, 127]), (128, &[4, 0x81, 128]), (300, &[4, 0x82, 1, 44])] {
            let value = der(OCTET_STRING, &[&vec![0; length]]);
            assert_eq!((value.get(..head.len()), value.len()), (Some(head), head.len() + length));
        }
    }

    #[test]
    fn the_identity_can_be_believed() {
        assert!(Identity::new().unwrap().authorities().is_some());
    }
}
