//! What must be true in the end.

use std::collections::HashMap;

use chrono::{Duration, NaiveDate};
use futures_util::StreamExt;
use futures_util::stream;
use serde_json::{Value, json};

use super::books::Books;
use super::office::{EXTEND_DAYS, MAX_HOLD_DAYS, NO_TOUCH_DAYS, Office, local};
use crate::harness::{Actor, App, Mirror, events, moved, place};

/// The lists, the histories and the feed tell the same.
pub async fn everything(app: &App, office: &Office, books: &Books, followed: &mut Mirror) {
    let admin = &office.admin.actor;
    let rows = customers(admin).await;
    assert_eq!(rows.len(), office.began.len(), "none is lost");
    followed.follow(admin).await;
    let whole = Mirror::of(admin).await;
    let mut kinds: HashMap<String, usize> = HashMap::new();
    let mut claims: HashMap<(String, String, String), usize> = HashMap::new();
    let histories = stream::iter(&office.began).map(|(id, began)| async move { (id, began, events(admin, id).await) });
    let histories: Vec<_> = histories.buffer_unordered(8).collect().await;
    for (id, began, events) in &histories {
        let row = &rows[*id];
        let mut at = (*began).clone();
        let moves: Vec<_> = events.iter().map(moved).collect();
        for (kind, from, to) in &moves {
            assert_eq!(*from, at, "{id}: {moves:#?}");
            at.clone_from(to);
            *kinds.entry(kind.clone()).or_default() += 1;
        }
        assert_eq!(place(row, "owner_id", "pool_id"), at, "the history ends where the customer is");
        for mirror in [&whole, &*followed] {
            let mirrored = &mirror.customers[*id];
            assert_eq!((mirrored.place(), &mirrored.moves, mirrored.is_deleted), (at.clone(), &moves, false), "{id}");
            assert_eq!(json!(mirrored.version()), row["version"]);
        }
        for event in events.iter().filter(|event| event["type"] == "claim") {
            let text = |member: &str| event[member].as_str().unwrap().to_owned();
            *claims.entry((text("to_owner_id"), text("from_pool_id"), text("local_date"))).or_default() += 1;
        }
        holdings(app, office, books, id, began, row, events);
    }
    assert_eq!(whole.customers.len(), office.began.len());
    assert_eq!(kinds["claim"], books.claimed);
    assert!(claims.values().all(|count| *count <= office.daily_limit), "{claims:#?}");
    assert!(claims.values().any(|count| *count == office.daily_limit) && books.refused > 0, "the limit was met");
    for kind in ["claim", "release", "recycle", "transfer", "assign", "handover"] {
        assert!(kinds.get(kind).is_some_and(|count| *count > 1), "it was a dull month: {kinds:?}");
    }
    println!("{} customers: {kinds:?}, {} touched, {} refused", rows.len(), books.touches.len(), books.refused);
}

async fn customers(admin: &Actor) -> HashMap<String, Value> {
    let (mut rows, mut cursor) = (HashMap::new(), String::new());
    loop {
        let page = admin.get(&format!("/customers?limit=200{cursor}")).await.ok();
        for row in page["data"].as_array().unwrap() {
            let is_new = rows.insert(row["id"].as_str().unwrap().to_owned(), row.clone()).is_none();
            assert!(is_new, "each once");
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return rows,
        }
    }
}

/// Each time that somebody had the customer: it was recycled on the morning after its last day, or ended before that.
fn holdings(app: &App, office: &Office, books: &Books, id: &str, began: &String, row: &Value, events: &[Value]) {
    let date = |event: &Value| event["local_date"].as_str().unwrap().parse::<NaiveDate>().unwrap();
    let mut since = (!office.pools.contains(began)).then(|| office.date(0));
    for event in events {
        let today = date(event);
        if let Some(since) = since {
            let due = due(books, id, since, today);
            match event["type"] == "recycle" {
                true => assert_eq!(today, due + Duration::days(1), "{id} had since {since}: {events:#?}"),
                false => assert!(today <= due, "{id} had since {since} until {due}: {events:#?}"),
            }
        }
        since = event["to_owner_id"].is_string().then_some(today);
    }
    let today = local(app.now().get());
    match since {
        Some(since) => {
            let due = due(books, id, since, today);
            assert!(due >= today, "{id} had since {since}: {events:#?}");
            let told: chrono::DateTime<chrono::Utc> = row["recycle_due_at"].as_str().unwrap().parse().unwrap();
            assert_eq!(local(told), due, "{id} had since {since}: {row:#}");
        }
        None => assert_eq!(row["recycle_due_at"], Value::Null),
    }
}

/// The last day of a holding that was still going on on this day.
fn due(books: &Books, id: &str, since: NaiveDate, today: NaiveDate) -> NaiveDate {
    let touched = books.touches.get(id).into_iter().flatten().copied().filter(|day| (since..=today).contains(day)).max();
    let locked =
        books.locks.get(id).into_iter().flatten().filter(|(from, _)| (since..=today).contains(from)).map(|(_, until)| *until).max();
    let soft = [touched, locked].into_iter().flatten().map(|day| day + Duration::days(EXTEND_DAYS));
    let soft = soft.fold(since + Duration::days(NO_TOUCH_DAYS), NaiveDate::max);
    let longest = since + Duration::days(MAX_HOLD_DAYS);
    soft.min(locked.map_or(longest, |until| longest.max(until)))
}
