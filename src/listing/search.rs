//! `POST /{resource}/search`: a list asked for in JSON, with a tree of filters and only the members that are wanted.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::expand::Expand;
use super::field::Listed;
use super::request::List;
use super::tree::FilterNode;
use crate::auth::Caller;
use crate::http::answer::Answer;
use crate::http::catalogue::Code;
use crate::http::document::Document;
use crate::http::extract::read_as;
use crate::http::problem::{FieldError, Problem};
use crate::http::schemas::nearest;

/// What to look for, in which order, and what to answer of it.
// The document has one for each resource: see `described`.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
pub struct SearchRequest {
    /// All rows without it.
    #[schema(value_type = Option<Object>)]
    pub filter: Option<FilterNode>,
    /// As in the list.
    #[schema(max_length = 512, example = "华为")]
    pub q: Option<String>,
    /// As in the list; each field once.
    #[schema(max_length = 200, example = "-created_at")]
    pub sort: Option<String>,
    /// Rows per page. Default: 50.
    #[schema(minimum = 1, maximum = 200)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before; filter and sort must be the same.
    #[schema(max_length = 8000)]
    pub cursor: Option<String>,
    /// The members to answer; all without it, and `id` always.
    #[schema(max_items = 100, example = json!(["id", "version"]))]
    pub fields: Option<Vec<String>>,
    /// As in the list; what it adds is answered besides `fields`.
    #[schema(max_items = 5, example = json!(["owner"]))]
    pub expand: Option<Vec<String>>,
    /// Adds `total`, exact up to 10,000.
    #[serde(default)]
    pub include_total: bool,
}

/// A checked search of `R`.
pub struct Search<R> {
    pub list: List<R>,
    members: Members,
}

impl<R> Search<R> {
    /// The list, and what makes the answer of its page.
    pub fn split(self) -> (List<R>, Members) {
        (self.list, self.members)
    }
}

/// The members that are answered.
pub struct Members(Option<Vec<String>>);

impl Members {
    /// Those of `fields`, and those that are added; all without `fields`.
    pub fn read<R: Listed>(document: &Document, fields: Option<Vec<String>>, expand: &Expand, faults: &mut Vec<FieldError>) -> Self {
        let Some(mut fields) = fields else { return Self(None) };
        faults.extend(unknown_members::<R>(document, &fields, expand));
        fields.extend(expand.members().map(str::to_owned));
        Self(Some(fields))
    }

    /// What has these rows as its `data`.
    pub fn answer<T: Serialize>(self, page: &T) -> Result<Answer, Problem> {
        let Some(fields) = self.0 else { return Answer::ok(page) };
        let mut page = serde_json::to_value(page).map_err(|_| Problem::new(Code::InternalError))?;
        for row in page.get_mut("data").and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut) {
            row.retain(|name, _| name == "id" || fields.contains(name));
        }
        Answer::ok(&page)
    }
}

impl<R: Listed> FromRequest for Search<R> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (asked, body) = (request.clone(), payload.take());
        let document = request.app_data::<Data<Document>>().map(|data| Arc::clone(data));
        let caller = Caller::from_request(request, payload).into_inner();
        Box::pin(async move {
            let asked: SearchRequest = read_as(&asked, body, &Self::name()).await?;
            let document = document.ok_or_else(|| Problem::new(Code::InternalError))?;
            let names: Vec<&str> = asked.expand.iter().flatten().map(String::as_str).collect();
            let (expand, mut faults) = Expand::read::<R>(&names);
            let members = Members::read::<R>(&document, asked.fields.clone(), &expand, &mut faults);
            Problem::check(faults)?;
            let (mut list, caller) = (List::<R>::of_search(&asked, expand)?, caller?);
            list.search_for(&caller.scope);
            list.scopes().try_for_each(|scope| caller.check_scope(scope))?;
            Ok(Self { list, members })
        })
    }
}

/// Members that there are none of; those that `expand` adds are there when it does.
fn unknown_members<R: Listed>(document: &Document, fields: &[String], expand: &Expand) -> Vec<FieldError> {
    let is_there =
        |member: &&str| !R::EXPANSIONS.iter().any(|expansion| expansion.name == *member) || expand.members().any(|added| added == *member);
    let known: Vec<&str> = document.members(R::SCHEMA).filter(is_there).collect();
    let unknown = fields.iter().enumerate().filter(|(_, field)| !known.contains(&field.as_str()));
    let fault = |(index, field): (usize, &String)| {
        let meant = nearest(field, known.iter().copied()).map(str::to_owned);
        FieldError::new(format!("/fields/{index}"), Code::UnknownField).with("field", field.as_str()).with("did_you_mean", meant)
    };
    unknown.map(fault).collect()
}
