//! Who belongs to a pool.

use serde_json::json;

use super::pool;
use crate::harness::on_both;

#[test]
fn members_who_left_stay_and_are_not_newly_taken() {
    on_both(|app| async move {
        let (admin, member, chief) = (app.admin().await, app.user("rep").await, app.user("manager").await);
        let (member_of, chief_of) =
            (json!({ "user_id": member.id, "org_unit_id": null }), json!({ "user_id": chief.id, "org_unit_id": null }));
        let made = pool(&admin, json!({ "members": [member_of], "admins": [chief_of] })).await;
        for id in [&member.id, &chief.id] {
            admin.patch(&format!("/users/{id}"), json!({ "is_active": false })).await.ok();
        }
        let path = format!("/pools/{}", made["id"].as_str().unwrap());
        admin.patch(&path, json!({ "daily_claim_limit": 3 })).await.ok();
        let changed = admin.patch(&path, json!({ "members": [chief_of, member_of], "admins": [] })).await.ok();
        assert_eq!((&changed["members"], &changed["admins"]), (&json!([chief_of, member_of]), &json!([])));
        assert_eq!(admin.get(&path).await.ok(), changed);
        let refused = json!({ "name": "Q", "members": [member_of], "admins": [chief_of] });
        let problem = admin.post("/pools", refused).await.problem(422, "validation_failed");
        let pointers: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
        assert_eq!(pointers, ["/members/0/user_id", "/admins/0/user_id"]);
    });
}
