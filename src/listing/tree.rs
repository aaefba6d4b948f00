//! Filters as a tree: `and`, `or`, `not`, comparisons of fields and of related rows; as JSON, and as it was checked.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::custom::Unresolved;
use super::field::Field;
use super::filter::{Filter, Operator};
use super::relation::{Relation, Source};
use crate::auth::Scope;
use crate::db::Condition;

/// One node of a filter: exactly one of `and`, `or`, `not`, `has`, or `field` with `op` and `value`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilterNode {
    /// All of these are true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub and: Option<Vec<FilterNode>>,
    /// One of these is true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub or: Option<Vec<FilterNode>>,
    /// This is not true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not: Option<Box<FilterNode>>,
    /// A kind of related rows: there is one of which `filter` is true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has: Option<String>,
    /// Of `has`: what must be true of the related row; any one will do without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<Box<FilterNode>>,
    /// A field, one of a related object (`customer.name`), or a custom field (`custom.<key>`, `customer.custom.<key>`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// `eq`, `ne`, `in`, `nin`, `lt`, `lte`, `gt`, `gte`, `contains`, `starts_with` or `is_null`, as far as the field has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub op: Option<String>,
    /// What the field is compared with: text, a number or a boolean; an array for `in` and `nin`; true or false for `is_null`.
    #[serde(skip_serializing_if = "Option::is_none")]
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
    /// Not yet a comparison: see `custom`.
    Custom(Unresolved),
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
                let found = relation.exists(source, scope, node);
                if is_negated { found.negated() } else { found }
            }
            // Whoever forgot to look it up finds nothing.
            Self::Custom(_) => Condition::sql("1 = 0"),
        }
    }

    /// Whether it asks for nothing.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::And(nodes) if nodes.is_empty())
    }

    /// Whether it looks only at the table's own columns, or at related rows by them.
    pub fn is_within(&self, table: &str) -> bool {
        match self {
            Self::Leaf(filter) => filter.is_within(table),
            Self::And(nodes) | Self::Or(nodes) => nodes.iter().all(|node| node.is_within(table)),
            Self::Not(node) => node.is_within(table),
            Self::Related(..) | Self::Custom(_) => true,
        }
    }

    /// The relations that it reaches through.
    pub fn relations(&self) -> Vec<&'static Relation> {
        match self {
            Self::Related(relation, _) => vec![relation],
            Self::And(nodes) | Self::Or(nodes) => nodes.iter().flat_map(Self::relations).collect(),
            Self::Not(node) => node.relations(),
            Self::Custom(unresolved) => unresolved.relation.into_iter().collect(),
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
            Self::Leaf(_) | Self::Or(_) | Self::Not(_) | Self::Related(..) | Self::Custom(_) => Vec::new(),
        }
    }

    /// A compared field whose unit is not fixed: amounts of different currencies have no order.
    pub fn without_unit(&self, fixed: &[String], path: &str) -> Option<Field> {
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
            Self::Custom(_) => None,
        }
    }
}
