//! Users in the database.

use diesel::prelude::*;
use serde_json::Value;

use super::dto::{ChangedUser, Member, UpdateUser, User, UserChange, UserFields, UserKind, UserSummary};
use crate::auth::Scope;
use crate::auth::privileges::Role;
use crate::auth::store::revoke_sessions;
use crate::changes::{Operation, diff, record};
use crate::crm::workspaces::Locale;
use crate::crm::{customers, handovers, org_units};
use crate::db::condition::AnyId;
use crate::db::id::{OrgUnitId, SessionId, UserId, UserKind as UserIdKind, WorkspaceId};
use crate::db::schema::{users, workspaces};
use crate::db::types::{Instant, Named};
use crate::db::{Condition, DbConnection, Failure, Hold, Tx, columns, update_rows};
use crate::http::catalogue::Code;
use crate::http::etag::IfMatch;
use crate::http::page::Page;
use crate::http::problem::{FieldError, Problem};
use crate::listing::expansion::values;
use crate::listing::fold::fold_compare;
use crate::listing::rows::with_ids;
use crate::listing::{Field, FieldType, List, Listed, Target};

/// The list of users.
pub struct Users;

impl Listed for Users {
    type Kind = UserIdKind;
    const SCHEMA: &'static str = "Member";
    const TABLE: &'static str = "users";
    const HAS_DELETED: bool = false;
    const FIELDS: &'static [Field] = &[
        Field::new("name", FieldType::Text, "users.name_fold").sortable(),
        Field::new("is_active", FieldType::Boolean, "users.is_active"),
        Field::new("org_unit_id", FieldType::Id("org"), "users.org_unit_id").nullable(),
        Field::new("kind", FieldType::Enum(&[("person", "个人", "Person"), ("service", "服务账号", "Service account")]), "users.kind"),
    ];
}

/// Users where other objects name them.
pub const EXPANDED: Target = Target { schema: "UserSummary", scope: "users:read", load: expanded, expansions: || &[] };

/// Everybody sees who is there.
pub fn visible(scope: &Scope) -> Condition {
    Condition::sql("users.workspace_id = ").bind(scope.workspace_id)
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = users, primary_key(workspace_id, id), treat_none_as_null = true, treat_none_as_default_value = false)]
struct Row {
    workspace_id: WorkspaceId,
    id: UserId,
    version: i64,
    kind: Named<UserKind>,
    email: Option<String>,
    email_key: Option<String>,
    name: String,
    name_fold: String,
    role: Named<Role>,
    is_active: bool,
    locale: Named<Locale>,
    org_unit_id: Option<OrgUnitId>,
    must_change_password: bool,
    last_login_at: Option<Instant>,
    created_at: Instant,
    updated_at: Instant,
    created_by_id: Option<UserId>,
}

impl From<Row> for User {
    fn from(row: Row) -> Self {
        let Row { workspace_id: _, id, version, kind, email, email_key: _, name, name_fold: _, role, is_active, locale, .. } = row;
        let fields = UserFields { name, role: role.0, is_active, locale: locale.0, org_unit_id: row.org_unit_id };
        let Row { must_change_password, last_login_at, created_at, updated_at, created_by_id, .. } = row;
        Self { id, version, kind: kind.0, email, fields, must_change_password, last_login_at, created_at, updated_at, created_by_id }
    }
}

fn row_of(workspace_id: WorkspaceId, user: &User) -> Row {
    let User { id, version, kind, email, fields, must_change_password, last_login_at, created_at, updated_at, created_by_id } =
        user.clone();
    let UserFields { name, role, is_active, locale, org_unit_id } = fields;
    Row {
        workspace_id,
        id,
        version,
        kind: Named(kind),
        email_key: email.as_deref().map(str::to_lowercase),
        email,
        name_fold: fold_compare(&name),
        name,
        role: Named(role),
        is_active,
        locale: Named(locale),
        org_unit_id,
        must_change_password,
        last_login_at,
        created_at,
        updated_at,
        created_by_id,
    }
}

pub fn get(conn: &mut DbConnection, workspace_id: WorkspaceId, id: UserId) -> Result<User, Failure> {
    let found = users::table.find((workspace_id, id)).select(columns::<Row>()).first(conn).optional()?;
    found.map(User::from).ok_or_else(|| Problem::not_found().into())
}

