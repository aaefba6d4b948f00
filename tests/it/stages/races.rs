//! Several moves at the same moment.

use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use super::{Deal, FIRST, SECOND, THIRD, WON, cny};
use crate::harness::on_both;

#[test]
fn parallel_moves_make_one_chain() {
    on_both(|app| async move {
        let admin = app.admin().await;
        for _ in 0..4 {
            let deal = Deal::new(&admin, json!({ "amount": cny("5") })).await;
            let moves = (0..16).map(|number| deal.go([SECOND, THIRD, 3, FIRST][number % 4], json!({ "note": number.to_string() })));
            for reply in join_all(moves).await {
                reply.ok();
            }
            let (now, history) = (deal.now().await, deal.history().await);
            assert_eq!(now["version"].as_i64(), i64::try_from(history.len()).ok(), "{history:#?}");
            for (stay, next) in history.iter().zip(&history[1..]) {
                assert_eq!(stay["left_at"], next["entered_at"], "{history:#?}");
                assert_ne!(stay["stage_id"], next["stage_id"], "{history:#?}");
                assert!(stay["entered_at"].as_str() <= next["entered_at"].as_str());
            }
            let last = history.last().unwrap();
            assert_eq!(
                (&last["left_at"], &last["stage_id"], &last["entered_at"]),
                (&Value::Null, &now["stage_id"], &now["stage_entered_at"])
            );
            let timeline = format!("/customers/{}/timeline?limit=200", now["customer_id"].as_str().unwrap());
            let timeline = admin.get(&timeline).await.ok();
            let moves: Vec<&Value> = timeline["data"].as_array().unwrap().iter().rev().map(|entry| &entry["stage_move"]).collect();
            let to: Vec<&Value> = moves.iter().map(|entry| &entry["to_stage_id"]).collect();
            assert_eq!(to, history.iter().map(|stay| &stay["stage_id"]).collect::<Vec<_>>());
            assert!(moves[0]["from_stage_id"].is_null());
            assert!(moves.windows(2).all(|pair| pair[1]["from_stage_id"] == pair[0]["to_stage_id"]), "{moves:#?}");
        }
        let deal = Deal::new(&admin, json!({})).await;
        let moves = (0..16).map(|number| {
            let request = admin.request(reqwest::Method::POST, &format!("{}/move", deal.path())).header("if-match", "\"v1\"");
            admin.send(request.json(&json!({ "to_stage_id": deal.stages[1 + number % 3]["id"] })))
        });
        let statuses: Vec<u16> = join_all(moves).await.into_iter().map(|reply| reply.status).collect();
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 15, "{statuses:?}");
        assert_eq!(deal.history().await.len(), 2);
    });
}

#[test]
fn an_amount_does_not_vanish_while_it_is_won() {
    on_both(|app| async move {
        let admin = app.admin().await;
        for _ in 0..8 {
            let deal = Deal::new(&admin, json!({ "amount": cny("5") })).await;
            let (path, none) = (deal.path(), json!({ "amount": null }));
            let (won, emptied) = join(deal.go(WON, json!({})), admin.patch(&path, none)).await;
            let mut statuses = [won.status, emptied.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 422], "one of them was first");
        }
    });
}

#[test]
fn what_is_done_while_the_customer_goes_is_done_before_or_not_at_all() {
    on_both(|app| async move {
        let admin = app.admin().await;
        for _ in 0..6 {
            let deal = Deal::new(&admin, json!({})).await;
            let customer = deal.now().await["customer_id"].clone();
            let there = format!("/customers/{}", customer.as_str().unwrap());
            let late = json!({ "name": "late", "customer_id": customer });
            let both = join(deal.go(SECOND, json!({})), admin.post("/opportunities", late));
            let (gone, (moved, made)) = join(admin.delete(&there), both).await;
            gone.no_content();
            assert!([200, 404].contains(&moved.status), "{}", moved.status);
            assert!([201, 422].contains(&made.status), "{}", made.status);
            let query = [("customer_id", customer.as_str().unwrap())];
            assert_eq!(admin.list("/opportunities", &query).await.ok()["data"], json!([]), "nothing is left behind");
            admin.act(&format!("{there}/restore")).await.ok();
            assert_eq!(deal.history().await.len(), if moved.status == 200 { 2 } else { 1 });
            let count = admin.list("/opportunities", &query).await.ok()["data"].as_array().unwrap().len();
            assert_eq!(count, if made.status == 201 { 2 } else { 1 });
        }
    });
}
