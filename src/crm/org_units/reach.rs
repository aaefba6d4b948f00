//! How far a unit reaches: the tree as pieces of SQL, walked anew in each statement. Nothing about it is kept, so a move is one row.

use diesel::sql_types::Bool;
use diesel::{QueryResult, RunQueryDsl};

use crate::auth::{Reach, Scope};
use crate::db::id::{OrgUnitId, UserId, WorkspaceId};
use crate::db::{Condition, DbConnection};

/// The ids of the caller's unit and of those below it.
pub fn below(scope: &Scope) -> Condition {
    let own = Condition::sql("(WITH RECURSIVE below (id) AS (SELECT users.org_unit_id FROM users WHERE users.workspace_id = ");
    let own = own.bind(scope.workspace_id).then(" AND users.id = ").bind(scope.user_id).then(" AND users.org_unit_id IS NOT NULL");
    let further = own.then(" UNION SELECT org_units.id FROM below JOIN org_units ON org_units.parent_id = below.id");
    further.then(" AND org_units.workspace_id = ").bind(scope.workspace_id).then(") SELECT below.id FROM below)")
}

/// The ids of a user's unit and of those above it.
pub fn above(scope: &Scope, user_id: UserId) -> Condition {
    let own = Condition::sql("(WITH RECURSIVE above (id) AS (SELECT users.org_unit_id FROM users WHERE users.workspace_id = ");
    let own = own.bind(scope.workspace_id).then(" AND users.id = ").bind(user_id).then(" AND users.org_unit_id IS NOT NULL");
    let further = own.then(" UNION SELECT org_units.parent_id FROM above JOIN org_units ON org_units.id = above.id");
    let further = further.then(" AND org_units.workspace_id = ").bind(scope.workspace_id);
    further.then(" AND org_units.parent_id IS NOT NULL) SELECT above.id FROM above)")
}

/// The ids of a user's unit and of those above it, the nearest first, as a whole statement.
pub fn path(workspace_id: WorkspaceId, user_id: UserId) -> Condition {
    let own = Condition::sql("WITH RECURSIVE path (id, place) AS (SELECT users.org_unit_id, 0 FROM users WHERE users.workspace_id = ");
    let own = own.bind(workspace_id).then(" AND users.id = ").bind(user_id).then(" AND users.org_unit_id IS NOT NULL");
    let further = own.then(" UNION ALL SELECT org_units.parent_id, path.place + 1 FROM path JOIN org_units ON org_units.id = path.id");
    let further = further.then(" AND org_units.workspace_id = ").bind(workspace_id);
    further.then(" AND org_units.parent_id IS NOT NULL) SELECT path.id FROM path ORDER BY path.place")
}

/// The ids of the units below one, itself among them.
pub fn subtree(scope: &Scope, id: OrgUnitId) -> Condition {
    let own = Condition::sql("(WITH RECURSIVE subtree (id) AS (SELECT org_units.id FROM org_units WHERE org_units.workspace_id = ");
    let own = own.bind(scope.workspace_id).then(" AND org_units.id = ").bind(id);
    let further = own.then(" UNION SELECT org_units.id FROM subtree JOIN org_units ON org_units.parent_id = subtree.id");
    further.then(" AND org_units.workspace_id = ").bind(scope.workspace_id).then(") SELECT subtree.id FROM subtree)")
}

/// The ids of the members of the caller's unit and of those below it.
pub fn members(scope: &Scope) -> Condition {
    let own = Condition::sql("(SELECT users.id FROM users WHERE users.workspace_id = ").bind(scope.workspace_id);
    own.then(" AND users.org_unit_id IN ").append(below(scope)).then(")")
}

/// Whether the caller may change what this user owns; what nobody owns is changed by those who may change everything.
pub fn may_change(conn: &mut DbConnection, scope: &Scope, owner_id: Option<UserId>) -> QueryResult<bool> {
    match (scope.changes, owner_id) {
        (Reach::All, _) => Ok(true),
        (Reach::Nothing, _) | (_, None) => Ok(false),
        (Reach::Own | Reach::Unit, Some(owner_id)) if owner_id == scope.user_id => Ok(true),
        (Reach::Own, _) => Ok(false),
        (Reach::Unit, Some(owner_id)) => {
            let asked = Condition::sql("SELECT ").bind(owner_id).then(" IN ").append(members(scope));
            asked.giving::<Bool>().get_result(conn)
        }
    }
}
