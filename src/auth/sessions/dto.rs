//! What login and refresh take and give.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::db::id::{UserId, WorkspaceId};

/// Credentials of a person.
#[derive(Deserialize, ToSchema)]
pub struct Login {
    #[schema(format = Email, max_length = 254, example = "admin@example.com")]
    pub email: String,
    #[schema(format = Password, min_length = 1, max_length = 128)]
    pub password: String,
    /// Needed when the e-mail belongs to several workspaces.
    pub workspace_id: Option<WorkspaceId>,
}

/// A refresh token, to be used once.
#[derive(Deserialize, ToSchema)]
pub struct Refresh {
    #[schema(min_length = 1, max_length = 200)]
    pub refresh_token: String,
}

/// An open session.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenPair {
    /// A JWT; send it as `Authorization: Bearer`.
    pub access_token: String,
    #[schema(example = "Bearer")]
    pub token_type: &'static str,
    /// Life of the access token in seconds.
    #[schema(example = 900)]
    pub expires_in: i64,
    /// Exchange it once at `/auth/refresh` for the next pair. Using it twice ends the session.
    pub refresh_token: String,
    pub user: SessionUser,
    pub workspace: SessionWorkspace,
}

/// Who logged in.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionUser {
    pub id: UserId,
    pub name: String,
    /// Whether the password must be changed before anything else (`POST /me/password`).
    pub must_change_password: bool,
}

/// Where.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionWorkspace {
    pub id: WorkspaceId,
    pub name: String,
}
