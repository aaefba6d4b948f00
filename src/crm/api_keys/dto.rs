//! API keys on the wire.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::auth::privileges::SCOPES;
use crate::db::id::{ApiKeyId, UserId};
use crate::db::types::Instant;

/// A new API key.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct CreateApiKey {
    #[schema(min_length = 1, max_length = 100, example = "ERP")]
    pub name: String,
    /// What it may do: `customers:read`, `customers:write`, …, or `*` for everything.
    #[schema(value_type = BTreeSet<ScopeName>, min_items = 1, max_items = 50, example = json!(["customers:read", "customers:write"]))]
    pub scopes: Vec<String>,
    /// When it stops working; null never.
    pub expires_at: Option<Instant>,
}

/// What an API key may do, by its name.
pub struct ScopeName;

impl PartialSchema for ScopeName {
    fn schema() -> RefOr<Schema> {
        let names = SCOPES.iter().copied().chain(["*"]);
        ObjectBuilder::new().schema_type(Type::String).description(Some("A scope; `*` is all.")).enum_values(Some(names)).into()
    }
}

impl ToSchema for ScopeName {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Scope")
    }
}

/// An API key, without its secret.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub version: i64,
    pub name: String,
    /// The public part of the key, to recognise it: `fp_<prefix>_…`.
    #[schema(example = "Zk3vR8pQ")]
    pub prefix: String,
    pub scopes: Vec<String>,
    /// The service account that it acts as.
    pub user_id: UserId,
    pub expires_at: Option<Instant>,
    /// To the minute.
    pub last_used_at: Option<Instant>,
    /// When it was revoked; null while it works.
    pub revoked_at: Option<Instant>,
    pub created_at: Instant,
    pub updated_at: Instant,
    /// Null when the system made it.
    pub created_by_id: Option<UserId>,
}

/// A new API key with its secret, which is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewApiKey {
    /// Keep it safe: it cannot be shown again. Null when the same request is answered again: if nobody has it, revoke this key and
    /// make another one.
    #[schema(example = "fp_Zk3vR8pQ_…")]
    pub key: Option<String>,
    #[serde(flatten)]
    pub api_key: ApiKey,
}
