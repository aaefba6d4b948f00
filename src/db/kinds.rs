//! The kinds of objects that have identifiers.

use uuid::Uuid;

use super::id::{Id, decode_with_prefix};

/// A kind of object that has identifiers.
pub trait Kind: 'static {
    /// The prefix in front of the underscore.
    const PREFIX: &'static str;
    /// The kind's name where a name is data: in the change log, in reference tables.
    const NAME: &'static str;
    /// The name of the id's schema in the OpenAPI document.
    const SCHEMA: &'static str;
}

/// Declares the kinds: an uninhabited marker, its name and prefix, and the alias everybody uses.
macro_rules! kinds {
    ($($marker:ident $alias:ident $name:literal $prefix:literal)*) => {
        $(
            #[derive(Debug)]
            pub enum $marker {}
            impl Kind for $marker {
                const PREFIX: &'static str = $prefix;
                const NAME: &'static str = $name;
                const SCHEMA: &'static str = stringify!($alias);
            }
            pub type $alias = Id<$marker>;
        )*

        /// The prefix of the ids of a kind that is known by name only.
        pub fn prefix_of(kind: &str) -> Option<&'static str> {
            match kind {
                $($name => Some($prefix),)*
                _ => None,
            }
        }

        /// The name of the kind that an id is of, and its UUID.
        pub fn kind_of(text: &str) -> Option<(&'static str, Uuid)> {
            match text.split_once('_')?.0 {
                $($prefix => decode_with_prefix($prefix, text).map(|uuid| ($name, uuid)),)*
                _ => None,
            }
        }
    };
}

kinds! {
    WorkspaceKind WorkspaceId "workspace" "ws"
    UserKind UserId "user" "usr"
    ApiKeyKind ApiKeyId "api_key" "key"
    CustomerKind CustomerId "customer" "cus"
    ContactKind ContactId "contact" "con"
    PoolKind PoolId "pool" "pool"
    OrgUnitKind OrgUnitId "org_unit" "org"
    HoldingCapKind HoldingCapId "holding_cap" "cap"
    RecycleRuleKind RecycleRuleId "recycle_rule" "rul"
    TierKind TierId "tier" "tier"
    PipelineKind PipelineId "pipeline" "pip"
    PipelineStageKind StageId "stage" "stg"
    OpportunityKind OpportunityId "opportunity" "opp"
    StageMoveKind StageMoveId "stage_move" "mov"
    TouchRecordKind TouchRecordId "touch_record" "tch"
    PlannedTouchKind PlannedTouchId "planned_touch" "plt"
    CustomerEventKind CustomerEventId "customer_event" "evt"
    DictionaryKind DictionaryId "dictionary" "dic"
    CustomFieldKind CustomFieldId "field" "fld"
    ChangeKind ChangeId "change" "chg"
    NotificationKind NotificationId "notification" "ntf"
    SessionKind SessionId "session" "ses"
    JobKind JobId "job" "job"
}
