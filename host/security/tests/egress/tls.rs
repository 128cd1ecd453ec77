//! Servers that are believed, over HTTP/2 and HTTP/1.1, and servers that are not.

use bytes::Bytes;
use octi_security::sandbox::egress::Authorities;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::*;

const AUTHORITY: &str = include_str!("../forge/authority.pem");
const CERTIFICATE: &str = include_str!("../forge/certificate.pem");
const KEY: &str = include_str!("../forge/key.pem");

/// A server with the certificate of `forge.test` that says how it was spoken to. It ends with the test.
struct Forge {
    address: SocketAddr,
    _serving: JoinSet<()>,
}

impl Forge {
    async fn speaking(protocols: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let certificates = vec![CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
        let mut config = builder.with_no_client_auth().with_single_cert(certificates, key).unwrap();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(answer(acceptor.clone(), stream));
            }
        });
        Self { address, _serving: serving }
    }

    fn door(&self, authorities: Authorities) -> Egress {
        Egress::new(EgressPolicy {
            lookup: Arc::new(Names::of(&[("*", &[&["93.184.216.34"]])])),
            route: Arc::new(Dials::to(self.address)),
            authorities,
            ..EgressPolicy::default()
        })
    }
}

async fn answer(acceptor: TlsAcceptor, stream: TcpStream) {
    // A client that does not believe us hangs up.
    let Ok(mut stream) = acceptor.accept(stream).await else { return };
    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
        let mut connection = h2::server::handshake(stream).await.unwrap();
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            let mut body = respond.send_response(http::Response::new(()), false).unwrap();
            body.send_data(Bytes::from_static(b"HTTP/2"), true).unwrap();
        }
    } else {
        let mut head = [0; 4_096];
        let _read = stream.read(&mut head).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\nconnection: close\r\n\r\nHTTP/1.1").await.unwrap();
        stream.shutdown().await.unwrap();
    }
}

fn ours() -> Authorities {
    Authorities::from_pem(AUTHORITY.as_bytes()).unwrap()
}

async fn ask(egress: &Egress, at: &str) -> Result<String, EgressError> {
    let mut response = egress.fetch(&allow(&["*"]), Request::new(Method::GET, url(at))).await?;
    Ok(String::from_utf8(read_all(&mut response).await?).unwrap())
}

/// The same with the client that libraries are given.
async fn ask_as_a_library(egress: &Egress, at: &str) -> Result<String, String> {
    let client = egress.client(&url(at), &allow(&["*"])).map_err(|error| error.to_string())?;
    let answer = client.get(at).send().await.map_err(|error| format!("{error:?}"))?;
    answer.text().await.map_err(|error| error.to_string())
}

#[tokio::test]
async fn an_authority_of_the_operator_is_believed_over_either_protocol() {
    for (protocols, spoken) in [(&["h2", "http/1.1"][..], "HTTP/2"), (&["http/1.1"], "HTTP/1.1"), (&[], "HTTP/1.1")] {
        let forge = Forge::speaking(protocols).await;
        let egress = forge.door(ours());
        assert_eq!(ask(&egress, "https://forge.test/").await, Ok(spoken.to_owned()), "{protocols:?}");
        assert_eq!(ask_as_a_library(&egress, "https://forge.test/").await, Ok(spoken.to_owned()), "{protocols:?}");
    }
}

#[tokio::test]
async fn without_it_nobody_is_believed_and_the_refusal_says_what_to_do() {
    let forge = Forge::speaking(&["h2"]).await;
    let egress = forge.door(Authorities::default());
    let refused = ask(&egress, "https://forge.test/").await;
    assert!(matches!(&refused, Err(EgressError::Failed(text)) if text.contains("`OCTI_CA_FILE`")), "{refused:?}");
    let refused = ask_as_a_library(&egress, "https://forge.test/").await;
    assert!(refused.as_ref().is_err_and(|error| error.contains("UnknownIssuer")), "{refused:?}");
}

#[tokio::test]
async fn a_certificate_of_another_name_is_refused() {
    let forge = Forge::speaking(&["h2"]).await;
    let refused = ask(&forge.door(ours()), "https://other.test/").await;
    let says = "not valid for name";
    assert!(matches!(&refused, Err(EgressError::Failed(text)) if text.contains(says)), "{refused:?}");
}

#[test]
fn a_file_that_holds_no_authority_is_refused_in_words() {
    let damaged = AUTHORITY.replacen("MII", "AAA", 1);
    for (pem, says) in [
        (KEY, "it holds no certificate"),
        ("", "it holds no certificate"),
        (damaged.as_str(), "certificate number 1 cannot be used"),
        (&AUTHORITY.replace("-----END", "----END"), "certificate number 1 cannot be used"),
    ] {
        let refused = Authorities::from_pem(pem.as_bytes());
        assert!(refused.as_ref().is_err_and(|problem| problem.contains(says)), "{pem}: {refused:?}");
    }
}
