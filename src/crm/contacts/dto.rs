//! Contacts on the wire.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use strum::{AsRefStr, EnumString};
use utoipa::ToSchema;
use validator::Validate;

use super::fields::Contacts;
use super::rules::check_distinct_customers;
use crate::crm::custom_fields::{Custom, CustomValues};
use crate::crm::external_refs::ExternalRef;
use crate::crm::phones::Phone;
use crate::crm::resource::batch_get::Wanted;
use crate::crm::resource::upsert::Upsert;
use crate::db::id::{ContactId, CustomerId, UserId};
use crate::db::types::Instant;
use crate::http::patch::{Patch, Patchable};
use crate::listing::Search;

/// How a contact likes to be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, AsRefStr, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Channel {
    Phone,
    Email,
    Sms,
    Wechat,
    Visit,
}

/// Whether somebody agreed to be written to or called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    Granted,
    Denied,
    #[default]
    Unknown,
}

/// Consent per channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Consents {
    #[serde(default)]
    pub email: Consent,
    #[serde(default)]
    pub sms: Consent,
    #[serde(default)]
    pub phone: Consent,
    #[serde(default)]
    pub wechat: Consent,
}

/// An account in a social network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SocialAccount {
    #[schema(min_length = 1, max_length = 50, example = "linkedin")]
    pub network: String,
    #[schema(min_length = 1, max_length = 200, example = "zhang-san")]
    pub handle: String,
}

/// A contact's place at a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactLink {
    pub customer_id: CustomerId,
    /// Code of the dictionary `contact_role`.
    #[schema(max_length = 64, example = "purchaser")]
    pub role: Option<String>,
    /// A customer has one primary contact: setting a new one demotes the old one.
    #[serde(default)]
    #[schema(default = false)]
    pub is_primary: bool,
    #[serde(default)]
    #[schema(default = false)]
    pub is_decision_maker: bool,
    /// The day on which the contact left the customer.
    pub left_date: Option<NaiveDate>,
}

/// The members of a contact that are set at creation and changed by PATCH.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema, Validate)]
pub struct ContactFields {
    #[schema(min_length = 1, max_length = 100, example = "张三")]
    pub name: String,
    #[schema(max_length = 100, example = "采购经理")]
    pub title: Option<String>,
    #[schema(max_length = 100)]
    pub department: Option<String>,
    #[schema(format = Email, max_length = 254, example = "zhang.san@example.com")]
    pub email: Option<String>,
    #[serde(default)]
    #[schema(max_items = 10)]
    pub phones: Vec<Phone>,
    #[schema(max_length = 64)]
    pub wechat: Option<String>,
    #[serde(default)]
    #[schema(max_items = 10)]
    pub social_accounts: Vec<SocialAccount>,
    #[schema(max_length = 50)]
    pub gender: Option<String>,
    #[validate(custom(function = "crate::http::formats::check_not_future"))]
    pub birthday: Option<NaiveDate>,
    pub preferred_channel: Option<Channel>,
    #[serde(default)]
    pub consents: Consents,
    #[schema(max_length = 5000)]
    pub remarks: Option<String>,
    /// The customers this contact belongs to. Links to customers that you do not see are neither shown nor touched.
    #[serde(default)]
    #[schema(value_type = BTreeSet<ContactLink>, max_items = 20)]
    #[validate(custom(function = "check_distinct_customers"))]
    pub links: Vec<ContactLink>,
    /// Identifiers in other systems.
    #[serde(default)]
    #[schema(value_type = BTreeSet<ExternalRef>, max_items = 10)]
    pub external_refs: Vec<ExternalRef>,
    /// Values of the workspace's own fields (`/fields`), by their keys. In a patch each key stands for itself: null clears it.
    #[serde(default)]
    #[schema(value_type = CustomValues, example = json!({ "contract_level": "gold" }))]
    pub custom: Custom,
}

impl Patchable for ContactFields {
    const PATCH_SCHEMA: &'static str = "UpdateContact";
}

pub type UpdateContact = Patch<ContactFields>;

pub type UpsertContact = Upsert<Contacts>;
pub type ContactSearch = Search<Contacts>;
pub type ContactBatchGetRequest = Wanted<Contacts>;

/// A new contact.
#[derive(Debug, Clone, Deserialize, ToSchema)]
pub struct CreateContact {
    #[serde(flatten)]
    pub fields: ContactFields,
}

/// A contact.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Contact {
    pub id: ContactId,
    /// Grows by one with every change; the `ETag` is `"v<version>"`.
    pub version: i64,
    #[serde(flatten)]
    pub fields: ContactFields,
    pub created_at: Instant,
    pub updated_at: Instant,
    /// Null when the system made it.
    pub created_by_id: Option<UserId>,
}
