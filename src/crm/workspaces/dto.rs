//! The workspace on the wire.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use strum::{AsRefStr, EnumString};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use crate::db::id::WorkspaceId;
use crate::db::types::Instant;
use crate::http::patch::{Patch, Patchable};
use crate::http::validation::wrong_format;

/// A language of labels and messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema, AsRefStr, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Locale {
    #[default]
    Zh,
    En,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// The members of a workspace that administrators change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema, Validate)]
pub struct WorkspaceFields {
    #[schema(min_length = 1, max_length = 100, example = "鱼池科技")]
    pub name: String,
    /// IANA name; rules that speak of days mean days in it.
    #[serde(default = "default_time_zone")]
    #[schema(max_length = 64, default = "Asia/Shanghai", example = "Asia/Shanghai")]
    #[validate(custom(function = "check_time_zone"))]
    pub time_zone: String,
    /// ISO 4217.
    #[serde(default = "default_currency")]
    #[schema(pattern = "^[A-Z]{3}$", default = "CNY", example = "CNY")]
    #[validate(custom(function = "check_currency"))]
    pub base_currency: String,
    #[serde(default)]
    pub locale: Locale,
    #[serde(default = "default_working_days")]
    #[schema(value_type = BTreeSet<Weekday>, max_items = 7)]
    pub working_days: Vec<Weekday>,
    /// Days off besides.
    #[serde(default)]
    #[schema(value_type = BTreeSet<NaiveDate>, max_items = 1000)]
    pub holidays: Vec<NaiveDate>,
    /// Days worked although the week says otherwise (调休).
    #[serde(default)]
    #[schema(value_type = BTreeSet<NaiveDate>, max_items = 1000)]
    pub extra_workdays: Vec<NaiveDate>,
    /// Days within which a customer is to be touched again, unless its tier or the stage of an open opportunity says otherwise; 0 asks for nothing.
    #[serde(default = "default_cadence_days")]
    #[schema(minimum = 0, maximum = 36_500, default = 7)]
    pub cadence_days: i32,
}

/// A new workspace's settings.
pub fn default_workspace(name: &str) -> WorkspaceFields {
    WorkspaceFields {
        name: name.to_owned(),
        time_zone: default_time_zone(),
        base_currency: default_currency(),
        locale: Locale::default(),
        working_days: default_working_days(),
        holidays: Vec::new(),
        extra_workdays: Vec::new(),
        cadence_days: default_cadence_days(),
    }
}

/// At least one touch a week.
const fn default_cadence_days() -> i32 {
    7
}

fn default_time_zone() -> String {
    "Asia/Shanghai".to_owned()
}

fn default_currency() -> String {
    "CNY".to_owned()
}

fn default_working_days() -> Vec<Weekday> {
    vec![Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday]
}

fn check_time_zone(name: &str) -> Result<(), ValidationError> {
    name.parse::<chrono_tz::Tz>().map(|_| ()).map_err(|_| {
        let mut fault = ValidationError::new("unknown_time_zone");
        fault.add_param("time_zone".into(), &name);
        fault
    })
}

fn check_currency(code: &str) -> Result<(), ValidationError> {
    iso_currency::Currency::from_code(code).map(|_| ()).ok_or_else(|| wrong_format("ISO 4217"))
}

impl Patchable for WorkspaceFields {
    const PATCH_SCHEMA: &'static str = "UpdateWorkspace";
}

pub type UpdateWorkspace = Patch<WorkspaceFields>;

/// The workspace.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Workspace {
    pub id: WorkspaceId,
    pub version: i64,
    #[serde(flatten)]
    pub fields: WorkspaceFields,
    pub created_at: Instant,
    pub updated_at: Instant,
}
