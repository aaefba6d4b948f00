//! Turns a bearer token into a principal: verified here, looked up in the database at most every few seconds.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use moka::sync::Cache;

use super::secrets;
use super::store::{self, FoundKey, Principal};
use super::throttle::AddressThrottle;
use super::tokens::{Claims, JwkSet, Keys};
use crate::db::id::{SessionId, WorkspaceId};
use crate::db::types::Instant;
use crate::db::{Actor, Db, Target};
use crate::http::catalogue::Code;
use crate::http::problem::Problem;

/// How long a principal is believed without asking: the longest that a revocation takes on other servers.
const BELIEVED: Duration = Duration::from_secs(3);
/// How precisely an API key's last use is noted.
const USE_NOTED_EVERY: chrono::Duration = chrono::Duration::minutes(1);

/// Shared by all workers.
pub struct Auth {
    db: Db,
    issuer: String,
    keys: RwLock<Arc<Keys>>,
    /// Access tokens whose signature was verified, by their hash.
    tokens: Cache<Vec<u8>, Arc<Claims>>,
    principals: Cache<Vec<u8>, Option<Arc<Principal>>>,
    pub addresses: AddressThrottle,
}

impl Auth {
    /// Loads the signing keys; `setup` has made the first one.
    pub fn start(db: Db, target: &Target, issuer: &str) -> Result<Self, Problem> {
        let opened = Db::setup(target, |conn| store::load_keys(conn).map_err(crate::db::Failure::from));
        let stored = opened.map_err(|error| {
            tracing::error!(%error, "no database connection");
            Problem::new(Code::DatabaseUnavailable)
        })?;
        let stored = stored.map_err(crate::db::Failure::into_problem)?;
        let keys = Keys::new(issuer, &stored).ok_or_else(|| Problem::new(Code::InternalError))?;
        Ok(Self {
            db,
            issuer: issuer.to_owned(),
            keys: RwLock::new(Arc::new(keys)),
            tokens: Cache::builder().max_capacity(50_000).time_to_live(BELIEVED).build(),
            principals: Cache::builder().max_capacity(50_000).time_to_live(BELIEVED).build(),
            addresses: AddressThrottle::default(),
        })
    }

    /// The server's time.
    pub fn now(&self) -> Instant {
        self.db.now()
    }

    pub fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn jwks(&self) -> JwkSet {
        self.keys().jwks()
    }

    /// Forgets every believed principal: something was revoked here.
    pub fn forget(&self) {
        self.principals.invalidate_all();
    }

    /// The principal behind a bearer token, and its session when it has one.
    pub async fn authenticate(&self, token: &str) -> Result<(Arc<Principal>, Option<SessionId>), Problem> {
        if token.starts_with("fp_") {
            return Ok((self.by_api_key(token).await?, None));
        }
        let (principal, session_id) = self.by_session(token).await?;
        Ok((principal, Some(session_id)))
    }

    async fn by_session(&self, token: &str) -> Result<(Arc<Principal>, SessionId), Problem> {
        let invalid = || Problem::new(Code::InvalidToken);
        let now = self.db.now();
        let claims = self.claims(token, now).await?;
        let believed = claims.sid.uuid().as_bytes().to_vec();
        let principal = match self.principals.get(&believed) {
            Some(principal) => principal,
            None => {
                let (workspace_id, session_id) = (claims.ws, claims.sid);
                let loaded = self.db.read(move |conn| Ok(store::session_principal(conn, workspace_id, session_id)?)).await?.map(Arc::new);
                self.principals.insert(believed, loaded.clone());
                loaded
            }
        };
        principal
            .filter(|principal| principal.user_id == claims.sub && principal.ends_at.is_none_or(|end| end > now))
            .map(|principal| (principal, claims.sid))
            .ok_or_else(invalid)
    }

    /// The claims of a token in force. Verifying a signature takes longer than all else that a small request needs.
    async fn claims(&self, token: &str, now: Instant) -> Result<Arc<Claims>, Problem> {
        let hash = secrets::sha256(token);
        if let Some(claims) = self.tokens.get(&hash) {
            claims.check(now)?;
            return Ok(claims);
        }
        let claims = match self.keys().verify(token, now)? {
            Some(claims) => claims,
            None => {
                // Another server may have made a new key.
                self.reload_keys().await?;
                self.keys().verify(token, now)?.ok_or_else(|| Problem::new(Code::InvalidToken))?
            }
        };
        let claims = Arc::new(claims);
        self.tokens.insert(hash, Arc::clone(&claims));
        Ok(claims)
    }

    async fn by_api_key(&self, key: &str) -> Result<Arc<Principal>, Problem> {
        let invalid = || Problem::new(Code::InvalidApiKey);
        let prefix = secrets::api_key_id(key).ok_or_else(invalid)?.to_owned();
        let hash = secrets::sha256(key);
        let now = self.db.now();
        let principal = match self.principals.get(&hash) {
            Some(principal) => principal,
            None => {
                let wanted = prefix.clone();
                let found = self.db.read(move |conn| Ok(store::api_key(conn, &wanted)?)).await?;
                // Equal SHA-256 values of a 256-bit secret: comparing them in varying time tells nothing.
                let found = found.filter(|key| key.secret_hash == hash);
                if let Some(FoundKey { principal, last_used_at, .. }) = &found
                    && principal.ends_at.is_none_or(|end| end > now)
                    && last_used_at.is_none_or(|at| at.plus(USE_NOTED_EVERY) < now)
                {
                    self.note_use(principal.workspace_id, prefix);
                }
                let loaded = found.map(|key| Arc::new(key.principal));
                self.principals.insert(hash, loaded.clone());
                loaded
            }
        };
        principal.filter(|principal| principal.ends_at.is_none_or(|end| end > now)).ok_or_else(invalid)
    }

    /// Beside the request: reading must not depend on being able to write.
    fn note_use(&self, workspace_id: WorkspaceId, prefix: String) {
        let db = self.db.clone();
        actix_web::rt::spawn(async move {
            let noted = db.write(&Actor::system(workspace_id), move |tx| Ok(store::note_api_key_use(tx, &prefix)?)).await;
            noted.inspect_err(|problem| tracing::warn!(%problem, "the use of an API key was not noted"))
        });
    }

    async fn reload_keys(&self) -> Result<(), Problem> {
        let stored = self.db.read(|conn| Ok(store::load_keys(conn)?)).await?;
        if let Some(keys) = Keys::new(&self.issuer, &stored) {
            *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        }
        Ok(())
    }
}
