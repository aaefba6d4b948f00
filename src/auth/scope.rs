//! Row scope: how far a caller sees and how far it changes. What that means for a kind of object is said in its feature's `visible`
//! and `may_change`.

use super::privileges::Role;
use crate::db::id::{UserId, WorkspaceId};
use crate::db::types::Instant;

/// How far a right reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    Nothing,
    /// What the caller owns.
    Own,
    /// What the members of the caller's unit own, and of the units below it.
    Unit,
    All,
}

/// The caller's part of the workspace. Every query of a feature starts from it.
#[derive(Debug, Clone, Copy)]
pub struct Scope {
    pub workspace_id: WorkspaceId,
    pub user_id: UserId,
    /// What is seen; `Own` and `Unit` see what lies in their pools and what they collaborate on as well.
    pub sees: Reach,
    pub changes: Reach,
    /// When it is asked: what has an end ends.
    pub now: Instant,
}

impl Scope {
    /// Who belongs to a unit manages or looks at that unit, who belongs to none everything.
    pub const fn of(workspace_id: WorkspaceId, user_id: UserId, role: Role, is_in_unit: bool, now: Instant) -> Self {
        let (sees, changes) = match (role, is_in_unit) {
            (Role::Admin, _) | (Role::Manager, false) => (Reach::All, Reach::All),
            (Role::Manager, true) => (Reach::Unit, Reach::Unit),
            (Role::Rep, _) => (Reach::Own, Reach::Own),
            (Role::Viewer, false) => (Reach::All, Reach::Nothing),
            (Role::Viewer, true) => (Reach::Unit, Reach::Nothing),
        };
        Self { workspace_id, user_id, sees, changes, now }
    }

    /// The system's own, which sees everything.
    pub const fn system(workspace_id: WorkspaceId, now: Instant) -> Self {
        Self { workspace_id, user_id: UserId::from_uuid(uuid::Uuid::nil()), sees: Reach::All, changes: Reach::All, now }
    }

    /// Without bounds, for rules of the workspace's own.
    #[must_use]
    pub const fn unbounded(&self) -> Self {
        Self { sees: Reach::All, changes: Reach::All, ..*self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::clock;

    #[test]
    fn a_unit_narrows_managers_and_viewers_only() {
        let reach = |role, is_in_unit| {
            let scope = Scope::of(WorkspaceId::new(), UserId::new(), role, is_in_unit, clock::now());
            (scope.sees, scope.changes)
        };
        for is_in_unit in [false, true] {
            assert_eq!(reach(Role::Admin, is_in_unit), (Reach::All, Reach::All));
            assert_eq!(reach(Role::Rep, is_in_unit), (Reach::Own, Reach::Own));
        }
        assert_eq!(reach(Role::Manager, false), (Reach::All, Reach::All));
        assert_eq!(reach(Role::Manager, true), (Reach::Unit, Reach::Unit));
        assert_eq!(reach(Role::Viewer, false), (Reach::All, Reach::Nothing));
        assert_eq!(reach(Role::Viewer, true), (Reach::Unit, Reach::Nothing));
    }
}
