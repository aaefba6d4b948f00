//! What a contact may be, without asking the database.

use std::collections::HashSet;

use validator::ValidationError;

use super::dto::{ContactFields, ContactLink};
use crate::crm::references::CodeUse;
use crate::http::validation::duplicate_item;

/// For `validator`: one link to a customer.
pub fn check_distinct_customers(links: &[ContactLink]) -> Result<(), ValidationError> {
    let mut seen = HashSet::new();
    links.iter().position(|link| !seen.insert(link.customer_id)).map_or(Ok(()), |index| Err(duplicate_item(index)))
}

/// The dictionary codes that the members use.
pub fn codes(fields: &ContactFields) -> Vec<CodeUse> {
    let roles = fields.links.iter().enumerate().filter_map(|(index, link)| {
        let code = link.role.clone()?;
        Some(CodeUse { dictionary: "contact_role", pointer: format!("/links/{index}/role"), code })
    });
    roles.collect()
}
