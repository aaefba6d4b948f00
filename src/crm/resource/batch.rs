//! Many writes in one request and one transaction: each in a savepoint of its own, in the order in which they are given.

use std::borrow::Cow;
use std::collections::HashSet;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use serde_json::Value;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::Resource;
use super::dto::{BatchMode, BatchOp, BatchOperation, BatchRequest, BatchResult, BatchResults};
use super::holds::hold_all;
use super::upsert::{self, Upsert};
use super::write::ValidateOnly;
use crate::auth::{Caller, Scope};
use crate::crm::transfers::ResultSummary;
use crate::db::failure::Class;
use crate::db::id::{Id, Kind};
use crate::db::{Db, Failure, Tx, savepoint, try_out};
use crate::http::answer::Answer;
use crate::http::catalogue::Code;
use crate::http::context::Context;
use crate::http::etag::{IfMatch, UpsertCondition};
use crate::http::extract::{self, JSON};
use crate::http::patch::{Patch, Patchable};
use crate::http::problem::{FieldError, MAX_ERRORS, Problem, ProblemBody};
use crate::http::schemas::{self, Schemas};

const MAX_OPERATIONS: usize = 500;
/// How often an operation that lost a race runs again, before the batch is given up.
const ATTEMPTS: usize = 10;

/// A checked batch of `R`.
pub struct Batch<R> {
    mode: BatchMode,
    operations: Vec<BatchOperation>,
    schemas: Data<Schemas>,
    resource: PhantomData<fn() -> R>,
}

/// What became of an operation.
type Outcome<R> = Result<Done<<R as Resource>::View>, Problem>;

/// What an operation did.
struct Done<V> {
    status: StatusCode,
    id: String,
    view: Option<V>,
}

pub async fn run<R: Resource>(db: &Db, caller: &Caller, context: Context, only: ValidateOnly, batch: Batch<R>) -> Result<Answer, Problem> {
    let scope = caller.scope;
    let answer = move |tx: &mut Tx<'_>| {
        let outcomes = if only.0 { try_out(tx, &|tx| batch.apply(tx, &scope))? } else { batch.apply(tx, &scope)? };
        batch.answer(outcomes, only, &|problem| problem.body(context.language, &context.request_id))
    };
    db.answer(&only.actor(&caller.actor), answer).await
}

impl<R: Resource> Batch<R> {
    fn apply(&self, tx: &mut Tx<'_>, scope: &Scope) -> Result<Vec<Outcome<R>>, Failure> {
        hold_all::<R>(tx, &self.operations)?;
        // A small batch can be wrong in very many places.
        let mut room = MAX_ERRORS;
        let mut apply = |operation| Ok(self.apply_one(tx, scope, operation)?.map_err(|problem| problem.sharing(&mut room)));
        self.operations.iter().map(&mut apply).collect()
    }

    /// One operation in its savepoint. What it refuses is its own; anything else ends the batch.
    fn apply_one(&self, tx: &mut Tx<'_>, scope: &Scope, operation: &BatchOperation) -> Result<Outcome<R>, Failure> {
        for _ in 0..ATTEMPTS {
            match savepoint(tx, &|tx| self.write(tx, scope, operation)) {
                Ok(done) => return Ok(Ok(done)),
                Err(Failure::Problem(problem)) if !problem.status().is_server_error() => return Ok(Err(problem)),
                Err(Failure::Stale) => {}
                Err(failure) if matches!(failure.class(), Some(Class::Conflict(_))) => return Ok(Err(failure.into_problem())),
                Err(failure) => return Err(failure),
            }
        }
        Err(Problem::new(Code::Overloaded).into())
    }

    fn write(&self, tx: &mut Tx<'_>, scope: &Scope, operation: &BatchOperation) -> Result<Done<R::View>, Failure> {
        Problem::check(check::<R>(operation))?;
        let id = match &operation.id {
            Some(id) => id.parse().ok(),
            None if operation.op == BatchOp::Upsert => None,
            None => operation
                .external_ref
                .as_ref()
                .map(|reference| upsert::get::<R>(tx.conn, scope, reference))
                .transpose()?
                .map(|view| R::KEY(&view).0),
        };
        self.write_data(tx, scope, operation, id).map_err(|failure| match failure {
            Failure::Problem(problem) if operation.data.is_some() => Failure::Problem(problem.within("/data")),
            other => other,
        })
    }

