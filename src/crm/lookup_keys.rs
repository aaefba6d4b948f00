//! Normalised values by which objects are looked up: phone numbers, industries, web domains, credit codes.

use std::collections::BTreeSet;

use diesel::insert_into;
use diesel::prelude::*;

use crate::db::condition::AnyId;
use crate::db::id::{Id, Kind, WorkspaceId};
use crate::db::schema::lookup_keys;
use crate::db::{Insert, Tx, insert};

/// What kind of value a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum KeyKind {
    Phone,
    Industry,
    Domain,
    CreditCode,
}

#[derive(Insertable)]
#[diesel(table_name = lookup_keys, treat_none_as_default_value = false)]
struct Row {
    workspace_id: WorkspaceId,
    resource_type: &'static str,
    kind: &'static str,
    value: String,
    object_id: AnyId,
}

/// Takes the keys for an object that has none in the table.
pub fn add<K: Kind>(tx: &mut Tx<'_>, id: Id<K>, keys: &[(KeyKind, String)]) -> QueryResult<()> {
    let (workspace_id, object_id) = (tx.actor.workspace_id, AnyId::from_uuid(id.uuid()));
    let distinct: BTreeSet<&(KeyKind, String)> = keys.iter().collect();
    let row = |(kind, value): &(KeyKind, String)| Row {
        workspace_id,
        resource_type: K::NAME,
        kind: (*kind).into(),
        value: value.clone(),
        object_id,
    };
    let rows: Vec<Row> = distinct.into_iter().map(row).collect();
    let statements: Vec<_> = rows.iter().map(|row| insert_into(lookup_keys::table).values(row)).collect();
    insert(tx.conn, &statements.iter().map(|statement| statement as &dyn Insert).collect::<Vec<_>>())
}

/// Makes the table hold exactly these keys for the object.
pub fn replace<K: Kind>(tx: &mut Tx<'_>, id: Id<K>, keys: &[(KeyKind, String)]) -> QueryResult<()> {
    remove(tx, id)?;
    add(tx, id, keys)
}

/// A deleted object is not found by its keys.
pub fn remove<K: Kind>(tx: &mut Tx<'_>, id: Id<K>) -> QueryResult<()> {
    let own = lookup_keys::workspace_id.eq(tx.actor.workspace_id).and(lookup_keys::object_id.eq(AnyId::from_uuid(id.uuid())));
    diesel::delete(lookup_keys::table.filter(own)).execute(tx.conn).map(|_| ())
}

/// The registrable domain of a web address: `www.shop.example.co.uk` → `example.co.uk`.
pub fn domain_of(website: &str) -> Option<String> {
    let url = url::Url::parse(website).ok()?;
    psl::domain_str(url.host_str()?).map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registrable_domain_is_the_key() {
        assert_eq!(domain_of("https://www.Shop.Example.co.uk/x").as_deref(), Some("example.co.uk"));
        assert_eq!(domain_of("https://huawei.com.cn").as_deref(), Some("huawei.com.cn"));
        assert_eq!(domain_of("nonsense"), None);
    }
}
