//! Writing one object: for good, or only to see whether it could be done.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use super::Resource;
use crate::auth::Caller;
use crate::db::id::Id;
use crate::db::{Actor, Db, Failure, Tx, try_out};
use crate::http::answer::Answer;
use crate::http::etag::IfMatch;
use crate::http::patch::Patch;
use crate::http::problem::Problem;
use crate::http::query::Query;

/// `validate_only=true`: everything is checked and nothing is written.
#[derive(Debug, Clone, Copy)]
pub struct ValidateOnly(pub bool);

impl ValidateOnly {
    /// Answers a write; or takes it back, and answers 204 if it would have been done.
    pub async fn answer<F>(self, db: &Db, actor: &Actor, work: F) -> Result<Answer, Problem>
    where
        F: Fn(&mut Tx<'_>) -> Result<Answer, Failure> + Send + 'static,
    {
        if !self.0 {
            return db.answer(actor, work).await;
        }
        db.write(&self.actor(actor), move |tx| try_out(tx, &work)).await?;
        Ok(Answer::no_content())
    }

    /// What is not done has no answer to be kept under a key.
    pub fn actor(self, actor: &Actor) -> Actor {
        Actor { idempotency: actor.idempotency.filter(|_| !self.0), ..actor.clone() }
    }
}

impl FromRequest for ValidateOnly {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Query::parse(request.query_string()).and_then(|query| query.boolean("validate_only")).map(Self))
    }
}

impl IntoParams for ValidateOnly {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let text = "Checks everything and writes nothing. What could be done is answered 204, or 207 with null ids by a batch.";
        let boolean = ObjectBuilder::new().schema_type(Type::Boolean);
        let parameter = ParameterBuilder::new().name("validate_only").parameter_in(ParameterIn::Query).description(Some(text));
        vec![parameter.schema(Some(boolean)).build()]
    }
}

pub async fn create<R: Resource>(db: &Db, caller: &Caller, only: ValidateOnly, input: R::Create) -> Result<Answer, Problem> {
    let scope = caller.scope;
    only.answer(db, &caller.actor, move |tx| created::<R>(&R::CREATE(tx, &scope, &input)?)).await
}

pub async fn update<R: Resource>(
    db: &Db,
    caller: &Caller,
    only: ValidateOnly,
    id: Id<R::Kind>,
    if_match: IfMatch,
    patch: Patch<R::Fields>,
) -> Result<Answer, Problem> {
    let scope = caller.scope;
    only.answer(db, &caller.actor, move |tx| as_it_is::<R>(&R::UPDATE(tx, &scope, id, &if_match, &patch)?)).await
}

pub async fn delete<R: Resource>(db: &Db, caller: &Caller, id: Id<R::Kind>, if_match: IfMatch) -> Result<Answer, Problem> {
    let scope = caller.scope;
    db.answer(&caller.actor, move |tx| R::DELETE(tx, &scope, id, &if_match).map(|()| Answer::no_content())).await
}

pub async fn restore<R: Resource>(db: &Db, caller: &Caller, id: Id<R::Kind>, if_match: IfMatch) -> Result<Answer, Problem> {
    let scope = caller.scope;
    db.answer(&caller.actor, move |tx| as_it_is::<R>(&R::RESTORE(tx, &scope, id, &if_match)?)).await
}

pub fn created<R: Resource>(view: &R::View) -> Result<Answer, Failure> {
    let (id, version) = R::KEY(view);
    Ok(Answer::created(format!("{}/{id}", R::PATH), version, view)?)
}

pub fn as_it_is<R: Resource>(view: &R::View) -> Result<Answer, Failure> {
    Ok(Answer::object(R::KEY(view).1, view)?)
}
