//! Reading the audit. Each walk is along an index in the order of instants; types have none, so of those rows only so many are looked
//! at for one page.

use std::collections::{BTreeSet, HashMap, HashSet};

use diesel::QueryResult;
use uuid::Uuid;

use super::dto::{AuditActor, AuditEntry, AuditPage};
use crate::changes::dto::ChangeObject;
use crate::changes::named;
use crate::changes::rows::{ChangeRow, Head, newest, whole};
use crate::crm::feed::SHOWN;
use crate::crm::users::store as users;
use crate::db::condition::AnyId;
use crate::db::id::{UserId, WorkspaceId, kind_of};
use crate::db::types::Instant;
use crate::db::{Condition, DbConnection, Failure};
use crate::http::catalogue::Code;
use crate::http::problem::Problem;
use crate::http::query::{Query, invalid};
use crate::http::schemas::nearest;
use crate::listing::{Cursor, list_hash};

/// Rows that are looked at for one page at most, when types are asked for.
const MOST: i64 = 10_000;

/// An audit as the query string asks for it.
pub struct Asked {
    which: Condition,
    /// The types that are asked for.
    types: Option<HashSet<String>>,
    /// Behind this row.
    after: Option<(Instant, i64)>,
    limit: usize,
    /// Identifies workspace and filters.
    hash: [u8; 8],
}

impl Asked {
    pub fn parse(query: &Query, workspace_id: WorkspaceId) -> Result<Self, Problem> {
        let mut which = Condition::sql("changes.workspace_id = ").bind(workspace_id);
        if let Some(text) = query.get("object_id") {
            let (kind, id) = kind_of(text).ok_or_else(|| invalid("object_id", "the id of an object"))?;
            which = which.then(" AND changes.object_id = ").bind(AnyId::from_uuid(id)).then(" AND changes.object_type = ").bind(kind);
        }
        if let Some(actor_id) = query.parsed::<UserId>("actor_id", "the id of a user")? {
            which = which.then(" AND changes.actor_id = ").bind(actor_id);
        }
        if let Some(request_id) = query.get("request_id") {
            which = which.then(" AND changes.request_id = ").bind(request_id);
        }
        for (name, operator) in [("at[gte]", ">="), ("at[lt]", "<")] {
            if let Some(text) = query.get(name) {
                let at = text.replace(' ', "+").parse::<Instant>().map_err(|_| invalid(name, "an RFC 3339 instant with an offset"))?;
                which = which.then(format!(" AND changes.at {operator} ")).bind(at);
            }
        }
        let mut types = query.get("types").map(|names| named(SHOWN, names)).transpose()?;
        if let Some(name) = query.get("object_type") {
            check_object_type(name)?;
            let own = named(SHOWN, &format!("{name}.*"))?;
            types = Some(match types {
                Some(types) => types.into_iter().filter(|(kind, _)| own.contains_key(kind)).collect(),
                None => own,
            });
        }
        let types = types.map(|types| types.into_keys().collect());
        let mut pairs: Vec<_> = query.pairs().filter(|(name, _)| !matches!(*name, "limit" | "cursor")).collect();
        pairs.sort_unstable();
        let hash = list_hash(workspace_id, &format!("audit\n{pairs:?}"));
        let after = query.get("cursor").map(|text| Cursor::decode(text, hash).and_then(|cursor| place(&cursor))).transpose()?;
        let limit = usize::try_from(query.integer("limit", 1..=200, 50)?).unwrap_or(usize::MAX);
        Ok(Self { which, types, after, limit, hash })
    }

    fn is_asked(&self, head: &Head) -> bool {
        self.types.as_ref().is_none_or(|types| types.contains(&head.kind))
    }

    fn cursor_behind(&self, head: &Head) -> String {
        Cursor { list: self.hash, keys: vec![head.at.to_string().into(), head.seq.into()], id: Uuid::nil() }.encode()
    }
}

fn check_object_type(name: &str) -> Result<(), Problem> {
    let allowed: Vec<&str> = SHOWN.iter().map(|shown| shown.object_type).collect();
    if allowed.contains(&name) {
        return Ok(());
    }
    let meant = nearest(name, allowed.iter().copied()).map(str::to_owned);
    Err(invalid("object_type", "a type of object").with("value", name).with("did_you_mean", meant).with("allowed", allowed))
}

fn place(cursor: &Cursor) -> Result<(Instant, i64), Problem> {
    let found = match cursor.keys.as_slice() {
        [at, seq] => at.as_str().and_then(|text| text.parse().ok()).zip(seq.as_i64()),
        _ => None,
    };
    found.ok_or_else(|| Problem::new(Code::InvalidCursor))
}

pub fn page(conn: &mut DbConnection, workspace_id: WorkspaceId, asked: &Asked) -> Result<AuditPage, Failure> {
    let mut which = asked.which.clone();
    if let Some((at, seq)) = asked.after {
        which = which.then(" AND (changes.at, changes.seq) < (").bind(at).then(", ").bind(seq).then(")");
    }
    let most = match asked.types {
        Some(_) => MOST,
        None => i64::try_from(asked.limit).unwrap_or(MOST) + 1,
    };
    let heads = newest(conn, which, most)?;
    let found: Vec<&Head> = heads.iter().filter(|head| asked.is_asked(head)).collect();
    let shown = found.get(..asked.limit).unwrap_or(&found);
    // Behind what is shown when more of it follows, and else behind all that was looked at.
    let last = match shown.last() {
        Some(last) if shown.len() < found.len() => Some(*last),
        _ => heads.last().filter(|_| i64::try_from(heads.len()).is_ok_and(|count| count >= most)),
    };
    let next_cursor = last.map(|head| asked.cursor_behind(head));
    let places: Vec<i64> = shown.iter().map(|head| head.seq).collect();
    let rows = whole(conn, &places)?;
    let actors = actors(conn, workspace_id, &rows)?;
    let data = rows.into_iter().map(|row| entry(row, &actors)).collect();
    Ok(AuditPage { data, has_more: next_cursor.is_some(), next_cursor })
}

fn actors(conn: &mut DbConnection, workspace_id: WorkspaceId, rows: &[ChangeRow]) -> QueryResult<HashMap<UserId, AuditActor>> {
    let ids: BTreeSet<UserId> = rows.iter().filter_map(|row| row.actor_id).collect();
    let named = users::named(conn, workspace_id, ids)?;
    Ok(named.into_iter().map(|(id, name, kind)| (id, AuditActor { id, name, kind })).collect())
}

fn entry(row: ChangeRow, actors: &HashMap<UserId, AuditActor>) -> AuditEntry {
    let ChangeRow { seq, id, kind, object_type, object_id, object_version, changed, actor_id, request_id, at } = row;
    let object = ChangeObject::new(object_type, object_id, object_version);
    let actor = actor_id.and_then(|id| actors.get(&id).cloned());
    AuditEntry { seq, id, kind, at, actor, request_id, object, changed: changed.0 }
}
