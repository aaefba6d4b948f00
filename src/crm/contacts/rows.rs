//! A contact's row, and the way between it and what is answered.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::dto::{Channel, Consents, Contact, ContactFields, ContactLink, SocialAccount};
use crate::crm::custom_fields::Custom;
use crate::crm::external_refs::ExternalRef;
use crate::crm::phones::Phone;
use crate::crm::pools::masks::Hidden;
use crate::db::id::{ContactId, UserId, WorkspaceId};
use crate::db::schema::contacts;
use crate::db::types::{Instant, Json, Named};
use crate::listing::fold::fold_compare;

#[derive(Queryable, Selectable, Insertable, AsChangeset, PartialEq)]
#[diesel(table_name = contacts, primary_key(workspace_id, id), treat_none_as_null = true, treat_none_as_default_value = false)]
pub struct ContactRow {
    pub workspace_id: WorkspaceId,
    pub id: ContactId,
    pub version: i64,
    pub name: String,
    pub name_fold: String,
    pub title: Option<String>,
    pub title_fold: Option<String>,
    pub department: Option<String>,
    pub email: Option<String>,
    pub email_key: Option<String>,
    pub phones: Json<Vec<Phone>>,
    pub wechat: Option<String>,
    pub social_accounts: Json<Vec<SocialAccount>>,
    pub gender: Option<String>,
    pub birthday: Option<NaiveDate>,
    pub preferred_channel: Option<Named<Channel>>,
    pub consents: Json<Consents>,
    pub remarks: Option<String>,
    pub external_refs: Json<Vec<ExternalRef>>,
    pub created_at: Instant,
    pub updated_at: Instant,
    pub created_by_id: Option<UserId>,
    pub custom: Json<Custom>,
}

impl ContactRow {
    #[rustfmt::skip]
    pub fn with_links(self, links: Vec<ContactLink>) -> Contact {
        let Self {
            workspace_id: _, id, version, name, name_fold: _, title, title_fold: _, department, email, email_key: _, phones, wechat,
            social_accounts, gender, birthday, preferred_channel, consents, remarks, external_refs, created_at, updated_at, created_by_id,
            custom,
        } = self;
        let fields = ContactFields {
            name, title, department, email, phones: phones.0, wechat, social_accounts: social_accounts.0, gender, birthday,
            preferred_channel: preferred_channel.map(|channel| channel.0), consents: consents.0, remarks, links,
            external_refs: external_refs.0, custom: custom.0,
        };
        Contact { id, version, fields, created_at, updated_at, created_by_id }
    }
}

impl Contact {
    /// Without what is hidden of it.
    pub fn masked(mut self, hidden: Hidden) -> Self {
        let fields = &mut self.fields;
        hidden.mask(&mut fields.phones, &mut fields.email);
        if hidden.phones {
            fields.wechat = fields.wechat.take().map(|account| account.chars().take(2).chain("***".chars()).collect());
            fields.social_accounts.clear();
        }
        self
    }
}

#[rustfmt::skip]
pub fn row_of(workspace_id: WorkspaceId, contact: &Contact) -> ContactRow {
    let Contact { id, version, fields, created_at, updated_at, created_by_id } = contact.clone();
    let ContactFields {
        name, title, department, email, phones, wechat, social_accounts, gender, birthday, preferred_channel, consents, remarks, links: _,
        external_refs, custom,
    } = fields;
    ContactRow {
        workspace_id, id, version, name_fold: fold_compare(&name), name, title_fold: title.as_deref().map(fold_compare), title, department,
        email_key: email.as_deref().map(str::to_lowercase), email, phones: Json(phones), wechat, social_accounts: Json(social_accounts),
        gender, birthday, preferred_channel: preferred_channel.map(Named), consents: Json(consents), remarks,
        external_refs: Json(external_refs), created_at, updated_at, created_by_id, custom: Json(custom),
    }
}
