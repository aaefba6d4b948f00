//! Normalised values by which objects are looked up: phone numbers, industries, web domains, credit codes.

use diesel::prelude::*;

use crate::db::Tx;
use crate::db::condition::AnyId;
use crate::db::id::{Id, Kind};
use crate::db::schema::lookup_keys;

/// What kind of value a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::AsRefStr)]
#[strum(serialize_all = "snake_case")]
pub enum KeyKind {
    Phone,
    Industry,
    Domain,
    CreditCode,
}

/// Makes the table hold exactly these keys for the object.
pub fn replace<K: Kind>(tx: &mut Tx<'_>, id: Id<K>, keys: &[(KeyKind, String)]) -> QueryResult<()> {
    remove(tx, id)?;
    let mut distinct = keys.to_vec();
    distinct.sort();
    distinct.dedup();
    for (kind, value) in &distinct {
        diesel::insert_into(lookup_keys::table)
            .values((
                lookup_keys::workspace_id.eq(tx.actor.workspace_id),
                lookup_keys::resource_type.eq(K::NAME),
                lookup_keys::kind.eq(kind.as_ref()),
                lookup_keys::value.eq(value),
                lookup_keys::object_id.eq(AnyId::from_uuid(id.uuid())),
            ))
            .execute(tx.conn)?;
    }
    Ok(())
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
