//! What authentication reads and writes: principals, sessions, refresh tokens, signing keys.

use chrono::Duration;
use diesel::prelude::*;

use super::privileges::Role;
use super::scope::Scope;
use super::sessions::{SessionUser, SessionWorkspace};
use super::tokens::{ROTATE_AFTER, StoredKey};
use crate::db::failure::Failure;
use crate::db::id::{SessionId, UserId, WorkspaceId};
use crate::db::schema::{api_keys, refresh_tokens, sessions, signing_keys, users, workspaces};
use crate::db::types::{Instant, Json, Named};
use crate::db::{Condition, DbConnection, Tx, update_rows};
use crate::http::catalogue::Code;
use crate::http::problem::Problem;

/// Life of a session that is not refreshed.
pub const SESSION_LIFE: Duration = Duration::days(30);

/// Who is behind a session or an API key, as far as every request needs to know.
#[derive(Debug, Clone)]
pub struct Principal {
    pub workspace_id: WorkspaceId,
    pub user_id: UserId,
    pub role: Role,
    /// Whether it belongs to a unit, and its scope to that.
    pub is_in_unit: bool,
    pub must_change_password: bool,
    /// `Some` for API keys.
    pub scopes: Option<Vec<String>>,
    pub ends_at: Option<Instant>,
}

pub fn session_principal(conn: &mut DbConnection, workspace_id: WorkspaceId, session_id: SessionId) -> QueryResult<Option<Principal>> {
    let row = sessions::table
        .inner_join(users::table.on(users::workspace_id.eq(sessions::workspace_id).and(users::id.eq(sessions::user_id))))
        .filter(sessions::workspace_id.eq(workspace_id).and(sessions::id.eq(session_id)))
        .filter(sessions::revoked_at.is_null().and(users::is_active.eq(true)))
        .select((users::id, users::role, users::org_unit_id.is_not_null(), users::must_change_password, sessions::expires_at))
        .first::<(UserId, Named<Role>, bool, bool, Instant)>(conn)
        .optional()?;
    Ok(row.map(|(user_id, role, is_in_unit, must_change_password, expires_at)| Principal {
        workspace_id,
        user_id,
        role: role.0,
        is_in_unit,
        must_change_password,
        scopes: None,
        ends_at: Some(expires_at),
    }))
}

/// An API key as authentication sees it.
pub struct FoundKey {
    pub principal: Principal,
    pub secret_hash: Vec<u8>,
    pub last_used_at: Option<Instant>,
}

/// An unrevoked API key of an active service account.
pub fn api_key(conn: &mut DbConnection, prefix: &str) -> QueryResult<Option<FoundKey>> {
    let row = api_keys::table
        .inner_join(users::table.on(users::workspace_id.eq(api_keys::workspace_id).and(users::id.eq(api_keys::user_id))))
        .filter(api_keys::prefix.eq(prefix).and(api_keys::revoked_at.is_null()).and(users::is_active.eq(true)))
        .select((
            api_keys::workspace_id,
            users::id,
            users::role,
            users::org_unit_id.is_not_null(),
            api_keys::scopes,
            api_keys::expires_at,
            api_keys::secret_hash,
            api_keys::last_used_at,
        ))
        .first::<(WorkspaceId, UserId, Named<Role>, bool, Json<Vec<String>>, Option<Instant>, Vec<u8>, Option<Instant>)>(conn)
        .optional()?;
    Ok(row.map(|(workspace_id, user_id, role, is_in_unit, scopes, ends_at, secret_hash, last_used_at)| {
        let scopes = Some(scopes.0);
        let principal = Principal { workspace_id, user_id, role: role.0, is_in_unit, must_change_password: false, scopes, ends_at };
        FoundKey { principal, secret_hash, last_used_at }
    }))
}

pub fn note_api_key_use(tx: &mut Tx<'_>, prefix: &str) -> QueryResult<()> {
    update_rows(tx.conn, api_keys::table.filter(api_keys::prefix.eq(prefix)), api_keys::last_used_at.eq(tx.now)).map(|_| ())
}

/// A person who may log in with an e-mail.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub workspace_id: WorkspaceId,
    pub workspace_name: String,
    pub user_id: UserId,
    pub password_hash: Option<String>,
}