pub fn list(conn: &mut DbConnection, scope: &Scope, list: &List<Users>, is_whole: bool) -> Result<Page<Member>, Failure> {
    let own = users::table.filter(users::workspace_id.eq(scope.workspace_id));
    let rows = own.filter(list.page_filter(scope)?).order(list.order()).limit(list.rows()).select(columns::<Row>()).load(conn)?;
    let total = list.total(conn, scope, visible(scope))?;
    Ok(list.page(scope, rows.into_iter().map(|row| Member::of(User::from(row), is_whole)).collect(), total)?)
}

/// The names and kinds of those with these ids.
pub fn named(
    conn: &mut DbConnection,
    workspace_id: WorkspaceId,
    ids: impl IntoIterator<Item = UserId>,
) -> QueryResult<Vec<(UserId, String, UserKind)>> {
    let which = Condition::sql("users.workspace_id = ").bind(workspace_id).and(Condition::any_of("users.id", ids));
    let found = users::table.filter(which).select((users::id, users::name, users::kind));
    Ok(found.load::<(UserId, String, Named<UserKind>)>(conn)?.into_iter().map(|(id, name, kind)| (id, name, kind.0)).collect())
}

/// Those with these ids, as `expand` adds them.
fn expanded(conn: &mut DbConnection, scope: &Scope, ids: &[AnyId]) -> Result<Vec<Value>, Failure> {
    let named = users::table.filter(with_ids::<Users>(visible(scope), ids)).select((users::id, users::name, users::is_active));
    values(named.load::<(UserId, String, bool)>(conn)?.into_iter().map(|(id, name, is_active)| UserSummary { id, name, is_active }))
}

/// A user to be made: a person with a password, or a service account without.
pub struct NewUser {
    pub kind: UserKind,
    pub email: Option<String>,
    pub fields: UserFields,
    pub password_hash: Option<String>,
    pub must_change_password: bool,
}

pub fn create(tx: &mut Tx<'_>, new: &NewUser) -> Result<User, Failure> {
    let NewUser { kind, email, fields, password_hash, must_change_password } = new;
    let mut errors = Vec::new();
    org_units::store::check(tx, "/org_unit_id", fields.org_unit_id, &mut errors)?;
    Problem::check(errors)?;
    let user = User {
        id: UserId::new(),
        version: 1,
        kind: *kind,
        email: email.clone(),
        fields: fields.clone(),
        must_change_password: *must_change_password,
        last_login_at: None,
        created_at: tx.now,
        updated_at: tx.now,
        created_by_id: tx.actor.user_id,
    };
    diesel::insert_into(users::table)
        .values((row_of(tx.actor.workspace_id, &user), users::password_hash.eq(password_hash)))
        .execute(tx.conn)
        .map_err(|error| Failure::from(error).on_conflict("users.email_key", || Problem::new(Code::EmailTaken)))?;
    record(tx, Operation::Created, user.id, 1, diff(None, Some(&user))?)?;
    Ok(user)
}

/// A person that the command line or the first start makes.
#[derive(Clone)]
pub struct NewPerson {
    pub email: String,
    pub name: String,
    pub role: Role,
    pub locale: Locale,
    pub password: String,
    pub must_change_password: bool,
}

pub fn create_person(tx: &mut Tx<'_>, person: &NewPerson, password_hash: &str) -> Result<User, Failure> {
    let NewPerson { email, name, role, locale, password: _, must_change_password } = person.clone();
    let fields = UserFields { name, role, is_active: true, locale, org_unit_id: None };
    let password_hash = Some(password_hash.to_owned());
    create(tx, &NewUser { kind: UserKind::Person, email: Some(email), fields, password_hash, must_change_password })
}

