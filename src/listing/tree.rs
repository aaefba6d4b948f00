//! Filters as a tree of JSON: `and`, `or`, `not`, comparisons of fields and of related rows.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::field::Field;
use super::filter::{Filter, MAX_IN, Operator};
use super::relation::{Relation, Source};
use crate::auth::Scope;
use crate::db::Condition;
use crate::db::condition::Bind;
use crate::http::catalogue::Code;
use crate::http::problem::{FieldError, Problem};
use crate::http::schemas::nearest;

const MAX_DEPTH: usize = 4;
const MAX_LEAVES: usize = 50;
const MAX_TEXT: usize = 512;

/// One node of a filter: exactly one of `and`, `or`, `not`, `has`, or `field` with `op` and `value`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FilterNode {
    /// All of these are true.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(no_recursion, min_items = 1)]
    pub and: Option<Vec<FilterNode>>,
    /// One of these is true.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(no_recursion, min_items = 1)]
    pub or: Option<Vec<FilterNode>>,
    /// This is not true.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(no_recursion)]
    pub not: Option<Box<FilterNode>>,
    /// A kind of related rows: there is one of which `filter` is true.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "opportunities")]
    pub has: Option<String>,
    /// Of `has`: what must be true of the related row; any one will do without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(no_recursion)]
    pub filter: Option<Box<FilterNode>>,
    /// A field, or one of a related object: `customer.name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "lifecycle_stage")]
    pub field: Option<String>,
    /// `eq`, `ne`, `in`, `nin`, `lt`, `lte`, `gt`, `gte`, `contains`, `starts_with` or `is_null`, as far as the field has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "eq")]
    pub op: Option<String>,
    /// What the field is compared with: text, a number or a boolean; an array for `in` and `nin`; true or false for `is_null`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "lead")]
    pub value: Option<Value>,
}

/// A filter that was read and checked.
#[derive(Debug, Clone)]
pub enum Node {
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Leaf(Filter),
    Related(&'static Relation, Box<Node>),
}

impl Node {
    /// What is true of the rows that it means, or of all others.
    pub fn condition(&self, source: &Source, scope: &Scope, is_negated: bool) -> Condition {
        let all = |nodes: &[Self], is_and: bool| {
            let parts = nodes.iter().map(|node| node.condition(source, scope, is_negated));
            parts.reduce(if is_and { Condition::and } else { Condition::or }).unwrap_or_default()
        };
        match self {
            Self::And(nodes) => all(nodes, !is_negated),
            Self::Or(nodes) => all(nodes, is_negated),
            Self::Not(node) => node.condition(source, scope, !is_negated),
            Self::Leaf(filter) => filter.condition(source, scope, is_negated),
            Self::Related(relation, node) => {
                let found = relation.exists(scope, node.condition(&relation.to, scope, false));
                if is_negated { found.negated() } else { found }
            }
        }
    }

    /// The relations that it reaches through.
    pub fn relations(&self) -> Vec<&'static Relation> {
        match self {
            Self::Related(relation, _) => vec![relation],
            Self::And(nodes) | Self::Or(nodes) => nodes.iter().flat_map(Self::relations).collect(),
            Self::Not(node) => node.relations(),
            Self::Leaf(_) => Vec::new(),
        }
    }

    /// The fields that have one certain value wherever it holds.
    pub fn fixed(&self) -> Vec<String> {
        match self {
            Self::Leaf(filter) if filter.operator == Operator::Eq => vec![filter.field.name.to_owned()],
            Self::And(nodes) => nodes.iter().flat_map(Self::fixed).collect(),
            Self::Related(relation, node) if !relation.is_many => {
                node.fixed().into_iter().map(|name| format!("{}.{name}", relation.name)).collect()
            }
            Self::Leaf(_) | Self::Or(_) | Self::Not(_) | Self::Related(..) => Vec::new(),
        }
    }

