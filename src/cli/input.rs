//! Input of commands, checked like the bodies of requests.

use std::error::Error;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::api;
use crate::auth::privileges::Role;
use crate::crm::users::{CreateUser, NewPerson};
use crate::http::patch::strip_nulls;
use crate::http::problem::Problem;
use crate::http::schemas::Schemas;

/// Input by the same rules as a request's body: the schema of the document.
pub fn checked<T: DeserializeOwned>(schema: &str, mut input: Value) -> Result<T, Box<dyn Error>> {
    let schemas = Schemas::new(Arc::new(api::document()));
    Problem::check(schemas.check(schema, &mut input))?;
    strip_nulls(&mut input);
    Ok(serde_json::from_value(input)?)
}

pub fn person(email: String, name: String, role: Role, password: String) -> Result<NewPerson, Box<dyn Error>> {
    let input = json!({ "email": email, "name": name, "role": role, "password": password });
    let CreateUser { email, password, must_change_password, fields } = checked("CreateUser", input)?;
    Ok(NewPerson { email, name: fields.name, role: fields.role, locale: fields.locale, password, must_change_password })
}
