//! Who sees which changes.
//!
//! The log knows no resource: what types of objects there are and who sees them is a table that is handed in. A change is shown to
//! whoever sees its object now, deleted or not. So that nobody keeps a copy of an object that went out of sight, the change that
//! moved it is shown once more to whoever saw it where it was before, and so is the one that left a person out.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use diesel::QueryResult;
use diesel::RunQueryDsl;
use diesel::sql_types::BigInt;
use serde_json::Value;

use super::log::Operation;
use super::rows::{ChangeRow, Head, whole};
use crate::auth::privileges::Role;
use crate::auth::{Caller, Reach, Scope};
use crate::db::condition::AnyId;
use crate::db::id::{UserId, decode_any};
use crate::db::types::DbUuid;
use crate::db::{Condition, DbConnection};
use crate::http::catalogue::Code;
use crate::http::problem::Problem;
use crate::http::query::invalid;
use crate::http::schemas::nearest;

/// A type of object in the log: what is done to it, and who sees that.
pub struct Shown {
    pub object_type: &'static str,
    pub operations: &'static [Operation],
    /// What an API key needs.
    pub scope: &'static str,
    pub seen: Seen,
}

/// Which people see a type of object.
pub enum Seen {
    ByAdmins,
    ByEveryone,
    /// Whoever sees the object.
    ByRow(Rows),
}

/// The rows of a type of object.
pub struct Rows {
    pub table: &'static str,
    /// The rows that a caller sees, deleted or not.
    pub visible: fn(&Scope) -> Condition,
    /// The columns with ids that `visible` looks at and that an operation may change.
    pub moved: &'static [&'static str],
    /// The other columns that `visible` looks at, besides `workspace_id`, `id` and `deleted_at`.
    pub kept: &'static [&'static str],
    /// The members of `changed` that list people who see it, each with its `user_id`: whoever is left out saw it before.
    pub people: &'static [&'static str],
    /// Of some objects, the members that are not shown to a caller who sees them.
    pub hidden: fn(&mut DbConnection, &Scope, &[AnyId]) -> QueryResult<HiddenMembers>,
}

pub type HiddenMembers = HashMap<AnyId, Vec<&'static str>>;

/// Nothing is.
pub fn nothing_hidden(_: &mut DbConnection, _: &Scope, _: &[AnyId]) -> QueryResult<HiddenMembers> {
    Ok(HashMap::new())
}

/// What never moves an object out of anybody's sight.
const IN_PLACE: [Operation; 4] = [Operation::Created, Operation::Updated, Operation::Deleted, Operation::Restored];

impl Shown {
    pub fn types(&self) -> impl Iterator<Item = String> {
        self.operations.iter().map(|operation| format!("{}.{}", self.object_type, operation.as_ref()))
    }

    fn check(&self, caller: &Caller) -> Result<(), Problem> {
        caller.check_scope(self.scope)?;
        match self.seen {
            Seen::ByAdmins if caller.scopes.is_none() && !caller.is_admin() => {
                Err(Problem::new(Code::InsufficientRole).with("required_role", Role::Admin.as_ref()))
            }
            _ => Ok(()),
        }
    }
}

/// The types that some names name: `customer.updated`, `customer.*`, or `*` for all. Gives each with its row of the table.
pub fn named<'t>(table: &'t [Shown], names: &str) -> Result<BTreeMap<String, &'t Shown>, Problem> {
    let all = || table.iter().flat_map(|shown| shown.types().map(move |kind| (kind, shown)));
    let mut found = BTreeMap::new();
    for name in names.split(',').map(str::trim) {
        let is_named = |kind: &str, shown: &Shown| name == "*" || name == kind || name.strip_suffix(".*") == Some(shown.object_type);
        let before = found.len();
        found.extend(all().filter(|(kind, shown)| is_named(kind, shown)));
        let is_known = found.len() > before || all().any(|(kind, shown)| is_named(&kind, shown));
        if !is_known {
            let groups = table.iter().map(|shown| format!("{}.*", shown.object_type));
            let allowed: Vec<String> = groups.chain(all().map(|(kind, _)| kind)).collect();
            let meant = nearest(name, allowed.iter().map(String::as_str)).map(str::to_owned);
            let refused = invalid("types", "types of changes such as customer.updated or customer.*, separated by commas");
            return Err(refused.with("value", name).with("did_you_mean", meant).with("allowed", allowed));
        }
    }
    Ok(found)
}

/// What one caller asks for and may see.
pub struct View {
    pub scope: Scope,
    types: BTreeMap<String, &'static Shown>,
}

impl View {
    /// What the caller may not read is left out of `*`, and refused when it is asked for by name.
    pub fn of(table: &'static [Shown], types: Option<&str>, caller: &Caller) -> Result<Self, Problem> {
        let names = types.unwrap_or("*");
        let mut types = named(table, names)?;
        let is_asked = |shown: &Shown| names.split(',').map(str::trim).any(|name| name.split('.').next() == Some(shown.object_type));
        for shown in types.values().filter(|shown| is_asked(shown)) {
            shown.check(caller)?;
        }
        types.retain(|_, shown| shown.check(caller).is_ok());
        Ok(Self { scope: caller.scope, types })
    }

