//! Parts in the customers of others that are handed over.

use chrono::Duration;
use serde_json::json;

use super::{collaborators, customer, hand_over, work_together};
use crate::harness::on_both;

#[test]
fn nobody_gets_a_part_in_what_it_has_or_that_is_over() {
    on_both(|app| async move {
        let (admin, leaving) = (app.admin().await, app.user("rep").await);
        let (heir, peer) = (app.user("rep").await, app.user("rep").await);
        let [of_heir, both, over] =
            [customer(&admin, &heir, json!({})).await, customer(&admin, &peer, json!({})).await, customer(&admin, &peer, json!({})).await];
        work_together(&admin, &of_heir, &[&leaving]).await;
        work_together(&admin, &both, &[&leaving, &heir]).await;
        let end = app.now().plus(Duration::hours(1)).to_string();
        let part = json!({ "collaborators": [{ "user_id": leaving.id, "expires_at": end }] });
        admin.put(&format!("/customers/{over}/collaborators"), part).await.ok();
        app.advance(Duration::hours(2));
        let admin = app.admin().await;
        let body = json!({ "split": [{ "user_id": heir.id, "weight": 1 }], "reason": "leaves" });
        hand_over(&app, &admin, &leaving, body).await;
        let none: [serde_json::Value; 0] = [];
        assert_eq!(collaborators(&admin, &of_heir).await, none, "it is the owner");
        assert_eq!(collaborators(&admin, &both).await, [json!(heir.id)]);
        assert_eq!(collaborators(&admin, &over).await, none, "there was nothing left of it");
    });
}
