//! Users on the wire.

use serde::{Deserialize, Serialize};
use strum::{AsRefStr, EnumString};
use utoipa::openapi::schema::RefBuilder;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use validator::Validate;

use crate::auth::privileges::Role;
use crate::crm::handovers::HandoverTo;
use crate::crm::workspaces::Locale;
use crate::db::id::{JobId, OrgUnitId, UserId, WorkspaceId};
use crate::db::types::Instant;
use crate::http::patch::{Patch, Patchable};

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, AsRefStr, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum UserKind {
    /// Logs in with e-mail and password.
    Person,
    /// Acts through an API key.
    Service,
}

/// The members of a user that administrators set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema, Validate)]
pub struct UserFields {
    #[schema(min_length = 1, max_length = 100, example = "李四")]
    pub name: String,
    pub role: Role,
    /// An inactive user cannot log in; its sessions end.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub is_active: bool,
    #[serde(default)]
    pub locale: Locale,
    /// The unit that it belongs to: a manager or viewer sees that unit and what is below it, without one everything.
    pub org_unit_id: Option<OrgUnitId>,
}

const fn yes() -> bool {
    true
}

/// What a change of a user may say: its members, and who gets what it holds when it is disabled by that.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UserChange {
    #[serde(flatten)]
    pub fields: UserFields,
    pub handover: Option<HandoverTo>,
}

impl PartialSchema for UserChange {
    fn schema() -> RefOr<Schema> {
        let mut schema = UserFields::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            let described = "With `is_active: false`: who gets what the user holds, as in `POST /users/{id}/handover`.";
            let to = RefBuilder::new().ref_location_from_schema_name(HandoverTo::name()).description(Some(described));
            object.properties.insert("handover".to_owned(), to.into());
        }
        schema
    }
}

impl ToSchema for UserChange {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        UserFields::schemas(schemas);
        schemas.push((HandoverTo::name().into_owned(), HandoverTo::schema()));
        HandoverTo::schemas(schemas);
    }
}

impl Patchable for UserChange {
    const PATCH_SCHEMA: &'static str = "UpdateUser";
}

pub type UpdateUser = Patch<UserChange>;

/// A new person.
#[derive(Clone, Deserialize, ToSchema)]
pub struct CreateUser {
    /// Unique in the workspace.
    #[schema(format = Email, max_length = 254, example = "li.si@example.com")]
    pub email: String,
    #[schema(format = Password, min_length = 10, max_length = 128)]
    pub password: String,
    /// Whether the password must be changed at the first login.
    #[serde(default)]
    #[schema(default = false)]
    pub must_change_password: bool,
    #[serde(flatten)]
    pub fields: UserFields,
}

/// A user, whole: for administrators and for oneself.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct User {
    pub id: UserId,
    pub version: i64,
    pub kind: UserKind,
    /// Null for service accounts.
    pub email: Option<String>,
    #[serde(flatten)]
    pub fields: UserFields,
    pub must_change_password: bool,
    pub last_login_at: Option<Instant>,
    pub created_at: Instant,
    pub updated_at: Instant,
    /// Null when the system made it.
    pub created_by_id: Option<UserId>,
}

/// A user that was changed.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ChangedUser {
    #[serde(flatten)]
    pub user: User,
    /// The job that hands over what the user held; null unless this request began one.
    pub handover_job_id: Option<JobId>,
}

/// A member of the workspace, where another object names it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct UserSummary {
    pub id: UserId,
    pub name: String,
    pub is_active: bool,
}

/// A member of the workspace, for pickers. What is null here is filled for those who may change users: administrators, and API keys
/// with `users:write`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Member {
    pub id: UserId,
    pub name: String,
    pub is_active: bool,
    /// Null unless the caller may change users.
    pub version: Option<i64>,
    /// Null unless the caller may change users.
    pub kind: Option<UserKind>,
    /// Null unless the caller may change users.
    pub email: Option<String>,
    /// Null unless the caller may change users.
    pub role: Option<Role>,
    /// Null unless the caller may change users.
    pub locale: Option<Locale>,
    /// The unit that it belongs to.
    pub org_unit_id: Option<OrgUnitId>,
    /// Null unless the caller may change users.
    pub last_login_at: Option<Instant>,
    /// Null unless the caller may change users.
    pub created_at: Option<Instant>,
    /// Null unless the caller may change users.
    pub updated_at: Option<Instant>,
}

impl Member {
    pub fn of(user: User, is_whole: bool) -> Self {
        let User { id, version, kind, email, fields, must_change_password: _, last_login_at, created_at, updated_at, created_by_id: _ } =
            user;
        let UserFields { name, role, is_active, locale, org_unit_id } = fields;
        Self {
            id,
            name,
            is_active,
            version: is_whole.then_some(version),
            kind: is_whole.then_some(kind),
            email: email.filter(|_| is_whole),
            role: is_whole.then_some(role),
            locale: is_whole.then_some(locale),
            org_unit_id,
            last_login_at: last_login_at.filter(|_| is_whole),
            created_at: is_whole.then_some(created_at),
            updated_at: is_whole.then_some(updated_at),
        }
    }
}

/// The caller itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    pub user: User,
    pub workspace_id: WorkspaceId,
    /// The scopes of an API key; null for people, whose role decides.
    pub scopes: Option<Vec<String>>,
}

/// A new password for oneself.
#[derive(Deserialize, ToSchema)]
pub struct ChangePassword {
    #[schema(format = Password, min_length = 1, max_length = 128)]
    pub current_password: String,
    #[schema(format = Password, min_length = 10, max_length = 128)]
    pub new_password: String,
}

/// A new password for somebody else.
#[derive(Deserialize, ToSchema)]
pub struct SetPassword {
    #[schema(format = Password, min_length = 10, max_length = 128)]
    pub password: String,
    /// Whether it must be changed at the next login.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub must_change_password: bool,
}
