//! Reading a timeline: the newest entries of each source behind the cursor, merged.

use diesel::prelude::*;
use uuid::Uuid;

use super::dto::{EntryType, StageMove, TimelineEntry, TimelinePage};
use crate::auth::Scope;
use crate::crm::customers::events::CustomerEvent;
use crate::crm::customers::{self, Customers};
use crate::crm::opportunities::stage_moves::StageMoveRow;
use crate::crm::touch_records::{TouchRecord, TouchRecordRow};
use crate::db::condition::AnyId;
use crate::db::id::{CustomerEventId, CustomerId, UserId};
use crate::db::money::Money;
use crate::db::schema::{customer_events, opportunities, stage_moves, touch_records};
use crate::db::types::{Instant, Json};
use crate::db::{Condition, DbConnection, Failure, columns};
use crate::http::catalogue::Code;
use crate::http::problem::Problem;
use crate::listing::rows::{exists, with_id};
use crate::listing::{Cursor, list_hash};

/// An entry and its place: by instant, then by id, newest first.
type Placed = ((Instant, Uuid), TimelineEntry);

/// The part of one customer's rows that a page may show.
struct Slice {
    scope: Scope,
    customer_id: CustomerId,
    /// The last entry of the page before.
    last: Option<(Instant, Uuid)>,
    rows: i64,
}

impl Slice {
    /// The customer's rows of a table that are older than `last`.
    fn of(&self, table: &str, at: &str) -> Condition {
        let own = Condition::sql(format!("{table}.workspace_id = ")).bind(self.scope.workspace_id);
        let own = own.then(format!(" AND {table}.customer_id = ")).bind(self.customer_id);
        match self.last {
            None => own,
            Some((last_at, last_id)) => {
                let older = own.then(format!(" AND ({table}.{at}, {table}.id) < (")).bind(last_at);
                older.then(", ").bind(AnyId::from_uuid(last_id)).then(")")
            }
        }
    }
}

pub fn page(conn: &mut DbConnection, scope: &Scope, id: CustomerId, cursor: Option<&str>, limit: i64) -> Result<TimelinePage, Failure> {
    let hash = list_hash(scope.workspace_id, &format!("timeline\n{id}"));
    let last = cursor.map(|text| Cursor::decode(text, hash).and_then(|cursor| place(&cursor))).transpose()?;
    if !exists::<Customers>(conn, with_id::<Customers>(customers::visible(scope, false), id))? {
        return Err(Problem::not_found().into());
    }
    let slice = Slice { scope: *scope, customer_id: id, last, rows: limit + 1 };
    let mut found = touches(conn, &slice)?;
    found.extend(moves(conn, &slice)?);
    found.extend(events(conn, &slice)?);
    found.sort_by(|(left, _), (right, _)| right.cmp(left));
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| has_more).map(|((at, id), _)| Cursor { list: hash, keys: vec![at.to_string().into()], id: *id });
    let data = found.into_iter().map(|(_, entry)| entry).collect();
    Ok(TimelinePage { data, has_more, next_cursor: next.map(|cursor| cursor.encode()) })
}

fn place(cursor: &Cursor) -> Result<(Instant, Uuid), Problem> {
    let at = cursor.keys.first().and_then(|key| key.as_str()).and_then(|text| text.parse().ok());
    at.map(|at| (at, cursor.id)).ok_or_else(|| Problem::new(Code::InvalidCursor))
}

fn touches(conn: &mut DbConnection, slice: &Slice) -> QueryResult<Vec<Placed>> {
    let rows = touch_records::table
        .filter(slice.of("touch_records", "occurred_at").then(" AND touch_records.deleted_at IS NULL"))
        .order((touch_records::occurred_at.desc(), touch_records::id.desc()))
        .limit(slice.rows)
        .select(columns::<TouchRecordRow>())
        .load(conn)?;
    let entry = |row: TouchRecordRow| {
        let touch = TouchRecord::from(row);
        let (at, id, by_id) = (touch.fields.occurred_at, touch.id, Some(touch.author_id));
        let empty = empty(EntryType::TouchRecord, id.to_string(), at, by_id);
        ((at, id.uuid()), TimelineEntry { touch_record: Some(touch), ..empty })
    };
    Ok(rows.into_iter().map(entry).collect())
}

fn moves(conn: &mut DbConnection, slice: &Slice) -> QueryResult<Vec<Placed>> {
    let same = opportunities::workspace_id.eq(stage_moves::workspace_id).and(opportunities::id.eq(stage_moves::opportunity_id));
    let rows = stage_moves::table
        .inner_join(opportunities::table.on(same))
        .filter(slice.of("stage_moves", "entered_at").then(" AND opportunities.deleted_at IS NULL"))
        .order((stage_moves::entered_at.desc(), stage_moves::id.desc()))
        .limit(slice.rows)
        .select((columns::<StageMoveRow>(), opportunities::name))
        .load::<(StageMoveRow, String)>(conn)?;
    let entry = |(row, opportunity_name): (StageMoveRow, String)| {
        let StageMoveRow { id, opportunity_id, from_stage_id, stage_id, entered_at: at, by_id, .. } = row;
        let StageMoveRow { amount, amount_currency, probability, reason_code, note, .. } = row;
        let amount = Money::of_columns(amount, amount_currency.as_deref());
        let stage_move =
            StageMove { opportunity_id, opportunity_name, from_stage_id, to_stage_id: stage_id, amount, probability, reason_code, note };
        let empty = empty(EntryType::StageMove, id.to_string(), at, by_id);
        ((at, id.uuid()), TimelineEntry { stage_move: Some(stage_move), ..empty })
    };
    Ok(rows.into_iter().map(entry).collect())
}

fn events(conn: &mut DbConnection, slice: &Slice) -> QueryResult<Vec<Placed>> {
    let rows = customer_events::table
        .filter(slice.of("customer_events", "at"))
        .order((customer_events::at.desc(), customer_events::id.desc()))
        .limit(slice.rows)
        .select((customer_events::id, customer_events::event, customer_events::by_id, customer_events::at))
        .load::<(CustomerEventId, Json<CustomerEvent>, Option<UserId>, Instant)>(conn)?;
    let entry = |(id, event, by_id, at): (CustomerEventId, Json<CustomerEvent>, Option<UserId>, Instant)| {
        let empty = |kind| empty(kind, id.to_string(), at, by_id);
        let entry = match event.0 {
            CustomerEvent::OwnerChange(change) => TimelineEntry { owner_change: Some(change), ..empty(EntryType::OwnerChange) },
            CustomerEvent::TierChange(change) => TimelineEntry { tier_change: Some(change), ..empty(EntryType::TierChange) },
            CustomerEvent::LifecycleChange(change) => TimelineEntry { lifecycle_change: Some(change), ..empty(EntryType::LifecycleChange) },
        };
        ((at, id.uuid()), entry)
    };
    Ok(rows.into_iter().map(entry).collect())
}

const fn empty(kind: EntryType, id: String, at: Instant, by_id: Option<UserId>) -> TimelineEntry {
    let (touch_record, stage_move, owner_change, tier_change, lifecycle_change) = (None, None, None, None, None);
    TimelineEntry { id, kind, at, by_id, touch_record, stage_move, owner_change, tier_change, lifecycle_change }
}
