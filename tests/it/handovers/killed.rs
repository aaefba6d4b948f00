//! The program is killed in the middle of a job, and goes on when it is started again: each customer is moved once.

use serde_json::{Value, json};

use crate::harness::program::{Program, folder, until};
use crate::harness::{ADMIN_PASSWORD, Actor, postgres_url};

async fn user(admin: &Actor, name: &str) -> String {
    let person = json!({ "email": format!("{name}@example.com"), "name": name, "role": "rep", "password": ADMIN_PASSWORD });
    admin.post("/users", person).await.created()["id"].as_str().unwrap().to_owned()
}

async fn owned(admin: &Actor, owner: &str) -> i64 {
    let page = admin.get(&format!("/customers?include_total=true&limit=1&owner_id={owner}")).await.ok();
    page["total"].as_i64().unwrap()
}

#[tokio::test]
async fn a_handover_of_5000_customers_goes_on() {
    let (folder, postgres) = (folder(), postgres_url());
    let sqlite = format!("sqlite://{}/killed.db", folder.path().display());
    for url in [sqlite].into_iter().chain(postgres.as_ref().map(|database| database.url.clone())) {
        let program = Program { folder: folder.path(), url };
        let (mut server, admin) = program.start("on").await;
        let (leaving, first, second) = (user(&admin, "leaving").await, user(&admin, "first").await, user(&admin, "second").await);
        admin.customers(5000, &json!({ "owner_id": leaving })).await;
        let split = json!([{ "user_id": first, "weight": 3 }, { "user_id": second, "weight": 2 }]);
        let disabled = json!({ "is_active": false, "handover": { "split": split, "reason": "leaves" } });
        let job = admin.patch(&format!("/users/{leaving}"), disabled).await.ok()["handover_job_id"].clone();
        let job = format!("/jobs/{}", job.as_str().unwrap());
        until("it begins", async || admin.get(&job).await.ok()["progress"]["done"].as_i64() >= Some(500)).await;
        server.child.kill().expect("it is killed");
        drop(server);
        program.db_end_leases();
        let (moved, _) = program.db_moves("handover");
        assert!((500..5000).contains(&moved), "killed in the middle: {moved}");

        let (server, admin) = program.start("on").await;
        assert_eq!(admin.get(&job).await.ok()["finished_at"], Value::Null);
        until("it ends", async || admin.get(&job).await.ok()["finished_at"].is_string()).await;
        let done = admin.get(&job).await.ok();
        let got: Vec<&Value> = done["result"]["receivers"].as_array().unwrap().iter().map(|one| &one["customers"]).collect();
        assert_eq!((&done["status"], got), (&json!("succeeded"), vec![&json!(3000), &json!(2000)]), "{done:#}");
        assert_eq!(done["progress"], json!({ "done": 5000, "total": 5000 }));
        let owners = (owned(&admin, &leaving).await, owned(&admin, &first).await, owned(&admin, &second).await);
        assert_eq!(owners, (0, 3000, 2000));
        drop(server);
        assert_eq!(program.db_moves("handover"), (5000, 5000), "each once");
        assert_eq!(program.db_changes("customer.handed_over"), 5000);
    }
}

#[tokio::test]
async fn recycling_of_2000_customers_goes_on() {
    let (folder, postgres) = (folder(), postgres_url());
    let sqlite = format!("sqlite://{}/killed.db", folder.path().display());
    for url in [sqlite].into_iter().chain(postgres.as_ref().map(|database| database.url.clone())) {
        let program = Program { folder: folder.path(), url };
        let (server, admin) = program.start("off").await;
        let rep = user(&admin, "rep").await;
        let pool = admin.get("/pools").await.ok()["data"][0]["id"].as_str().unwrap().to_owned();
        admin.post(&format!("/pools/{pool}/recycle-rules"), json!({ "kind": "max_hold", "days": 5 })).await.created();
        admin.customers(2000, &json!({ "owner_id": rep })).await;
        drop(server);
        assert_eq!(program.db_age(), 2000);

        let (mut server, admin) = program.start("on").await;
        until("it begins", async || owned(&admin, &rep).await <= 1800).await;
        server.child.kill().expect("it is killed");
        drop(server);
        program.db_end_leases();
        let (moved, _) = program.db_moves("recycle");
        assert!((200..2000).contains(&moved), "killed in the middle: {moved}");

        let (server, admin) = program.start("on").await;
        until("it ends", async || owned(&admin, &rep).await == 0).await;
        let pooled = admin.get(&format!("/customers?include_total=true&limit=1&pool_id={pool}")).await.ok();
        assert_eq!(pooled["total"], 2000);
        drop(server);
        assert_eq!((program.db_moves("recycle"), program.db_changes("customer.recycled")), ((2000, 2000), 2000), "each once");
    }
}
