//! Removing for good what was deleted so long ago that it cannot be restored any more, with what belongs to it. The foreign keys say
//! in which order. What still names such an object is changed first, as its next version: nothing names what is not there.

use std::collections::{BTreeMap, HashMap};

use chrono::Duration;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};

use super::contacts::Contacts;
use super::customers::Customers;
use super::opportunities::Opportunities;
use super::planned_touches::PlannedTouches;
use super::tiers::Tiers;
use super::touch_records::TouchRecords;
use super::{RESTORABLE, search};
use crate::changes::{Operation, record_each};
use crate::db::condition::AnyId;
use crate::db::id::{ContactId, Id, Kind, TouchRecordId};
use crate::db::schema::{touch_record_contacts, touch_records};
use crate::db::types::{DbUuid, Instant, Json};
use crate::db::{Condition, Failure, Tx, update_rows, written};
use crate::jobs::{STEP_ROWS, Step, Task, Work, value};
use crate::listing::Listed;

/// A restoring that began in time is over by then.
const MARGIN: Duration = Duration::hours(1);

pub const PURGE: Work = Work::new("purge_deleted", step).every(Duration::hours(6));

/// What a resource's turn has come to: whether there was anything to do, and how many rows are gone for good.
type Purged = Option<usize>;
type Purge = fn(&mut Tx<'_>, Instant) -> Result<Purged, Failure>;

/// In this order: what belongs to something goes before it.
const RESOURCES: [(&str, Purge); 6] = [
    (PlannedTouches::TABLE, planned_touches),
    (TouchRecords::TABLE, touch_records),
    (Opportunities::TABLE, opportunities),
    (Contacts::TABLE, contacts),
    (Customers::TABLE, customers),
    (Tiers::TABLE, tiers),
];

/// How far the purge of a workspace is.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Progress {
    /// The same in all steps: what was deleted with a customer is as old as the customer, and must be found before it.
    until: Option<Instant>,
    /// Resources that are through.
    through: usize,
    purged: BTreeMap<String, usize>,
}

fn step(tx: &mut Tx<'_>, task: &mut Task) -> Result<Step, Failure> {
    let mut progress: Progress = task.state()?;
    let until = *progress.until.get_or_insert_with(|| tx.now.plus(-RESTORABLE - MARGIN));
    for (name, purge) in RESOURCES.iter().skip(progress.through) {
        if let Some(purged) = purge(tx, until)? {
            *progress.purged.entry((*name).to_owned()).or_default() += purged;
            task.done += i64::try_from(purged).unwrap_or_default();
            task.keep(&progress)?;
            return Ok(Step::More);
        }
        progress.through += 1;
    }
    Ok(Step::Done(value(&progress.purged)?))
}

fn planned_touches(tx: &mut Tx<'_>, until: Instant) -> Result<Purged, Failure> {
    let Some(ids) = expired::<PlannedTouches>(tx, until)? else { return Ok(None) };
    remove_objects::<PlannedTouches>(tx, &ids)
}

fn touch_records(tx: &mut Tx<'_>, until: Instant) -> Result<Purged, Failure> {
    let Some(ids) = expired::<TouchRecords>(tx, until)? else { return Ok(None) };
    if forget::<PlannedTouches>(tx, "touch_record_id", &ids)? {
        return Ok(Some(0));
    }
    remove(tx, "touch_record_contacts", "touch_record_id", &ids)?;
    remove_objects::<TouchRecords>(tx, &ids)
}

fn opportunities(tx: &mut Tx<'_>, until: Instant) -> Result<Purged, Failure> {
    let Some(ids) = expired::<Opportunities>(tx, until)? else { return Ok(None) };
    if forget::<TouchRecords>(tx, "opportunity_id", &ids)? || forget::<PlannedTouches>(tx, "opportunity_id", &ids)? {
        return Ok(Some(0));
    }
    remove(tx, "stage_moves", "opportunity_id", &ids)?;
    search::remove(tx, &ids)?;
    remove_objects::<Opportunities>(tx, &ids)
}

fn contacts(tx: &mut Tx<'_>, until: Instant) -> Result<Purged, Failure> {
    let Some(ids) = expired::<Contacts>(tx, until)? else { return Ok(None) };
    let is_named = forget::<Opportunities>(tx, "contact_id", &ids)? || forget::<PlannedTouches>(tx, "contact_id", &ids)?;
    if is_named || forget_contacts(tx, &ids)? {
        return Ok(Some(0));
    }
    remove(tx, "contact_links", "contact_id", &ids)?;
    search::remove(tx, &ids)?;
    remove_objects::<Contacts>(tx, &ids)
}

fn customers(tx: &mut Tx<'_>, until: Instant) -> Result<Purged, Failure> {
    let Some(ids) = expired::<Customers>(tx, until)? else { return Ok(None) };
    if forget::<Customers>(tx, "parent_id", &ids)? {
        return Ok(Some(0));
    }
    for table in ["contact_links", "customer_events", "customer_collaborators", "customer_holdings", "customer_profiles"] {
        remove(tx, table, "customer_id", &ids)?;
    }
    search::remove(tx, &ids)?;
    remove_objects::<Customers>(tx, &ids)
}

fn tiers(tx: &mut Tx<'_>, until: Instant) -> Result<Purged, Failure> {
    let Some(ids) = expired::<Tiers>(tx, until)? else { return Ok(None) };
    // Only customers that are deleted themselves still have such a tier.
    if forget::<Customers>(tx, "tier_id", &ids)? {
        return Ok(Some(0));
    }
    remove_objects::<Tiers>(tx, &ids)
}

/// A statement on a table of the workspace: it begins so, and goes on behind the workspace.
fn own(tx: &Tx<'_>, statement: String) -> Condition {
    Condition::sql(format!("{statement} WHERE workspace_id = ")).bind(tx.actor.workspace_id)
}