/// Everyone with this e-mail, in one workspace or in whichever.
pub fn login_candidates(conn: &mut DbConnection, email_key: &str, workspace_id: Option<WorkspaceId>) -> QueryResult<Vec<Candidate>> {
    let mut with_email = users::table
        .inner_join(workspaces::table.on(workspaces::id.eq(users::workspace_id)))
        .filter(users::email_key.eq(email_key).and(users::is_active.eq(true)).and(users::password_hash.is_not_null()))
        .into_boxed();
    if let Some(workspace_id) = workspace_id {
        with_email = with_email.filter(users::workspace_id.eq(workspace_id));
    }
    let rows = with_email
        .select((users::workspace_id, workspaces::name, users::id, users::password_hash))
        .order(users::workspace_id.asc())
        .limit(20)
        .load::<(WorkspaceId, String, UserId, Option<String>)>(conn)?;
    let candidate =
        |(workspace_id, workspace_name, user_id, password_hash)| Candidate { workspace_id, workspace_name, user_id, password_hash };
    Ok(rows.into_iter().map(candidate).collect())
}

/// What a token pair says of its user and workspace.
pub fn session_names(conn: &mut DbConnection, workspace_id: WorkspaceId, user_id: UserId) -> QueryResult<(SessionUser, SessionWorkspace)> {
    let (user_name, must_change_password, workspace_name) = users::table
        .inner_join(workspaces::table.on(workspaces::id.eq(users::workspace_id)))
        .filter(users::workspace_id.eq(workspace_id).and(users::id.eq(user_id)))
        .select((users::name, users::must_change_password, workspaces::name))
        .first::<(String, bool, String)>(conn)?;
    let user = SessionUser { id: user_id, name: user_name, must_change_password };
    Ok((user, SessionWorkspace { id: workspace_id, name: workspace_name }))
}

/// Opens a session and stores its first refresh token, unless the password has changed since it was verified.
pub fn open_session(tx: &mut Tx<'_>, candidate: &Candidate, refresh_hash: &[u8]) -> Result<SessionId, Failure> {
    let verified = users::password_hash.eq(&candidate.password_hash).and(users::is_active.eq(true));
    let user = users::table.find((candidate.workspace_id, candidate.user_id)).filter(verified);
    if update_rows(tx.conn, user, users::last_login_at.eq(tx.now))? == 0 {
        return Err(Problem::new(Code::InvalidCredentials).into());
    }
    let id = SessionId::new();
    diesel::insert_into(sessions::table)
        .values((
            sessions::workspace_id.eq(candidate.workspace_id),
            sessions::id.eq(id),
            sessions::user_id.eq(candidate.user_id),
            sessions::created_at.eq(tx.now),
            sessions::expires_at.eq(tx.now.plus(SESSION_LIFE)),
        ))
        .execute(tx.conn)?;
    store_refresh_token(tx, candidate.workspace_id, id, refresh_hash)?;
    Ok(id)
}

fn store_refresh_token(tx: &mut Tx<'_>, workspace_id: WorkspaceId, session_id: SessionId, hash: &[u8]) -> QueryResult<()> {
    diesel::insert_into(refresh_tokens::table)
        .values((refresh_tokens::hash.eq(hash), refresh_tokens::workspace_id.eq(workspace_id), refresh_tokens::session_id.eq(session_id)))
        .execute(tx.conn)
        .map(|_| ())
}

/// What became of a refresh token.
pub enum Rotation {
    Next(WorkspaceId, UserId, SessionId),
    /// It was used before: its session has been ended.
    Reused,
    Unknown,
}

