//! Row scope: which objects a caller sees and which it may change. The one place that knows; org units and pools
//! grow here.

use super::privileges::Role;
use crate::db::id::{UserId, WorkspaceId};

/// How far a right reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    Nothing,
    /// What the caller owns.
    Own,
    All,
}

/// The caller's part of the workspace. Every query of a feature starts from it.
#[derive(Debug, Clone, Copy)]
pub struct Scope {
    pub workspace_id: WorkspaceId,
    pub user_id: UserId,
    /// What is seen; `Own` sees what lies in the pool as well.
    pub sees: Reach,
    pub changes: Reach,
}

impl Scope {
    pub const fn of(workspace_id: WorkspaceId, user_id: UserId, role: Role) -> Self {
        let (sees, changes) = match role {
            Role::Admin | Role::Manager => (Reach::All, Reach::All),
            Role::Rep => (Reach::Own, Reach::Own),
            Role::Viewer => (Reach::All, Reach::Nothing),
        };
        Self { workspace_id, user_id, sees, changes }
    }

    /// Whether the caller may change what `owner_id` owns.
    pub fn may_change(&self, owner_id: Option<UserId>) -> bool {
        match self.changes {
            Reach::All => true,
            Reach::Own => owner_id == Some(self.user_id),
            Reach::Nothing => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rep_changes_what_it_owns_and_nothing_else() {
        let (workspace, me, other) = (WorkspaceId::new(), UserId::new(), UserId::new());
        let rep = Scope::of(workspace, me, Role::Rep);
        assert!(rep.may_change(Some(me)) && !rep.may_change(Some(other)) && !rep.may_change(None));
        assert!(Scope::of(workspace, me, Role::Manager).may_change(None));
        assert!(!Scope::of(workspace, me, Role::Viewer).may_change(Some(me)));
    }
}
