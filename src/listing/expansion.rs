//! What rows name by its id, and `expand` can add beside it: declared here, loaded in `expand.rs`.

use std::iter::once;

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn, ParameterStyle};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};

use super::field::Listed;
use crate::auth::Scope;
use crate::db::condition::AnyId;
use crate::db::{DbConnection, Failure};
use crate::http::catalogue::Code;
use crate::http::problem::Problem;

/// Names in one `expand`.
pub const MAX_EXPANSIONS: usize = 5;

/// Loads the objects with these ids that the caller sees, as they are answered.
type Load = fn(&mut DbConnection, &Scope, &[AnyId]) -> Result<Vec<Value>, Failure>;

/// A kind of object that others name by its id.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its schema in the document.
    pub schema: &'static str,
    /// The scope that an API key needs to read it.
    pub scope: &'static str,
    pub load: Load,
    /// What can be added to the object itself. A function, since kinds name each other.
    pub expansions: fn() -> &'static [Expansion],
}

/// An object, or several, that can be added to a row.
#[derive(Debug, Clone, Copy)]
pub struct Expansion {
    /// The member that is added; with an array in front (`links.customer`) it is added to each item of that.
    pub name: &'static str,
    /// The member beside it that has the id, or the ids.
    pub ids: &'static str,
    pub to: &'static Target,
    /// Whether a row may have several.
    pub is_many: bool,
}

impl Expansion {
    pub const fn one(name: &'static str, ids: &'static str, to: &'static Target) -> Self {
        Self { name, ids, to, is_many: false }
    }

    pub const fn many(name: &'static str, ids: &'static str, to: &'static Target) -> Self {
        Self { name, ids, to, is_many: true }
    }

    /// The array whose items get the member, and the member.
    pub fn place(&self) -> (Option<&'static str>, &'static str) {
        self.name.split_once('.').map_or((None, self.name), |(array, member)| (Some(array), member))
    }

    /// How the document describes the member.
    fn schema(&self) -> Value {
        let reference = json!({ "$ref": format!("#/components/schemas/{}", self.to.schema) });
        let asked = format!("Only with `expand={}`", self.name);
        match (self.is_many, self.place()) {
            (true, (None, _)) => json!({ "type": "array", "items": reference, "description": format!("{asked}: those that you see.") }),
            _ => json!({ "oneOf": [reference, { "type": "null" }], "description": format!("{asked}; null when you see none.") }),
        }
    }
}

/// Something that can be asked for: an expansion of a row, or one of what that adds.
pub struct Path {
    pub name: String,
    pub first: &'static Expansion,
    pub second: Option<&'static Expansion>,
}

/// All that can be asked of `R`. Of arrays in arrays nothing is offered: there is no end to these.
pub fn paths<R: Listed>() -> impl Iterator<Item = Path> {
    R::EXPANSIONS.iter().flat_map(|first| {
        let behind = (first.to.expansions)().iter().filter(|second| !(first.is_many && second.is_many));
        let behind = behind.map(move |second| Path { name: format!("{}.{}", first.name, second.name), first, second: Some(second) });
        once(Path { name: first.name.to_owned(), first, second: None }).chain(behind)
    })
}

pub fn names<R: Listed>() -> Vec<String> {
    paths::<R>().map(|path| path.name).collect()
}

/// The query parameter, if there is anything to expand; the document makes the members from its extension.
pub fn parameter<R: Listed>() -> Option<Parameter> {
    let names = names::<R>();
    if names.is_empty() {
        return None;
    }
    let described = format!(
        "Adds objects beside their ids: up to {MAX_EXPANSIONS} names, separated by commas. `a.b` adds `a` as well, which counts. What you do not see \
         is null. An API key needs the scopes to read them."
    );
    let members: Vec<Value> = R::EXPANSIONS
        .iter()
        .map(|expansion| {
            let (array, member) = expansion.place();
            json!({ "of": R::SCHEMA, "array": array, "member": member, "schema": expansion.schema() })
        })
        .collect();
    let items = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names));
    let several = ArrayBuilder::new().items(items).min_items(Some(1)).max_items(Some(MAX_EXPANSIONS)).unique_items(true);
    let parameter = ParameterBuilder::new().name("expand").parameter_in(ParameterIn::Query).description(Some(described));
    let parameter = parameter.style(Some(ParameterStyle::Form)).explode(Some(false)).schema(Some(several));
    Some(parameter.extensions(Some(Extensions::builder().add("x-expansions", members).build())).build())
}

/// Objects as they are answered.
pub fn values<T: Serialize>(objects: impl IntoIterator<Item = T>) -> Result<Vec<Value>, Failure> {
    let value = |object: T| serde_json::to_value(object).map_err(|_| Problem::new(Code::InternalError).into());
    objects.into_iter().map(value).collect()
}
