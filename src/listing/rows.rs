//! The rows of a listed resource by its table's name: what is alike for all of them.

use diesel::sql_types::Bool;
use diesel::{QueryResult, RunQueryDsl};

use super::field::Listed;
use crate::db::id::{Id, WorkspaceId};
use crate::db::{Bind, Condition, DbConnection};

/// The workspace's rows, deleted or not: what a feature's `visible` begins with.
pub fn rows<R: Listed>(workspace_id: WorkspaceId, is_deleted: bool) -> Condition {
    let own = Condition::sql(format!("{}.workspace_id = ", R::TABLE)).bind(workspace_id);
    own.then(format!(" AND {}.deleted_at IS {}NULL", R::TABLE, if is_deleted { "NOT " } else { "" }))
}

/// The one with this id among those that are `seen`.
pub fn with_id<R: Listed>(seen: Condition, id: Id<R::Kind>) -> Condition {
    seen.then(format!(" AND {}.id = ", R::TABLE)).bind(id)
}

/// Those with these ids among those that are `seen`.
pub fn with_ids<R: Listed>(seen: Condition, ids: &[impl Into<Bind> + Copy]) -> Condition {
    seen.and(Condition::any_of(&format!("{}.id", R::TABLE), ids.iter().copied()))
}

/// Whether there is a row of which this is true.
pub fn exists<R: Listed>(conn: &mut DbConnection, which: Condition) -> QueryResult<bool> {
    let found = Condition::sql(format!("SELECT EXISTS (SELECT 1 FROM {} WHERE ", R::TABLE)).append(which).then(")");
    found.giving::<Bool>().get_result(conn)
}

/// How many rows there are of which this is true.
pub fn count<R: Listed>(conn: &mut DbConnection, which: Condition) -> QueryResult<i64> {
    let counted = Condition::sql(format!("SELECT count(*) FROM {} WHERE ", R::TABLE)).append(which);
    counted.giving::<diesel::sql_types::BigInt>().get_result(conn)
}

/// Whether this value of a column is another row's, and whose: rows keep such values to themselves while they are not deleted.
pub fn holder<R: Listed>(
    conn: &mut DbConnection,
    workspace_id: WorkspaceId,
    column: &str,
    value: impl Into<Bind>,
) -> QueryResult<Option<Id<R::Kind>>> {
    use diesel::OptionalExtension;
    let same = rows::<R>(workspace_id, false).then(format!(" AND {column} = ")).bind(value);
    let found = Condition::sql(format!("SELECT id FROM {} WHERE ", R::TABLE)).append(same);
    found.giving::<crate::db::types::DbUuid>().get_result(conn).optional()
}
