//! Other systems' identifiers. A row keeps its own list; the table `external_refs` holds those of rows that are not
//! deleted, and keeps them unique.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::db::condition::AnyId;
use crate::db::id::{Id, Kind, WorkspaceId};
use crate::db::schema::external_refs;
use crate::db::{Condition, DbConnection, Failure, Tx};
use crate::http::catalogue::Code;
use crate::http::problem::Problem;
use crate::http::texts::is_refused;
use crate::listing::{Listed, rows};

/// An identifier that another system has for this object; unique per workspace, resource and system.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExternalRef {
    #[schema(pattern = "^[a-z0-9_-]{1,32}$", example = "sap")]
    pub system: String,
    #[schema(min_length = 1, max_length = 200, example = "0000123")]
    pub value: String,
}

#[derive(Insertable)]
#[diesel(table_name = external_refs, treat_none_as_default_value = false)]
struct Row<'r> {
    workspace_id: WorkspaceId,
    resource_type: &'static str,
    system: &'r str,
    value: &'r str,
    object_id: AnyId,
}

/// A reference as it stands in a path, if it can be one.
pub fn parse(system: &str, value: &str) -> Option<ExternalRef> {
    let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
    let value = value.trim();
    let is_valid = (1..=32).contains(&system.len())
        && system.bytes().all(is_name)
        && (1..=200).contains(&value.chars().count())
        && !value.chars().any(is_refused);
    is_valid.then(|| ExternalRef { system: system.to_owned(), value: value.to_owned() })
}

/// The object that has a reference, whoever sees it.
pub fn holder<R: Listed>(conn: &mut DbConnection, workspace_id: WorkspaceId, reference: &ExternalRef) -> QueryResult<Option<Id<R::Kind>>> {
    let ExternalRef { system, value } = reference;
    external_refs::table.find((workspace_id, R::Kind::NAME, system, value)).select(external_refs::object_id).first(conn).optional()
}

/// Takes the references for an object that has none in the table. One that another object has is 409, which names that one
/// when it is `visible`.
pub fn add<R: Listed>(tx: &mut Tx<'_>, visible: &Condition, id: Id<R::Kind>, refs: &[ExternalRef]) -> Result<(), Failure> {
    let (workspace_id, object_id) = (tx.actor.workspace_id, AnyId::from_uuid(id.uuid()));
    for reference in refs {
        let ExternalRef { system, value } = reference;
        let taken = || Problem::new(Code::ExternalRefTaken).with("system", system.as_str()).with("value", value.as_str());
        if let Some(holder) = holder::<R>(tx.conn, workspace_id, reference)? {
            let is_seen = rows::exists::<R>(tx.conn, rows::with_id::<R>(visible.clone(), holder))?;
            return Err(taken().with("existing_id", is_seen.then(|| holder.to_string())).into());
        }
        let row = Row { workspace_id, resource_type: R::Kind::NAME, system, value, object_id };
        // Somebody may take it at this very moment; then there is no time left to look whether the caller sees the holder.
        diesel::insert_into(external_refs::table)
            .values(row)
            .execute(tx.conn)
            .map_err(|error| Failure::from(error).on_conflict("external_refs.resource_type,system,value", taken))?;
    }
    Ok(())
}

/// Makes the table hold exactly `refs` for the object.
pub fn replace<R: Listed>(tx: &mut Tx<'_>, visible: &Condition, id: Id<R::Kind>, refs: &[ExternalRef]) -> Result<(), Failure> {
    remove(tx, id)?;
    add::<R>(tx, visible, id, refs)
}

/// Frees the references of a deleted object.
pub fn remove<K: Kind>(tx: &mut Tx<'_>, id: Id<K>) -> QueryResult<()> {
    let own = external_refs::workspace_id.eq(tx.actor.workspace_id).and(external_refs::object_id.eq(AnyId::from_uuid(id.uuid())));
    diesel::delete(external_refs::table.filter(own)).execute(tx.conn).map(|_| ())
}