    /// A compared field whose unit is not fixed: amounts of different currencies have no order.
    pub fn without_unit(&self, fixed: &[String], path: &str) -> Option<&'static Field> {
        match self {
            Self::Leaf(filter) => {
                Some(filter.field).filter(|field| field.unit.is_some_and(|unit| !fixed.contains(&format!("{path}{unit}"))))
            }
            Self::And(nodes) => {
                let own = self.fixed().into_iter().map(|name| format!("{path}{name}"));
                let fixed: Vec<String> = fixed.iter().cloned().chain(own).collect();
                nodes.iter().find_map(|node| node.without_unit(&fixed, path))
            }
            Self::Or(nodes) => nodes.iter().find_map(|node| node.without_unit(fixed, path)),
            Self::Not(node) => node.without_unit(fixed, path),
            Self::Related(relation, node) if relation.is_many => node.without_unit(&[], ""),
            Self::Related(relation, node) => node.without_unit(fixed, &format!("{}.", relation.name)),
        }
    }
}

/// Reads trees, and keeps what is wrong with them.
pub struct Reader {
    errors: Vec<FieldError>,
    leaves: usize,
    is_too_complex: bool,
}

/// The tree as it was checked; all that is wrong with it otherwise.
pub fn read(tree: &FilterNode, source: &Source, relations: &'static [Relation]) -> Result<Node, Problem> {
    let mut reader = Reader { errors: Vec::new(), leaves: 0, is_too_complex: false };
    let node = reader.node(tree, "/filter", source, relations, 1);
    if reader.is_too_complex || reader.leaves > MAX_LEAVES {
        let limits = Problem::new(Code::FilterTooComplex).with("max_depth", MAX_DEPTH).with("max_comparisons", MAX_LEAVES);
        return Err(limits.with("max_values", MAX_IN).with("max_characters", MAX_TEXT));
    }
    Problem::check(reader.errors)?;
    node.ok_or_else(|| Problem::new(Code::InternalError))
}

impl Reader {
    fn fault(&mut self, error: FieldError) -> Option<Node> {
        self.errors.push(error);
        None
    }

    fn node(&mut self, tree: &FilterNode, at: &str, source: &Source, relations: &'static [Relation], depth: usize) -> Option<Node> {
        let FilterNode { and, or, not, has, filter, field, op, value } = tree;
        if depth > MAX_DEPTH {
            self.is_too_complex = true;
            return None;
        }
        let is_leaf = field.is_some() || op.is_some() || value.is_some();
        let is_has = has.is_some() || filter.is_some();
        if [and.is_some(), or.is_some(), not.is_some(), is_has, is_leaf].into_iter().filter(|is| *is).count() != 1 {
            let fields = vec!["and", "or", "not", "has", "field"];
            return self.fault(FieldError::new(at, Code::ExclusiveFields).with("fields", fields));
        }
        for (name, nodes) in [("and", and), ("or", or)] {
            if nodes.as_ref().is_some_and(Vec::is_empty) {
                return self.fault(FieldError::new(format!("{at}/{name}"), Code::TooFewItems).with("min", 1));
            }
        }
        let mut several = |nodes: &[FilterNode], name: &str| {
            let read = nodes
                .iter()
                .enumerate()
                .map(|(index, node)| self.node(node, &format!("{at}/{name}/{index}"), source, relations, depth + 1));
            // Each of them is read, so that each fault is told.
            let read: Vec<Option<Node>> = read.collect();
            read.into_iter().collect::<Option<Vec<Node>>>()
        };
        if let Some(nodes) = and {
            return several(nodes, "and").map(Node::And);
        }
        if let Some(nodes) = or {
            return several(nodes, "or").map(Node::Or);
        }
        if let Some(node) = not {
            return self.node(node, &format!("{at}/not"), source, relations, depth + 1).map(|node| Node::Not(Box::new(node)));
        }
        if is_has {
            return self.has(has.as_deref(), filter.as_deref(), at, relations, depth);
        }
        self.leaf(tree, at, source, relations)
    }

    fn has(
        &mut self,
        name: Option<&str>,
        filter: Option<&FilterNode>,
        at: &str,
        relations: &'static [Relation],
        depth: usize,
    ) -> Option<Node> {
        self.leaves += 1;
        let Some(name) = name else { return self.fault(FieldError::new(format!("{at}/has"), Code::Required)) };
        let many: Vec<&'static str> = relations.iter().filter(|relation| relation.is_many).map(|relation| relation.name).collect();
        let Some(relation) = relations.iter().find(|relation| relation.is_many && relation.name == name) else {
            let meant = nearest(name, many.iter().copied()).map(str::to_owned);
            let error = FieldError::new(format!("{at}/has"), Code::InvalidChoice).with("did_you_mean", meant);
            return self.fault(error.with("allowed", many));
        };
        let node = match filter {
            // One step only: nothing is related to what is related.
            Some(filter) => self.node(filter, &format!("{at}/filter"), &relation.to, &[], depth + 1)?,
            None => Node::And(Vec::new()),
        };
        Some(Node::Related(relation, Box::new(node)))
    }

