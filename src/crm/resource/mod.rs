//! What is alike for all resources: one object is written, by its id or by another system's reference, or many are in a batch;
//! for good, or only to see whether it could be done.
//!
//! A resource says once, as `Resource`, which of its functions do it.

pub mod batch;
pub mod batch_get;
pub mod dto;
mod holds;
pub mod upsert;
pub mod write;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::ToSchema;

use self::dto::BatchOp;
use crate::auth::Scope;
use crate::db::condition::AnyId;
use crate::db::id::Id;
use crate::db::{DbConnection, Failure, Topic, Tx};
use crate::http::catalogue::Code;
use crate::http::etag::IfMatch;
use crate::http::patch::{Patch, Patchable};
use crate::http::problem::Problem;
use crate::listing::Listed;
use crate::listing::expansion::values;

/// A resource whose objects are created and changed, and most often deleted and restored.
pub trait Resource: Listed {
    type Create: DeserializeOwned + ToSchema + Send + 'static;
    type Fields: Patchable;
    /// What is answered.
    type View: Serialize + ToSchema + Send + 'static;

    /// Where its objects are.
    const PATH: &'static str;
    /// Whether the answer has members that change without the version.
    const IS_VOLATILE: bool = false;
    /// Whether its writes hold the customer that an object belongs to.
    const BELONGS_TO_CUSTOMER: bool = false;
    /// What a batch does. What has no external references is not upserted.
    const OPERATIONS: &'static [BatchOp] = &[BatchOp::Create, BatchOp::Update, BatchOp::Upsert, BatchOp::Delete, BatchOp::Restore];
    /// What one transaction at a time may do, and the member that does it.
    const TOPIC: Option<(Topic, &'static str)> = None;

    const KEY: fn(&Self::View) -> (Key<Self>, i64);
    const GET: Get<Self>;
    /// Those of these ids that the caller sees, in any order.
    const GET_ALL: GetAll<Self>;
    const CREATE: Create<Self>;
    const UPDATE: Update<Self>;
    // Of what is not deleted nobody calls these.
    const DELETE: Delete<Self> = |_, _, _, _| Err(Problem::new(Code::InternalError).into());
    const RESTORE: Restore<Self> = |_, _, _, _| Err(Problem::new(Code::InternalError).into());
}

pub type Key<R> = Id<<R as Listed>::Kind>;
type View<R> = <R as Resource>::View;
pub type Get<R> = fn(&mut DbConnection, &Scope, Key<R>) -> Result<View<R>, Failure>;
pub type GetAll<R> = fn(&mut DbConnection, &Scope, &[Key<R>]) -> Result<Vec<View<R>>, Failure>;
pub type Create<R> = fn(&mut Tx<'_>, &Scope, &<R as Resource>::Create) -> Result<View<R>, Failure>;
pub type Update<R> = fn(&mut Tx<'_>, &Scope, Key<R>, &IfMatch, &Patch<<R as Resource>::Fields>) -> Result<View<R>, Failure>;
pub type Delete<R> = fn(&mut Tx<'_>, &Scope, Key<R>, &IfMatch) -> Result<(), Failure>;
pub type Restore<R> = fn(&mut Tx<'_>, &Scope, Key<R>, &IfMatch) -> Result<View<R>, Failure>;

/// Those of these ids that the caller sees, as `expand` adds them.
pub fn expanded<R: Resource>(conn: &mut DbConnection, scope: &Scope, ids: &[AnyId]) -> Result<Vec<Value>, Failure> {
    let ids: Vec<Key<R>> = ids.iter().map(|id| Id::from_uuid(id.uuid())).collect();
    values(R::GET_ALL(conn, scope, &ids)?)
}
