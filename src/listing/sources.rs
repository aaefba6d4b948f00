//! Where the rows of a list are, besides in its order: ids that an index gives, among which the list's rows are. They are statements
//! that select a column `id`, which can be stopped after so many.

use super::field::{Listed, Place};
use super::filter::{Filter, Operator, is_of};
use super::relation::{Relation, Source};
use super::request::List;
use super::tree::Node;
use crate::auth::{Reach, Scope};
use crate::db::Condition;

impl<R: Listed> List<R> {
    /// What the filter and the caller's scope give.
    pub(super) fn sources(&self, scope: &Scope) -> Vec<Condition> {
        if self.is_deleted {
            return Vec::new();
        }
        let mut sources = self.asked().sources(&Source::of::<R>(), scope);
        sources.extend(union(parts(scope, R::PARTS)));
        sources
    }

    /// What costs a join for each row: related rows, and what of its own the caller sees by them.
    pub(super) fn joined_sources(&self, scope: &Scope) -> Vec<Condition> {
        let mut sources = self.asked().by_related(&Source::of::<R>(), scope);
        sources.extend(union(parts(scope, R::JOINED_PARTS)));
        sources
    }
}

impl Node {
    fn sources(&self, source: &Source, scope: &Scope) -> Vec<Condition> {
        match self {
            Self::And(nodes) => {
                let (own, others): (Vec<&Self>, Vec<&Self>) = nodes.iter().partition(|node| node.column(source).is_some());
                // What is said of one column is one part of its index.
                let mut columns: Vec<&str> = own.iter().filter_map(|node| node.column(source)).collect();
                columns.sort_unstable();
                columns.dedup();
                let rows = columns.into_iter().map(|column| {
                    let same =
                        own.iter().filter(|node| node.column(source) == Some(column)).map(|node| node.condition(source, scope, false));
                    in_row(source, scope, same.fold(Condition::default(), Condition::and))
                });
                others.into_iter().flat_map(|node| node.sources(source, scope)).chain(rows).collect()
            }
            Self::Or(nodes) => {
                let each = nodes.iter().map(|node| node.sources(source, scope).into_iter().next());
                each.collect::<Option<Vec<_>>>().and_then(union).into_iter().collect()
            }
            Self::Leaf(filter) => match self.column(source) {
                Some(_) => vec![in_row(source, scope, self.condition(source, scope, false))],
                None => filter.ids(source, scope).filter(|_| filter.is_indexed()).into_iter().collect(),
            },
            Self::Not(_) | Self::Related(..) | Self::Custom(_) => Vec::new(),
        }
    }

    /// The ids that an index of another table has in their own order.
    pub(super) fn ids_in_order(&self, source: &Source, scope: &Scope) -> Vec<Condition> {
        match self {
            Self::And(nodes) => nodes.iter().flat_map(|node| node.ids_in_order(source, scope)).collect(),
            Self::Leaf(filter) if filter.operator == Operator::Eq && !matches!(filter.field.place, Place::Related(_)) => {
                filter.ids(source, scope).into_iter().collect()
            }
            Self::Leaf(_) | Self::Or(_) | Self::Not(_) | Self::Related(..) | Self::Custom(_) => Vec::new(),
        }
    }

    /// The ids of rows with a certain related row.
    fn by_related(&self, source: &Source, scope: &Scope) -> Vec<Condition> {
        match self {
            Self::And(nodes) => nodes.iter().flat_map(|node| node.by_related(source, scope)).collect(),
            Self::Related(relation, node) => vec![relation.ids(source, scope, node.condition(&relation.to, scope, false))],
            Self::Leaf(_) | Self::Or(_) | Self::Not(_) | Self::Custom(_) => Vec::new(),
        }
    }

