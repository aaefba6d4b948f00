//! The caller of a request, and the extractors that state what a handler asks of it.

use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::ops::Deref;

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use super::privileges::{Privilege, Role};
use super::scope::Scope;
use super::service::Auth;
use crate::db::Actor;
use crate::db::id::SessionId;
use crate::http::catalogue::Code;
use crate::http::context::Context;
use crate::http::idempotency;
use crate::http::problem::Problem;
use crate::http::shell::LoggedCaller;

/// Someone known: a person with a session, or a service account with an API key.
#[derive(Debug, Clone)]
pub struct Caller {
    pub actor: Actor,
    pub scope: Scope,
    pub role: Role,
    /// `None` for API keys.
    pub session_id: Option<SessionId>,
    /// `Some` for API keys.
    pub scopes: Option<Vec<String>>,
    must_change_password: bool,
}

impl Caller {
    pub fn is_admin(&self) -> bool {
        self.role == Role::Admin
    }

    /// Deleted rows are shown to administrators only; an API key with the scope may read them too.
    pub fn check_deleted(&self, is_deleted: bool) -> Result<(), Problem> {
        if is_deleted && self.scopes.is_none() && !self.is_admin() {
            return Err(Problem::new(Code::InsufficientRole).with("required_role", Role::Admin.as_ref()));
        }
        Ok(())
    }

    /// Whether administrators are within reach: a person's role has said so already, an API key needs every right itself.
    pub fn check_administrators(&self) -> Result<(), Problem> {
        self.check_grant(&["*".to_owned()])
    }

    /// An API key cannot make one that may more than itself.
    pub fn check_grant(&self, scopes: &[String]) -> Result<(), Problem> {
        let Some(own) = &self.scopes else { return Ok(()) };
        let beyond = scopes.iter().find(|scope| !own.iter().any(|held| held == "*" || held == *scope));
        beyond.map_or(Ok(()), |scope| Err(Problem::new(Code::InsufficientScope).with("required_scope", scope.as_str())))
    }

    /// Whether this caller, when it is an API key, has a scope.
    pub fn check_scope(&self, required: &str) -> Result<(), Problem> {
        match &self.scopes {
            Some(scopes) if !scopes.iter().any(|scope| scope == "*" || scope == required) => {
                Err(Problem::new(Code::InsufficientScope).with("required_scope", required))
            }
            _ => Ok(()),
        }
    }

    /// Whether this caller need not change its password first.
    fn check_settled(&self) -> Result<(), Problem> {
        if self.must_change_password { Err(Problem::new(Code::PasswordChangeRequired)) } else { Ok(()) }
    }

    /// Whether this caller has a privilege, and what it lacks otherwise.
    pub fn check<P: Privilege>(&self) -> Result<(), Problem> {
        match &self.scopes {
            Some(_) => self.check_scope(P::SCOPE),
            None => {
                self.check_settled()?;
                let role = || Problem::new(Code::InsufficientRole).with("required_role", P::ROLES.first().map(Role::as_ref));
                if P::ROLES.contains(&self.role) { Ok(()) } else { Err(role()) }
            }
        }
    }
}

/// Finds out who calls before any extractor runs: a request is refused for its caller first, and for its body only then.
pub async fn authenticate(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    if request.headers().contains_key(AUTHORIZATION) && request.match_info().as_str().starts_with("/api/") {
        let mut caller = find(request.request()).await;
        let mut readable = Ok(());
        if let Ok(caller) = &mut caller {
            request.extensions_mut().insert(LoggedCaller(caller.scope.user_id.to_string()));
            match idempotency::of(&mut request, caller.scope.workspace_id, caller.scope.user_id).await {
                Ok(key) => caller.actor.idempotency = key,
                Err(problem) => readable = Err(problem),
            }
        }
        request.extensions_mut().insert(Found { caller, readable });
    }
    next.call(request).await
}

/// What `authenticate` leaves for the extractors.
struct Found {
    caller: Result<Caller, Problem>,
    /// What is wrong with the idempotency key, or with the body that was read for it: told to those who may do what they ask.
    readable: Result<(), Problem>,
}

impl Found {
    fn check(request: &HttpRequest, may: impl FnOnce(&Caller) -> Result<(), Problem>) -> Result<Caller, Problem> {
        let extensions = request.extensions();
        let Self { caller, readable } = extensions.get().ok_or_else(|| Problem::new(Code::Unauthenticated))?;
        let caller = caller.clone()?;
        may(&caller)?;
        readable.clone().map(|()| caller)
    }
}

/// Who sends this request, by what is known now: a request that waits asks again.
pub async fn find(request: &HttpRequest) -> Result<Caller, Problem> {
    let auth = request.app_data::<Data<Auth>>().ok_or_else(|| Problem::new(Code::InternalError))?;
    let (principal, session_id) = auth.authenticate(bearer(request.headers())?).await?;
    let request_id = request.extensions().get::<Context>().map(|context| context.request_id.clone()).unwrap_or_default();
    Ok(Caller {
        actor: Actor { workspace_id: principal.workspace_id, user_id: Some(principal.user_id), request_id, idempotency: None },
        scope: Scope::of(principal.workspace_id, principal.user_id, principal.role, principal.is_in_unit, auth.now()),
        role: principal.role,
        session_id,
        scopes: principal.scopes.clone(),
        must_change_password: principal.must_change_password,
    })
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Found::check(request, |_| Ok(())))
    }
}

fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let missing = || Problem::new(Code::Unauthenticated);
    let value = headers.get(AUTHORIZATION).ok_or_else(missing)?;
    let (scheme, token) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(missing)?;
    if scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty() { Ok(token.trim()) } else { Err(missing()) }
}

/// A caller who has the privilege `P`.
#[derive(Debug, Clone)]
pub struct Can<P>(Caller, PhantomData<P>);

impl<P> Deref for Can<P> {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.0
    }
}

impl<P: Privilege> FromRequest for Can<P> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Found::check(request, Caller::check::<P>).map(|caller| Self(caller, PhantomData)))
    }
}

/// A caller who may do what is its own: anyone known who need not change its password first.
#[derive(Debug, Clone)]
pub struct Settled(Caller);

impl Deref for Settled {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.0
    }
}

impl FromRequest for Settled {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Found::check(request, Caller::check_settled).map(Self))
    }
}
