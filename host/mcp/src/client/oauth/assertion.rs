//! What octi shows in place of a secret: a short statement, signed with its private key (RFC 7523).

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use octi_domain::ambient::Ambient;
use serde_json::json;

/// Who finds it on its way must be quick.
const SECONDS_GOOD: i64 = 60;

/// A statement of that client for that authorization server.
///
/// # Errors
/// Why the key, a text in PEM, signs nothing.
pub(super) fn signed(key: &str, client_id: &str, issuer: &str, ambient: &Ambient) -> Result<String, String> {
    let (now, once) = (ambient.now().timestamp(), BASE64_URL_SAFE_NO_PAD.encode(ambient.bytes::<16>()));
    let claims = json!({
        "iss": client_id, "sub": client_id, "aud": issuer, "iat": now, "exp": now + SECONDS_GOOD, "jti": once,
    });
    for (algorithm, made) in [
        (Algorithm::ES256, EncodingKey::from_ec_pem(key.as_bytes())),
        (Algorithm::EdDSA, EncodingKey::from_ed_pem(key.as_bytes())),
        (Algorithm::RS256, EncodingKey::from_rsa_pem(key.as_bytes())),
    ] {
        let signed = made.and_then(|key| jsonwebtoken::encode(&Header::new(algorithm), &claims, &key));
        if let Ok(statement) = signed {
            return Ok(statement);
        }
    }
    Err("it is no private key in PEM for P-256, Ed25519 or RSA; `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256` makes one".to_owned())
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{DecodingKey, Validation, decode};
    use serde_json::Value;

    use super::*;

    #[test]
    fn each_kind_of_key_signs_who_octi_is_and_for_whom_and_not_for_long() {
        let (ec, ed25519, rsa) = (
            include_str!("../../../tests/keys/ec.pem"),
            include_str!("../../../tests/keys/ed25519.pem"),
            include_str!("../../../tests/keys/rsa.pem"),
        );
        for (key, public, algorithm) in [
            (ec, DecodingKey::from_ec_pem(include_bytes!("../../../tests/keys/ec.pub.pem")), Algorithm::ES256),
            (ed25519, DecodingKey::from_ed_pem(include_bytes!("../../../tests/keys/ed25519.pub.pem")), Algorithm::EdDSA),
            (rsa, DecodingKey::from_rsa_pem(include_bytes!("../../../tests/keys/rsa.pub.pem")), Algorithm::RS256),
        ] {
            let public = public.unwrap();
            let mut held_to = Validation::new(algorithm);
            held_to.set_audience(&["https://login.example"]);
            let claims = || {
                let statement = signed(key, "robot", "https://login.example", &Ambient::system()).unwrap();
                decode::<Value>(&statement, &public, &held_to).unwrap().claims
            };
            let (one, another) = (claims(), claims());
            assert_eq!((&one["iss"], &one["sub"]), (&json!("robot"), &json!("robot")));
            assert_eq!(one["exp"].as_i64().unwrap() - one["iat"].as_i64().unwrap(), SECONDS_GOOD);
            assert_ne!(one["jti"], another["jti"], "each is good once");
        }
        for no_key in [include_str!("../../../tests/keys/other.pem"), "no key", ""] {
            let why = signed(no_key, "robot", "https://login.example", &Ambient::system()).unwrap_err();
            assert!(why.contains("openssl genpkey"), "{why}");
        }
    }
}
