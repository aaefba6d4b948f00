//! Giving many objects to another owner: what can be moved is moved, the rest stays and says why.

use actix_web::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::references;
use crate::db::id::{CustomerId, Id, Kind, UserId};
use crate::db::{Failure, Tx};
use crate::http::answer::Answer;
use crate::http::language::Language;
use crate::http::problem::{FieldError, Problem, ProblemBody};

/// What became of each object, in the order they were given.
#[derive(Debug, Serialize, ToSchema)]
pub struct MoveResults {
    pub results: Vec<MoveResult>,
    pub summary: ResultSummary,
}

/// What became of one object.
#[derive(Debug, Serialize, ToSchema)]
pub struct MoveResult {
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

impl MoveResult {
    pub fn of(index: usize, id: String, outcome: Result<i64, ProblemBody>) -> Self {
        match outcome {
            Ok(version) => Self { index, id, status: 200, version: Some(version), problem: None },
            Err(problem) => Self { index, id, status: problem.status, version: None, problem: Some(problem) },
        }
    }
}

impl MoveResults {
    pub fn of(results: Vec<MoveResult>) -> Self {
        let failed = results.iter().filter(|result| result.problem.is_some()).count();
        let summary = ResultSummary { succeeded: results.len() - failed, failed };
        Self { results, summary }
    }

    /// 200 when all were moved, 207 otherwise.
    pub fn answer(&self) -> Result<Answer, Problem> {
        Answer::new(if self.summary.failed == 0 { StatusCode::OK } else { StatusCode::MULTI_STATUS }, self)
    }
}

/// Whom the objects are given to must be there.
pub fn check(tx: &mut Tx<'_>, to_user_id: UserId) -> Result<(), Failure> {
    let mut errors = Vec::new();
    references::check_user(tx, "/to_user_id", Some(to_user_id), &mut errors)?;
    Ok(Problem::check(errors)?)
}

/// What has gone wrong since a job was asked for ends it by its own code.
pub fn go_on(errors: Vec<FieldError>) -> Result<(), Problem> {
    errors.into_iter().next().map_or(Ok(()), |error| Err(Problem::new(error.code)))
}

/// Moves each object by `move_one`, which gives its new version. `place` is the same order for everybody: two transfers of the
/// same objects then wait for each other instead of deadlocking.
pub fn transfer<K: Kind>(
    tx: &mut Tx<'_>,
    language: Language,
    ids: &[Id<K>],
    place: impl Fn(Id<K>) -> (Option<CustomerId>, Id<K>),
    mut move_one: impl FnMut(&mut Tx<'_>, Id<K>) -> Result<i64, Failure>,
) -> Result<MoveResults, Failure> {
    let mut ordered: Vec<(usize, Id<K>)> = ids.iter().copied().enumerate().collect();
    ordered.sort_by_key(|(_, id)| place(*id));
    let mut results = Vec::with_capacity(ids.len());
    for (index, id) in ordered {
        let outcome = match move_one(tx, id) {
            Ok(version) => Ok(version),
            Err(Failure::Problem(problem)) => Err(problem.body(language, &tx.actor.request_id)),
            Err(failure) => return Err(failure),
        };
        results.push(MoveResult::of(index, id.to_string(), outcome));
    }
    results.sort_by_key(|result| result.index);
    Ok(MoveResults::of(results))
}
