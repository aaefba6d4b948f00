//! Looks for the rows of a list among ids that an index gives.

use diesel::RunQueryDsl;
use diesel::sql_types::BigInt;

use super::field::Listed;
use super::relation::Source;
use super::request::List;
use crate::auth::Scope;
use crate::db::condition::AnyId;
use crate::db::types::DbUuid;
use crate::db::{Condition, DbConnection, Failure};

impl<R: Listed> List<R> {
    /// Those that are asked for among the ids of the first source that has not too many of them.
    pub(super) fn among_any(
        &self,
        conn: &mut DbConnection,
        scope: &Scope,
        asked: &Condition,
        sources: &[Condition],
        most: i64,
    ) -> Result<Option<Vec<AnyId>>, Failure> {
        sources.iter().find_map(|source| self.among(conn, scope, asked, source, most).transpose()).transpose()
    }

    /// Those that are asked for among the ids of a source, if there are not too many of them.
    pub(super) fn among(
        &self,
        conn: &mut DbConnection,
        scope: &Scope,
        asked: &Condition,
        source: &Condition,
        most: i64,
    ) -> Result<Option<Vec<AnyId>>, Failure> {
        // With a limit they come in the order of their index, and not in one that is wanted of them.
        let ids = |limit: i64| Condition::sql("SELECT id FROM (").append(source.clone()).then(format!(") AS source LIMIT {limit}"));
        let counted = Condition::sql("SELECT count(*) FROM (").append(ids(most + 1)).then(") AS counted");
        let count: i64 = counted.planned_anew().giving::<BigInt>().get_result(conn)?;
        if count > most {
            return Ok(None);
        }
        if count == 0 {
            return Ok(Some(Vec::new()));
        }
        let ids = || Condition::sql("SELECT id FROM (").append(ids(count)).then(") AS counted GROUP BY id");
        if self.sort.is_empty() && count > self.effort.newest {
            let found = self.of(conn, each::<R>(scope), asked, ids().then(" ORDER BY id DESC"), self.effort.newest)?;
            if self.is_page(&found) {
                return Ok(Some(found));
            }
        }
        self.of(conn, Condition::default(), asked, ids(), count).map(Some)
    }

    /// Those that are asked for among the newest ids that an index has in their order, if they fill the page.
    pub(super) fn among_newest(
        &self,
        conn: &mut DbConnection,
        scope: &Scope,
        asked: &Condition,
        limits: [i64; 2],
    ) -> Result<Option<Vec<AnyId>>, Failure> {
        let sources = if self.sort.is_empty() { self.asked().ids_in_order(&Source::of::<R>(), scope) } else { Vec::new() };
        for (ids, limit) in sources.iter().flat_map(|ids| limits.map(|limit| (ids, limit))) {
            let ids = Condition::sql("SELECT id FROM (").append(ids.clone()).then(") AS source");
            let ids = match self.start(scope)? {
                Some((_, last)) => ids.then(" WHERE id < ").bind(AnyId::from_uuid(last)),
                None => ids,
            };
            // Without a GROUP BY, for which PostgreSQL may take them all: an object that has the value twice is there twice.
            let mut found = self.of(conn, each::<R>(scope), asked, ids.then(" ORDER BY id DESC"), limit)?;
            found.dedup();
            if self.is_page(&found) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The first of so many of these ids that are asked for; `own` are the rows that may have them.
    fn of(&self, conn: &mut DbConnection, own: Condition, asked: &Condition, ids: Condition, limit: i64) -> Result<Vec<AnyId>, Failure> {
        let table = R::TABLE;
        let (columns, order) = self.keys_of(&self.sort, "found");
        let joined = self.from().strip_prefix(table).unwrap_or_default();
        // SQLite keeps the order of a CROSS JOIN.
        let found = Condition::sql(format!("SELECT found.id FROM (SELECT {table}.id AS id{columns} FROM (")).append(ids);
        let found = found.then(format!(" LIMIT {limit}) AS given CROSS JOIN ")).append(own);
        let found = found.then(format!("{table}{joined} WHERE {table}.id = given.id AND ")).append(asked.clone());
        let found = found.then(format!(" LIMIT {limit}) AS found ORDER BY {order} LIMIT {}", self.rows()));
        Ok(found.planned_anew().giving::<DbUuid>().load(conn)?)
    }
}

/// What looks each row up by `given.id`, whatever else there is an index for: PostgreSQL looks into the brackets for each.
fn each<R: Listed>(scope: &Scope) -> Condition {
    let own = Condition::sql(format!("LATERAL (SELECT * FROM {0} AS own WHERE own.workspace_id = ", R::TABLE)).bind(scope.workspace_id);
    Condition::either(Condition::sql(""), own.then(" AND own.id = given.id OFFSET 0) AS "))
}
