//! Notifications in the database. Every query starts from the user's own.

use std::collections::HashSet;

use diesel::prelude::*;
use serde_json::{Map, Value};

use super::dto::{Notification, NotificationObject, NotificationPage, NotificationsRead, ReadNotifications};
use crate::auth::Scope;
use crate::db::condition::AnyId;
use crate::db::id::{Id, Kind, NotificationId, NotificationKind, UserId, WorkspaceId, text_of};
use crate::db::schema::notifications;
use crate::db::types::{Instant, Json};
use crate::db::{Condition, DbConnection, Failure, Tx, columns, on_backend};
use crate::http::answer::Answer;
use crate::http::catalogue::Code;
use crate::http::page::Page;
use crate::http::problem::{FieldError, Problem};
use crate::listing::{Field, FieldType, List, Listed};

/// The list of notifications.
pub struct Notifications;

impl Listed for Notifications {
    type Kind = NotificationKind;
    const SCHEMA: &'static str = "Notification";
    const TABLE: &'static str = "notifications";
    const HAS_DELETED: bool = false;
    const FIELDS: &'static [Field] = &[
        Field::new("type", FieldType::CODE, "notifications.type"),
        Field::new("is_read", FieldType::Boolean, "notifications.is_read"),
        Field::new("created_at", FieldType::Instant, "notifications.created_at").range(),
    ];
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = notifications, treat_none_as_default_value = false)]
struct Row {
    workspace_id: WorkspaceId,
    id: NotificationId,
    user_id: UserId,
    kind: String,
    object_type: String,
    object_id: AnyId,
    data: Json<Map<String, Value>>,
    dedup_key: Option<String>,
    is_read: bool,
    read_at: Option<Instant>,
    created_at: Instant,
    dedup_until: Option<Instant>,
}

/// What is told to a user once: said again, it is nothing. Until then it is kept, read or not.
#[derive(Debug, Clone, Copy)]
pub struct Once<'a> {
    pub key: &'a str,
    pub until: Instant,
}

impl From<Row> for Notification {
    fn from(row: Row) -> Self {
        let Row { id, kind, object_type, object_id, data, is_read, read_at, created_at, .. } = row;
        let object_text = text_of(&object_type, object_id.uuid()).unwrap_or_else(|| object_id.to_string());
        let object = NotificationObject { id: object_text, kind: object_type };
        Self { id, kind, object, data: data.0, is_read, read_at, created_at }
    }
}

/// Tells a user something about an object.
pub fn notify<K: Kind>(
    tx: &mut Tx<'_>,
    user_id: UserId,
    kind: &str,
    object: Id<K>,
    data: Map<String, Value>,
    once: Option<Once<'_>>,
) -> Result<(), Failure> {
    let row = Row {
        workspace_id: tx.actor.workspace_id,
        id: NotificationId::new(),
        user_id,
        kind: kind.to_owned(),
        object_type: K::NAME.to_owned(),
        object_id: AnyId::from_uuid(object.uuid()),
        data: Json(data),
        dedup_key: once.map(|once| once.key.to_owned()),
        is_read: false,
        read_at: None,
        created_at: tx.now,
        dedup_until: once.map(|once| once.until),
    };
    // `ON CONFLICT`: the portable connection cannot.
    on_backend!(tx.conn,
        postgres: |pg| diesel::insert_into(notifications::table).values(&row).on_conflict_do_nothing().execute(pg)?,
        sqlite: |lite| diesel::insert_into(notifications::table).values(&row).on_conflict_do_nothing().execute(lite)?,
    );
    Ok(())
}

/// Takes back what nobody has read yet, of whichever user, by the beginning of its key (visible ASCII): what it told is no
/// longer so.
pub fn withdraw(tx: &mut Tx<'_>, prefix: &str) -> Result<usize, Failure> {
    let own = Condition::sql("DELETE FROM notifications WHERE workspace_id = ").bind(tx.actor.workspace_id);
    // Everything that begins so lies between the prefix and what no key has behind it.
    let begins = own.then(" AND dedup_key >= ").bind(prefix).then(" AND dedup_key < ").bind(format!("{prefix}\u{7f}").as_str());
    Ok(begins.then(" AND is_read = ").bind(false).execute(tx.conn)?)
}

