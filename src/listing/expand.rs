//! `expand`: objects beside the ids that rows name them by.
//!
//! Each kind of object is loaded once for the whole page. What is to be expanded itself is loaded first; then all other ids are
//! known, and each kind of what is left is loaded together, whether a row names it or something that was added to a row.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;
use serde_json::Value;

use super::expansion::{Expansion, MAX_EXPANSIONS, Target, names, paths, values};
use super::field::Listed;
use crate::auth::Scope;
use crate::db::condition::AnyId;
use crate::db::id::decode_any;
use crate::db::{DbConnection, Failure};
use crate::http::answer::Answer;
use crate::http::catalogue::Code;
use crate::http::page::Page;
use crate::http::problem::{FieldError, Problem};
use crate::http::query::{Query, invalid};
use crate::http::schemas::nearest;

/// What is to be added to each row.
#[derive(Debug, Clone, Default)]
pub struct Expand(Vec<Asked>);

#[derive(Debug, Clone)]
struct Asked {
    expansion: &'static Expansion,
    /// What is to be added to what is added.
    below: Vec<&'static Expansion>,
}

/// A row as it is answered.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Row<T> {
    Plain(T),
    Expanded(Value),
}

/// Loaded objects by their ids.
type Objects = HashMap<String, Value>;

impl Expand {
    /// What some names ask of `R`, and what is wrong with them, each at its place in `/expand`.
    pub fn read<R: Listed>(asked: &[&str]) -> (Self, Vec<FieldError>) {
        let (mut expand, mut faults) = (Self::default(), Vec::new());
        for (place, name) in asked.iter().enumerate() {
            let at = |code| FieldError::new(format!("/expand/{place}"), code);
            if asked.iter().take(place).any(|earlier| earlier == name) {
                faults.push(at(Code::DuplicateItem));
            } else if let Some(path) = paths::<R>().find(|path| path.name == *name) {
                expand.add(path.first, path.second);
            } else {
                let allowed = names::<R>();
                let meant = nearest(name, allowed.iter().map(String::as_str)).map(str::to_owned);
                faults.push(at(Code::InvalidChoice).with("did_you_mean", meant).with("allowed", allowed));
            }
        }
        if faults.is_empty() && expand.count() > MAX_EXPANSIONS {
            faults.push(FieldError::new("/expand", Code::TooManyItems).with("max", MAX_EXPANSIONS));
        }
        (expand, faults)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The objects that it adds, those on the way included.
    fn count(&self) -> usize {
        self.0.iter().map(|asked| 1 + asked.below.len()).sum()
    }

    /// The same for a query parameter, whose faults are told at once.
    pub fn parse<R: Listed>(query: &Query) -> Result<Self, Problem> {
        let Some(text) = query.get("expand") else { return Ok(Self::default()) };
        let asked: Vec<&str> = text.split(',').map(str::trim).collect();
        let (expand, faults) = Self::read::<R>(&asked);
        if faults.is_empty() {
            return Ok(expand);
        }
        let allowed = names::<R>();
        let meant = faults.iter().find_map(|fault| fault.meta.get("did_you_mean").cloned());
        let refused =
            invalid("expand", &format!("up to {MAX_EXPANSIONS} different ones, those on the way counted, of {}", allowed.join(", ")));
        Err(refused.with("allowed", allowed).with("did_you_mean", meant))
    }

    fn add(&mut self, first: &'static Expansion, second: Option<&'static Expansion>) {
        match self.0.iter_mut().find(|asked| asked.expansion.name == first.name) {
            Some(asked) => asked.below.extend(second),
            None => self.0.push(Asked { expansion: first, below: second.into_iter().collect() }),
        }
    }

    /// The members of a row that it adds to, or adds.
    pub fn members(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|asked| asked.expansion.place()).map(|(array, member)| array.unwrap_or(member))
    }

