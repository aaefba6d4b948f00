//! Giving many objects to another owner: what can be moved is moved, the rest stays and says why.

use std::collections::HashSet;

use actix_web::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::references;
use crate::db::id::{CustomerId, Id, Kind, UserId};
use crate::db::{Failure, Tx};
use crate::http::answer::Answer;
use crate::http::catalogue::Code;
use crate::http::language::Language;
use crate::http::problem::{FieldError, Problem, ProblemBody};

/// What became of each object, in the order they were given.
#[derive(Debug, Serialize, ToSchema)]
pub struct TransferResults {
    pub results: Vec<TransferResult>,
    pub summary: ResultSummary,
}

/// What became of one object.
#[derive(Debug, Serialize, ToSchema)]
pub struct TransferResult {
    pub index: usize,
    #[schema(example = "cus_01jd9xq3v8e6ft2m4k7w0zr5ya")]
    pub id: String,
    /// The status that this object alone would have been answered with.
    #[schema(example = 200)]
    pub status: u16,
    /// The version it has now; null when it was not moved.
    pub version: Option<i64>,
    /// Why it was not moved.
    pub problem: Option<ProblemBody>,
}

/// How many did and how many did not.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResultSummary {
    pub succeeded: usize,
    pub failed: usize,
}

impl TransferResults {
    /// 200 when all were moved, 207 otherwise.
    pub fn answer(&self) -> Result<Answer, Problem> {
        Answer::new(if self.summary.failed == 0 { StatusCode::OK } else { StatusCode::MULTI_STATUS }, self)
    }
}

/// Moves each object by `move_one`, which gives its new version. `place` is the same order for everybody: two transfers of the
/// same objects then wait for each other instead of deadlocking.
pub fn transfer<K: Kind>(
    tx: &mut Tx<'_>,
    language: Language,
    ids: &[Id<K>],
    to_user_id: UserId,
    place: impl Fn(Id<K>) -> (Option<CustomerId>, Id<K>),
    mut move_one: impl FnMut(&mut Tx<'_>, Id<K>) -> Result<i64, Failure>,
) -> Result<TransferResults, Failure> {
    let mut errors = Vec::new();
    references::check_user(tx, "/to_user_id", Some(to_user_id), &mut errors)?;
    let mut seen = HashSet::new();
    let repeated = ids.iter().enumerate().filter(|(_, id)| !seen.insert(**id));
    errors.extend(repeated.map(|(index, _)| FieldError::new(format!("/ids/{index}"), Code::DuplicateItem)));
    Problem::check(errors)?;
    let mut ordered: Vec<(usize, Id<K>)> = ids.iter().copied().enumerate().collect();
    ordered.sort_by_key(|(_, id)| place(*id));
    let mut results = Vec::with_capacity(ids.len());
    for (index, id) in ordered {
        let (status, version, problem) = match move_one(tx, id) {
            Ok(version) => (200, Some(version), None),
            Err(Failure::Problem(problem)) => (problem.status().as_u16(), None, Some(problem.body(language, &tx.actor.request_id))),
            Err(failure) => return Err(failure),
        };
        results.push(TransferResult { index, id: id.to_string(), status, version, problem });
    }
    results.sort_by_key(|result| result.index);
    let failed = results.iter().filter(|result| result.problem.is_some()).count();
    let summary = ResultSummary { succeeded: results.len() - failed, failed };
    Ok(TransferResults { results, summary })
}
