//! Logging in, staying in, logging out.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Duration;
use serde_json::{Value, json};

use crate::harness::{ADMIN_EMAIL, ADMIN_PASSWORD, App, on_both};

#[test]
fn login_gives_a_pair_that_works() {
    on_both(|app| async move {
        let anyone = app.anyone();
        let answer = anyone.post("/auth/login", json!({ "email": " Admin@Example.com", "password": ADMIN_PASSWORD })).await;
        assert_eq!(answer.header("cache-control"), "no-store");
        let pair = answer.ok();
        assert_eq!(
            (&pair["token_type"], &pair["expires_in"], &pair["user"]["must_change_password"]),
            (&json!("Bearer"), &json!(900), &json!(false))
        );
        let header = pair["access_token"].as_str().unwrap().split('.').next().unwrap();
        let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
        assert_eq!((&header["alg"], &header["typ"]), (&json!("EdDSA"), &json!("at+jwt")));
        let keys = anyone.get("/.well-known/jwks.json").await.ok();
        assert_eq!(keys["keys"][0]["kid"], header["kid"]);
        let me = app.with_token(pair["access_token"].as_str().unwrap()).get("/me").await.ok();
        assert_eq!(
            (&me["user"]["email"], &me["workspace_id"], &me["scopes"]),
            (&json!(ADMIN_EMAIL), &pair["workspace"]["id"], &Value::Null)
        );
    });
}

#[test]
fn wrong_credentials_look_alike_and_slow_down() {
    on_both(|app| async move {
        let anyone = app.anyone();
        let login = |email: &str, password: &str| {
            let (anyone, body) = (anyone.clone(), json!({ "email": email, "password": password }));
            async move { anyone.post("/auth/login", body).await }
        };
        let mut wrong = login(ADMIN_EMAIL, "not the password").await.problem(401, "invalid_credentials");
        let mut unknown = login("nobody@example.com", "not the password").await.problem(401, "invalid_credentials");
        (wrong["request_id"], unknown["request_id"]) = (Value::Null, Value::Null);
        assert_eq!(wrong, unknown);
        for _ in 0..4 {
            login("nobody@example.com", "guess").await.problem(401, "invalid_credentials");
        }
        let slowed = login("nobody@example.com", "guess").await;
        assert!(slowed.header("retry-after").parse::<u64>().unwrap() >= 1);
        slowed.problem(429, "too_many_attempts");
        login(ADMIN_EMAIL, ADMIN_PASSWORD).await.ok();
        for _ in 0..2 {
            for _ in 0..3 {
                login(ADMIN_EMAIL, "not the password").await.problem(401, "invalid_credentials");
            }
            login(ADMIN_EMAIL, ADMIN_PASSWORD).await.ok(); // and those before it are forgotten
        }
        anyone.post("/auth/login", json!({ "email": "x", "passwort": 1 })).await.invalid(&[
            ("/email", "invalid_format"),
            ("/password", "required"),
            ("/passwort", "unknown_field"),
        ]);
    });
}

#[test]
fn a_refresh_token_works_once_and_its_reuse_ends_the_session() {
    on_both(|app| async move {
        let anyone = app.anyone();
        let first = anyone.post("/auth/login", json!({ "email": ADMIN_EMAIL, "password": ADMIN_PASSWORD })).await.ok();
        let refresh = |token: &Value| {
            let (anyone, body) = (anyone.clone(), json!({ "refresh_token": token }));
            async move { anyone.post("/auth/refresh", body).await }
        };
        let second = refresh(&first["refresh_token"]).await.ok();
        assert_ne!(second["refresh_token"], first["refresh_token"]);
        let access = app.with_token(second["access_token"].as_str().unwrap());
        access.get("/me").await.ok();
        refresh(&first["refresh_token"]).await.problem(401, "invalid_refresh_token");
        access.get("/me").await.problem(401, "invalid_token");
        refresh(&second["refresh_token"]).await.problem(401, "invalid_refresh_token");
        refresh(&json!("nonsense")).await.problem(401, "invalid_refresh_token");
    });
}

#[test]
fn two_refreshes_at_once_never_both_succeed() {
    on_both(|app| async move {
        let anyone = app.anyone();
        let pair = anyone.post("/auth/login", json!({ "email": ADMIN_EMAIL, "password": ADMIN_PASSWORD })).await.ok();
        let body = json!({ "refresh_token": pair["refresh_token"] });
        let tries = (0..8).map(|_| anyone.post("/auth/refresh", body.clone()));
        let answers = futures_util::future::join_all(tries).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    });
}

#[test]
fn logging_out_ends_the_session() {
    on_both(|app| async move {
        let (mine, other) = (app.admin().await, app.admin().await);
        mine.act("/auth/logout").await.no_content();
        let ended = mine.get("/me").await;
        assert_eq!(ended.header("www-authenticate"), "Bearer");
        ended.problem(401, "invalid_token");
        other.get("/me").await.ok();
    });
}

