//! Reads a filter's tree from JSON, and finds everything that is wrong with it at once.

use serde_json::Value;

use super::custom::{self, Unresolved};
use super::field::Field;
use super::filter::{Filter, MAX_IN, Operator};
use super::relation::{Relation, Source};
use super::tree::{FilterNode, Node};
use crate::db::condition::Bind;
use crate::http::catalogue::Code;
use crate::http::problem::{FieldError, Problem};
use crate::http::schemas::nearest;

const MAX_DEPTH: usize = 4;
const MAX_LEAVES: usize = 50;
/// Longest text that is compared with, in characters.
pub const MAX_TEXT: usize = 512;

/// Reads trees, and keeps what is wrong with them.
#[derive(Default)]
pub struct Reader {
    pub errors: Vec<FieldError>,
    leaves: usize,
    is_too_complex: bool,
}

/// The tree as it was checked; all that is wrong with it otherwise.
pub fn read(tree: &FilterNode, source: &Source, relations: &'static [Relation]) -> Result<Node, Problem> {
    let mut reader = Reader::default();
    let node = reader.node(tree, "/filter", source, relations, 1);
    reader.finish()?;
    node.ok_or_else(|| Problem::new(Code::InternalError))
}

impl Reader {
    /// What was wrong, all of it.
    pub fn finish(self) -> Result<(), Problem> {
        if self.is_too_complex || self.leaves > MAX_LEAVES {
            let limits = Problem::new(Code::FilterTooComplex).with("max_depth", MAX_DEPTH).with("max_comparisons", MAX_LEAVES);
            return Err(limits.with("max_values", MAX_IN).with("max_characters", MAX_TEXT));
        }
        Problem::check(self.errors)
    }

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

    fn leaf(&mut self, tree: &FilterNode, at: &str, own_source: &Source, relations: &'static [Relation]) -> Option<Node> {
        self.leaves += 1;
        let FilterNode { field, op, value, .. } = tree;
        let missing = [("field", field.is_none()), ("op", op.is_none()), ("value", value.is_none())];
        let missing: Vec<_> =
            missing.iter().filter(|(_, is)| *is).map(|(name, _)| FieldError::new(format!("{at}/{name}"), Code::Required)).collect();
        self.errors.extend(missing.iter().cloned());
        let (Some(name), Some(op), Some(value)) = (field, op, value) else { return None };
        let step = name.split_once('.').and_then(|(step, rest)| {
            let relation = relations.iter().find(|relation| !relation.is_many && relation.name == step)?;
            Some((relation, rest))
        });
        let (relation, source, own_name) = match step {
            Some((relation, rest)) => (Some(relation), &relation.to, rest),
            None => (None, own_source, name.as_str()),
        };
        if let Some(key) = own_name.strip_prefix(custom::PREFIX).filter(|_| source.custom.is_some()) {
            return Some(Node::Custom(Unresolved::in_tree(*source, relation, key, at, op, value)));
        }
        let Some(field) = source.fields.iter().find(|field| field.name == own_name) else {
            let reached = relations.iter().filter(|relation| !relation.is_many);
            let reached = reached.flat_map(|relation| relation.to.fields.iter().map(|field| format!("{}.{}", relation.name, field.name)));
            let known: Vec<String> = own_source.fields.iter().map(|field| field.name.to_owned()).chain(reached).collect();
            return self.unknown_field(at, name, known.iter().map(String::as_str));
        };
        self.comparison(field, relation, op, value, at)
    }

