//! The API: every route, once. actix serves them and the document is made of them.

use actix_web::dev::{HttpServiceFactory, ServiceFactory, ServiceRequest};
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, Error, Scope};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_actix_web::{AppExt, OpenApiFactory, scope, service_config};

use crate::auth::sessions;
use crate::crm::{
    api_keys, audit, contacts, custom_fields, customers, dictionaries, handovers, holding_caps, meta, notifications, opportunities,
    org_units, pipelines, planned_touches, pools, recycling, tiers, timeline, touch_records, users, worklist, workspaces,
};
use crate::http::document::Document;
use crate::http::problem::{FieldErrorBody, ProblemBody};
use crate::ops;
use crate::{changes, jobs};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Fishpond",
        description = "A headless CRM (鱼池). Send an access token from `/api/v1/auth/login` or an API key as `Authorization: Bearer`. \
Every refusal is `application/problem+json` with a stable `code`; `GET /problems/{code}` explains it.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
        contact(name = "Fishpond")
    ),
    servers((url = "/", description = "This server")),
    components(schemas(ProblemBody, FieldErrorBody, users::UserSummary)),
    modifiers(&Bearer),
    tags(
        (name = "auth", description = "Logging in and out."),
        (name = "me", description = "The caller itself."),
        (name = "customers", description = "Organizations and persons, leads included."),
        (name = "contacts", description = "People at customers."),
        (name = "opportunities", description = "What may be sold, on its way through a pipeline."),
        (name = "touch-records", description = "What was said and done with customers."),
        (name = "planned-touches", description = "What is still to be done with customers, by whom and when."),
        (name = "pools", description = "Customers that nobody owns, and who may claim them."),
        (name = "holding-caps", description = "How many customers one user may hold."),
        (name = "org-units", description = "The organisation: a tree of units that users belong to."),
        (name = "tiers", description = "How much customers matter."),
        (name = "fields", description = "Fields that the workspace adds to its resources, and what resources consist of."),
        (name = "dictionaries", description = "Managed codes with labels in Chinese and English."),
        (name = "users", description = "Members of the workspace."),
        (name = "api-keys", description = "How other systems call."),
        (name = "workspace", description = "Settings of the workspace."),
        (name = "changes", description = "Everything that changed, in order, and who did it."),
        (name = "jobs", description = "Work that goes on after its request was answered."),
        (name = "operations", description = "Health and help."),
    )
)]
struct Api;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let mut bearer = Http::new(HttpAuthScheme::Bearer);
        bearer.description =
            Some("An access token (a JWT) or an API key (`fp_…`). Scopes apply to API keys; people have roles.".to_owned());
        document.components.get_or_insert_default().add_security_scheme("bearer", SecurityScheme::Http(bearer));
    }
}

/// What routes are added to: to the server, or to what also notes what the document says of them.
trait Routes: Sized {
    fn service<F: HttpServiceFactory + OpenApiFactory + 'static>(self, route: F) -> Self;
}

impl Routes for Scope {
    fn service<F: HttpServiceFactory + OpenApiFactory + 'static>(self, route: F) -> Self {
        self.service(route)
    }
}

impl<T: ServiceFactory<ServiceRequest, Config = (), Error = Error, InitError = ()>> Routes for scope::Scope<T> {
    fn service<F: HttpServiceFactory + OpenApiFactory + 'static>(self, route: F) -> Self {
        self.service(route)
    }
}

impl Routes for &mut ServiceConfig {
    fn service<F: HttpServiceFactory + OpenApiFactory + 'static>(self, route: F) -> Self {
        self.service(route)
    }
}

impl Routes for &mut service_config::ServiceConfig<'_> {
    fn service<F: HttpServiceFactory + OpenApiFactory + 'static>(self, route: F) -> Self {
        self.service(route)
    }
}

/// Adds every route. Nothing is noted of them: each worker of a server would keep the room that a document takes.
pub fn routes(config: &mut ServiceConfig) {
    unversioned(config).service(versioned(web::scope("/api/v1")));
}

