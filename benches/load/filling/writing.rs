//! How rows go into either database: by COPY, or by prepared statements.

use diesel::connection::Connection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, Binary, Text, Uuid as PgUuid};
use diesel::sqlite::SqliteConnection;
use fishpond::db::schema::*;
use fishpond::db::{DbConnection, Failure};

use super::batch::{Batch, Docs};

impl Batch {
    /// Writes all rows in one transaction; gives how many.
    pub fn write(&self, conn: &mut DbConnection) -> Result<usize, Failure> {
        match conn {
            DbConnection::Postgres(pg) => pg.transaction(|pg| self.copy(pg)),
            DbConnection::Sqlite(lite) => lite.immediate_transaction(|lite| self.insert(lite)),
        }
    }

    fn copy(&self, pg: &mut PgConnection) -> Result<usize, Failure> {
        let mut rows = 0;
        rows += diesel::copy_from(customers::table).from_insertable(&self.customers).execute(pg)?;
        rows += diesel::copy_from(customer_profiles::table).from_insertable(&self.profiles).execute(pg)?;
        rows += diesel::copy_from(customer_holdings::table).from_insertable(&self.holdings).execute(pg)?;
        rows += diesel::copy_from(contacts::table).from_insertable(&self.contacts).execute(pg)?;
        rows += diesel::copy_from(contact_links::table).from_insertable(&self.links).execute(pg)?;
        rows += diesel::copy_from(opportunities::table).from_insertable(&self.opportunities).execute(pg)?;
        rows += diesel::copy_from(stage_moves::table).from_insertable(&self.stays).execute(pg)?;
        rows += diesel::copy_from(touch_records::table).from_insertable(&self.touches).execute(pg)?;
        rows += diesel::copy_from(touch_record_contacts::table).from_insertable(&self.touch_contacts).execute(pg)?;
        rows += diesel::copy_from(external_refs::table).from_insertable(&self.refs).execute(pg)?;
        rows += diesel::copy_from(lookup_keys::table).from_insertable(&self.keys).execute(pg)?;
        rows += diesel::copy_from(custom_values::table).from_insertable(&self.values).execute(pg)?;
        rows += diesel::copy_from(changes::table).from_insertable(&self.changes).execute(pg)?;
        // A tsvector has no binary form in Diesel.
        let docs = "INSERT INTO search_docs (workspace_id, id, type, name, tokens) \
                    SELECT $1, id, $2, name, array_to_tsvector(string_to_array(tokens, ' ')) FROM unnest($3, $4, $5) AS doc (id, name, tokens)";
        rows += diesel::sql_query(docs)
            .bind::<PgUuid, _>(self.workspace_id.uuid())
            .bind::<Text, _>(self.docs.kind)
            .bind::<Array<PgUuid>, _>(&self.docs.ids)
            .bind::<Array<Text>, _>(&self.docs.names)
            .bind::<Array<Text>, _>(&self.docs.tokens)
            .execute(pg)?;
        Ok(rows)
    }

    fn insert(&self, lite: &mut SqliteConnection) -> Result<usize, Failure> {
        let mut rows = 0;
        for row in &self.customers {
            rows += diesel::insert_into(customers::table).values(row).execute(lite)?;
        }
        for row in &self.profiles {
            rows += diesel::insert_into(customer_profiles::table).values(row).execute(lite)?;
        }
        for row in &self.holdings {
            rows += diesel::insert_into(customer_holdings::table).values(row).execute(lite)?;
        }
        for row in &self.contacts {
            rows += diesel::insert_into(contacts::table).values(row).execute(lite)?;
        }
        for row in &self.links {
            rows += diesel::insert_into(contact_links::table).values(row).execute(lite)?;
        }
        for row in &self.opportunities {
            rows += diesel::insert_into(opportunities::table).values(row).execute(lite)?;
        }
        for row in &self.stays {
            rows += diesel::insert_into(stage_moves::table).values(row).execute(lite)?;
        }
        for row in &self.touches {
            rows += diesel::insert_into(touch_records::table).values(row).execute(lite)?;
        }
        for row in &self.touch_contacts {
            rows += diesel::insert_into(touch_record_contacts::table).values(row).execute(lite)?;
        }
        for row in &self.refs {
            rows += diesel::insert_into(external_refs::table).values(row).execute(lite)?;
        }
        for row in &self.keys {
            rows += diesel::insert_into(lookup_keys::table).values(row).execute(lite)?;
        }
        for row in &self.values {
            rows += diesel::insert_into(custom_values::table).values(row).execute(lite)?;
        }
        for row in &self.changes {
            rows += diesel::insert_into(changes::table).values(row).execute(lite)?;
        }
        let Docs { kind, ids, names, tokens } = &self.docs;
        for ((id, name), tokens) in ids.iter().zip(names).zip(tokens) {
            rows += diesel::sql_query("INSERT INTO search_docs (workspace_id, id, type, name) VALUES (?, ?, ?, ?)")
                .bind::<Binary, _>(self.workspace_id.uuid().as_bytes().as_slice())
                .bind::<Binary, _>(id.as_bytes().as_slice())
                .bind::<Text, _>(kind)
                .bind::<Text, _>(name)
                .execute(lite)?;
            let document = "INSERT INTO search_tokens (rowid, tokens) VALUES (last_insert_rowid(), ?)";
            rows += diesel::sql_query(document).bind::<Text, _>(tokens).execute(lite)?;
        }
        Ok(rows)
    }
}
