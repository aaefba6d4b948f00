//! Comparisons of custom fields, `custom.level` and `customer.custom.level`: what they are, only the database knows. So they are
//! kept as they were asked for, and made whole by the read that runs them, in one statement for each resource.

use chrono::{Datelike, NaiveDate};
use diesel::QueryResult;
use serde_json::Value;

use super::field::{Field, Listed};
use super::filter::{Filter, field_of, unknown};
use super::reader::Reader;
use super::relation::{Relation, Source};
use super::request::List;
use super::tree::Node;
use crate::auth::Scope;
use crate::db::condition::{AnyId, Bind};
use crate::db::id::WorkspaceId;
use crate::db::types::Instant;
use crate::db::{Condition, DbConnection, Failure};

/// What stands in front of a custom field's key.
pub const PREFIX: &str = "custom.";

/// What such a query parameter is called.
pub const CUSTOM_NAME: &str = r"^custom\.[a-z][a-z0-9_]{0,31}(\[(in|lt|lte|gt|gte|contains|starts_with)\])?$";

/// What a custom field is called in a search, behind one of these steps.
pub fn field_pattern(steps: &[&str]) -> String {
    let steps: Vec<String> = steps.iter().filter(|step| !step.is_empty()).map(|step| format!(r"{step}\.")).collect();
    let steps = if steps.is_empty() { String::new() } else { format!("({})?", steps.join("|")) };
    format!(r"^{steps}custom\.[a-z][a-z0-9_]{{0,31}}$")
}

