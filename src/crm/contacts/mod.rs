//! Contacts: people at customers, linked to one or more of them. Each customer has at most one primary contact.

mod dto;
mod fields;
pub mod links;
pub mod routes;
pub mod rows;
mod rules;
pub mod search;
pub mod store;

use crate::crm::resource::{Create, Delete, Get, GetAll, Resource, Restore, Update};
use crate::db::Topic;
use crate::db::id::ContactId;

pub use dto::{Channel, Consents, Contact, ContactFields, ContactLink, CreateContact};
pub use fields::{Contacts, EXPANDED, visible};

impl Resource for Contacts {
    type Create = CreateContact;
    type Fields = ContactFields;
    type View = Contact;

    const PATH: &'static str = "/api/v1/contacts";
    const TOPIC: Option<(Topic, &str)> = Some((Topic::PrimaryContacts, "links"));
    const IS_VOLATILE: bool = true;

    const KEY: fn(&Contact) -> (ContactId, i64) = |contact| (contact.id, contact.version);
    const GET: Get<Self> = store::get;
    const GET_ALL: GetAll<Self> = store::get_all;
    const CREATE: Create<Self> = store::create;
    const UPDATE: Update<Self> = store::update;
    const DELETE: Delete<Self> = store::delete;
    const RESTORE: Restore<Self> = store::restore;
}