    /// The column of its own row that it compares, if an index finds what it asks for.
    fn column(&self, source: &Source) -> Option<&'static str> {
        match self {
            Self::Leaf(Filter { field, .. }) if !matches!(field.place, Place::Row) || !is_of(field.column, source.table) => None,
            Self::Leaf(filter) => Some(filter.field.column).filter(|_| filter.is_indexed()),
            _ => None,
        }
    }

    /// Whether an index has all that it finds in the order of ids.
    pub(super) fn is_in_order(&self, table: &str) -> bool {
        match self {
            Self::And(nodes) => nodes.iter().all(|node| node.is_in_order(table)),
            Self::Leaf(filter) => {
                let is_own = matches!(filter.field.place, Place::Row) && filter.is_within(table);
                is_own && matches!(filter.operator, Operator::Eq)
            }
            Self::Or(_) | Self::Not(_) | Self::Related(..) | Self::Custom(_) => false,
        }
    }

    /// What it says of its rows that an index has in the order of ids.
    pub(super) fn in_order(&self, source: &Source, scope: &Scope) -> Condition {
        match self {
            Self::And(nodes) => nodes.iter().map(|node| node.in_order(source, scope)).fold(Condition::default(), Condition::and),
            Self::Leaf(Filter { operator: Operator::Eq, .. }) if self.column(source).is_some() => self.condition(source, scope, false),
            Self::Leaf(_) | Self::Or(_) | Self::Not(_) | Self::Related(..) | Self::Custom(_) => Condition::default(),
        }
    }

    /// What it says of the ids of its rows.
    pub(super) fn bounds(&self) -> Condition {
        match self {
            Self::And(nodes) => nodes.iter().map(Self::bounds).fold(Condition::default(), Condition::and),
            Self::Leaf(filter) => filter.bounds(),
            Self::Or(_) | Self::Not(_) | Self::Related(..) | Self::Custom(_) => Condition::default(),
        }
    }

    /// What is said of this column wherever it holds.
    pub(super) fn said_of(&self, column: &str) -> Vec<&Filter> {
        match self {
            Self::And(nodes) => nodes.iter().flat_map(|node| node.said_of(column)).collect(),
            Self::Leaf(filter) if filter.field.column == column && filter.is_indexed() => vec![filter],
            Self::Leaf(_) | Self::Or(_) | Self::Not(_) | Self::Related(..) | Self::Custom(_) => Vec::new(),
        }
    }
}

impl Filter {
    fn is_indexed(&self) -> bool {
        let is_most = matches!(self.operator, Operator::Ne | Operator::Nin | Operator::Contains | Operator::IsNull);
        self.field.is_indexed && !is_most
    }
}

impl Relation {
    /// The ids of rows with a related row of which this is true, seen or not; the database chooses with which table it begins.
    fn ids(&self, own: &Source, scope: &Scope, condition: Condition) -> Condition {
        let through = self.through.replace(" CROSS JOIN ", ", ");
        let rows = format!("SELECT {0}.id AS id FROM {through}{1}, {0} WHERE {0}.workspace_id = ", own.table, self.to.from);
        Condition::sql(rows).bind(scope.workspace_id).then(" AND ").append(Condition::sql(self.join).and(condition))
    }
}

/// The ids of rows by a column of their own.
fn in_row(source: &Source, scope: &Scope, condition: Condition) -> Condition {
    let rows = Condition::sql(format!("SELECT {0}.id AS id FROM {0} WHERE {0}.workspace_id = ", source.table));
    rows.bind(scope.workspace_id).then(" AND ").append(condition)
}

/// What may be seen of a caller that sees some.
fn parts(scope: &Scope, all: fn(&Scope) -> Vec<Condition>) -> Vec<Condition> {
    match scope.sees {
        Reach::Own | Reach::Unit => all(scope),
        Reach::All | Reach::Nothing => Vec::new(),
    }
}

/// Several as one.
fn union(sources: Vec<Condition>) -> Option<Condition> {
    let sources = sources.into_iter().map(|source| Condition::sql("SELECT id FROM (").append(source).then(") AS one"));
    sources.reduce(|all, one| all.then(" UNION ALL ").append(one))
}
