//! The demo workspace: what is loaded, who may log in, and what a second load does.

use std::collections::{HashMap, HashSet};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::harness::{Actor, App, ids, on_both};

/// Touches of these types do not count.
const NOT_COUNTING: [&str; 2] = ["note", "other"];

/// Runs `fishpond demo …` in a folder that does not matter, on the server's database.
fn demo(app: &App, arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_fishpond"));
    for (name, _) in std::env::vars_os() {
        if name == "DATABASE_URL" || name.to_string_lossy().starts_with("FISHPOND_") {
            command.env_remove(name);
        }
    }
    command.arg("demo").args(arguments).current_dir(folder.path());
    command.env("FISHPOND_DATABASE_URL", app.database_url()).stdin(Stdio::null()).output().unwrap()
}

/// What was printed about a new demo workspace.
struct Printed {
    text: String,
}

impl Printed {
    fn of(output: Output) -> Self {
        assert!(output.status.success(), "{output:?}");
        assert!(output.stderr.is_empty(), "a short load has nothing to say to those who do not watch: {output:?}");
        Self { text: String::from_utf8(output.stdout).unwrap() }
    }

    fn word_after(&self, label: &str) -> &str {
        let line = self.text.lines().find_map(|line| line.trim_start().strip_prefix(label)).unwrap_or_else(|| panic!("{}", self.text));
        line.split_whitespace().next().unwrap()
    }

    /// E-mail addresses and roles.
    fn logins(&self) -> Vec<(&str, &str)> {
        let rows = self.text.lines().filter_map(|line| line.strip_prefix("  ").filter(|row| !row.starts_with(' ')));
        let rows = rows.filter_map(|row| row.split_once(char::is_whitespace)).filter(|(email, _)| email.contains('@'));
        rows.map(|(email, rest)| (email, rest.split_whitespace().next().unwrap())).collect()
    }

    async fn login(&self, app: &App, email: &str) -> Actor {
        app.login(email, self.word_after("password")).await
    }
}

async fn all(actor: &Actor, path: &str, query: &[(&str, &str)]) -> Vec<Value> {
    let mut query = query.to_vec();
    query.push(("limit", "200"));
    let page = actor.list(path, &query).await.ok();
    assert_eq!(page["has_more"], false, "the test reads one page: {path}");
    page["data"].as_array().unwrap().clone()
}

