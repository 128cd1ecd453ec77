//! Whose certificates are believed: the authorities of the system, and those that the operator adds.

use std::io;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls_platform_verifier::Verifier;

/// Certificate authorities besides those of the system, such as a company's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Authorities(Vec<CertificateDer<'static>>);

impl Authorities {
    /// The certificates of a PEM file ([RFC 7468](https://www.rfc-editor.org/rfc/rfc7468)).
    ///
    /// # Errors
    /// Says which certificate is none, or that there is none at all.
    pub fn from_pem(pem: &[u8]) -> Result<Self, String> {
        let mut trusted = rustls::RootCertStore::empty();
        let mut found = Vec::new();
        for (number, certificate) in (1..).zip(CertificateDer::pem_slice_iter(pem)) {
            let unusable = |error: &dyn std::fmt::Display| format!("certificate number {number} cannot be used: {error}");
            let certificate = certificate.map_err(|error| unusable(&error))?;
            trusted.add(certificate.clone()).map_err(|error| unusable(&error))?;
            found.push(certificate);
        }
        if found.is_empty() {
            return Err("it holds no certificate: one begins with `-----BEGIN CERTIFICATE-----`".to_owned());
        }
        Ok(Self(found))
    }
}

/// A configuration that believes the system's authorities and these. Where no TLS is `wanted` it believes nobody, so that a machine
/// without certificates can still reach what needs none.
pub(super) fn tls(wanted: bool, more: &Authorities) -> Result<ClientConfig, String> {
    let provider = || Arc::new(rustls::crypto::ring::default_provider());
    let setup = |error: rustls::Error| error.to_string();
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().map_err(setup)?;
    if !wanted {
        return Ok(builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth());
    }
    let verifier = Verifier::new_with_extra_roots(more.0.iter().cloned(), provider()).map_err(setup)?;
    // `dangerous` because a verifier may be anything; this one checks like that of the platform.
    Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
}

/// What to do about a server that is not believed; none when something else is wrong.
pub(super) fn advice(error: &(dyn std::error::Error + 'static)) -> Option<&'static str> {
    let untrusted = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
    // A handshake is input and output, so its error comes in one of those, or in two.
    let mut error = error;
    while let Some(inside) = error.downcast_ref().and_then(io::Error::get_ref) {
        error = inside;
    }
    (error.downcast_ref() == Some(&untrusted)).then_some(
        "its certificate is from an authority that this host does not trust: if it is your own, name its PEM file in `OCTI_CA_FILE`",
    )
}