    /// Of some rows of the log, the places of those that are shown: one statement for each type of object, and two more where objects
    /// have moved.
    pub fn choose(&self, conn: &mut DbConnection, heads: &[Head]) -> QueryResult<Vec<i64>> {
        let asked: Vec<(&Head, &Shown)> = heads.iter().filter_map(|head| Some((head, *self.types.get(&head.kind)?))).collect();
        let is_all = self.scope.sees == Reach::All;
        let mut by_type: BTreeMap<&str, (&Rows, Vec<&Head>)> = BTreeMap::new();
        let mut chosen = Vec::new();
        for (head, shown) in asked {
            match &shown.seen {
                Seen::ByRow(rows) if !is_all => by_type.entry(shown.object_type).or_insert((rows, Vec::new())).1.push(head),
                _ => chosen.push(head.seq),
            }
        }
        for (rows, heads) in by_type.values() {
            let seen = rows.seen(conn, &self.scope, heads)?;
            let (seen, unseen): (Vec<&Head>, Vec<&Head>) = heads.iter().copied().partition(|head| seen.contains(&head.object_id));
            chosen.extend(seen.into_iter().map(|head| head.seq));
            chosen.extend(rows.lost(conn, &self.scope, &unseen)?);
        }
        chosen.sort_unstable();
        Ok(chosen)
    }
}

impl View {
    /// Takes out of whole rows what the caller is not shown.
    pub fn hide(&self, conn: &mut DbConnection, rows: &mut [ChangeRow]) -> QueryResult<()> {
        if self.scope.changes == Reach::All {
            return Ok(());
        }
        let mut by_type: BTreeMap<&str, (&Rows, Vec<AnyId>)> = BTreeMap::new();
        for row in &*rows {
            if let Some(Shown { object_type, seen: Seen::ByRow(of), .. }) = self.types.get(&row.kind) {
                by_type.entry(object_type).or_insert((of, Vec::new())).1.push(row.object_id);
            }
        }
        let mut hidden = HiddenMembers::new();
        for (of, ids) in by_type.values() {
            hidden.extend((of.hidden)(conn, &self.scope, ids)?);
        }
        for row in rows {
            for member in hidden.get(&row.object_id).into_iter().flatten() {
                row.changed.0.remove(*member);
            }
        }
        Ok(())
    }
}

impl Rows {
    /// Of these rows' objects, those that the caller sees.
    fn seen(&self, conn: &mut DbConnection, scope: &Scope, heads: &[&Head]) -> QueryResult<HashSet<AnyId>> {
        let table = self.table;
        let ids: BTreeSet<AnyId> = heads.iter().map(|head| head.object_id).collect();
        let which = Condition::sql(format!("SELECT {table}.id FROM {table} WHERE {table}.workspace_id = ")).bind(scope.workspace_id);
        let which = which.then(" AND ").append(Condition::any_of(&format!("{table}.id"), ids).and((self.visible)(scope)));
        Ok(which.giving::<DbUuid>().load::<AnyId>(conn)?.into_iter().collect())
    }

    /// Of these rows, those that took an object away from the caller, which saw it before: it was left out of a list of people, or the
    /// object was moved. The rows as they were before are given the name of their
    /// table, so that the same condition decides.
    fn lost(&self, conn: &mut DbConnection, scope: &Scope, heads: &[&Head]) -> QueryResult<Vec<i64>> {
        let is_move = |head: &Head| {
            let operation = head.kind.rsplit('.').next();
            !self.moved.is_empty() && scope.sees != Reach::Nothing && IN_PLACE.iter().all(|plain| Some(plain.as_ref()) != operation)
        };
        let places: Vec<i64> = heads.iter().filter(|head| is_move(head)).map(|head| head.seq).collect();
        let rows = whole(conn, &places)?;
        let is_left_out = |row: &ChangeRow| self.people.iter().any(|name| is_left_out(row.changed.0.get(*name), scope.user_id));
        let (left, rows): (Vec<_>, Vec<_>) = rows.into_iter().partition(is_left_out);
        let left: Vec<i64> = left.into_iter().map(|row| row.seq).collect();
        let moves: Vec<_> = rows.into_iter().filter(|row| self.moved.iter().any(|name| row.changed.0.contains_key(*name))).collect();
        if moves.is_empty() {
            return Ok(left);
        }
        let (table, moved) = (self.table, self.moved.join(", "));
        let mut earlier = Condition::sql(format!("WITH earlier (seq, object_id, {moved}) AS (VALUES "));
        for (place, row) in moves.iter().enumerate() {
            earlier = earlier.then(if place == 0 { "(" } else { ", (" }).bind(row.seq).then(", ").bind(row.object_id);
            for name in self.moved {
                let from = row.changed.0.get(*name).and_then(|member| member.get("from")).and_then(Value::as_str).and_then(decode_any);
                earlier = match from {
                    Some(id) => earlier.then(", ").bind(AnyId::from_uuid(id)),
                    None => earlier.then(", CAST(NULL AS uuid)"),
                };
            }
            earlier = earlier.then(")");
        }
        let kept: String = self.kept.iter().map(|name| format!(", now.{name}")).collect();
        let columns: String = self.moved.iter().map(|name| format!(", earlier.{name}")).collect();
        let earlier = earlier.then(format!(
            ") SELECT {table}.seq FROM (SELECT earlier.seq, now.workspace_id, now.id, now.deleted_at{kept}{columns} \
             FROM earlier JOIN {table} now ON now.id = earlier.object_id AND now.workspace_id = "
        ));
        let earlier = earlier.bind(scope.workspace_id).then(format!(") {table} WHERE ")).append((self.visible)(scope));
        let lost: Vec<i64> = earlier.planned_anew().giving::<BigInt>().load(conn)?;
        Ok([left, lost].concat())
    }
}

/// Whether a list had a user, and has it no longer.
fn is_left_out(change: Option<&Value>, user_id: UserId) -> bool {
    let (Some(change), user_id) = (change, user_id.to_string()) else { return false };
    let names = |side: &str| {
        let people = change.get(side).and_then(Value::as_array).into_iter().flatten();
        people.filter_map(|one| one.get("user_id")?.as_str()).any(|known| known == user_id)
    };
    names("from") && !names("to")
}