/// The custom fields of a resource, named by its table, with their keys.
pub type Definitions = fn(&mut DbConnection, WorkspaceId, &'static str) -> QueryResult<Vec<(String, Field)>>;

/// A comparison of a custom field whose definition is not known yet.
#[derive(Debug, Clone)]
pub struct Unresolved {
    source: Source,
    pub relation: Option<&'static Relation>,
    key: String,
    asked: Asked,
}

#[derive(Debug, Clone)]
enum Asked {
    /// By a query parameter: its name and value.
    Parameter(String, String),
    /// In a tree.
    Node { at: String, op: String, value: Value },
}

impl Unresolved {
    pub fn in_tree(source: Source, relation: Option<&'static Relation>, key: &str, at: &str, op: &str, value: &Value) -> Self {
        let asked = Asked::Node { at: at.to_owned(), op: op.to_owned(), value: value.clone() };
        Self { source, relation, key: key.to_owned(), asked }
    }
}

/// What a query parameter asks for.
pub fn leaf<R: Listed>(name: &str, value: &str) -> Result<Node, crate::http::problem::Problem> {
    match field_of(name).strip_prefix(PREFIX).filter(|_| R::CUSTOM.is_some()) {
        None => Ok(Node::Leaf(Filter::parse(R::FIELDS, name, value)?)),
        Some(key) => {
            let asked = Asked::Parameter(name.to_owned(), value.to_owned());
            Ok(Node::Custom(Unresolved { source: Source::of::<R>(), relation: None, key: key.to_owned(), asked }))
        }
    }
}

/// The objects with a value of a custom field, up to what it is compared with.
pub fn rows(scope: &Scope, id: AnyId) -> Condition {
    let rows = Condition::sql("SELECT v.object_id AS id FROM custom_values v WHERE v.workspace_id = ");
    rows.bind(scope.workspace_id).then(" AND v.field_id = ").bind(id).then(" AND ")
}

pub fn number_of_day(day: NaiveDate) -> i64 {
    i64::from(day.num_days_from_ce())
}

pub fn number_of_instant(at: Instant) -> i64 {
    at.get().timestamp_millis()
}

/// A value as `custom_values` has it.
fn stored(bind: Bind) -> Bind {
    match bind {
        Bind::Day(day) => Bind::Integer(number_of_day(day)),
        Bind::Instant(at) => Bind::Integer(number_of_instant(at)),
        Bind::Boolean(value) => Bind::Integer(i64::from(value)),
        other => other,
    }
}

impl<R: Listed> List<R> {
    /// Looks up the custom fields that it is filtered by, if there are any.
    pub fn resolve(&self, conn: &mut DbConnection, scope: &Scope) -> Result<(), Failure> {
        if self.resolved.get().is_none() && has_custom(&self.filter) {
            let mut resolver = Resolver { conn, workspace_id: scope.workspace_id, known: Vec::new(), reader: Reader::default() };
            let node = resolver.node(&self.filter)?;
            resolver.reader.finish()?;
            let _ = self.resolved.set(node);
        }
        Ok(())
    }
}

fn has_custom(node: &Node) -> bool {
    match node {
        Node::Custom(_) => true,
        Node::And(nodes) | Node::Or(nodes) => nodes.iter().any(has_custom),
        Node::Not(node) | Node::Related(_, node) => has_custom(node),
        Node::Leaf(_) => false,
    }
}

struct Resolver<'a> {
    conn: &'a mut DbConnection,
    workspace_id: WorkspaceId,
    /// What was looked up, by the table of its resource.
    known: Vec<(&'static str, Vec<(String, Field)>)>,
    reader: Reader,
}

impl Resolver<'_> {
    fn node(&mut self, node: &Node) -> Result<Node, Failure> {
        let mut all = |nodes: &[Node]| nodes.iter().map(|node| self.node(node)).collect::<Result<Vec<_>, Failure>>();
        Ok(match node {
            Node::And(nodes) => Node::And(all(nodes)?),
            Node::Or(nodes) => Node::Or(all(nodes)?),
            Node::Not(node) => Node::Not(Box::new(self.node(node)?)),
            Node::Related(relation, node) => Node::Related(relation, Box::new(self.node(node)?)),
            Node::Leaf(filter) => Node::Leaf(filter.clone()),
            Node::Custom(unresolved) => self.custom(unresolved)?,
        })
    }

    fn custom(&mut self, unresolved: &Unresolved) -> Result<Node, Failure> {
        let Unresolved { source, relation, key, asked } = unresolved;
        if !self.known.iter().any(|(table, _)| *table == source.table) {
            let fields = source.custom.map(|definitions| definitions(self.conn, self.workspace_id, source.table)).transpose()?;
            self.known.push((source.table, fields.unwrap_or_default()));
        }
        let fields = self.known.iter().filter(|(table, _)| *table == source.table).flat_map(|(_, fields)| fields);
        let fields: Vec<(String, Field)> = fields.cloned().collect();
        let step = relation.map(|relation| format!("{}.", relation.name)).unwrap_or_default();
        let names: Vec<String> = fields.iter().map(|(key, _)| format!("{step}{PREFIX}{key}")).collect();
        let names = names.iter().map(String::as_str);
        let field = fields.iter().find(|(known, _)| known == key).map(|(_, field)| field);
        let found = match (field, asked) {
            (None, Asked::Parameter(name, _)) => return Err(unknown(name, names).into()),
            (Some(field), Asked::Parameter(name, value)) => Some(Node::Leaf(Filter::of_parameter(field, name, value)?)),
            (None, Asked::Node { at, .. }) => self.reader.unknown_field(at, &format!("{step}{PREFIX}{key}"), names),
            (Some(field), Asked::Node { at, op, value }) => self.reader.comparison(field, *relation, op, value, at),
        };
        // What is wrong is told at the end.
        Ok(found.map_or(Node::And(Vec::new()), in_stored_form))
    }
}

/// The comparison with values as they are stored, whichever way it is wrapped.
fn in_stored_form(node: Node) -> Node {
    match node {
        Node::Leaf(filter) if filter.is_presence() => Node::Leaf(filter),
        Node::Leaf(filter) => Node::Leaf(Filter { values: filter.values.into_iter().map(stored).collect(), ..filter }),
        Node::Not(node) => Node::Not(Box::new(in_stored_form(*node))),
        Node::Related(relation, node) => Node::Related(relation, Box::new(in_stored_form(*node))),
        other => other,
    }
}
