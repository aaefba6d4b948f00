//! JSON read strictly: duplicate keys, depth and the numbers of keys and items are checked while it is parsed.

use std::cell::{Cell, RefCell};
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::catalogue::Code;
use super::problem::Problem;

#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub max_depth: usize,
    pub max_keys: usize,
    /// Of all arrays together: two bytes of text become a value of seventy.
    pub max_items: usize,
}

/// What one body may have.
pub const BODY: Limits = Limits { max_depth: 32, max_keys: 10_000, max_items: 20_000 };
/// What the body of a batch may have.
pub const BATCH: Limits = Limits { max_depth: 32, max_keys: 60_000, max_items: 60_000 };

struct State {
    limits: Limits,
    keys: Cell<usize>,
    items: Cell<usize>,
    /// Why the visitor stopped, when it was not serde's own reason.
    problem: RefCell<Option<Problem>>,
}

impl State {
    fn stop<E: Error>(&self, problem: Problem) -> E {
        self.problem.replace(Some(problem));
        E::custom("refused")
    }

    fn too_complex<E: Error>(&self) -> E {
        let Limits { max_depth, max_keys, max_items } = self.limits;
        self.stop(Problem::new(Code::BodyTooComplex).with("max_depth", max_depth).with("max_keys", max_keys).with("max_items", max_items))
    }
}

#[derive(Clone, Copy)]
struct Node<'s> {
    state: &'s State,
    depth: usize,
}

impl<'s> Node<'s> {
    fn deeper<E: Error>(self) -> Result<Node<'s>, E> {
        if self.depth >= self.state.limits.max_depth {
            Err(self.state.too_complex())
        } else {
            Ok(Node { state: self.state, depth: self.depth + 1 })
        }
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(inner)? {
            let count = self.state.items.get() + 1;
            if count > self.state.limits.max_items {
                return Err(self.state.too_complex());
            }
            self.state.items.set(count);
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            let keys = self.state.keys.get() + 1;
            if keys > self.state.limits.max_keys {
                return Err(self.state.too_complex());
            }
            self.state.keys.set(keys);
            if map.contains_key(&key) {
                return Err(self.state.stop(Problem::new(Code::DuplicateKey).with("key", key)));
            }
            let value = access.next_value_seed(inner)?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

pub fn parse(bytes: &[u8], limits: Limits) -> Result<Value, Problem> {
    let state = State { limits, keys: Cell::new(0), items: Cell::new(0), problem: RefCell::new(None) };
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let parsed = Node { state: &state, depth: 0 }.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    parsed.map_err(|error| {
        state.problem.take().unwrap_or_else(|| Problem::new(Code::InvalidJson).with("line", error.line()).with("column", error.column()))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SMALL: Limits = Limits { max_depth: 3, max_keys: 4, max_items: 5 };

    fn code(text: &str) -> Option<Code> {
        parse(text.as_bytes(), SMALL).err().map(|problem| problem.code())
    }

    #[test]
    fn what_is_refused_says_why() {
        assert_eq!(code("{"), Some(Code::InvalidJson));
        assert_eq!(code("{} {}"), Some(Code::InvalidJson));
        assert_eq!(code(r#"{"a":1,"a":2}"#), Some(Code::DuplicateKey));
        assert_eq!(code(r#"{"a":1,"\u0061":2}"#), Some(Code::DuplicateKey));
        assert_eq!(code("[[[]]]"), None);
        assert_eq!(code("[[[[]]]]"), Some(Code::BodyTooComplex));
        assert_eq!(code(r#"{"a":1,"b":1,"c":1,"d":1,"e":1}"#), Some(Code::BodyTooComplex));
        assert_eq!(code("[[1,2],[3]]"), None);
        assert_eq!(code("[[1,2],[3,4]]"), Some(Code::BodyTooComplex));
        assert_eq!(parse(b"{\"a\":\"\xff\"}", SMALL).err().map(|p| p.code()), Some(Code::InvalidJson));
    }

    proptest! {
        #[test]
        fn reads_what_serde_json_reads(text in r#"[\[\]{}",:a0-9 ]{0,40}"#) {
            let generous = Limits { max_depth: 100, max_keys: 100, max_items: 100 };
            match (parse(text.as_bytes(), generous), serde_json::from_str::<Value>(&text)) {
                (Ok(ours), Ok(theirs)) => prop_assert_eq!(ours, theirs),
                (Err(problem), theirs) => prop_assert!(theirs.is_err() || problem.code() == Code::DuplicateKey),
                (Ok(_), Err(_)) => prop_assert!(false, "read what is not JSON: {}", text),
            }
        }
    }
}
