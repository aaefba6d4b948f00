//! Where a customer has been.

use diesel::prelude::*;

use super::super::events::{CustomerEvent, OwnerChange};
use super::super::store;
use super::dto::{OwnershipEvent, OwnershipEventType, OwnershipHistory};
use crate::auth::Scope;
use crate::db::condition::AnyId;
use crate::db::id::{CustomerEventId, CustomerId, UserId};
use crate::db::schema::customer_events as events;
use crate::db::types::{Instant, Json, Named};
use crate::db::{Condition, DbConnection, Failure};
use crate::listing::{Cursor, list_hash};

type Row = (CustomerEventId, Option<Named<OwnershipEventType>>, Json<CustomerEvent>, Option<UserId>, Instant, Option<chrono::NaiveDate>);

/// A page of its moves, newest first.
pub fn page(conn: &mut DbConnection, scope: &Scope, id: CustomerId, cursor: Option<&str>, limit: i64) -> Result<OwnershipHistory, Failure> {
    let hash = list_hash(scope.workspace_id, &format!("ownership\n{id}"));
    let last = cursor.map(|text| Cursor::decode(text, hash)).transpose()?.map(|cursor| cursor.id);
    let customer = store::get(conn, scope, id)?;
    let own = Condition::sql("customer_events.workspace_id = ").bind(scope.workspace_id);
    let own = own.then(" AND customer_events.customer_id = ").bind(customer.id).then(" AND customer_events.ownership IS NOT NULL");
    let own = match last {
        None => own,
        Some(last) => own.then(" AND customer_events.id < ").bind(AnyId::from_uuid(last)),
    };
    let rows: Vec<Row> = events::table
        .filter(own)
        .order(events::id.desc())
        .limit(limit + 1)
        .select((events::id, events::ownership, events::event, events::by_id, events::at, events::local_date))
        .load(conn)?;
    let mut data: Vec<OwnershipEvent> = rows.into_iter().filter_map(event).collect();
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = data.len() > limit;
    data.truncate(limit);
    let next = data.last().filter(|_| has_more).map(|last| Cursor { list: hash, keys: Vec::new(), id: last.id.uuid() }.encode());
    Ok(OwnershipHistory { data, has_more, next_cursor: next })
}

fn event((id, kind, event, by_id, at, local_date): Row) -> Option<OwnershipEvent> {
    let (Some(kind), CustomerEvent::OwnerChange(change)) = (kind, event.0) else { return None };
    let OwnerChange { from_owner_id, to_owner_id, from_pool_id, to_pool_id, reason, reason_code, note } = change;
    let kind = kind.0;
    Some(OwnershipEvent {
        id,
        kind,
        from_owner_id,
        to_owner_id,
        from_pool_id,
        to_pool_id,
        reason,
        reason_code,
        note,
        by_id,
        at,
        local_date,
    })
}
