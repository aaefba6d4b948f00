//! Pools in the database.

use diesel::prelude::*;

use crate::db::DbConnection;
use crate::db::Tx;
use crate::db::id::{PoolId, WorkspaceId};
use crate::db::schema::pools;

/// The pool that takes whatever nobody else is named for.
pub fn default_pool(conn: &mut DbConnection, workspace_id: WorkspaceId) -> QueryResult<PoolId> {
    pools::table.filter(pools::workspace_id.eq(workspace_id).and(pools::is_default.eq(true))).select(pools::id).first(conn)
}

pub fn create_default(tx: &mut Tx<'_>) -> QueryResult<()> {
    diesel::insert_into(pools::table)
        .values((
            pools::workspace_id.eq(tx.actor.workspace_id),
            pools::id.eq(PoolId::new()),
            pools::version.eq(1_i64),
            pools::name.eq("公海"),
            pools::is_default.eq(true),
            pools::created_at.eq(tx.now),
            pools::updated_at.eq(tx.now),
        ))
        .execute(tx.conn)
        .map(|_| ())
}
