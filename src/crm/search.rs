//! The search index: one document for each customer, contact and opportunity, written in the transaction of the row. It stays
//! while the row does, deleted or not: who sees the row decides.
//!
//! A customer's document has its contacts' names too, so others than the customer's own writers write it. Whoever writes a
//! document that exists holds it first, and reads only then what it is made of: of two, the second sees what the first committed.

use std::collections::BTreeSet;

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::replace_into;
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::{Sqlite, SqliteConnection};

use super::phones::{self, Phone};
use super::pools::masks::Hidden;
use super::{contacts, customers, opportunities};
use crate::db::condition::AnyId;
use crate::db::id::{Id, Kind, WorkspaceId};
use crate::db::types::DbUuid;
use crate::db::{Actor, Condition, DbConnection, Failure, Hold, Insert, Tx, insert, transact};
use crate::listing::relevance::name_key;
use crate::listing::tokens::{Document, space};

/// How many objects of an older database are indexed in one transaction.
const STEP: i64 = 200;

/// What an object is found by.
#[derive(Debug, Clone, PartialEq)]
pub struct Texts {
    pub name: String,
    pub email: Option<String>,
    pub phones: Vec<Phone>,
    pub remarks: Option<String>,
    /// What of it only those may find from whom nothing is hidden.
    pub hidden: Hidden,
}

/// Makes the object's document of its texts, and of names of others.
pub fn index<K: Kind>(tx: &mut Tx<'_>, id: Id<K>, texts: &Texts, names: &[String]) -> QueryResult<()> {
    let document = SearchDoc::of(tx.actor.workspace_id, id, texts, names);
    insert(tx.conn, &[&document])
}

/// An object's document, which takes the place of the one that it has.
pub struct SearchDoc {
    workspace_id: WorkspaceId,
    id: AnyId,
    kind: &'static str,
    pub name: String,
    /// With spaces between them.
    pub tokens: String,
}

impl SearchDoc {
    pub fn of<K: Kind>(workspace_id: WorkspaceId, id: Id<K>, texts: &Texts, names: &[String]) -> Self {
        let Texts { name, email, phones, remarks, hidden } = texts;
        let mut document = Document::default();
        document.add_text(name);
        document.hide(hidden.email);
        email.iter().for_each(|email| document.add_text(email));
        document.hide(hidden.phones);
        phones.iter().flat_map(|phone| phones::writings(&phone.number)).for_each(|digits| document.add_number(&digits));
        document.hide(false);
        remarks.iter().chain(names).for_each(|text| document.add_text(text));
        let tokens = document.render(&space(workspace_id, K::NAME));
        Self { workspace_id, id: AnyId::from_uuid(id.uuid()), kind: K::NAME, name: name_key(name), tokens }
    }
}

/// Tokens lie in a column on PostgreSQL, and in a table of their own on SQLite.
impl Insert for SearchDoc {
    fn on_postgres(&self) -> &dyn QueryFragment<Pg> {
        self
    }

    fn on_sqlite(&self, conn: &mut SqliteConnection) -> QueryResult<usize> {
        let number: i64 = Numbered(self).get_result(conn)?;
        let tokens = (search_tokens::rowid.eq(number), search_tokens::tokens.eq(&self.tokens));
        replace_into(search_tokens::table).values(tokens).execute(conn)
    }
}

diesel::table! {
    /// What only SQLite has.
    search_tokens (rowid) {
        rowid -> BigInt,
        tokens -> Text,
    }
}

/// The document's row on SQLite, which says its number. Diesel would prepare its own upsert anew each time.
struct Numbered<'a>(&'a SearchDoc);

impl QueryId for Numbered<'_> {
    type QueryId = Numbered<'static>;
}

impl Query for Numbered<'_> {
    type SqlType = BigInt;
}

impl RunQueryDsl<SqliteConnection> for Numbered<'_> {}

