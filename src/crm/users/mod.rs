//! Users: the people of a workspace, and the service accounts behind its API keys. `/me` is the caller itself.

mod dto;
pub mod me;
pub mod routes;
pub mod store;

pub use dto::{CreateUser, UserFields, UserKind, UserSummary};
pub use store::{EXPANDED, NewPerson, Users, create_person, visible};
