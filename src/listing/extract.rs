//! Lists and expansions as a query string asks for them. What they reach, an API key must be allowed to read.

use std::future::{Ready, ready};
use std::marker::PhantomData;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use super::expand::Expand;
use super::expansion;
use super::field::Listed;
use super::request::List;
use crate::auth::Caller;
use crate::db::{Db, DbConnection, Failure};
use crate::http::problem::Problem;
use crate::http::query::Query;

impl<R: Listed> FromRequest for List<R> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let list = Query::parse(request.query_string()).and_then(|query| Self::parse(request.path(), &query));
        ready(list.and_then(|mut list| {
            check_scopes(request, payload, list.scopes())?;
            if list.is_of_text() {
                list.search_for(&Caller::from_request(request, payload).into_inner()?.scope);
            }
            Ok(list)
        }))
    }
}

/// `expand` where one object of `R` is read.
pub struct Expanding<R>(pub Expand, PhantomData<fn() -> R>);

impl<R: Listed> FromRequest for Expanding<R> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let expand = Query::parse(request.query_string()).and_then(|query| Expand::parse::<R>(&query));
        let checked = expand.and_then(|expand| check_scopes(request, payload, expand.scopes()).map(|()| expand));
        ready(checked.map(|expand| Self(expand, PhantomData)))
    }
}

impl<R> Expanding<R> {
    /// Reads the object, and what is to be added to it. Alone it is a row by its key.
    pub async fn read<T, F>(self, db: &Db, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&mut DbConnection, &Expand) -> Result<T, Failure> + Send + 'static,
    {
        let Self(expand, _) = self;
        if expand.is_empty() { db.look_up(move |conn| work(conn, &expand)).await } else { db.read(move |conn| work(conn, &expand)).await }
    }
}

impl<R: Listed> IntoParams for Expanding<R> {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        expansion::parameter::<R>().into_iter().collect()
    }
}

fn check_scopes(request: &HttpRequest, payload: &mut Payload, scopes: impl Iterator<Item = &'static str>) -> Result<(), Problem> {
    let mut scopes = scopes.peekable();
    if scopes.peek().is_none() {
        return Ok(());
    }
    let caller = Caller::from_request(request, payload).into_inner()?;
    scopes.try_for_each(|scope| caller.check_scope(scope))
}
