//! API keys in the database: the secret only as its SHA-256.

use diesel::prelude::*;

use super::dto::{ApiKey, CreateApiKey};
use crate::auth::Scope;
use crate::auth::privileges::{Role, SCOPES};
use crate::auth::secrets;
use crate::changes::{Operation, diff, record};
use crate::crm::users::{UserFields, UserKind, store as users};
use crate::crm::workspaces::Locale;
use crate::db::id::{ApiKeyId, ApiKeyKind, UserId, WorkspaceId};
use crate::db::schema::api_keys;
use crate::db::types::{Instant, Json};
use crate::db::{Condition, DbConnection, Failure, Tx, columns, update_rows};
use crate::http::catalogue::Code;
use crate::http::etag::IfMatch;
use crate::http::page::Page;
use crate::http::problem::{FieldError, Problem};
use crate::http::schemas::nearest;
use crate::listing::fold::fold_compare;
use crate::listing::{Field, FieldType, List, Listed};

/// The list of API keys.
pub struct ApiKeys;

impl Listed for ApiKeys {
    type Kind = ApiKeyKind;
    const SCHEMA: &'static str = "ApiKey";
    const TABLE: &'static str = "api_keys";
    const HAS_DELETED: bool = false;
    const FIELDS: &'static [Field] = &[
        Field::new("name", FieldType::Text, "api_keys.name_fold"),
        Field::new("prefix", FieldType::CODE, "api_keys.prefix"),
        Field::new("user_id", FieldType::Id("usr"), "api_keys.user_id"),
    ];
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = api_keys)]
struct Row {
    id: ApiKeyId,
    version: i64,
    user_id: UserId,
    name: String,
    prefix: String,
    scopes: Json<Vec<String>>,
    expires_at: Option<Instant>,
    last_used_at: Option<Instant>,
    revoked_at: Option<Instant>,
    created_at: Instant,
    updated_at: Instant,
    created_by_id: Option<UserId>,
}

impl From<Row> for ApiKey {
    #[rustfmt::skip]
    fn from(row: Row) -> Self {
        let Row {
            id, version, user_id, name, prefix, scopes, expires_at, last_used_at, revoked_at, created_at, updated_at, created_by_id,
        } = row;
        Self {
            id, version, name, prefix, scopes: scopes.0, user_id, expires_at, last_used_at, revoked_at, created_at, updated_at, created_by_id,
        }
    }
}

pub fn get(conn: &mut DbConnection, workspace_id: WorkspaceId, id: ApiKeyId) -> Result<ApiKey, Failure> {
    let found = api_keys::table.find((workspace_id, id)).select(columns::<Row>()).first(conn).optional()?;
    found.map(ApiKey::from).ok_or_else(|| Problem::not_found().into())
}

pub fn list(conn: &mut DbConnection, scope: &Scope, list: &List<ApiKeys>) -> Result<Page<ApiKey>, Failure> {
    let own = api_keys::table.filter(api_keys::workspace_id.eq(scope.workspace_id));
    let rows = own.filter(list.page_filter(scope)?).order(list.order()).limit(list.rows()).select(columns::<Row>()).load(conn)?;
    let total = list.total(conn, scope, Condition::sql("api_keys.workspace_id = ").bind(scope.workspace_id))?;
    Ok(list.page(scope, rows.into_iter().map(ApiKey::from).collect(), total)?)
}

/// The key's secret, and what is stored of it.
pub fn create(tx: &mut Tx<'_>, input: &CreateApiKey) -> Result<(String, ApiKey), Failure> {
    check_scopes(&input.scopes)?;
    let service = users::NewUser {
        kind: UserKind::Service,
        email: None,
        // Its scopes decide what it may do; the role gives it the row scope "all".
        fields: UserFields { name: input.name.clone(), role: Role::Manager, is_active: true, locale: Locale::default(), org_unit_id: None },
        password_hash: None,
        must_change_password: false,
    };
    let user_id = users::create(tx, &service)?.id;
    let (prefix, key) = secrets::new_api_key().map_err(|error| {
        tracing::error!(%error, "no API key can be made");
        Problem::new(Code::InternalError)
    })?;
    let api_key = ApiKey {
        id: ApiKeyId::new(),
        version: 1,
        name: input.name.clone(),
        prefix,
        scopes: input.scopes.clone(),
        user_id,
        expires_at: input.expires_at,
        last_used_at: None,
        revoked_at: None,
        created_at: tx.now,
        updated_at: tx.now,
        created_by_id: tx.actor.user_id,
    };
    diesel::insert_into(api_keys::table)
        .values((
            api_keys::workspace_id.eq(tx.actor.workspace_id),
            api_keys::id.eq(api_key.id),
            api_keys::version.eq(api_key.version),
            api_keys::user_id.eq(user_id),
            api_keys::name.eq(&api_key.name),
            api_keys::name_fold.eq(fold_compare(&api_key.name)),
            api_keys::prefix.eq(&api_key.prefix),
            api_keys::secret_hash.eq(secrets::sha256(&key)),
            api_keys::scopes.eq(Json(api_key.scopes.clone())),
            api_keys::expires_at.eq(api_key.expires_at),
            api_keys::created_at.eq(tx.now),
            api_keys::updated_at.eq(tx.now),
            api_keys::created_by_id.eq(api_key.created_by_id),
        ))
        .execute(tx.conn)?;
    record(tx, Operation::Created, api_key.id, 1, diff(None, Some(&api_key))?)?;
    Ok((key, api_key))
}

fn check_scopes(scopes: &[String]) -> Result<(), Problem> {
    let mut errors = Vec::new();
    for (index, scope) in scopes.iter().enumerate() {
        let pointer = format!("/scopes/{index}");
        if scopes.iter().take(index).any(|earlier| earlier == scope) {
            errors.push(FieldError::new(pointer, Code::DuplicateItem));
        } else if scope != "*" && !SCOPES.contains(&scope.as_str()) {
            let meant = nearest(scope, SCOPES.iter().copied()).map(str::to_owned);
            errors.push(FieldError::new(pointer, Code::UnknownScope).with("value", scope.as_str()).with("did_you_mean", meant));
        }
    }
    Problem::check(errors)
}

/// Ends a key for good. A key that is revoked already stays as it is.
pub fn revoke(tx: &mut Tx<'_>, id: ApiKeyId, if_match: &IfMatch) -> Result<ApiKey, Failure> {
    let before = get(tx.conn, tx.actor.workspace_id, id)?;
    if_match.check(before.version)?;
    if before.revoked_at.is_some() {
        return Ok(before);
    }
    let after = ApiKey { version: before.version + 1, revoked_at: Some(tx.now), updated_at: tx.now, ..before.clone() };
    let guarded = api_keys::table.find((tx.actor.workspace_id, id)).filter(api_keys::version.eq(before.version));
    let members = (api_keys::version.eq(after.version), api_keys::revoked_at.eq(after.revoked_at), api_keys::updated_at.eq(tx.now));
    if update_rows(tx.conn, guarded, members)? == 0 {
        return Err(Failure::Stale);
    }
    record(tx, Operation::Revoked, id, after.version, diff(Some(&before), Some(&after))?)?;
    Ok(after)
}
