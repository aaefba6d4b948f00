//! Objects by another system's reference: read, and created or changed by one request.

use std::borrow::Cow;
use std::future::{Future, Ready, ready};
use std::marker::PhantomData;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{FromRequest, HttpRequest};
use serde_json::{Map, Value, json};
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Required, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use super::Resource;
use super::write::{ValidateOnly, as_it_is, created};
use crate::auth::{Caller, Scope};
use crate::crm::external_refs::{self, ExternalRef};
use crate::db::{Db, DbConnection, Failure, Tx, savepoint};
use crate::http::answer::Answer;
use crate::http::catalogue::Code;
use crate::http::etag::UpsertCondition;
use crate::http::extract::{self, MERGE_PATCH};
use crate::http::patch::{Patch, Patchable};
use crate::http::problem::{FieldError, Problem};
use crate::http::schemas::Schemas;

/// The `{system}/{value}` of the path. What is no reference does not exist: 404.
#[derive(Debug, Clone)]
pub struct PathRef(pub ExternalRef);

impl FromRequest for PathRef {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let parts = Path::<(String, String)>::from_request(request, payload).into_inner().map_err(|_| Problem::not_found());
        ready(parts.and_then(|parts| {
            let (system, value) = parts.into_inner();
            external_refs::parse(&system, &value).map(Self).ok_or_else(Problem::not_found)
        }))
    }
}

impl IntoParams for PathRef {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let part = |name: &str, text: &str, schema: ObjectBuilder| {
            let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path).required(Required::True);
            parameter.description(Some(text)).schema(Some(schema.schema_type(Type::String))).build()
        };
        let system = ObjectBuilder::new().pattern(Some("^[a-z0-9_-]{1,32}$")).examples(["sap"]);
        let value = ObjectBuilder::new().min_length(Some(1)).max_length(Some(200)).examples(["0000123"]);
        vec![part("system", "The other system.", system), part("value", "What the object is called there.", value)]
    }
}

/// The members of an object that may or may not exist: all that creation may set, and none of them required.
pub struct Upsert<R> {
    members: Map<String, Value>,
    schemas: Data<Schemas>,
    resource: PhantomData<fn() -> R>,
}

impl<R: Resource> Upsert<R> {
    pub fn new(members: Map<String, Value>, schemas: Data<Schemas>) -> Self {
        Self { members, schemas, resource: PhantomData }
    }

    /// Changes the object that has the reference, or creates it: 200 or 201. Whoever loses the race to create it runs again.
    pub fn apply(
        &self,
        tx: &mut Tx<'_>,
        scope: &Scope,
        reference: &ExternalRef,
        condition: &UpsertCondition,
    ) -> Result<(StatusCode, R::View), Failure> {
        match find::<R>(tx.conn, scope, reference)? {
            Holder::Seen(view) if condition.creates_only => {
                Err(Problem::new(Code::AlreadyExists).with("existing_id", R::KEY(&view).0.to_string()).into())
            }
            Holder::Seen(view) => self.change(tx, scope, &view, reference, condition).map(|view| (StatusCode::OK, view)),
            Holder::Unseen => Err(taken(reference).into()),
            Holder::Nobody if condition.if_match.is_given() => Err(Problem::new(Code::DoesNotExist).into()),
            Holder::Nobody => self.create(tx, scope, reference).map(|view| (StatusCode::CREATED, view)),
        }
    }

    fn create(&self, tx: &mut Tx<'_>, scope: &Scope, reference: &ExternalRef) -> Result<R::View, Failure> {
        let mut body = Value::Object(self.members.clone());
        add_reference(&mut body, reference, true);
        let input = self.schemas.read::<R::Create>(body)?;
        // In a savepoint: what it has written itself is not to be taken for somebody else's.
        savepoint(tx, &|tx| R::CREATE(tx, scope, &input)).map_err(|failure| match failure {
            // Somebody may just have created it, and what it keeps to itself.
            Failure::Problem(problem) if problem.status() == StatusCode::CONFLICT => {
                match external_refs::holder::<R>(tx.conn, scope.workspace_id, reference) {
                    Ok(None) => Failure::Problem(problem),
                    Ok(Some(_)) => Failure::Stale,
                    Err(error) => error.into(),
                }
            }
            other => other,
        })
    }