fn any_of(column: &str, ids: &[AnyId]) -> Condition {
    Condition::any_of(column, ids.iter().copied())
}

/// The next rows that nobody can restore any more.
fn expired<R: Listed>(tx: &mut Tx<'_>, until: Instant) -> QueryResult<Option<Vec<AnyId>>> {
    let old = own(tx, format!("SELECT id FROM {}", R::TABLE)).then(" AND deleted_at <= ").bind(until);
    let old = old.then(format!(" ORDER BY deleted_at, id LIMIT {STEP_ROWS}"));
    let ids: Vec<AnyId> = old.giving::<DbUuid>().load(tx.conn)?;
    Ok(Some(ids).filter(|ids| !ids.is_empty()))
}

/// Rows of another table that are a part of these objects.
fn remove(tx: &mut Tx<'_>, table: &str, column: &str, ids: &[AnyId]) -> QueryResult<usize> {
    own(tx, format!("DELETE FROM {table}")).then(" AND ").append(any_of(column, ids)).execute(tx.conn)
}

/// The objects themselves, with whatever any object has.
fn remove_objects<R: Listed>(tx: &mut Tx<'_>, ids: &[AnyId]) -> Result<Purged, Failure> {
    for table in ["external_refs", "lookup_keys", "custom_values"] {
        remove(tx, table, "object_id", ids)?;
    }
    Ok(Some(remove(tx, R::TABLE, "id", ids)?))
}

/// Takes these objects from rows that name them in a column: as many as one step may write. `false` when none does.
fn forget<R: Listed>(tx: &mut Tx<'_>, column: &str, ids: &[AnyId]) -> Result<bool, Failure> {
    let naming = own(tx, format!("SELECT id, {column} FROM {}", R::TABLE)).then(" AND ").append(any_of(column, ids));
    let naming: Vec<(Id<R::Kind>, AnyId)> = naming.then(format!(" LIMIT {STEP_ROWS}")).giving::<(DbUuid, DbUuid)>().load(tx.conn)?;
    if naming.is_empty() {
        return Ok(false);
    }
    let set = Condition::sql(format!("UPDATE {} SET {column} = NULL, version = version + 1, updated_at = ", R::TABLE)).bind(tx.now);
    let set = set.then(" WHERE workspace_id = ").bind(tx.actor.workspace_id).then(" AND ").append(any_of(column, ids));
    let set = set.then(" AND ").append(Condition::any_of("id", naming.iter().map(|(id, _)| *id))).then(" RETURNING id, version");
    let versions: Vec<(Id<R::Kind>, i64)> = set.giving::<(DbUuid, diesel::sql_types::BigInt)>().load(tx.conn)?;
    let named: HashMap<Id<R::Kind>, AnyId> = naming.into_iter().collect();
    let change = |(id, version)| {
        let from = named.get(&id).and_then(|named| crate::db::id::text_of(kind_of(column), named.uuid()));
        (id, version, Map::from_iter([(column.to_owned(), json!({ "from": from, "to": null }))]))
    };
    record_each(tx, Operation::Updated, versions.into_iter().map(change).collect())?;
    Ok(true)
}

/// What a column names.
fn kind_of(column: &str) -> &'static str {
    use crate::db::id::{ContactKind, CustomerKind, OpportunityKind, TierKind, TouchRecordKind};
    match column {
        "opportunity_id" => OpportunityKind::NAME,
        "contact_id" => ContactKind::NAME,
        "tier_id" => TierKind::NAME,
        "touch_record_id" => TouchRecordKind::NAME,
        _ => CustomerKind::NAME,
    }
}

/// The same for the contacts of touch records, of which there are several.
fn forget_contacts(tx: &mut Tx<'_>, ids: &[AnyId]) -> Result<bool, Failure> {
    let naming = own(tx, "SELECT DISTINCT touch_record_id FROM touch_record_contacts".to_owned()).then(" AND ");
    let naming = naming.append(any_of("contact_id", ids)).then(format!(" LIMIT {STEP_ROWS}"));
    let naming: Vec<AnyId> = naming.giving::<DbUuid>().load(tx.conn)?;
    if naming.is_empty() {
        return Ok(false);
    }
    let which = touch_records::workspace_id.eq(tx.actor.workspace_id).and(any_of("touch_records.id", &naming));
    let columns = (touch_records::id, touch_records::version, touch_records::contact_ids);
    let rows = touch_records::table.filter(which).select(columns).order(touch_records::id.asc());
    let mut changed = Vec::new();
    for (id, version, Json(from)) in rows.load::<(TouchRecordId, i64, Json<Vec<ContactId>>)>(tx.conn)? {
        let to: Vec<ContactId> = from.iter().copied().filter(|contact| !ids.contains(&AnyId::from_uuid(contact.uuid()))).collect();
        let members =
            (touch_records::contact_ids.eq(Json(to.clone())), touch_records::version.eq(version + 1), touch_records::updated_at.eq(tx.now));
        let known = touch_records::table.find((tx.actor.workspace_id, id)).filter(touch_records::version.eq(version));
        written(update_rows(tx.conn, known, members)?)?;
        changed.push((id, version + 1, Map::from_iter([("contact_ids".to_owned(), json!({ "from": from, "to": to }))])));
    }
    let gone = touch_record_contacts::workspace_id.eq(tx.actor.workspace_id);
    let gone = gone.and(any_of("contact_id", ids).and(any_of("touch_record_id", &naming)));
    diesel::delete(touch_record_contacts::table.filter(gone)).execute(tx.conn)?;
    record_each(tx, Operation::Updated, changed)?;
    Ok(true)
}