    fn write_data(
        &self,
        tx: &mut Tx<'_>,
        scope: &Scope,
        operation: &BatchOperation,
        id: Option<Id<R::Kind>>,
    ) -> Result<Done<R::View>, Failure> {
        let BatchOperation { op, external_ref, version, data, .. } = operation;
        let if_match = IfMatch::version(*version);
        let data = data.clone().unwrap_or_default();
        let done = |status, view: R::View| Done { status, id: R::KEY(&view).0.to_string(), view: Some(view) };
        Ok(match (op, id, external_ref) {
            (BatchOp::Create, ..) => {
                let input = self.schemas.read::<R::Create>(Value::Object(data))?;
                done(StatusCode::CREATED, R::CREATE(tx, scope, &input)?)
            }
            (BatchOp::Upsert, _, Some(reference)) => {
                let members = self.schemas.check_members(&Upsert::<R>::name(), data)?;
                let condition = UpsertCondition { if_match, creates_only: false };
                let (status, view) = Upsert::<R>::new(members, self.schemas.clone()).apply(tx, scope, reference, &condition)?;
                done(status, view)
            }
            (BatchOp::Update, Some(id), _) => {
                let members = self.schemas.check_members(R::Fields::PATCH_SCHEMA, data)?;
                done(StatusCode::OK, R::UPDATE(tx, scope, id, &if_match, &Patch::new(members, self.schemas.clone()))?)
            }
            (BatchOp::Restore, Some(id), _) => done(StatusCode::OK, R::RESTORE(tx, scope, id, &if_match)?),
            (BatchOp::Delete, Some(id), _) => {
                R::DELETE(tx, scope, id, &if_match)?;
                Done { status: StatusCode::NO_CONTENT, id: id.to_string(), view: None }
            }
            // What is missing has been reported.
            (BatchOp::Upsert | BatchOp::Update | BatchOp::Restore | BatchOp::Delete, ..) => {
                return Err(Problem::new(Code::InternalError).into());
            }
        })
    }

    fn answer(&self, outcomes: Vec<Outcome<R>>, only: ValidateOnly, body: &dyn Fn(&Problem) -> ProblemBody) -> Result<Answer, Failure> {
        let first = outcomes.iter().enumerate().find_map(|(index, outcome)| outcome.as_ref().err().map(|problem| (index, problem.clone())));
        let first = first.filter(|_| self.mode == BatchMode::Atomic);
        let failed = outcomes.iter().filter(|outcome| outcome.is_err()).count();
        let summary = ResultSummary { succeeded: outcomes.len() - failed, failed };
        let undone = Problem::new(Code::RolledBack);
        let result = |((index, operation), outcome): ((usize, &BatchOperation), Outcome<R>)| {
            let nothing = |status, problem| BatchResult {
                index,
                label: operation.label.clone(),
                status,
                id: None,
                version: None,
                data: None,
                problem,
            };
            match outcome {
                Err(problem) => nothing(problem.status().as_u16(), Some(body(&problem))),
                Ok(_) if first.is_some() => nothing(undone.status().as_u16(), Some(body(&undone))),
                Ok(done) if only.0 => nothing(done.status.as_u16(), None),
                Ok(Done { status, id, view }) => {
                    let version = view.as_ref().map(|view| R::KEY(view).1);
                    BatchResult { id: Some(id), version, data: view, ..nothing(status.as_u16(), None) }
                }
            }
        };
        let results: Vec<_> = self.operations.iter().enumerate().zip(outcomes).map(result).collect();
        if let Some((index, problem)) = &first {
            let results = serde_json::to_value(results).map_err(|_| Problem::new(Code::InternalError))?;
            return Err(problem.clone().within(&format!("/operations/{index}")).with_results(results).into());
        }
        let is_partial = self.mode == BatchMode::Partial || only.0;
        let status = if is_partial { StatusCode::MULTI_STATUS } else { StatusCode::OK };
        Ok(Answer::new(status, &BatchResults { results, summary })?)
    }
}