    fn change(
        &self,
        tx: &mut Tx<'_>,
        scope: &Scope,
        current: &R::View,
        reference: &ExternalRef,
        condition: &UpsertCondition,
    ) -> Result<R::View, Failure> {
        let id = R::KEY(current).0;
        let current = serde_json::to_value(current).map_err(|_| Problem::new(Code::InternalError))?;
        let mut body = Value::Object(self.members.clone());
        add_reference(&mut body, reference, false);
        let mut errors = Vec::new();
        let patch = extract::members(body)?.into_iter().filter(|(name, value)| {
            let is_writable = self.schemas.has_member(R::Fields::PATCH_SCHEMA, name);
            // What only creation may set may be said again.
            if !is_writable && !value.is_null() && current.get(name) != Some(value) {
                errors.push(FieldError::new(format!("/{name}"), Code::ReadOnlyField).with("field", name.as_str()));
            }
            is_writable
        });
        let patch = patch.collect();
        Problem::check(errors)?;
        R::UPDATE(tx, scope, id, &condition.if_match, &Patch::new(patch, self.schemas.clone())).map_err(|failure| match failure {
            // It was deleted since its reference was found.
            Failure::Problem(problem) if problem.code() == Code::NotFound => Failure::Stale,
            other => other,
        })
    }
}

/// Who has a reference.
enum Holder<View> {
    Nobody,
    Seen(View),
    /// Somebody out of the caller's sight.
    Unseen,
}

fn find<R: Resource>(conn: &mut DbConnection, scope: &Scope, reference: &ExternalRef) -> Result<Holder<R::View>, Failure> {
    let Some(id) = external_refs::holder::<R>(conn, scope.workspace_id, reference)? else { return Ok(Holder::Nobody) };
    match R::GET(conn, scope, id) {
        Ok(view) => Ok(Holder::Seen(view)),
        Err(Failure::Problem(problem)) if problem.code() == Code::NotFound => Ok(Holder::Unseen),
        Err(failure) => Err(failure),
    }
}

/// The object that has a reference; one out of sight does not exist.
pub fn get<R: Resource>(conn: &mut DbConnection, scope: &Scope, reference: &ExternalRef) -> Result<R::View, Failure> {
    match find::<R>(conn, scope, reference)? {
        Holder::Seen(view) => Ok(view),
        Holder::Nobody | Holder::Unseen => Err(Problem::not_found().into()),
    }
}

fn taken(reference: &ExternalRef) -> Problem {
    Problem::new(Code::ExternalRefTaken).with("system", reference.system.as_str()).with("value", reference.value.as_str())
}

/// The reference is among the body's, if there are any or there must be.
fn add_reference(body: &mut Value, reference: &ExternalRef, is_new: bool) {
    let Some(members) = body.as_object_mut() else { return };
    if is_new {
        members.entry("external_refs").or_insert_with(|| json!([]));
    }
    let reference = json!(reference);
    match members.get_mut("external_refs") {
        Some(Value::Array(refs)) if !refs.contains(&reference) => refs.push(reference),
        Some(null @ Value::Null) => *null = json!([reference]),
        _ => {}
    }
}

pub async fn upsert<R: Resource>(
    db: &Db,
    caller: &Caller,
    only: ValidateOnly,
    reference: PathRef,
    condition: UpsertCondition,
    body: Upsert<R>,
) -> Result<Answer, Problem> {
    let scope = caller.scope;
    let work = move |tx: &mut Tx<'_>| match body.apply(tx, &scope, &reference.0, &condition)? {
        (StatusCode::CREATED, view) => created::<R>(&view),
        (_, view) => as_it_is::<R>(&view),
    };
    only.answer(db, &caller.actor, work).await
}

pub async fn get_by_ref<R: Resource>(db: &Db, caller: &Caller, reference: PathRef) -> Result<Answer, Problem> {
    let scope = caller.scope;
    let view = db.look_up(move |conn| get::<R>(conn, &scope, &reference.0)).await?;
    let answer = Answer::object(R::KEY(&view).1, &view)?;
    Ok(if R::IS_VOLATILE { answer.volatile() } else { answer })
}

impl<R: Resource> FromRequest for Upsert<R> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let schemas = request.app_data::<Data<Schemas>>().cloned().ok_or_else(|| Problem::new(Code::InternalError))?;
            let body = extract::checked(&request, payload, &MERGE_PATCH, &Self::name()).await?;
            Ok(Self::new(extract::members(body)?, schemas))
        })
    }
}

impl<R: Resource> PartialSchema for Upsert<R> {
    fn schema() -> RefOr<Schema> {
        let mut schema = R::Create::schema();
        let text = "What creation takes, as a JSON Merge Patch. When the object exists, members that only creation may set must be null or what \
they are; when it does not, what creation requires is required.";
        let mark = || Extensions::builder().add("x-upsert", true).build();
        match &mut schema {
            RefOr::T(Schema::AllOf(parts)) => (parts.description, parts.extensions) = (Some(text.to_owned()), Some(mark())),
            RefOr::T(Schema::Object(object)) => (object.description, object.extensions) = (Some(text.to_owned()), Some(mark())),
            _ => {}
        }
        schema
    }
}

impl<R: Resource> ToSchema for Upsert<R> {
    fn name() -> Cow<'static, str> {
        Cow::Owned(format!("Upsert{}", R::SCHEMA))
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        R::Create::schemas(schemas);
    }
}
