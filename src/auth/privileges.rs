//! Roles, the scopes of API keys, and what each privilege asks of either.

use serde::{Deserialize, Serialize};
use strum::{AsRefStr, EnumString};
use utoipa::ToSchema;

/// What a member of a workspace may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, AsRefStr, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Role {
    /// Everything, users and settings included.
    Admin,
    /// Reads and changes the customers of its unit and of those below it; all, when it belongs to no unit.
    Manager,
    /// Reads and changes its own customers and those it collaborates on, reads its pools.
    Rep,
    /// Reads what a manager reads, changes nothing.
    Viewer,
}

/// Something a caller may be allowed: people by their role, API keys by their scope.
pub trait Privilege: 'static {
    const SCOPE: &'static str;
    /// The roles that may; the first is the one a refusal names.
    const ROLES: &'static [Role];
}

const EVERYONE: &[Role] = &[Role::Viewer, Role::Rep, Role::Manager, Role::Admin];
const WRITERS: &[Role] = &[Role::Rep, Role::Manager, Role::Admin];
const ADMINS: &[Role] = &[Role::Admin];

/// Declares the privileges and the list of all scopes.
macro_rules! privileges {
    ($($name:ident $scope:literal $roles:ident)*) => {
        $(
            #[derive(Debug)]
            pub struct $name;
            impl Privilege for $name {
                const SCOPE: &'static str = $scope;
                const ROLES: &'static [Role] = $roles;
            }
        )*
        /// Every scope an API key can have, besides `*`.
        pub const SCOPES: &[&str] = &[$($scope),*];
    };
}

privileges! {
    ReadCustomers "customers:read" EVERYONE
    WriteCustomers "customers:write" WRITERS
    ReadContacts "contacts:read" EVERYONE
    WriteContacts "contacts:write" WRITERS
    ReadOpportunities "opportunities:read" EVERYONE
    WriteOpportunities "opportunities:write" WRITERS
    ReadTouchRecords "touch_records:read" EVERYONE
    WriteTouchRecords "touch_records:write" WRITERS
    ReadTiers "tiers:read" EVERYONE
    WriteTiers "tiers:write" ADMINS
    ReadDictionaries "dictionaries:read" EVERYONE
    WriteDictionaries "dictionaries:write" ADMINS
    ReadOrgUnits "org_units:read" EVERYONE
    WriteOrgUnits "org_units:write" ADMINS
    ReadPools "pools:read" EVERYONE
    WritePools "pools:write" ADMINS
    ReadFields "fields:read" EVERYONE
    WriteFields "fields:write" ADMINS
    ReadUsers "users:read" EVERYONE
    WriteUsers "users:write" ADMINS
    ReadWorkspace "workspace:read" EVERYONE
    WriteWorkspace "workspace:write" ADMINS
    ReadApiKeys "api_keys:read" ADMINS
    WriteApiKeys "api_keys:write" ADMINS
    ReadChanges "changes:read" EVERYONE
    ReadAudit "audit:read" ADMINS
    ReadJobs "jobs:read" EVERYONE
    WriteJobs "jobs:write" EVERYONE
}
