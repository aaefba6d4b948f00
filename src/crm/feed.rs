//! What the log of changes shows of each resource, and to whom. A new type of change is not shown before it stands here.

use crate::auth::Scope;
use crate::auth::privileges::{
    Privilege, ReadApiKeys, ReadContacts, ReadCustomers, ReadDictionaries, ReadFields, ReadJobs, ReadOpportunities, ReadOrgUnits,
    ReadPools, ReadTiers, ReadTouchRecords, ReadWorkspace, WriteUsers,
};
use crate::changes::Operation::{
    Assigned, Cancelled, Claimed, CollaboratorsChanged, Completed, Created, Deleted, HandedOver, LifecycleChanged, Locked, Moved,
    PasswordChanged, Reassigned, Recycled, Released, Restored, Revoked, StageMoved, TierChanged, Transferred, Unlocked, Updated,
};
use crate::changes::{Operation, Rows, Seen, Shown, nothing_hidden};
use crate::crm::{contacts, customers, opportunities, planned_touches, touch_records};
use crate::db::Condition;

const WRITTEN: &[Operation] = &[Created, Updated, Deleted, Restored];

pub const SHOWN: &[Shown] = &[
    Shown {
        object_type: "customer",
        operations: &[
            Created,
            Updated,
            Deleted,
            Restored,
            Claimed,
            Assigned,
            Released,
            Recycled,
            Transferred,
            HandedOver,
            Moved,
            Locked,
            Unlocked,
            CollaboratorsChanged,
            LifecycleChanged,
            TierChanged,
        ],
        scope: ReadCustomers::SCOPE,
        seen: Seen::ByRow(Rows {
            table: "customers",
            visible: customers,
            moved: &["owner_id", "pool_id", "org_unit_id"],
            kept: &[],
            people: &["collaborators"],
            hidden: customers::store::hidden_members,
        }),
    },
    Shown {
        object_type: "contact",
        operations: WRITTEN,
        scope: ReadContacts::SCOPE,
        seen: Seen::ByRow(Rows {
            table: "contacts",
            visible: contacts,
            moved: &[],
            kept: &[],
            people: &[],
            hidden: contacts::store::hidden_members,
        }),
    },
    Shown {
        object_type: "opportunity",
        operations: &[Created, Updated, Deleted, Restored, Transferred, StageMoved],
        scope: ReadOpportunities::SCOPE,
        seen: Seen::ByRow(Rows {
            table: "opportunities",
            visible: opportunities,
            moved: &["owner_id"],
            kept: &["customer_id"],
            people: &[],
            hidden: nothing_hidden,
        }),
    },
    Shown {
        object_type: "touch_record",
        operations: WRITTEN,
        scope: ReadTouchRecords::SCOPE,
        seen: Seen::ByRow(Rows {
            table: "touch_records",
            visible: touch_records,
            moved: &[],
            kept: &[],
            people: &[],
            hidden: nothing_hidden,
        }),
    },
    Shown {
        object_type: "planned_touch",
        operations: &[Created, Updated, Deleted, Restored, Completed, Cancelled, Reassigned],
        scope: ReadTouchRecords::SCOPE,
        seen: Seen::ByRow(Rows {
            table: "planned_touches",
            visible: planned_touches,
            moved: &[],
            kept: &[],
            people: &[],
            hidden: nothing_hidden,
        }),
    },
    Shown {
        object_type: "org_unit",
        operations: &[Created, Updated, Deleted, Restored, Moved],
        scope: ReadOrgUnits::SCOPE,
        seen: Seen::ByEveryone,
    },
    Shown { object_type: "pool", operations: WRITTEN, scope: ReadPools::SCOPE, seen: Seen::ByEveryone },
    Shown { object_type: "recycle_rule", operations: &[Created, Updated, Deleted], scope: ReadPools::SCOPE, seen: Seen::ByEveryone },
    Shown { object_type: "holding_cap", operations: &[Created, Updated, Deleted], scope: ReadPools::SCOPE, seen: Seen::ByEveryone },
    Shown { object_type: "tier", operations: WRITTEN, scope: ReadTiers::SCOPE, seen: Seen::ByEveryone },
    Shown { object_type: "stage", operations: &[Updated], scope: ReadOpportunities::SCOPE, seen: Seen::ByEveryone },
    Shown { object_type: "dictionary", operations: &[Updated], scope: ReadDictionaries::SCOPE, seen: Seen::ByEveryone },
    Shown { object_type: "field", operations: &[Created, Updated, Deleted], scope: ReadFields::SCOPE, seen: Seen::ByEveryone },
    // Whoever reads users sees their names; the rest is for those who may change them.
    Shown { object_type: "user", operations: &[Created, Updated, PasswordChanged], scope: WriteUsers::SCOPE, seen: Seen::ByAdmins },
    Shown { object_type: "job", operations: &[Created, Updated], scope: ReadJobs::SCOPE, seen: Seen::ByAdmins },
    Shown { object_type: "api_key", operations: &[Created, Revoked], scope: ReadApiKeys::SCOPE, seen: Seen::ByAdmins },
    Shown { object_type: "workspace", operations: &[Created, Updated], scope: ReadWorkspace::SCOPE, seen: Seen::ByAdmins },
];

fn customers(scope: &Scope) -> Condition {
    customers::visible(scope, false).or(customers::visible(scope, true))
}

/// Contacts outlive their customers: deleting a customer hides none that has another one, and changes none.
fn contacts(scope: &Scope) -> Condition {
    contacts::visible(scope, false).or(contacts::visible(scope, true))
}

fn opportunities(scope: &Scope) -> Condition {
    let seen = opportunities::visible(scope, false).or(opportunities::visible(scope, true));
    seen.or(gone_with_customer(scope, "opportunities"))
}

fn touch_records(scope: &Scope) -> Condition {
    let seen = touch_records::visible(scope, false).or(touch_records::visible(scope, true));
    seen.or(gone_with_customer(scope, "touch_records"))
}

fn planned_touches(scope: &Scope) -> Condition {
    let seen = planned_touches::visible(scope, false).or(planned_touches::visible(scope, true));
    seen.or(gone_with_customer(scope, "planned_touches"))
}

/// Deleted together with a customer that the caller would see.
fn gone_with_customer(scope: &Scope, table: &str) -> Condition {
    customers::belonging_to(table, customers::visible(scope, true))
}
