//! One step from a resource to another: `customer.name` of an opportunity, or opportunities that a customer `has`.

use super::custom::Definitions;
use super::field::{Field, Listed};
use super::tree::Node;
use crate::auth::Scope;
use crate::db::Condition;
use crate::db::id::Kind;

/// What the conditions of a resource's fields are made with.
#[derive(Debug, Clone, Copy)]
pub struct Source {
    /// What a fault calls it.
    pub name: &'static str,
    /// The schema of its rows in the document.
    pub schema: &'static str,
    pub table: &'static str,
    pub from: &'static str,
    pub fields: &'static [Field],
    pub custom: Option<Definitions>,
    /// Whether the conditions look at one row after the other, and not at all rows at once.
    pub is_by_row: bool,
}

impl Source {
    pub const fn of<R: Listed>() -> Self {
        let (name, schema) = (R::Kind::NAME, R::SCHEMA);
        Self { name, schema, table: R::TABLE, from: R::FROM, fields: R::FIELDS, custom: R::CUSTOM, is_by_row: false }
    }
}

/// Another resource that rows belong to, or that belongs to them.
#[derive(Debug, Clone, Copy)]
pub struct Relation {
    pub name: &'static str,
    pub to: Source,
    /// What stands between the two: a table of links with a join behind it, or nothing.
    pub through: &'static str,
    /// SQL that joins a row of `to` with the row of this resource.
    pub join: &'static str,
    /// What the caller sees of `to`.
    pub visible: fn(&Scope) -> Condition,
    /// The scope that an API key needs to look there.
    pub scope: &'static str,
    /// Whether there may be several: then it is asked by `has`, and otherwise by `name.field`.
    pub is_many: bool,
}

impl Relation {
    /// The one row that a row belongs to.
    pub const fn one<R: Listed>(name: &'static str, scope: &'static str, join: &'static str, visible: fn(&Scope) -> Condition) -> Self {
        Self { name, to: Source::of::<R>(), through: "", join, visible, scope, is_many: false }
    }

    /// The rows that belong to a row.
    pub const fn many<R: Listed>(name: &'static str, scope: &'static str, join: &'static str, visible: fn(&Scope) -> Condition) -> Self {
        Self { name, to: Source::of::<R>(), through: "", join, visible, scope, is_many: true }
    }

    /// By rows of another table, which come first: SQLite keeps the order of a `CROSS JOIN`.
    #[must_use]
    pub const fn through(mut self, links: &'static str) -> Self {
        self.through = links;
        self
    }

    /// That there is a related row which the caller sees and of which this is true.
    pub fn exists(&self, own: &Source, scope: &Scope, node: &Node) -> Condition {
        let to = Source { is_by_row: own.is_by_row, ..self.to };
        let rows = Condition::sql(format!("EXISTS (SELECT 1 FROM {}{} WHERE {} AND ", self.through, to.from, self.join));
        let rows = rows.append((self.visible)(scope).and(node.condition(&to, scope, false)));
        // With an offset PostgreSQL makes no table of all related rows to look a few up in.
        let end = if own.is_by_row { Condition::either(Condition::sql(")"), Condition::sql(" OFFSET 0)")) } else { Condition::sql(")") };
        rows.append(end)
    }
}