    fn leaf(&mut self, tree: &FilterNode, at: &str, source: &Source, relations: &'static [Relation]) -> Option<Node> {
        self.leaves += 1;
        let FilterNode { field, op, value, .. } = tree;
        let missing = [("field", field.is_none()), ("op", op.is_none()), ("value", value.is_none())];
        let missing: Vec<_> =
            missing.iter().filter(|(_, is)| *is).map(|(name, _)| FieldError::new(format!("{at}/{name}"), Code::Required)).collect();
        self.errors.extend(missing.iter().cloned());
        let (Some(name), Some(op), Some(value)) = (field, op, value) else { return None };
        let (relation, fields, own_name) = match name.split_once('.') {
            Some((step, rest)) => match relations.iter().find(|relation| !relation.is_many && relation.name == step) {
                Some(relation) => (Some(relation), relation.to.fields, rest),
                None => (None, [].as_slice(), rest),
            },
            None => (None, source.fields, name.as_str()),
        };
        let Some(field) = fields.iter().find(|field| field.name == own_name) else {
            let reached = relations.iter().filter(|relation| !relation.is_many);
            let reached = reached.flat_map(|relation| relation.to.fields.iter().map(|field| format!("{}.{}", relation.name, field.name)));
            let known: Vec<String> = source.fields.iter().map(|field| field.name.to_owned()).chain(reached).collect();
            let meant = nearest(name, known.iter().map(String::as_str)).map(str::to_owned);
            return self.fault(
                FieldError::new(format!("{at}/field"), Code::UnknownField).with("field", name.as_str()).with("did_you_mean", meant),
            );
        };
        let Some(operator) = op.parse::<Operator>().ok().filter(|operator| operator.is_offered(field)) else {
            let allowed: Vec<String> = Operator::offered(field).map(|operator| operator.as_ref().to_owned()).collect();
            let meant = nearest(op, allowed.iter().map(String::as_str)).map(str::to_owned);
            let error = FieldError::new(format!("{at}/op"), Code::InvalidChoice).with("did_you_mean", meant);
            return self.fault(error.with("allowed", allowed));
        };
        let values = self.values(field, operator, value, &format!("{at}/value"))?;
        let filter = Filter { field, operator, values };
        let Some(relation) = relation else { return Some(Node::Leaf(filter)) };
        // What is not equal includes what has no related row.
        let (filter, is_negated) = filter.positive();
        let related = Node::Related(relation, Box::new(Node::Leaf(filter)));
        Some(if is_negated { Node::Not(Box::new(related)) } else { related })
    }

    fn values(&mut self, field: &Field, operator: Operator, value: &Value, at: &str) -> Option<Vec<Bind>> {
        let mut one = |value: &Value, at: String| {
            if value.as_str().is_some_and(|text| text.chars().count() > MAX_TEXT) {
                self.is_too_complex = true;
            }
            let bind = field.kind.parse_json(value);
            if bind.is_none() {
                self.errors.push(FieldError::new(at, Code::WrongType).with("expected", field.kind.expected()));
            }
            bind
        };
        match (operator, value) {
            (Operator::IsNull, Value::Bool(value)) => Some(vec![Bind::Boolean(*value)]),
            (Operator::In | Operator::Nin, Value::Array(items)) if items.len() > MAX_IN => {
                self.is_too_complex = true;
                None
            }
            (Operator::In | Operator::Nin, Value::Array(items)) => {
                let binds: Vec<Option<Bind>> = items.iter().enumerate().map(|(index, item)| one(item, format!("{at}/{index}"))).collect();
                binds.into_iter().collect()
            }
            (Operator::IsNull, _) => {
                self.errors.push(FieldError::new(at, Code::WrongType).with("expected", "true or false"));
                None
            }
            (Operator::In | Operator::Nin, _) => {
                self.errors.push(FieldError::new(at, Code::WrongType).with("expected", "an array"));
                None
            }
            _ => one(value, at.to_owned()).map(|bind| vec![bind]),
        }
    }
}
