//! What a pool hides of its customers and of their contacts until somebody has claimed them: from everybody but its administrators
//! and those who change everything. It is hidden in answers and in the feed, no filter compares it, and `q` does not find it.

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::{Reach, Scope};
use crate::crm::org_units::reach;
use crate::crm::phones::{self, Phone};
use crate::db::id::{PoolId, WorkspaceId};
use crate::db::schema::pools;
use crate::db::{Condition, DbConnection};

/// What a pool can hide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MaskedField {
    /// Phone numbers but for their first and last digits; of contacts, WeChat and other accounts too.
    Phones,
    /// E-mail addresses but for the first character and the domain.
    Email,
    /// Street and postal code; country, province, city and district are shown.
    Address,
}

/// What is hidden.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hidden {
    pub phones: bool,
    pub email: bool,
    pub address: bool,
}

impl Hidden {
    pub fn of(fields: &[MaskedField]) -> Self {
        let is_in = |field| fields.contains(&field);
        Self { phones: is_in(MaskedField::Phones), email: is_in(MaskedField::Email), address: is_in(MaskedField::Address) }
    }

    pub fn fields(self) -> Vec<MaskedField> {
        let all = [(self.phones, MaskedField::Phones), (self.email, MaskedField::Email), (self.address, MaskedField::Address)];
        all.into_iter().filter_map(|(is_hidden, field)| is_hidden.then_some(field)).collect()
    }

    /// What either hides.
    pub const fn or(self, other: Self) -> Self {
        Self { phones: self.phones || other.phones, email: self.email || other.email, address: self.address || other.address }
    }

    /// What both hide.
    pub const fn and(self, other: Self) -> Self {
        Self { phones: self.phones && other.phones, email: self.email && other.email, address: self.address && other.address }
    }

    pub fn mask(self, phones: &mut Vec<Phone>, email: &mut Option<String>) {
        if self.phones {
            phones.retain_mut(|phone| phones::masked(&phone.number).map(|number| phone.number = number).is_some());
        }
        if self.email {
            *email = email.take().map(|email| masked_email(&email));
        }
    }
}

/// The first character and the domain.
fn masked_email(email: &str) -> String {
    let (name, domain) = email.rsplit_once('@').unwrap_or((email, ""));
    format!("{}***@{domain}", name.chars().next().unwrap_or_default())
}

/// The pools that hide something from a caller.
pub struct Masks(HashMap<PoolId, Hidden>);

impl Masks {
    /// Of these pools; nothing is asked when there are none.
    pub fn of(conn: &mut DbConnection, scope: &Scope, ids: impl IntoIterator<Item = PoolId>) -> QueryResult<Self> {
        if scope.changes == Reach::All {
            return Ok(Self(HashMap::new()));
        }
        hidden(conn, scope.workspace_id, ids, Condition::sql(" AND pools.id NOT IN ").append(administered(scope))).map(Self)
    }

    /// Of a customer that is in this pool, or in none.
    pub fn on(&self, pool_id: Option<PoolId>) -> Hidden {
        pool_id.and_then(|id| self.0.get(&id).copied()).unwrap_or_default()
    }
}

/// What these pools hide, from whomever they do.
pub fn all(conn: &mut DbConnection, workspace_id: WorkspaceId, ids: impl IntoIterator<Item = PoolId>) -> QueryResult<Masks> {
    hidden(conn, workspace_id, ids, Condition::default()).map(Masks)
}

fn hidden(
    conn: &mut DbConnection,
    workspace_id: WorkspaceId,
    ids: impl IntoIterator<Item = PoolId>,
    further: Condition,
) -> QueryResult<HashMap<PoolId, Hidden>> {
    let ids: BTreeSet<PoolId> = ids.into_iter().collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let these = Condition::sql("pools.workspace_id = ").bind(workspace_id).then(" AND ").append(Condition::any_of("pools.id", ids));
    let columns = (pools::id, pools::masks_phones, pools::masks_email, pools::masks_address);
    let rows: Vec<(PoolId, bool, bool, bool)> = pools::table.filter(these.append(further)).select(columns).load(conn)?;
    Ok(rows.into_iter().map(|(id, phones, email, address)| (id, Hidden { phones, email, address })).collect())
}

/// The ids of the pools that a caller administers.
fn administered(scope: &Scope) -> Condition {
    let own = Condition::sql("(SELECT m.pool_id FROM pool_members m WHERE m.workspace_id = ").bind(scope.workspace_id);
    let own = own.then(" AND m.is_admin AND (m.user_id = ").bind(scope.user_id).then(" OR m.org_unit_id IN ");
    own.append(reach::above(scope, scope.user_id)).then("))")
}

/// The customers of which what this column of `pools` hides is shown to the caller; `None` for all.
pub fn shown(scope: &Scope, column: &str) -> Option<Condition> {
    if scope.changes == Reach::All {
        return None;
    }
    let shown = Condition::sql("(customers.pool_id IS NULL OR customers.pool_id NOT IN (SELECT p.id FROM pools p WHERE p.workspace_id = ");
    let shown = shown.bind(scope.workspace_id).then(format!(" AND p.{column} AND p.id NOT IN ")).append(administered(scope));
    Some(shown.then("))"))
}

/// Those whose phone numbers are shown.
pub fn phones_shown(scope: &Scope) -> Option<Condition> {
    shown(scope, "masks_phones")
}

/// Those whose e-mail addresses are shown.
pub fn email_shown(scope: &Scope) -> Option<Condition> {
    shown(scope, "masks_email")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_its_domain() {
        assert_eq!(masked_email("zhang.san@example.com"), "z***@example.com");
        assert_eq!(masked_email("张@example.com"), "张***@example.com");
    }

    #[test]
    fn what_is_hidden_survives_its_names() {
        for hidden in [Hidden::default(), Hidden { phones: true, ..Hidden::default() }, Hidden { email: true, address: true, phones: true }]
        {
            assert_eq!(Hidden::of(&hidden.fields()), hidden);
        }
    }
}
