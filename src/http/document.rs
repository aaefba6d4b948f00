//! The finished OpenAPI document, and what the shell asks it: which operations a path has, which parameters they know.
#![expect(clippy::indexing_slicing, reason = "a JSON value read by name gives null when there is none")]

use std::collections::{BTreeSet, HashMap};

use actix_web::web::Bytes;
use regex::Regex;
use serde_json::Value;

use super::openapi;

/// As text: values would take ten times the room.
pub struct Document {
    /// As served at `/openapi.json`.
    pub text: Bytes,
    schemas: HashMap<String, Schema>,
    /// The names of the schemas that bodies have.
    pub bodies: BTreeSet<String>,
    templates: Vec<Template>,
    /// How many segments a template has at most.
    most_segments: usize,
    /// Paths without parameters.
    literals: HashMap<String, usize>,
}

struct Schema {
    text: Box<str>,
    members: Box<[String]>,
}

struct Template {
    path: String,
    /// Its segments; `None` for a parameter.
    segments: Vec<Option<String>>,
    operations: Vec<Operation>,
}

impl Template {
    /// The last segments first: they differ most.
    fn is_match(&self, path: &[&str]) -> bool {
        let fits = |(own, given): (&Option<String>, &&str)| own.as_ref().map_or(!given.is_empty(), |own| own == given);
        self.segments.len() == path.len() && self.segments.iter().zip(path).rev().all(fits)
    }
}

struct Operation {
    method: String,
    parameters: Parameters,
}

/// The query parameters of an operation.
pub struct Parameters {
    names: BTreeSet<String>,
    /// What names may look like that are not known beforehand.
    patterns: Vec<Regex>,
}

impl Parameters {
    /// An exploded object is no parameter itself: each of its members is one.
    fn of(operation: &Value) -> Self {
        let query = || operation["parameters"].as_array().into_iter().flatten().filter(|one| one["in"] == "query");
        let pattern = |one: &Value| one["schema"]["propertyNames"]["pattern"].as_str().and_then(|pattern| Regex::new(pattern).ok());
        let names = query().filter(|one| pattern(one).is_none()).filter_map(|one| one["name"].as_str().map(str::to_owned));
        Self { names: names.collect(), patterns: query().filter_map(pattern).collect() }
    }

    pub fn knows(&self, name: &str) -> bool {
        self.names.contains(name) || self.patterns.iter().any(|pattern| pattern.is_match(name))
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }
}

impl Document {
    pub fn new(mut value: Value) -> Self {
        openapi::finish(&mut value);
        let mut templates: Vec<Template> = Vec::new();
        for (path, method, operation) in openapi::operations(&value) {
            let operation = Operation { method: method.to_ascii_uppercase(), parameters: Parameters::of(operation) };
            match templates.last_mut().filter(|template| template.path == path) {
                Some(template) => template.operations.push(operation),
                None => templates.push(Template {
                    path: path.to_owned(),
                    segments: path.split('/').map(|segment| (!segment.starts_with('{')).then(|| segment.to_owned())).collect(),
                    operations: vec![operation],
                }),
            }
        }
        let literals = templates
            .iter()
            .enumerate()
            .filter(|(_, template)| !template.path.contains('{'))
            .map(|(index, template)| (template.path.clone(), index))
            .collect();
        let schemas = value["components"]["schemas"].as_object().into_iter().flatten();
        let schemas = schemas.map(|(name, schema)| {
            let members = schema["properties"].as_object().into_iter().flatten().map(|(member, _)| member.clone()).collect();
            (name.clone(), Schema { text: schema.to_string().into_boxed_str(), members })
        });
        let schemas = schemas.collect();
        let most_segments = templates.iter().map(|template| template.segments.len()).max().unwrap_or_default();
        let (text, bodies) = (Bytes::from(value.to_string()), openapi::body_schema_names(&value));
        Self { text, schemas, bodies, templates, most_segments, literals }
    }

    /// A schema by its name; null when there is none.
    pub fn schema(&self, name: &str) -> Value {
        self.schemas.get(name).and_then(|schema| serde_json::from_str(&schema.text).ok()).unwrap_or_default()
    }

    /// The names of a schema's members.
    pub fn members(&self, schema: &str) -> impl Iterator<Item = &str> {
        self.schemas.get(schema).into_iter().flat_map(|schema| schema.members.iter().map(String::as_str))
    }

    /// As checked in: indented, for people and diffs.
    pub fn pretty(&self) -> String {
        let value: Value = serde_json::from_slice(&self.text).unwrap_or_default();
        let mut text = serde_json::to_string_pretty(&value).unwrap_or_default();
        text.push('\n');
        text
    }

    /// What the document knows of a path: the template that is the path itself, else all that match.
    pub fn find(&self, path: &str) -> Found<'_> {
        Found(match self.literals.get(path).and_then(|index| self.templates.get(*index)) {
            Some(literal) => vec![literal],
            None => {
                let segments: Vec<&str> = path.split('/').take(self.most_segments + 1).collect();
                self.templates.iter().filter(|template| template.is_match(&segments)).collect()
            }
        })
    }
}

/// The templates that a path means.
pub struct Found<'d>(Vec<&'d Template>);

impl<'d> Found<'d> {
    /// The methods it answers, for `Allow`; empty when there is no such path.
    pub fn allowed(&self) -> BTreeSet<String> {
        let mut methods: BTreeSet<String> =
            self.0.iter().flat_map(|template| &template.operations).map(|operation| operation.method.clone()).collect();
        if methods.contains("GET") {
            methods.insert("HEAD".to_owned());
        }
        methods
    }

    /// The query parameters of an operation; `None` when the document does not know it.
    pub fn parameters(&self, method: &str) -> Option<&'d Parameters> {
        let mut operations = self.0.iter().flat_map(|template| &template.operations);
        operations.find(|operation| operation.method == method).map(|operation| &operation.parameters)
    }

    /// The template, as a label with few values.
    pub fn template(&self) -> &'d str {
        self.0.first().map_or("unknown", |template| template.path.as_str())
    }
}