    /// The scopes that an API key needs for it.
    pub fn scopes(&self) -> impl Iterator<Item = &'static str> {
        let all = self.0.iter().flat_map(|asked| asked.below.iter().chain([&asked.expansion]));
        all.map(|expansion| expansion.to.scope)
    }

    /// A page with what is asked for.
    pub fn page<T: Serialize>(&self, conn: &mut DbConnection, scope: &Scope, page: Page<T>) -> Result<Page<Row<T>>, Failure> {
        let Page { data, has_more, next_cursor, total, total_capped, next_link } = page;
        let data = if self.0.is_empty() {
            data.into_iter().map(Row::Plain).collect()
        } else {
            let mut rows = values(data)?;
            self.fill(conn, scope, &mut rows)?;
            rows.into_iter().map(Row::Expanded).collect()
        };
        Ok(Page { data, has_more, next_cursor, total, total_capped, next_link })
    }

    /// One object with what is asked for, which changes without the object's version.
    pub fn object<T: Serialize>(&self, conn: &mut DbConnection, scope: &Scope, version: i64, object: &T) -> Result<Answer, Failure> {
        if self.0.is_empty() {
            return Ok(Answer::object(version, object)?);
        }
        let mut rows = values([object])?;
        self.fill(conn, scope, &mut rows)?;
        let [row] = rows.as_slice() else { return Err(Problem::new(Code::InternalError).into()) };
        Ok(Answer::object(version, row)?.volatile())
    }

    fn fill(&self, conn: &mut DbConnection, scope: &Scope, rows: &mut [Value]) -> Result<(), Failure> {
        let (passed, last): (Vec<&Asked>, Vec<&Asked>) = self.0.iter().partition(|asked| !asked.below.is_empty());
        let mut between: Vec<(&Asked, Objects)> = Vec::new();
        for asked in passed {
            let mut wanted = BTreeSet::new();
            rows.iter().for_each(|row| asked.expansion.collect(row, &mut wanted));
            between.push((asked, load(conn, scope, asked.expansion.to, &wanted)?));
        }

        let mut wanted: BTreeMap<&str, (&Target, BTreeSet<String>)> = BTreeMap::new();
        let mut want = |expansion: &'static Expansion, object: &Value| {
            let (_, ids) = wanted.entry(expansion.to.schema).or_insert((expansion.to, BTreeSet::new()));
            expansion.collect(object, ids);
        };
        last.iter().for_each(|asked| rows.iter().for_each(|row| want(asked.expansion, row)));
        for (asked, objects) in &between {
            asked.below.iter().for_each(|below| objects.values().for_each(|object| want(below, object)));
        }
        let mut loaded: HashMap<&str, Objects> = HashMap::new();
        for (schema, (target, ids)) in &wanted {
            loaded.insert(schema, load(conn, scope, target, ids)?);
        }

        let nothing = Objects::new();
        let of = |expansion: &Expansion| loaded.get(expansion.to.schema).unwrap_or(&nothing);
        for (asked, objects) in &mut between {
            asked.below.iter().for_each(|below| objects.values_mut().for_each(|object| below.add(object, of(below))));
        }
        for row in rows {
            last.iter().for_each(|asked| asked.expansion.add(row, of(asked.expansion)));
            between.iter().for_each(|(asked, objects)| asked.expansion.add(row, objects));
        }
        Ok(())
    }
}

impl Expansion {
    /// The ids that an object names.
    fn collect(&self, object: &Value, ids: &mut BTreeSet<String>) {
        let mut of = |object: &Value| match object.get(self.ids) {
            Some(Value::String(id)) => ids.extend([id.clone()]),
            Some(Value::Array(several)) => ids.extend(several.iter().filter_map(Value::as_str).map(str::to_owned)),
            _ => {}
        };
        match self.place().0 {
            Some(array) => object.get(array).and_then(Value::as_array).into_iter().flatten().for_each(of),
            None => of(object),
        }
    }

    /// Adds what was found to an object.
    fn add(&self, object: &mut Value, found: &Objects) {
        let (array, member) = self.place();
        let find = |id: &Value| id.as_str().and_then(|id| found.get(id)).cloned();
        let to = |object: &mut Value| {
            let Some(members) = object.as_object_mut() else { return };
            let added = match members.get(self.ids) {
                Some(Value::Array(ids)) => ids.iter().filter_map(find).collect(),
                one => one.and_then(find).unwrap_or(Value::Null),
            };
            members.insert(member.to_owned(), added);
        };
        match array {
            Some(array) => object.get_mut(array).and_then(Value::as_array_mut).into_iter().flatten().for_each(to),
            None => to(object),
        }
    }
}

/// The objects with these ids that the caller sees.
fn load(conn: &mut DbConnection, scope: &Scope, target: &Target, ids: &BTreeSet<String>) -> Result<Objects, Failure> {
    let ids: Vec<AnyId> = ids.iter().filter_map(|id| decode_any(id)).map(AnyId::from_uuid).collect();
    if ids.is_empty() {
        return Ok(Objects::new());
    }
    let by_id = |object: Value| object.get("id").and_then(Value::as_str).map(str::to_owned).map(|id| (id, object));
    Ok((target.load)(conn, scope, &ids)?.into_iter().filter_map(by_id).collect())
}
