//! Values of custom fields in the document, which cannot know more of them than what JSON they may be.

use std::borrow::Cow;

use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, ObjectBuilder, OneOfBuilder, Type};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::http::texts::{SOME_TEXT, TEXT};

/// Names of custom fields.
const KEY_PATTERN: &str = "^[a-z][a-z0-9_]{0,31}$";

/// A value, or what limits or replaces it.
pub struct CustomValue;

impl PartialSchema for CustomValue {
    fn schema() -> RefOr<Schema> {
        let text = |pattern| ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern));
        let value = OneOfBuilder::new().description(Some("As the type of the custom field has it."));
        let value = value.item(text(TEXT)).item(ObjectBuilder::new().schema_type(Type::Number));
        value.item(ObjectBuilder::new().schema_type(Type::Boolean)).item(ArrayBuilder::new().items(text(SOME_TEXT))).into()
    }
}

impl ToSchema for CustomValue {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("CustomValue")
    }
}

/// All values of an object, by the keys of their fields.
pub struct CustomValues;

impl PartialSchema for CustomValues {
    fn schema() -> RefOr<Schema> {
        let value = OneOfBuilder::new().item(Ref::from_schema_name(CustomValue::name()));
        let value = value.item(ObjectBuilder::new().schema_type(Type::Null));
        let values = ObjectBuilder::new().schema_type(Type::Object).description(Some("Values by the keys of their custom fields."));
        let key = ObjectBuilder::new().schema_type(Type::String).pattern(Some(KEY_PATTERN)).build();
        values.property_names(Some(key)).additional_properties(Some(AdditionalProperties::RefOr(RefOr::T(value.into())))).into()
    }
}

impl ToSchema for CustomValues {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("CustomValues")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((CustomValue::name().into_owned(), CustomValue::schema()));
    }
}