/// Exchanges a refresh token for the next one. A token that was used before ends its session: somebody has a copy.
pub fn rotate_refresh_token(tx: &mut Tx<'_>, used: &[u8], next: &[u8]) -> Result<Rotation, Failure> {
    let Some((workspace_id, session_id)) = refresh_tokens::table
        .find(used)
        .select((refresh_tokens::workspace_id, refresh_tokens::session_id))
        .first::<(WorkspaceId, SessionId)>(tx.conn)
        .optional()?
    else {
        return Ok(Rotation::Unknown);
    };
    let fresh = update_rows(
        tx.conn,
        refresh_tokens::table.find(used).filter(refresh_tokens::used_at.is_null()),
        refresh_tokens::used_at.eq(tx.now),
    )?;
    if fresh == 0 {
        revoke_session(tx, workspace_id, session_id)?;
        return Ok(Rotation::Reused);
    }
    let extended = update_rows(
        tx.conn,
        sessions::table.find((workspace_id, session_id)).filter(sessions::revoked_at.is_null().and(sessions::expires_at.gt(tx.now))),
        sessions::expires_at.eq(tx.now.plus(SESSION_LIFE)),
    )?;
    if extended == 0 {
        return Ok(Rotation::Unknown);
    }
    let user_id = sessions::table.find((workspace_id, session_id)).select(sessions::user_id).first::<UserId>(tx.conn)?;
    let active = users::table.find((workspace_id, user_id)).select(users::is_active).first::<bool>(tx.conn)?;
    store_refresh_token(tx, workspace_id, session_id, next)?;
    Ok(if active { Rotation::Next(workspace_id, user_id, session_id) } else { Rotation::Unknown })
}

pub fn revoke_session(tx: &mut Tx<'_>, workspace_id: WorkspaceId, session_id: SessionId) -> QueryResult<()> {
    update_rows(
        tx.conn,
        sessions::table.find((workspace_id, session_id)).filter(sessions::revoked_at.is_null()),
        sessions::revoked_at.eq(tx.now),
    )
    .map(|_| ())
}

/// Ends a user's sessions, all or all but one: disabled, other role, other password.
pub fn revoke_sessions(tx: &mut Tx<'_>, user_id: UserId, except: Option<SessionId>) -> QueryResult<()> {
    let mut open = diesel::update(sessions::table)
        .set(sessions::revoked_at.eq(tx.now))
        .filter(sessions::workspace_id.eq(tx.actor.workspace_id).and(sessions::user_id.eq(user_id)).and(sessions::revoked_at.is_null()))
        .into_boxed();
    if let Some(kept) = except {
        open = open.filter(sessions::id.ne(kept));
    }
    open.execute(tx.conn).map(|_| ())
}

/// The scope of somebody who asked for something earlier and may still act: neither disabled nor, with an API key, revoked.
pub fn scope_by_now(tx: &mut Tx<'_>, user_id: UserId) -> QueryResult<Option<Scope>> {
    let has_key = "(users.kind = 'person' OR EXISTS (SELECT 1 FROM api_keys k WHERE k.workspace_id = users.workspace_id \
                   AND k.user_id = users.id AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > ";
    let has_key = Condition::sql(has_key).bind(tx.now).then(")))");
    let user = users::table.find((tx.actor.workspace_id, user_id)).filter(users::is_active.eq(true)).filter(has_key);
    let found = user.select((users::role, users::org_unit_id.is_not_null())).first::<(Named<Role>, bool)>(tx.conn).optional()?;
    Ok(found.map(|(role, is_in_unit)| Scope::of(tx.actor.workspace_id, user_id, role.0, is_in_unit, tx.now)))
}

/// The signing keys, newest first.
pub fn load_keys(conn: &mut DbConnection) -> QueryResult<Vec<StoredKey>> {
    let newest = signing_keys::table.order((signing_keys::created_at.desc(), signing_keys::kid.asc())).limit(2);
    let rows = newest.load::<(String, Vec<u8>, Vec<u8>, Instant)>(conn)?;
    Ok(rows.into_iter().map(|(kid, private_key, public_key, created_at)| StoredKey { kid, private_key, public_key, created_at }).collect())
}

/// Makes a signing key when there is none, or none that is young enough.
pub fn ensure_key(conn: &mut DbConnection, now: Instant) -> Result<(), Failure> {
    let young = load_keys(conn)?.first().is_some_and(|newest| newest.created_at.plus(ROTATE_AFTER) > now);
    if young {
        return Ok(());
    }
    let key = StoredKey::generate(now)?;
    diesel::insert_into(signing_keys::table)
        .values((
            signing_keys::kid.eq(key.kid),
            signing_keys::private_key.eq(key.private_key),
            signing_keys::public_key.eq(key.public_key),
            signing_keys::created_at.eq(key.created_at),
        ))
        .execute(conn)?;
    Ok(())
}