impl QueryFragment<Sqlite> for Numbered<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("INSERT INTO search_docs (workspace_id, id, type, name) VALUES (");
        out.push_bind_param::<DbUuid, _>(&self.0.workspace_id)?;
        out.push_sql(", ");
        out.push_bind_param::<DbUuid, _>(&self.0.id)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(&self.0.kind)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(&self.0.name)?;
        out.push_sql(") ON CONFLICT (workspace_id, id) DO UPDATE SET name = excluded.name RETURNING number");
        Ok(())
    }
}

impl QueryFragment<Pg> for SearchDoc {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("INSERT INTO search_docs (workspace_id, id, type, name, tokens) VALUES (");
        out.push_bind_param::<DbUuid, _>(&self.workspace_id)?;
        out.push_sql(", ");
        out.push_bind_param::<DbUuid, _>(&self.id)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(&self.kind)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(&self.name)?;
        out.push_sql(", array_to_tsvector(string_to_array(");
        out.push_bind_param::<Text, _>(&self.tokens)?;
        out.push_sql(", ' '))) ON CONFLICT (workspace_id, id) DO UPDATE SET name = excluded.name, tokens = excluded.tokens");
        Ok(())
    }
}

/// Keeps others from writing the object's document until the end of this transaction.
pub fn hold<K: Kind>(tx: &mut Tx<'_>, id: Id<K>) -> QueryResult<()> {
    tx.hold("search_docs", id, Hold::ToWrite)
}

/// Takes the documents of objects away that are gone for good.
pub fn remove(tx: &mut Tx<'_>, ids: &[AnyId]) -> QueryResult<()> {
    let these = || {
        let own = Condition::sql("FROM search_docs WHERE workspace_id = ").bind(tx.actor.workspace_id).then(" AND ");
        own.append(Condition::any_of("id", ids.iter().copied()))
    };
    let (documents, tokens) = (Condition::sql("DELETE ").append(these()), Condition::sql("SELECT number ").append(these()));
    if let DbConnection::Sqlite(_) = tx.conn {
        Condition::sql("DELETE FROM search_tokens WHERE rowid IN (").append(tokens).then(")").execute(tx.conn)?;
    }
    documents.execute(tx.conn).map(|_| ())
}

/// Indexes the objects of a database that was made before there was an index. What the migration found has a document without
/// name and tokens.
pub fn create_missing(conn: &mut DbConnection) -> Result<(), Failure> {
    let next = |of: Condition| Condition::sql("SELECT workspace_id, type, id FROM search_docs WHERE name IS NULL").append(of);
    loop {
        // In the order of the index that holds what is missing.
        let first = next(Condition::sql(" ORDER BY workspace_id, type, id LIMIT 1")).giving::<(DbUuid, Text, DbUuid)>();
        let Some((workspace_id, kind, _)) = first.get_result::<(WorkspaceId, String, AnyId)>(conn).optional()? else { return Ok(()) };
        transact(conn, &Actor::system(workspace_id), &|tx| {
            let own = Condition::sql(" AND workspace_id = ").bind(workspace_id).then(" AND type = ").bind(kind.as_str());
            let rows = next(own.then(" ORDER BY id LIMIT ").bind(STEP)).giving::<(DbUuid, Text, DbUuid)>();
            let rows: Vec<(WorkspaceId, String, AnyId)> = rows.load(tx.conn)?;
            let ids: Vec<AnyId> = rows.into_iter().map(|(_, _, id)| id).collect();
            match kind.as_str() {
                "customer" => customers::search::index(tx, &of_kind(&ids)),
                "contact" => contacts::search::index(tx, &of_kind(&ids)),
                _ => opportunities::search::index(tx, &of_kind(&ids)),
            }
        })?;
    }
}

fn of_kind<K: Kind>(ids: &[AnyId]) -> BTreeSet<Id<K>> {
    ids.iter().map(|id| Id::from_uuid(id.uuid())).collect()
}