#[test]
fn only_our_own_tokens_are_believed() {
    on_both(|app| async move {
        let token = app.admin().await.token().to_owned();
        let parts: Vec<&str> = token.split('.').collect();
        let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"at+jwt"}"#);
        let forged = URL_SAFE_NO_PAD
            .encode(String::from_utf8(URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap().replace("fishpond-api", "another-api"));
        let wrong = [
            format!("{none}.{}.", parts[1]),
            format!("{none}.{}.{}", parts[1], parts[2]),
            format!("{}.{forged}.{}", parts[0], parts[2]),
            format!("{}.{}.{}", parts[0], parts[1], parts[2].chars().rev().collect::<String>()),
            format!("{}.{}", parts[0], parts[1]),
            "x".repeat(5000),
        ];
        for token in wrong {
            app.with_token(&token).get("/me").await.problem(401, "invalid_token");
        }
        app.anyone().get("/me").await.problem(401, "unauthenticated");
        let basic = app.anyone().request(reqwest::Method::GET, "/me").header("authorization", "Basic YTpi");
        app.anyone().send(basic).await.problem(401, "unauthenticated");
        app.anyone().get(&format!("/me?access_token={token}")).await.problem(400, "unknown_parameter");
    });
}

#[test]
fn another_servers_new_key_is_believed() {
    on_both(|app| async move {
        app.advance(Duration::days(91)); // whoever starts after 90 makes a new one
        let Some(beside) = app.beside() else { return };
        let admin = beside.admin().await;
        let known = async |server: &App| server.anyone().get("/.well-known/jwks.json").await.ok()["keys"].as_array().unwrap().len();
        assert_eq!((known(&app).await, known(&beside).await), (1, 2));
        app.with_token(admin.token()).get("/me").await.ok();
    });
}

#[test]
fn one_email_in_two_workspaces_must_choose() {
    on_both(|app| async move {
        let stranger = app.db_stranger().await;
        let twin = json!({ "email": ADMIN_EMAIL, "name": "Twin", "role": "rep", "password": ADMIN_PASSWORD });
        stranger.post("/users", twin).await.created();
        let credentials = json!({ "email": ADMIN_EMAIL, "password": ADMIN_PASSWORD });
        let choices = app.anyone().post("/auth/login", credentials.clone()).await.problem(422, "workspace_required");
        let workspaces = choices["meta"]["workspaces"].as_array().unwrap();
        assert_eq!(workspaces.len(), 2);
        for workspace in workspaces {
            let mut chosen = credentials.clone();
            chosen["workspace_id"] = workspace["id"].clone();
            assert_eq!(app.anyone().post("/auth/login", chosen).await.ok()["workspace"], *workspace);
        }
    });
}

#[test]
fn guesses_at_the_same_moment_count_one_by_one() {
    on_both(|app| async move {
        let anyone = app.anyone();
        let guess = || anyone.post("/auth/login", json!({ "email": "victim@example.com", "password": "a guess" }));
        let statuses: Vec<u16> =
            futures_util::future::join_all((0..20).map(|_| guess())).await.into_iter().map(|reply| reply.status).collect();
        let looked_at = statuses.iter().filter(|status| **status == 401).count();
        assert!((1..=6).contains(&looked_at) && statuses.iter().all(|status| matches!(status, 401 | 429 | 503)), "{statuses:?}");
    });
}

#[test]
fn tokens_and_sessions_end_with_time() {
    on_both(|app| async move {
        let (anyone, erp) = (app.anyone(), app.api_key(&["customers:read"]).await);
        let expires_at = app.now().plus(Duration::days(40)).to_string();
        let bounded = json!({ "name": "bounded", "scopes": ["customers:read"], "expires_at": expires_at });
        let bounded = app.admin().await.post("/api-keys", bounded).await.created();
        let bounded = app.with_token(bounded["key"].as_str().unwrap());
        let pair = anyone.post("/auth/login", json!({ "email": ADMIN_EMAIL, "password": ADMIN_PASSWORD })).await.ok();
        let access = |pair: &Value| app.with_token(pair["access_token"].as_str().unwrap());
        let refresh = async |pair: &Value| anyone.post("/auth/refresh", json!({ "refresh_token": pair["refresh_token"] })).await;
        app.advance(Duration::minutes(14));
        access(&pair).get("/me").await.ok();
        app.advance(Duration::minutes(2));
        access(&pair).get("/me").await.problem(401, "expired_token");
        let pair = refresh(&pair).await.ok();
        app.advance(Duration::days(29));
        let pair = refresh(&pair).await.ok();
        access(&pair).get("/me").await.ok();
        bounded.get("/customers").await.ok();
        if let Some(other) = app.beside() {
            other.with_token(pair["access_token"].as_str().unwrap()).get("/me").await.ok();
            app.advance(Duration::days(31));
            other.with_token(pair["access_token"].as_str().unwrap()).get("/me").await.problem(401, "expired_token");
        } else {
            app.advance(Duration::days(31));
        }
        refresh(&pair).await.problem(401, "invalid_refresh_token");
        bounded.get("/customers").await.problem(401, "invalid_api_key");
        erp.get("/customers").await.ok();
        app.admin().await.get("/me").await.ok();
    });
}
