//! Objects by their ids.

use std::borrow::Cow;
use std::collections::HashMap;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use serde_json::json;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::Resource;
use super::dto::{BatchGet, BatchGetRequest};
use crate::auth::Caller;
use crate::db::Db;
use crate::db::id::{Id, Kind};
use crate::http::answer::Answer;
use crate::http::catalogue::Code;
use crate::http::document::Document;
use crate::http::extract::read_as;
use crate::http::problem::Problem;
use crate::listing::{Expand, Members};

/// How many objects one request may name.
const MAX_IDS: usize = 200;

/// Which objects of `R`, and which members of them.
pub struct Wanted<R: Resource> {
    ids: Vec<Id<R::Kind>>,
    members: Members,
    resource: PhantomData<fn() -> R>,
}

pub async fn batch_get<R: Resource>(db: &Db, caller: &Caller, wanted: Wanted<R>) -> Result<Answer, Problem> {
    let (scope, Wanted { ids, members, .. }) = (caller.scope, wanted);
    let found = db.read(move |conn| {
        let views = R::GET_ALL(conn, &scope, &ids)?;
        let mut views: HashMap<_, _> = views.into_iter().map(|view| (R::KEY(&view).0, view)).collect();
        let (mut data, mut missing) = (Vec::with_capacity(ids.len()), Vec::new());
        for id in ids {
            match views.remove(&id) {
                Some(view) => data.push(view),
                None => missing.push(id.to_string()),
            }
        }
        Ok(BatchGet { data, missing })
    });
    members.answer(&found.await?)
}

impl<R: Resource> FromRequest for Wanted<R> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (asked, body) = (request.clone(), payload.take());
        let document = request.app_data::<Data<Document>>().map(|data| Arc::clone(data));
        Box::pin(async move {
            let BatchGetRequest { ids, fields } = read_as::<BatchGetRequest<Id<R::Kind>>>(&asked, body, &Self::name()).await?;
            let document = document.ok_or_else(|| Problem::new(Code::InternalError))?;
            let mut errors = Vec::new();
            let members = Members::read::<R>(&document, fields, &Expand::default(), &mut errors);
            Problem::check(errors)?;
            Ok(Self { ids, members, resource: PhantomData })
        })
    }
}

impl<R: Resource> PartialSchema for Wanted<R> {
    fn schema() -> RefOr<Schema> {
        let text = || ObjectBuilder::new().schema_type(Type::String);
        let ids = ArrayBuilder::new().items(Ref::from_schema_name(R::Kind::SCHEMA)).min_items(Some(1)).max_items(Some(MAX_IDS));
        let fields = ArrayBuilder::new().items(text()).max_items(Some(100)).examples([json!(["id", "version"])]);
        let fields = fields.description(Some("The members to answer; all without it, and `id` always."));
        let object = ObjectBuilder::new().description(Some("The objects that are asked for, and what to answer of them."));
        object.property("ids", ids.unique_items(true)).required("ids").property("fields", fields).into()
    }
}

impl<R: Resource> ToSchema for Wanted<R> {
    fn name() -> Cow<'static, str> {
        Cow::Owned(format!("{}BatchGetRequest", R::SCHEMA))
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((R::Kind::SCHEMA.to_owned(), Id::<R::Kind>::schema()));
    }
}
