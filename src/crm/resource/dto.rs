//! Batches on the wire.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use strum::AsRefStr;
use utoipa::ToSchema;

use crate::crm::external_refs::ExternalRef;
use crate::crm::transfers::ResultSummary;
use crate::http::problem::ProblemBody;

/// What becomes of a batch when one of its operations cannot be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BatchMode {
    /// The others are done.
    Partial,
    /// Nothing is done.
    Atomic,
}

/// What is done to one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema, AsRefStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum BatchOp {
    Create,
    Update,
    Upsert,
    Delete,
    Restore,
}

/// Many operations on objects of one resource.
#[derive(Debug, Deserialize, ToSchema)]
pub struct BatchRequest {
    pub mode: BatchMode,
    /// Applied in this order.
    #[schema(min_items = 1, max_items = 500)]
    pub operations: Vec<BatchOperation>,
}

/// One operation of a batch.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchOperation {
    pub op: BatchOp,
    /// The caller's own label, which its result has too; each one once.
    #[serde(rename = "ref")]
    #[schema(max_length = 100, example = "row-17")]
    pub label: Option<String>,
    /// The object, when there is one already and `external_ref` does not name it.
    #[schema(max_length = 64, example = "cus_01jd9xq3v8e6ft2m4k7w0zr5ya")]
    pub id: Option<String>,
    /// Instead of `id`: the object to `update` or `delete`; always of `upsert`.
    pub external_ref: Option<ExternalRef>,
    /// Not of `create`: do it only if the object still has this version.
    #[schema(minimum = 1, maximum = 9007199254740991_i64)]
    pub version: Option<i64>,
    /// What is written: all members of what is created, a merge patch otherwise.
    pub data: Option<Map<String, Value>>,
}

/// What became of each operation, in their order.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchResults<T> {
    pub results: Vec<BatchResult<T>>,
    pub summary: ResultSummary,
}

/// What became of one operation.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchResult<T> {
    pub index: usize,
    /// The caller's label.
    #[serde(rename = "ref")]
    pub label: Option<String>,
    /// The status that this operation by itself would have been answered with; 424 when it was undone with its batch.
    #[schema(example = 201)]
    pub status: u16,
    /// Null when nothing was written, or nothing was to be.
    pub id: Option<String>,
    /// The version that the object has after the operation; null of a deleted one.
    pub version: Option<i64>,
    /// The object as it is after the operation; null of a deleted one, and of what was not done.
    pub data: Option<T>,
    /// Why it was not done. Pointers are into the operation: `/data/name`.
    pub problem: Option<ProblemBody>,
}

/// The objects that are asked for, and what to answer of them.
#[derive(Debug, Deserialize)]
pub struct BatchGetRequest<I> {
    pub ids: Vec<I>,
    pub fields: Option<Vec<String>>,
}

/// The objects that were found, in the order in which they were asked for, and the ids of the others.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchGet<T> {
    pub data: Vec<T>,
    /// What does not exist, is deleted, or is out of sight: there is no difference.
    pub missing: Vec<String>,
}