/// The finished OpenAPI document.
pub fn document() -> Document {
    let noted = App::new().into_utoipa_app().openapi(Api::openapi()).configure(|config| {
        unversioned(config).service(versioned(scope("/api/v1")));
    });
    let (_, openapi) = noted.split_for_parts();
    Document::new(serde_json::to_value(openapi).unwrap_or_default())
}

fn unversioned<R: Routes>(routes: R) -> R {
    routes.service(ops::get_livez).service(ops::get_readyz).service(ops::get_problem).service(sessions::routes::get_jwks)
}

/// They are tried in this order: what is asked most stands first, and a pattern behind the literals of its method that it would match.
fn versioned<R: Routes>(routes: R) -> R {
    routes
        .service(customers::routes::get_customer)
        .service(customers::routes::list_customers)
        .service(customers::routes::search_customers)
        .service(customers::routes::create_customer)
        .service(customers::routes::update_customer)
        .service(customers::ownership::routes::transfer_customers)
        .service(customers::routes::batch_customers)
        .service(customers::routes::batch_get_customers)
        .service(customers::routes::get_customer_by_ref)
        .service(customers::routes::upsert_customer)
        .service(customers::routes::delete_customer)
        .service(customers::routes::restore_customer)
        .service(customers::routes::move_customer_lifecycle)
        .service(customers::routes::set_customer_tier)
        .service(customers::ownership::routes::release_customer)
        .service(customers::ownership::routes::lock_customer)
        .service(customers::ownership::routes::unlock_customer)
        .service(customers::ownership::routes::get_collaborators)
        .service(customers::ownership::routes::set_collaborators)
        .service(customers::ownership::routes::get_ownership_history)
        .service(customers::routes::get_customer_tree)
        .service(contacts::routes::get_contact)
        .service(contacts::routes::list_contacts)
        .service(contacts::routes::search_contacts)
        .service(contacts::routes::create_contact)
        .service(contacts::routes::update_contact)
        .service(contacts::routes::batch_contacts)
        .service(contacts::routes::batch_get_contacts)
        .service(contacts::routes::get_contact_by_ref)
        .service(contacts::routes::upsert_contact)
        .service(contacts::routes::delete_contact)
        .service(contacts::routes::restore_contact)
        .service(opportunities::routes::get_opportunity)
        .service(opportunities::routes::list_opportunities)
        .service(opportunities::routes::search_opportunities)
        .service(opportunities::routes::create_opportunity)
        .service(opportunities::routes::update_opportunity)
        .service(opportunities::routes::transfer_opportunities)
        .service(opportunities::routes::batch_opportunities)
        .service(opportunities::routes::batch_get_opportunities)
        .service(opportunities::routes::get_opportunity_by_ref)
        .service(opportunities::routes::upsert_opportunity)
        .service(opportunities::routes::delete_opportunity)
        .service(opportunities::routes::restore_opportunity)
        .service(opportunities::routes::move_opportunity)
        .service(opportunities::routes::get_stage_history)
        .service(touch_records::routes::get_touch_record)
        .service(touch_records::routes::list_touch_records)
        .service(touch_records::routes::search_touch_records)
        .service(touch_records::routes::create_touch_record)
        .service(touch_records::routes::update_touch_record)
        .service(touch_records::routes::batch_touch_records)
        .service(touch_records::routes::batch_get_touch_records)
        .service(touch_records::routes::get_touch_record_by_ref)
        .service(touch_records::routes::upsert_touch_record)
        .service(touch_records::routes::delete_touch_record)
        .service(touch_records::routes::restore_touch_record)
        .service(planned_touches::routes::get_planned_touch)
        .service(planned_touches::routes::list_planned_touches)
        .service(planned_touches::routes::search_planned_touches)
        .service(planned_touches::routes::create_planned_touch)
        .service(planned_touches::routes::update_planned_touch)
        .service(planned_touches::routes::batch_planned_touches)
        .service(planned_touches::routes::batch_get_planned_touches)
        .service(planned_touches::routes::complete_planned_touch)
        .service(planned_touches::routes::cancel_planned_touch)
        .service(planned_touches::routes::reassign_planned_touch)
        .service(tiers::routes::get_tier)
        .service(tiers::routes::list_tiers)
        .service(tiers::routes::search_tiers)
        .service(tiers::routes::create_tier)
        .service(tiers::routes::update_tier)
        .service(tiers::routes::batch_tiers)
        .service(tiers::routes::batch_get_tiers)
        .service(tiers::routes::get_tier_by_ref)
        .service(tiers::routes::upsert_tier)
        .service(tiers::routes::delete_tier)
        .service(tiers::routes::restore_tier)
        .service(timeline::routes::get_customer_timeline)
        .service(sessions::routes::login)
        .service(sessions::routes::refresh_session)
        .service(sessions::routes::logout)
        .service(users::me::get_me)
        .service(users::me::change_my_password)
        .service(notifications::routes::list_my_notifications)
        .service(notifications::routes::read_my_notifications)
        .service(notifications::routes::read_my_notification)
        .service(notifications::routes::unread_my_notification)
        .service(users::routes::list_users)
        .service(users::routes::create_user)
        .service(users::routes::get_user)
        .service(users::routes::update_user)
        .service(users::routes::set_user_password)
        .service(handovers::routes::hand_over_user)
        .service(api_keys::routes::list_api_keys)
        .service(api_keys::routes::create_api_key)
        .service(api_keys::routes::get_api_key)
        .service(api_keys::routes::revoke_api_key)
        .service(workspaces::routes::get_workspace)
        .service(workspaces::routes::update_workspace)
        .service(dictionaries::routes::list_dictionaries)
        .service(dictionaries::routes::get_dictionary)
        .service(dictionaries::routes::update_dictionary)
        .service(meta::routes::list_resources)
        .service(meta::routes::get_resource)
        .service(custom_fields::routes::list_fields)
        .service(custom_fields::routes::create_field)
        .service(custom_fields::routes::get_field)
        .service(custom_fields::routes::update_field)
        .service(custom_fields::routes::delete_field)
        .service(custom_fields::routes::retire_field)
        .service(custom_fields::routes::reactivate_field)
        .service(pools::routes::get_my_capacity)
        .service(org_units::routes::get_org_unit_by_ref)
        .service(org_units::routes::upsert_org_unit)
        .service(org_units::routes::list_org_units)
        .service(org_units::routes::create_org_unit)
        .service(org_units::routes::get_org_unit)
        .service(org_units::routes::update_org_unit)
        .service(org_units::routes::delete_org_unit)
        .service(org_units::routes::restore_org_unit)
        .service(org_units::routes::move_org_unit)
        .service(pools::routes::list_pools)
        .service(pools::routes::create_pool)
        .service(pools::routes::get_pool)
        .service(pools::routes::update_pool)
        .service(pools::routes::delete_pool)
        .service(pools::routes::restore_pool)
        .service(pools::routes::claim_customers)
        .service(pools::routes::assign_customers)
        .service(recycling::routes::list_recycle_rules)
        .service(recycling::routes::create_recycle_rule)
        .service(recycling::routes::simulate_recycle_rules)
        .service(recycling::routes::get_recycle_rule)
        .service(recycling::routes::update_recycle_rule)
        .service(recycling::routes::delete_recycle_rule)
        .service(recycling::routes::get_my_recycling)
        .service(holding_caps::routes::list_holding_caps)
        .service(holding_caps::routes::create_holding_cap)
        .service(holding_caps::routes::get_holding_cap)
        .service(holding_caps::routes::update_holding_cap)
        .service(holding_caps::routes::delete_holding_cap)
        .service(pools::routes::get_claimability)
        .service(pipelines::routes::list_pipelines)
        .service(pipelines::routes::get_stage)
        .service(pipelines::routes::update_stage)
        .service(worklist::routes::get_my_worklist)
        .service(worklist::routes::get_my_worklist_summary)
        .service(changes::routes::list_changes)
        .service(audit::routes::list_audit)
        .service(jobs::routes::list_jobs)
        .service(jobs::routes::get_job)
        .service(jobs::routes::cancel_job)
}
