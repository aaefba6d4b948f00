//! `/meta`.

use actix_web::get;
use actix_web::web::{Data, Path};
use sha2::{Digest, Sha256};
use strum::IntoEnumIterator;

use super::describe;
use super::dto::{DescribedResource, ResourceDescription, ResourceList, ResourceSummary};
use crate::auth::Can;
use crate::auth::privileges::ReadFields;
use crate::crm::contacts::Contacts;
use crate::crm::customers::Customers;
use crate::crm::opportunities::Opportunities;
use crate::crm::planned_touches::PlannedTouches;
use crate::crm::tiers::Tiers;
use crate::crm::touch_records::TouchRecords;
use crate::crm::{custom_fields, dictionaries};
use crate::db::Db;
use crate::http::answer::Answer;
use crate::http::document::Document;
use crate::http::problem::Problem;

/// List the resources
///
/// Those that have a description.
#[utoipa::path(tag = "fields", responses((status = 200, description = "The resources.", body = ResourceList)), security(("bearer" = ["fields:read"])))]
#[get("/meta/resources")]
pub async fn list_resources(_caller: Can<ReadFields>) -> Result<Answer, Problem> {
    let summary = |resource: DescribedResource| {
        let path = resource.path();
        let description_path = path.replace("/v1/", "/v1/meta/resources/");
        ResourceSummary { resource, path, description_path }
    };
    Answer::ok(&ResourceList { data: DescribedResource::iter().map(summary).collect() })
}

/// Describe a resource
///
/// Its fields, custom ones included, with what they can be filtered and sorted by and the labels of their choices: enough to draw a
/// form or a filter. The `ETag` changes when the description does.
#[utoipa::path(
    tag = "fields",
    params(("resource" = String, Path, description = "As in paths, for example `touch-records`.", example = "customers")),
    responses(
        (status = 200, description = "The resource's fields.", body = ResourceDescription),
        (status = 304, description = "It still is what the caller has."),
    ),
    security(("bearer" = ["fields:read"])),
)]
#[get("/meta/resources/{resource}")]
pub async fn get_resource(db: Data<Db>, document: Data<Document>, caller: Can<ReadFields>, name: Path<String>) -> Result<Answer, Problem> {
    let named = |resource: &DescribedResource| resource.path().rsplit('/').next() == Some(name.as_str());
    let resource = DescribedResource::iter().find(named).ok_or_else(Problem::not_found)?;
    let workspace_id = caller.scope.workspace_id;
    let (custom, codes) = db
        .read(move |conn| {
            let custom = custom_fields::store::of(conn, workspace_id, resource.as_ref())?;
            Ok((custom, dictionaries::store::list(conn, workspace_id)?))
        })
        .await?;
    let description = match resource {
        DescribedResource::Customers => describe::resource::<Customers>(resource, &document, &codes, custom),
        DescribedResource::Contacts => describe::resource::<Contacts>(resource, &document, &codes, custom),
        DescribedResource::Opportunities => describe::resource::<Opportunities>(resource, &document, &codes, custom),
        DescribedResource::Tiers => describe::resource::<Tiers>(resource, &document, &codes, custom),
        DescribedResource::TouchRecords => describe::resource::<TouchRecords>(resource, &document, &codes, custom),
        DescribedResource::PlannedTouches => describe::resource::<PlannedTouches>(resource, &document, &codes, custom),
    };
    let mut answer = Answer::ok(&description)?;
    let digest = Sha256::digest(&answer.body);
    let tag: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    answer.etag = Some(format!("\"{tag}\""));
    Ok(answer)
}
