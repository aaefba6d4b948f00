//! Access tokens: JWTs signed with Ed25519 (`typ: at+jwt`), 15 minutes long. The keys are made at the first start and
//! kept in the database; the newest signs, the newest two verify.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Duration;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};

use super::secrets::random_text;
use crate::db::id::{SessionId, UserId, WorkspaceId};
use crate::db::types::Instant;
use crate::http::catalogue::Code;
use crate::http::problem::Problem;

/// Life of an access token, in seconds.
pub const ACCESS_SECONDS: i64 = 15 * 60;
/// By how many seconds the clocks of servers may differ.
const CLOCKS_DIFFER: i64 = 5;
/// Age at which the server makes a new signing key when it starts.
pub const ROTATE_AFTER: Duration = Duration::days(90);

const AUDIENCE: &str = "fishpond-api";
const TYPE: &str = "at+jwt";

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    pub sub: UserId,
    pub ws: WorkspaceId,
    pub sid: SessionId,
    pub jti: String,
    pub iat: i64,
    pub nbf: i64,
    pub exp: i64,
}

impl Claims {
    /// Whether they are in force.
    pub fn check(&self, now: Instant) -> Result<(), Problem> {
        let at = now.get().timestamp();
        if self.exp < at - CLOCKS_DIFFER {
            return Err(Problem::new(Code::ExpiredToken));
        }
        if self.nbf > at + CLOCKS_DIFFER {
            return Err(Problem::new(Code::InvalidToken));
        }
        Ok(())
    }
}

/// A signing key as it is stored.
#[derive(Clone)]
pub struct StoredKey {
    pub kid: String,
    pub private_key: Vec<u8>,
    pub public_key: Vec<u8>,
    pub created_at: Instant,
}

impl StoredKey {
    pub fn generate(now: Instant) -> Result<Self, Problem> {
        let failed = |what: &str| {
            tracing::error!(what, "no signing key can be made");
            Problem::new(Code::InternalError)
        };
        let pair = Ed25519KeyPair::generate().map_err(|_| failed("generate"))?;
        let private_key = pair.to_pkcs8v1().map_err(|_| failed("encode"))?.as_ref().to_vec();
        let kid = random_text(12).map_err(|_| failed("name"))?;
        Ok(Self { kid, private_key, public_key: pair.public_key().as_ref().to_vec(), created_at: now })
    }
}

struct VerifyingKey {
    kid: String,
    public_key: String,
    decoding: DecodingKey,
}

/// The keys in use.
pub struct Keys {
    issuer: String,
    signing: (String, EncodingKey),
    verifying: Vec<VerifyingKey>,
}

/// One public key (RFC 8037).
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Jwk {
    pub kty: &'static str,
    pub crv: &'static str,
    #[serde(rename = "use")]
    pub use_: &'static str,
    pub alg: &'static str,
    pub kid: String,
    /// The public key, base64url.
    pub x: String,
}

/// The public keys that verify access tokens (RFC 7517).
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct JwkSet {
    pub keys: Vec<Jwk>,
}

impl Keys {
    /// `stored` is newest first; `None` when it is empty.
    pub fn new(issuer: &str, stored: &[StoredKey]) -> Option<Self> {
        let newest = stored.first()?;
        let verifying = stored
            .iter()
            .take(2)
            .filter_map(|key| {
                let public_key = URL_SAFE_NO_PAD.encode(&key.public_key);
                let decoding = DecodingKey::from_ed_components(&public_key).ok()?;
                Some(VerifyingKey { kid: key.kid.clone(), public_key, decoding })
            })
            .collect();
        let signing = (newest.kid.clone(), EncodingKey::from_ed_der(&newest.private_key));
        Some(Self { issuer: issuer.to_owned(), signing, verifying })
    }

    pub fn issue(&self, workspace_id: WorkspaceId, user_id: UserId, session_id: SessionId, now: Instant) -> Result<String, Problem> {
        let (kid, key) = &self.signing;
        let at = now.get().timestamp();
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: AUDIENCE.to_owned(),
            sub: user_id,
            ws: workspace_id,
            sid: session_id,
            jti: crate::db::id::encode(uuid::Uuid::now_v7()),
            iat: at,
            nbf: at,
            exp: at + ACCESS_SECONDS,
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(kid.clone());
        encode(&header, &claims, key).map_err(|error| {
            tracing::error!(%error, "a token cannot be signed");
            Problem::new(Code::InternalError)
        })
    }

