//! Objects by their ids.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};

use super::Resource;
use super::dto::{BatchGet, BatchGetRequest};
use crate::auth::Caller;
use crate::db::Db;
use crate::db::id::{Id, Kind};
use crate::http::answer::Answer;
use crate::http::catalogue::Code;
use crate::http::document::Document;
use crate::http::extract::Body;
use crate::http::problem::{FieldError, Problem};
use crate::listing::{Expand, Members};

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
        let body = Body::<BatchGetRequest>::from_request(request, payload);
        let document = request.app_data::<Data<Document>>().map(|data| Arc::clone(data));
        Box::pin(async move {
            let BatchGetRequest { ids, fields } = body.await?.0;
            let document = document.ok_or_else(|| Problem::new(Code::InternalError))?;
            let (mut known, mut errors, mut seen) = (Vec::with_capacity(ids.len()), Vec::new(), HashSet::new());
            let members = Members::read::<R>(&document, fields, &Expand::default(), &mut errors);
            for (index, text) in ids.iter().enumerate() {
                match text.parse::<Id<R::Kind>>() {
                    Ok(id) if seen.insert(id) => known.push(id),
                    Ok(_) => errors.push(FieldError::new(format!("/ids/{index}"), Code::DuplicateItem)),
                    Err(_) => {
                        errors.push(FieldError::new(format!("/ids/{index}"), Code::WrongResourceType).with("prefix", R::Kind::PREFIX))
                    }
                }
            }
            Problem::check(errors)?;
            Ok(Self { ids: known, members, resource: PhantomData })
        })
    }
}
