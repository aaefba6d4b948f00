//! JSON Merge Patch (RFC 7396): absent is unchanged, null clears, arrays are replaced.
//!
//! A resource's writable members are one struct `XFields`. A patch is merged into the JSON of what is stored, and the result
//! is read back: so a patch can do neither more nor less than what the struct says.

use std::borrow::Cow;
use std::marker::PhantomData;

use actix_web::web::Data;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::catalogue::Code;
use super::problem::{FieldError, Problem};
use super::schemas::Schemas;

/// The writable members of a resource.
pub trait Patchable: Serialize + DeserializeOwned + ToSchema + 'static {
    /// The name of the patch's schema: `UpdateX`.
    const PATCH_SCHEMA: &'static str;
}

/// A checked merge patch for the members of `T`.
#[derive(Clone)]
pub struct Patch<T> {
    members: Map<String, Value>,
    schemas: Data<Schemas>,
    target: PhantomData<fn() -> T>,
}

impl<T: Patchable> Patch<T> {
    pub fn new(members: Map<String, Value>, schemas: Data<Schemas>) -> Self {
        Self { members, schemas, target: PhantomData }
    }

    /// Whether it says something of a member.
    pub fn names(&self, member: &str) -> bool {
        self.members.contains_key(member)
    }

    /// What `current` becomes. A nested object that lacks a member when both are put together is a field error.
    pub fn apply(&self, current: &T) -> Result<T, Problem> {
        let unreadable = |error: serde_json::Error| {
            tracing::error!(%error, schema = T::PATCH_SCHEMA, "a checked patch cannot be read");
            Problem::fields(vec![FieldError::new("", Code::WrongType).with("expected", T::PATCH_SCHEMA)])
        };
        let mut document = serde_json::to_value(current).map_err(unreadable)?;
        merge(&mut document, &Value::Object(self.members.clone()));
        strip_nulls(&mut document);
        Problem::check(self.schemas.check_merged(T::PATCH_SCHEMA, &document, &self.members))?;
        serde_json::from_value(document).map_err(unreadable)
    }
}

/// RFC 7396, section 2.
pub fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(members) = target else { return };
    for (key, change) in changes {
        if change.is_null() {
            members.remove(key);
        } else {
            merge(members.entry(key.clone()).or_insert(Value::Null), change);
        }
    }
}

/// Absent = null = default: members that are null are left out, so that defaults apply when the document is read.
pub fn strip_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(strip_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(strip_nulls),
        _ => {}
    }
}

impl<T: Patchable> PartialSchema for Patch<T> {
    fn schema() -> RefOr<Schema> {
        let mut schema = T::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            let required = std::mem::take(&mut object.required);
            object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
            object.description = Some("JSON Merge Patch: absent members stay, null clears, arrays are replaced.".to_owned());
            let extensions = object.extensions.get_or_insert_with(Default::default);
            extensions.insert("x-merge-patch".to_owned(), Value::Bool(true));
            extensions.insert("x-not-null".to_owned(), required.into());
        }
        schema
    }
}

impl<T: Patchable> ToSchema for Patch<T> {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed(T::PATCH_SCHEMA)
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        T::schemas(schemas);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_examples_of_the_rfc() {
        for (mut target, patch, expected) in [
            (json!({"a":"b"}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"b"}), json!({"b":"c"}), json!({"a":"b","b":"c"})),
            (json!({"a":"b"}), json!({"a":null}), json!({})),
            (json!({"a":["b"]}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":{"b":"c"}}), json!({"a":{"b":"d","c":null}}), json!({"a":{"b":"d"}})),
            (json!({"a":"foo"}), json!("bar"), json!("bar")),
            (json!({"e":null}), json!({"a":1}), json!({"e":null,"a":1})),
            (json!([1, 2]), json!({"a":"b","c":null}), json!({"a":"b"})),
            (json!({}), json!({"a":{"bb":{"ccc":null}}}), json!({"a":{"bb":{}}})),
        ] {
            merge(&mut target, &patch);
            assert_eq!(target, expected);
        }
    }

    fn document() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i8>().prop_map(Value::from),
            "[a-c]{0,2}".prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[a-c]", inner, 0..4).prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn twice_is_once(target in document(), patch in document()) {
            let mut once = target;
            merge(&mut once, &patch);
            let mut twice = once.clone();
            merge(&mut twice, &patch);
            prop_assert_eq!(once, twice);
        }

        #[test]
        fn an_empty_patch_changes_nothing(value in document()) {
            let target = json!({ "a": value });
            let mut patched = target.clone();
            merge(&mut patched, &json!({}));
            prop_assert_eq!(patched, target);
        }
    }
}