    pub fn unknown_field<'n>(&mut self, at: &str, name: &str, known: impl Iterator<Item = &'n str>) -> Option<Node> {
        let meant = nearest(name, known).map(str::to_owned);
        self.fault(FieldError::new(format!("{at}/field"), Code::UnknownField).with("field", name).with("did_you_mean", meant))
    }

    /// A comparison of a field of the rows, or of what they are related to.
    pub fn comparison(&mut self, field: &Field, relation: Option<&'static Relation>, op: &str, value: &Value, at: &str) -> Option<Node> {
        let Some(operator) = op.parse::<Operator>().ok().filter(|operator| operator.is_offered(field)) else {
            let allowed: Vec<String> = Operator::offered(field).map(|operator| operator.as_ref().to_owned()).collect();
            let meant = nearest(op, allowed.iter().map(String::as_str)).map(str::to_owned);
            let error = FieldError::new(format!("{at}/op"), Code::InvalidChoice).with("did_you_mean", meant);
            return self.fault(error.with("allowed", allowed));
        };
        let values = self.values(field, operator, value, &format!("{at}/value"))?;
        let filter = Filter { field: *field, operator, values };
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

#[cfg(test)]
mod tests {
    use diesel::backend::Backend;
    use diesel::query_builder::{QueryBuilder, QueryFragment};
    use diesel::sqlite::{Sqlite, query_builder::SqliteQueryBuilder};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::auth::Scope;
    use crate::crm::customers::Customers;
    use crate::db::id::WorkspaceId;
    use crate::db::{MultiBackend, clock};
    use crate::listing::Listed;

    /// In every text of a filter: it must never be in a statement.
    const MARK: &str = "'); DROP";

    fn field() -> impl Strategy<Value = String> {
        let known: Vec<&str> = Customers::FIELDS.iter().map(|field| field.name).collect();
        prop_oneof![
            8 => prop::sample::select(known).prop_map(str::to_owned),
            1 => "(tier|owner|custom|customer)\\.[a-z_]{1,8}",
            1 => ".*".prop_map(|text| format!("{MARK}{text}")),
        ]
    }

    fn value() -> impl Strategy<Value = Value> {
        let text = || ".*".prop_map(|text| json!(format!("{text}{MARK}")));
        let one = prop_oneof![
            text(),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            Just(Value::Null),
            Just(json!("2026-02-29T12:00:00Z")),
            Just(json!("2026-01-31")),
        ];
        prop_oneof![3 => one, 1 => prop::collection::vec(text(), 0..4).prop_map(Value::from)]
    }

    fn tree() -> impl Strategy<Value = Value> {
        let operator =
            prop_oneof![9 => prop::sample::select(Operator::all().map(|one| one.as_ref().to_owned()).collect::<Vec<_>>()), 1 => ".*"];
        let leaf = (field(), operator, value()).prop_map(|(field, op, value)| json!({ "field": field, "op": op, "value": value }));
        leaf.prop_recursive(6, 64, 4, |inner| {
            let several = || prop::collection::vec(inner.clone(), 0..4);
            prop_oneof![
                several().prop_map(|nodes| json!({ "and": nodes })),
                several().prop_map(|nodes| json!({ "or": nodes })),
                inner.clone().prop_map(|node| json!({ "not": node })),
                (prop::sample::select(vec!["contacts", "opportunities", MARK]), inner.clone())
                    .prop_map(|(has, filter)| json!({ "has": has, "filter": filter })),
                (inner.clone(), inner.clone()).prop_map(|(left, right)| json!({ "not": left, "and": [right] })),
            ]
        })
    }

    fn sql(condition: &crate::db::Condition) -> String {
        let mut written = <MultiBackend as Backend>::QueryBuilder::Sqlite(SqliteQueryBuilder::new());
        condition.to_sql(&mut written, &MultiBackend::Sqlite(Sqlite)).expect("SQL");
        written.finish()
    }

    proptest! {
        #[test]
        fn a_tree_is_refused_or_a_condition_without_its_texts(tree in tree()) {
            let tree: FilterNode = serde_json::from_value(tree).expect("a node");
            let source = Source::of::<Customers>();
            match read(&tree, &source, Customers::RELATIONS) {
                Err(problem) => prop_assert!(matches!(problem.code(), Code::ValidationFailed | Code::FilterTooComplex), "{problem:?}"),
                Ok(node) => {
                    let scope = Scope::system(WorkspaceId::new(), clock::now());
                    let (is, is_not) = (sql(&node.condition(&source, &scope, false)), sql(&node.condition(&source, &scope, true)));
                    for text in [is, is_not] {
                        prop_assert!(!text.contains("DROP"), "{text}");
                        prop_assert_eq!(text.matches('(').count(), text.matches(')').count(), "{}", text);
                    }
                }
            }
        }
    }
}