    /// The claims of a token that is ours, unchanged and in force. `Ok(None)` when its key is unknown here.
    pub fn verify(&self, token: &str, now: Instant) -> Result<Option<Claims>, Problem> {
        let invalid = || Problem::new(Code::InvalidToken);
        let header = decode_header(token).map_err(|_| invalid())?;
        if header.alg != Algorithm::EdDSA || !header.typ.as_deref().is_some_and(|typ| typ.eq_ignore_ascii_case(TYPE)) {
            return Err(invalid());
        }
        let Some(key) = self.verifying.iter().find(|key| Some(&key.kid) == header.kid.as_ref()) else { return Ok(None) };
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[&self.issuer]);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        // The library asks the machine for the time; here the server's counts.
        validation.validate_exp = false;
        let claims = decode::<Claims>(token, &key.decoding, &validation).map_err(|_| invalid())?.claims;
        claims.check(now)?;
        Ok(Some(claims))
    }

    pub fn jwks(&self) -> JwkSet {
        let keys = self.verifying.iter();
        JwkSet {
            keys: keys
                .map(|key| Jwk { kty: "OKP", crv: "Ed25519", use_: "sig", alg: "EdDSA", kid: key.kid.clone(), x: key.public_key.clone() })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::db::clock;

    fn keys() -> (Keys, StoredKey) {
        let stored = StoredKey::generate(clock::now()).expect("a key");
        (Keys::new("here", std::slice::from_ref(&stored)).expect("keys"), stored)
    }

    #[test]
    fn our_own_tokens_verify_until_they_end() {
        let (keys, stored) = keys();
        let (workspace, user, session) = (WorkspaceId::new(), UserId::new(), SessionId::new());
        let token = keys.issue(workspace, user, session, clock::now()).expect("issued");
        let claims = keys.verify(&token, clock::now()).expect("valid").expect("known key");
        assert_eq!((claims.ws, claims.sub, claims.sid), (workspace, user, session));

        let old = keys.issue(workspace, user, session, clock::now().plus(Duration::hours(-1))).expect("issued");
        assert_eq!(keys.verify(&old, clock::now()).err().map(|problem| problem.code()), Some(Code::ExpiredToken));
        let early = keys.issue(workspace, user, session, clock::now().plus(Duration::hours(1))).expect("issued");
        assert_eq!(keys.verify(&early, clock::now()).err().map(|problem| problem.code()), Some(Code::InvalidToken));
        let elsewhere = Keys::new("elsewhere", &[stored]).expect("keys");
        assert_eq!(elsewhere.verify(&token, clock::now()).err().map(|problem| problem.code()), Some(Code::InvalidToken));
    }

    #[test]
    fn clocks_may_differ_by_a_little() {
        let (keys, _) = keys();
        let now = clock::now();
        let token = keys.issue(WorkspaceId::new(), UserId::new(), SessionId::new(), now).expect("issued");
        let at = |seconds: i64| keys.verify(&token, now.plus(Duration::seconds(seconds))).err().map(|problem| problem.code());
        assert_eq!((at(-CLOCKS_DIFFER - 1), at(-CLOCKS_DIFFER)), (Some(Code::InvalidToken), None));
        let end = ACCESS_SECONDS + CLOCKS_DIFFER;
        assert_eq!((at(end), at(end + 1)), (None, Some(Code::ExpiredToken)));
    }

    #[test]
    fn unsigned_and_foreign_tokens_do_not() {
        let (keys, _) = keys();
        let (other, _) = self::keys();
        let token = other.issue(WorkspaceId::new(), UserId::new(), SessionId::new(), clock::now()).expect("issued");
        assert!(keys.verify(&token, clock::now()).expect("well-formed").is_none(), "an unknown key is looked up again");
        let claims = token.split('.').nth(1).expect("claims").to_owned();
        let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"at+jwt"}"#);
        assert!(keys.verify(&format!("{none}.{claims}."), clock::now()).is_err());
        let symmetric = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"at+jwt"}"#);
        assert!(keys.verify(&format!("{symmetric}.{claims}.x"), clock::now()).is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[A-Za-z0-9_.-]{0,200}") {
            let (keys, _) = keys();
            prop_assert!(!matches!(keys.verify(&text, clock::now()), Ok(Some(_))));
        }
    }
}