/// `administrators` says whether the caller may make, change or unmake them.
pub fn update(
    tx: &mut Tx<'_>,
    id: UserId,
    if_match: &IfMatch,
    patch: &UpdateUser,
    administrators: &Result<(), Problem>,
) -> Result<ChangedUser, Failure> {
    let before = get(tx.conn, tx.actor.workspace_id, id)?;
    if_match.check(before.version)?;
    let UserChange { fields, handover } = patch.apply(&UserChange { fields: before.fields.clone(), handover: None })?;
    let mut after = User { fields, ..before.clone() };
    if [before.fields.role, after.fields.role].contains(&Role::Admin) {
        administrators.clone()?;
    }
    let changed = diff(Some(&before), Some(&after))?;
    let is_disabled = before.fields.is_active && !after.fields.is_active;
    if handover.is_some() && !is_disabled {
        return Err(Problem::fields(vec![FieldError::new("/handover", Code::NotApplicable)]).into());
    }
    if changed.is_empty() {
        return Ok(ChangedUser { user: before, handover_job_id: None });
    }
    let has_moved = before.fields.org_unit_id != after.fields.org_unit_id;
    if has_moved {
        let mut errors = Vec::new();
        org_units::store::check(tx, "/org_unit_id", after.fields.org_unit_id, &mut errors)?;
        Problem::check(errors)?;
    }
    let mut handover_job_id = None;
    match &handover {
        Some(to) => {
            // It gains nothing any more.
            tx.hold("users", id, Hold::ToWrite)?;
            handover_job_id = Some(handovers::begin(tx, id, to, "/handover")?.id);
        }
        None if is_disabled => handovers::check_none_held(tx, id)?,
        None => {}
    }
    let is_admin = |user: &User| user.fields.role == Role::Admin && user.fields.is_active && user.kind == UserKind::Person;
    if is_admin(&before) && !is_admin(&after) {
        keep_an_admin(tx, id)?;
    }
    (after.version, after.updated_at) = (before.version + 1, tx.now);
    let row = row_of(tx.actor.workspace_id, &after);
    let guarded = users::table.find((row.workspace_id, row.id)).filter(users::version.eq(before.version));
    if update_rows(tx.conn, guarded, row)? == 0 {
        return Err(Failure::Stale);
    }
    if before.fields.role != after.fields.role || !after.fields.is_active {
        revoke_sessions(tx, id, None)?;
    }
    record(tx, Operation::Updated, id, after.version, changed)?;
    if has_moved {
        customers::follow(tx, id, before.fields.org_unit_id, after.fields.org_unit_id)?;
    }
    Ok(ChangedUser { user: after, handover_job_id })
}

pub fn is_person(conn: &mut DbConnection, workspace_id: WorkspaceId, id: UserId) -> QueryResult<bool> {
    let kind: Option<String> = users::table.find((workspace_id, id)).select(users::kind).first(conn).optional()?;
    Ok(kind.as_deref() == Some(UserKind::Person.as_ref()))
}

/// Refuses when no other administrator is left. The workspace's row decides between two that go at once.
fn keep_an_admin(tx: &mut Tx<'_>, leaving: UserId) -> Result<(), Failure> {
    let workspace_id = tx.actor.workspace_id;
    update_rows(tx.conn, workspaces::table.find(workspace_id), workspaces::version.eq(workspaces::version))?;
    let other = users::table
        .filter(users::workspace_id.eq(workspace_id).and(users::id.ne(leaving)).and(users::kind.eq(UserKind::Person.as_ref())))
        .filter(users::role.eq(Role::Admin.as_ref()).and(users::is_active.eq(true)))
        .select(users::id)
        .first::<UserId>(tx.conn)
        .optional()?;
    other.map(|_| ()).ok_or_else(|| Problem::new(Code::LastAdmin).into())
}

pub fn password_hash(conn: &mut DbConnection, workspace_id: WorkspaceId, id: UserId) -> Result<Option<String>, Failure> {
    let found = users::table.find((workspace_id, id)).select(users::password_hash).first::<Option<String>>(conn).optional()?;
    found.ok_or_else(|| Problem::not_found().into())
}

/// Sets a password and ends the user's sessions, except the one it is done from.
pub fn set_password(tx: &mut Tx<'_>, id: UserId, hash: &str, must_change: bool, except: Option<SessionId>) -> Result<(), Failure> {
    let before = get(tx.conn, tx.actor.workspace_id, id)?;
    if before.kind == UserKind::Service {
        return Err(Problem::not_found().into());
    }
    let version = before.version + 1;
    let guarded = users::table.find((tx.actor.workspace_id, id)).filter(users::version.eq(before.version));
    let members = (
        users::version.eq(version),
        users::updated_at.eq(tx.now),
        users::password_hash.eq(hash),
        users::must_change_password.eq(must_change),
    );
    if update_rows(tx.conn, guarded, members)? == 0 {
        return Err(Failure::Stale);
    }
    revoke_sessions(tx, id, except)?;
    record(tx, Operation::PasswordChanged, id, version, serde_json::Map::new())
}