/// What is wrong with an operation before its data is looked at: which members it must and may not have.
fn check<R: Resource>(operation: &BatchOperation) -> Vec<FieldError> {
    let BatchOperation { op, label: _, id, external_ref, version, data } = operation;
    let (taken, needed): (&[&str], &[&str]) = match op {
        BatchOp::Create => (&["data"], &["data"]),
        BatchOp::Update => (&["id", "external_ref", "version", "data"], &["data"]),
        BatchOp::Upsert => (&["external_ref", "version", "data"], &["external_ref", "data"]),
        BatchOp::Delete => (&["id", "external_ref", "version"], &[]),
        BatchOp::Restore => (&["id", "version"], &["id"]),
    };
    let given = [("id", id.is_some()), ("external_ref", external_ref.is_some()), ("version", version.is_some()), ("data", data.is_some())];
    let mut errors = Vec::new();
    for (name, is_given) in given {
        match (is_given, taken.contains(&name), needed.contains(&name)) {
            (true, false, _) => errors.push(FieldError::new(format!("/{name}"), Code::NotApplicable)),
            (false, _, true) => errors.push(FieldError::new(format!("/{name}"), Code::Required)),
            _ => {}
        }
    }
    if taken.contains(&"id") && taken.contains(&"external_ref") {
        match (id, external_ref) {
            (None, None) => errors.push(FieldError::new("/id", Code::Required)),
            (Some(_), Some(_)) => errors.push(FieldError::new("/id", Code::ExclusiveFields).with("fields", vec!["id", "external_ref"])),
            _ => {}
        }
    }
    if id.as_ref().is_some_and(|id| id.parse::<Id<R::Kind>>().is_err()) {
        errors.push(FieldError::new("/id", Code::WrongResourceType).with("prefix", R::Kind::PREFIX));
    }
    errors
}

/// What takes every operation has one schema with all others like it; anything else its own, and so has each of its operations.
impl<R: Resource> PartialSchema for Batch<R> {
    fn schema() -> RefOr<Schema> {
        if takes_everything::<R>() {
            return BatchRequest::schema();
        }
        let operations = ArrayBuilder::new().items(Ref::from_schema_name(operation_name::<R>()));
        let operations = operations.min_items(Some(1)).max_items(Some(MAX_OPERATIONS)).description(Some("Applied in this order."));
        let object = ObjectBuilder::new().description(Some("Many operations on objects of one resource."));
        let object = object.property("mode", Ref::from_schema_name(BatchMode::name())).required("mode");
        object.property("operations", operations).required("operations").into()
    }
}

impl<R: Resource> ToSchema for Batch<R> {
    fn name() -> Cow<'static, str> {
        if takes_everything::<R>() { BatchRequest::name() } else { Cow::Owned(format!("{}BatchRequest", R::SCHEMA)) }
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        BatchRequest::schemas(schemas);
        if !takes_everything::<R>()
            && let RefOr::T(Schema::Object(mut operation)) = BatchOperation::schema()
        {
            let op = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(R::OPERATIONS.iter().map(AsRef::<str>::as_ref)));
            operation.properties.insert("op".to_owned(), op.into());
            operation.properties.shift_remove("external_ref");
            schemas.push((operation_name::<R>(), operation.into()));
        }
    }
}

fn operation_name<R: Resource>() -> String {
    format!("{}BatchOperation", R::SCHEMA)
}

fn takes_everything<R: Resource>() -> bool {
    R::OPERATIONS.contains(&BatchOp::Upsert)
}

impl<R: Resource> FromRequest for Batch<R> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let schemas = request.app_data::<Data<Schemas>>().cloned().ok_or_else(|| Problem::new(Code::InternalError))?;
            // Nulls in data mean something.
            let body = extract::checked(&request, payload, &JSON, &Self::name()).await?;
            let BatchRequest { mode, operations } = schemas::read_checked(body, &Self::name())?;
            let mut seen = HashSet::new();
            let repeated =
                operations.iter().enumerate().filter(|(_, operation)| operation.label.as_ref().is_some_and(|label| !seen.insert(label)));
            let errors = repeated.map(|(index, _)| FieldError::new(format!("/operations/{index}/ref"), Code::DuplicateItem)).collect();
            Problem::check(errors)?;
            Ok(Self { mode, operations, schemas, resource: PhantomData })
        })
    }
}
