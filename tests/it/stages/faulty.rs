//! Moves that are no moves.

use fishpond::db::clock;
use serde_json::json;

use super::{Deal, FIRST, LOST, SECOND, VOID, WON, cny, db_pipeline};
use crate::harness::on_both;

#[test]
fn a_move_to_where_it_is_changes_nothing() {
    on_both(|app| async move {
        let admin = app.admin().await;
        let deal = Deal::new(&admin, json!({ "amount": cny("5") })).await;
        let changes = async || admin.changes().await["data"].as_array().unwrap().len();
        for place in [FIRST, LOST] {
            deal.go(place, json!({ "reason_code": "price" })).await.ok();
            let (before, history, count) = (deal.now().await, deal.history().await, changes().await);
            let again = deal.go(place, json!({ "note": "again", "reason_code": "timing" })).await;
            assert_eq!(again.header("etag").trim_matches(['"', 'v']), before["version"].to_string());
            assert_eq!(again.ok(), before);
            assert_eq!((deal.now().await, deal.history().await, changes().await), (before, history, count));
        }
        deal.go(LOST, json!({ "reason_code": "nonsense" })).await.invalid(&[("/reason_code", "unknown_code")]);
    });
}

#[test]
fn a_faulty_move_moves_nothing() {
    on_both(|app| async move {
        let (admin, stranger) = (app.admin().await, app.db_stranger().await);
        let deal = Deal::new(&admin, json!({})).await;
        let (pipeline, stage) = db_pipeline(&app);
        let path = format!("{}/move", deal.path());
        let made = deal.now().await;
        deal.go(WON, json!({})).await.invalid(&[("/to_stage_id", "amount_required")]);
        deal.go(LOST, json!({})).await.invalid(&[("/reason_code", "required")]);
        deal.go(LOST, json!({ "reason_code": " " })).await.invalid(&[("/reason_code", "required")]);
        let future = clock::now().plus(chrono::Duration::seconds(60)).to_string();
        let several = json!({ "reason_code": "nonsense", "closed_at": future });
        let faults = [("/to_stage_id", "amount_required"), ("/reason_code", "unknown_code"), ("/closed_at", "date_in_future")];
        deal.go(WON, several).await.invalid(&faults);
        deal.go(VOID, json!({ "closed_at": future })).await.invalid(&[("/closed_at", "date_in_future")]);
        deal.go(SECOND, json!({ "closed_at": "2026-01-01T00:00:00Z" })).await.invalid(&[("/closed_at", "not_applicable")]);
        deal.go(VOID, json!({ "closed_at": "2026-01-01T00:00:00" })).await.invalid(&[("/closed_at", "invalid_format")]);
        deal.go(VOID, json!({ "closed_at": "2026-01-01" })).await.invalid(&[("/closed_at", "invalid_format")]);
        deal.go(SECOND, json!({ "note": "x".repeat(501) })).await.invalid(&[("/note", "too_long")]);
        deal.go(SECOND, json!({ "probability": 5 })).await.invalid(&[("/probability", "unknown_field")]);
        admin.post(&path, json!({})).await.invalid(&[("/to_stage_id", "required")]);
        admin.post(&path, json!({ "to_stage_id": pipeline })).await.invalid(&[("/to_stage_id", "wrong_resource_type")]);
        let foreign = stranger.get("/pipelines").await.ok()["data"][0]["stages"][1]["id"].clone();
        for unknown in [json!("stg_01jd9xq3v8e6ft2m4k7w0zr5ya"), foreign] {
            admin.post(&path, json!({ "to_stage_id": unknown })).await.invalid(&[("/to_stage_id", "unknown_reference")]);
        }
        admin.post(&path, json!({ "to_stage_id": stage })).await.invalid(&[("/to_stage_id", "unrelated_reference")]);
        let input = json!({ "customer_id": made["customer_id"], "name": "O", "stage_id": stage });
        admin.post("/opportunities", input.clone()).await.invalid(&[("/stage_id", "unrelated_reference")]);
        let mut other = input;
        other["pipeline_id"] = json!(pipeline);
        other["amount"] = cny("10");
        assert_eq!(admin.post("/opportunities", other.clone()).await.created()["weighted_amount"], cny("9.00"));
        other["stage_id"] = deal.stages[FIRST]["id"].clone();
        admin.post("/opportunities", other).await.invalid(&[("/stage_id", "unrelated_reference")]);
        let reasons = json!({ "items": [{ "code": "other", "label": { "zh": "其他", "en": "Other" } }] });
        admin.put("/dictionaries/close_reason", reasons).await.ok();
        deal.go(LOST, json!({ "reason_code": "price" })).await.invalid(&[("/reason_code", "retired_code")]);
        let request = admin.request(reqwest::Method::POST, &path).header("if-match", "\"v2\"");
        let request = request.json(&json!({ "to_stage_id": deal.stages[SECOND]["id"] }));
        assert_eq!(admin.send(request).await.problem(412, "version_conflict")["meta"]["current_version"], 1);
        assert_eq!((deal.now().await, deal.history().await.len()), (made, 1));
        admin.patch(&deal.path(), json!({ "amount": cny("0") })).await.ok();
        deal.go(WON, json!({})).await.invalid(&[("/to_stage_id", "amount_required")]);
    });
}
