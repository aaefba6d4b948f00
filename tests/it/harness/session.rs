//! Somebody who stays logged in while days pass.

use serde_json::{Value, json};

use super::{ADMIN_PASSWORD, Actor, App};

/// A user with a refresh token: cheaper than a password when the clock is moved often.
pub struct Session {
    pub actor: Actor,
    refresh: Value,
}

impl Session {
    pub async fn open(app: &App, email: &str) -> Self {
        let pair = app.anyone().post("/auth/login", json!({ "email": email, "password": ADMIN_PASSWORD })).await.ok();
        Self::of(app, &pair)
    }

    /// The next access token; the old one may have ended.
    pub async fn renew(&mut self, app: &App) {
        let pair = app.anyone().post("/auth/refresh", json!({ "refresh_token": self.refresh })).await.ok();
        *self = Self::of(app, &pair);
    }

    fn of(app: &App, pair: &Value) -> Self {
        let token = pair["access_token"].as_str().expect("a token");
        let actor = app.with_token(token).with_id(pair["user"]["id"].as_str().expect("an id"));
        Self { actor, refresh: pair["refresh_token"].clone() }
    }
}
