//! Who calls: passwords, sessions, API keys, the `Caller`, roles and scopes, row scope.
//!
//! A handler's signature states its privilege: `Can<ReadCustomers>` is a caller who may, `Caller` is anyone known.

pub mod caller;
pub mod password;
pub mod privileges;
pub mod purge;
pub mod scope;
pub mod secrets;
pub mod service;
pub mod sessions;
pub mod store;
pub mod throttle;
pub mod tokens;

pub use caller::{Caller, Can};
pub use scope::{Reach, Scope};
pub use service::Auth;
