//! Other systems' identifiers. A row keeps its own list; the table `external_refs` holds those of rows that are not
//! deleted, and keeps them unique.

use std::collections::HashSet;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::ValidationError;

use crate::db::condition::AnyId;
use crate::db::id::{Id, Kind};
use crate::db::schema::external_refs;
use crate::db::{Failure, Tx};
use crate::http::catalogue::Code;
use crate::http::problem::Problem;
use crate::http::validation::duplicate_item;

/// An identifier that another system has for this object; unique per workspace, resource and system.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExternalRef {
    #[schema(pattern = "^[a-z0-9_-]{1,32}$", example = "sap")]
    pub system: String,
    #[schema(min_length = 1, max_length = 200, example = "0000123")]
    pub value: String,
}

/// For `validator`: no reference twice in one list.
pub fn check_distinct(refs: &[ExternalRef]) -> Result<(), ValidationError> {
    let mut seen = HashSet::new();
    refs.iter().position(|one| !seen.insert(one)).map_or(Ok(()), |index| Err(duplicate_item(index)))
}

/// Makes the table hold exactly `refs` for the object. A reference that another object has is 409.
pub fn replace<K: Kind>(tx: &mut Tx<'_>, id: Id<K>, refs: &[ExternalRef]) -> Result<(), Failure> {
    remove(tx, id)?;
    for one in refs {
        diesel::insert_into(external_refs::table)
            .values((
                external_refs::workspace_id.eq(tx.actor.workspace_id),
                external_refs::resource_type.eq(K::NAME),
                external_refs::system.eq(&one.system),
                external_refs::value.eq(&one.value),
                external_refs::object_id.eq(AnyId::from_uuid(id.uuid())),
            ))
            .execute(tx.conn)
            .map_err(|error| Failure::from(error).on_conflict("external_refs.resource_type,system,value", || taken(one)))?;
    }
    Ok(())
}

fn taken(one: &ExternalRef) -> Problem {
    Problem::new(Code::ExternalRefTaken).with("system", one.system.as_str()).with("value", one.value.as_str())
}

/// Frees the references of a deleted object.
pub fn remove<K: Kind>(tx: &mut Tx<'_>, id: Id<K>) -> QueryResult<()> {
    let own = external_refs::workspace_id.eq(tx.actor.workspace_id).and(external_refs::object_id.eq(AnyId::from_uuid(id.uuid())));
    diesel::delete(external_refs::table.filter(own)).execute(tx.conn).map(|_| ())
}