#[test]
fn a_demo_is_whole_and_everybody_can_log_in() {
    on_both(|app| async move {
        let printed = Printed::of(demo(&app, &["load", "--customers", "12"]));
        let logins = printed.logins();
        let roles: Vec<&str> = logins.iter().map(|(_, role)| *role).collect();
        assert_eq!(roles, ["admin", "manager", "rep", "rep", "rep", "rep", "rep", "rep"], "{}", printed.text);
        for (email, role) in &logins {
            let me = printed.login(&app, email).await.get("/me").await.ok();
            assert_eq!((&me["user"]["role"], &me["user"]["must_change_password"]), (&(*role).into(), &false.into()));
            assert_eq!(me["workspace_id"], printed.word_after("workspace"));
        }
        let manager = printed.login(&app, logins[1].0).await;
        assert_eq!(manager.get("/workspace").await.ok()["name"], "Fishpond Demo (鱼池演示)");
        assert_eq!(all(&manager, "/tiers", &[]).await.len(), 4);

        let customers = all(&manager, "/customers", &[]).await;
        assert_eq!(customers.len(), 12);
        assert_eq!(customers.iter().filter(|customer| customer["owner_id"].is_null()).count(), 3);
        let opportunities = all(&manager, "/opportunities", &[]).await;
        let kinds: HashSet<&str> = opportunities.iter().map(|opportunity| opportunity["stage_kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, HashSet::from(["open", "won", "lost", "void"]));
        let stages: HashSet<&str> = opportunities.iter().map(|opportunity| opportunity["stage_id"].as_str().unwrap()).collect();
        assert_eq!(stages.len(), 7);

        let touches = all(&manager, "/touch-records", &[]).await;
        let mut counting: HashMap<&str, i64> = HashMap::new();
        for touch in &touches {
            let counts = !NOT_COUNTING.contains(&touch["type"].as_str().unwrap());
            *counting.entry(touch["customer_id"].as_str().unwrap()).or_default() += i64::from(counts);
        }
        for customer in &customers {
            let id = customer["id"].as_str().unwrap();
            assert_eq!(customer["touch_count"], counting[id], "{customer:#}");
            assert!(!ids(&manager.get(&format!("/customers/{id}/timeline")).await.ok()).is_empty());
            let contacts = all(&manager, "/contacts", &[("customer_id", id)]).await;
            let primary =
                contacts.iter().flat_map(|contact| contact["links"].as_array().unwrap()).filter(|link| link["is_primary"] == true);
            assert!((1..=3).contains(&contacts.len()) && primary.count() == 1, "{contacts:#?}");
        }
        // It did not all happen today.
        let now = fishpond::db::clock::now().to_string();
        let days: HashSet<&str> = touches.iter().map(|touch| touch["created_at"].as_str().unwrap().split_once('T').unwrap().0).collect();
        assert!(days.len() > 20 && !days.contains(now.split_once('T').unwrap().0), "{days:?}");
    });
}

/// What a rep finds when it logs in.
#[test]
fn there_is_something_to_do() {
    on_both(|app| async move {
        let printed = Printed::of(demo(&app, &["load", "--customers", "60"]));
        // The rules are new: the server says of each customer when it goes back.
        app.run_due_jobs().await;
        let logins = printed.logins();
        let manager = printed.login(&app, logins[1].0).await;
        let pools = all(&manager, "/pools", &[]).await;
        let pool = pools.iter().find(|pool| pool["is_default"] == false).expect("a pool");
        let id = pool["id"].as_str().unwrap();
        assert_eq!((pool["members"].as_array().unwrap().len(), pool["admins"].as_array().unwrap().len()), (4, 1));
        let pooled = all(&manager, "/customers", &[("pool_id", id)]).await;
        assert!(pooled.len() > 5, "{} in the pool", pooled.len());
        assert_eq!(manager.get(&format!("/pools/{id}/recycle-rules")).await.ok()["data"].as_array().unwrap().len(), 1);

        let (mut reasons, mut soon, mut planned) = (HashSet::new(), 0, HashSet::new());
        for (email, _) in &logins[2..] {
            let rep = printed.login(&app, email).await;
            for item in rep.get("/me/worklist?limit=200").await.ok()["data"].as_array().unwrap() {
                reasons.insert(item["reason"].as_str().unwrap().to_owned());
            }
            soon += rep.get("/me/recycling").await.ok()["data"].as_array().unwrap().len();
            let capacity = rep.get("/me/capacity").await.ok();
            assert_eq!(capacity["cap"]["cap"], 32, "{capacity:#}");
            for plan in all(&rep, "/planned-touches", &[("assignee_id", &rep.id)]).await {
                planned.insert(plan["status"].as_str().unwrap().to_owned());
            }
        }
        assert!(reasons.contains("planned_touch_overdue") && reasons.contains("recycling_soon"), "{reasons:?}");
        assert!(soon > 3, "{soon} go back soon");
        assert_eq!(planned, HashSet::from(["planned".to_owned(), "done".to_owned()]));

        let locked = manager.list("/customers", &[("locked_until[gte]", &app.now().to_string())]).await.ok();
        assert_eq!(ids(&locked).len(), 3);
        let mut shared = 0;
        for customer in all(&manager, "/customers", &[]).await {
            let found = manager.get(&format!("/customers/{}/collaborators", customer["id"].as_str().unwrap())).await.ok();
            shared += found["collaborators"].as_array().unwrap().len();
        }
        assert_eq!(shared, 3);

        // A member claims, and sees from then on whom to call.
        let rep = printed.login(&app, logins[2].0).await;
        let fish = pooled[0]["id"].as_str().unwrap();
        let masked = rep.get(&format!("/customers/{fish}")).await.ok();
        assert!(masked["phones"][0]["number"].as_str().unwrap().contains('*'), "{masked:#}");
        let claim = serde_json::json!({ "ids": [fish], "mode": "atomic" });
        rep.post(&format!("/pools/{id}/claims"), claim).await.ok();
        assert!(!rep.get(&format!("/customers/{fish}")).await.ok()["phones"][0]["number"].as_str().unwrap().contains('*'));
    });
}

#[test]
fn loaded_again_it_is_another_workspace_with_logins_of_its_own() {
    on_both(|app| async move {
        let first = Printed::of(demo(&app, &["load", "--customers", "1"]));
        let second = Printed::of(demo(&app, &["load", "--customers", "2"]));
        assert_ne!(first.word_after("workspace"), second.word_after("workspace"));
        assert_ne!(first.word_after("password"), second.word_after("password"));
        let of = |printed: &Printed| printed.logins().iter().map(|(email, _)| (*email).to_owned()).collect::<HashSet<_>>();
        assert!(of(&first).is_disjoint(&of(&second)));
        for (printed, customers) in [(&first, 1), (&second, 2)] {
            let manager = printed.login(&app, printed.logins()[1].0).await;
            assert_eq!(all(&manager, "/customers", &[]).await.len(), customers);
        }
        assert!(all(&app.admin().await, "/customers", &[]).await.is_empty(), "nobody else's workspace is touched");
    });
}

#[test]
fn its_help_says_what_it_does_and_its_number_is_checked() {
    on_both(|app| async move {
        for (arguments, expected) in [(vec!["--help"], "load"), (vec!["load", "--help"], "--customers <N>")] {
            let help = demo(&app, &arguments);
            assert!(help.status.success() && String::from_utf8_lossy(&help.stdout).contains(expected), "{help:?}");
        }
        for wrong in ["0", "20001", "many", "-1"] {
            let refused = demo(&app, &["load", "--customers", wrong]);
            assert!(refused.status.code() == Some(2) && refused.stdout.is_empty(), "{wrong}: {refused:?}");
        }
    });
}