/// The caller's own.
fn visible(scope: &Scope) -> Condition {
    let own = Condition::sql("notifications.workspace_id = ").bind(scope.workspace_id);
    own.then(" AND notifications.user_id = ").bind(scope.user_id)
}

pub fn list(conn: &mut DbConnection, scope: &Scope, list: &List<Notifications>) -> Result<Answer, Failure> {
    let own = notifications::table.filter(visible(scope)).filter(list.page_filter(scope)?);
    let rows: Vec<Row> = own.order(list.order()).limit(list.rows()).select(columns::<Row>()).load(conn)?;
    let total = list.total(conn, scope, visible(scope))?;
    let page = list.page(scope, rows.into_iter().map(Notification::from).collect(), total)?;
    let unread_count = unread_count(conn, scope)?;
    let link = Answer::page(&page)?.link;
    let Page { data, has_more, next_cursor, total, total_capped, next_link: _ } = page;
    let mut answer = Answer::ok(&NotificationPage { data, has_more, next_cursor, unread_count, total, total_capped })?;
    answer.link = link;
    Ok(answer)
}

fn unread_count(conn: &mut DbConnection, scope: &Scope) -> QueryResult<i64> {
    notifications::table.filter(visible(scope).then(" AND notifications.is_read = ").bind(false)).count().get_result(conn)
}

/// Marks one of the caller's.
pub fn mark(tx: &mut Tx<'_>, scope: &Scope, id: NotificationId, is_read: bool) -> Result<Notification, Failure> {
    let unmarked = visible(scope).then(" AND notifications.id = ").bind(id).then(" AND notifications.is_read = ").bind(!is_read);
    let read_at = is_read.then_some(tx.now);
    diesel::update(notifications::table.filter(unmarked))
        .set((notifications::is_read.eq(is_read), notifications::read_at.eq(read_at)))
        .execute(tx.conn)?;
    let own = visible(scope).then(" AND notifications.id = ").bind(id);
    let row: Option<Row> = notifications::table.filter(own).select(columns::<Row>()).first(tx.conn).optional()?;
    row.map(Notification::from).ok_or_else(|| Problem::not_found().into())
}

/// Marks many of the caller's as read.
pub fn mark_all_read(tx: &mut Tx<'_>, scope: &Scope, which: &ReadNotifications) -> Result<NotificationsRead, Failure> {
    let (named, missing) = match (&which.ids, which.up_to) {
        (Some(ids), None) => {
            let named = visible(scope).and(Condition::any_of("notifications.id", ids.iter().copied()));
            let known = notifications::table.filter(named.clone()).select(notifications::id).load::<NotificationId>(tx.conn)?;
            let known: HashSet<NotificationId> = known.into_iter().collect();
            (named, ids.iter().copied().filter(|id| !known.contains(id)).collect())
        }
        (None, Some(up_to)) => (visible(scope).then(" AND notifications.id <= ").bind(up_to), Vec::new()),
        (None, None) => return Err(Problem::fields(vec![FieldError::new("/ids", Code::Required)]).into()),
        (Some(_), Some(_)) => {
            let fault = FieldError::new("/up_to", Code::ExclusiveFields).with("fields", vec!["ids", "up_to"]);
            return Err(Problem::fields(vec![fault]).into());
        }
    };
    let marked = diesel::update(notifications::table.filter(named.and(Condition::sql("notifications.is_read = ").bind(false))))
        .set((notifications::is_read.eq(true), notifications::read_at.eq(Some(tx.now))))
        .execute(tx.conn)?;
    Ok(NotificationsRead { marked, missing, unread_count: unread_count(tx.conn, scope)? })
}
