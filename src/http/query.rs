//! The query string as names and values, read strictly. Which names an operation knows is said by the document and
//! checked in front of it (`shell`); here values become typed.

use std::future::{Ready, ready};
use std::ops::RangeInclusive;
use std::str::FromStr;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use percent_encoding::percent_decode_str;

use super::catalogue::Code;
use super::problem::Problem;

#[derive(Debug, Clone, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// `+` is a space, as in forms. Text that is not UTF-8 or has control characters is refused.
    pub fn parse(raw: &str) -> Result<Self, Problem> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for part in raw.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let name = decode(name, name)?;
            let value = decode(value, &name)?;
            if pairs.iter().any(|(known, _)| *known == name) {
                return Err(Problem::new(Code::RepeatedParameter).with("parameter", name));
            }
            pairs.push((name, value));
        }
        Ok(Self(pairs))
    }

    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs().find_map(|(known, value)| (known == name).then_some(value))
    }

    pub fn integer(&self, name: &str, range: RangeInclusive<i64>, default: i64) -> Result<i64, Problem> {
        let Some(text) = self.get(name) else { return Ok(default) };
        let expected = || format!("an integer from {} to {}", range.start(), range.end());
        text.parse().ok().filter(|value| range.contains(value)).ok_or_else(|| invalid(name, &expected()))
    }

    pub fn boolean(&self, name: &str) -> Result<bool, Problem> {
        match self.get(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(invalid(name, "true or false")),
        }
    }

    pub fn parsed<T: FromStr>(&self, name: &str, expected: &str) -> Result<Option<T>, Problem> {
        self.get(name).map(|text| text.parse().map_err(|_| invalid(name, expected))).transpose()
    }
}

pub fn invalid(parameter: &str, expected: &str) -> Problem {
    Problem::new(Code::InvalidParameter).with("parameter", parameter).with("expected", expected)
}

fn decode(text: &str, name: &str) -> Result<String, Problem> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().map_err(|_| invalid(name, "UTF-8 text"))?;
    if decoded.chars().any(char::is_control) {
        return Err(invalid(name, "text without control characters"));
    }
    Ok(decoded.into_owned())
}

impl FromRequest for Query {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::parse(request.query_string()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn repeated_and_unreadable_are_refused() {
        let code = |raw| Query::parse(raw).err().map(|problem| problem.code());
        assert_eq!(code("a=1&a=2"), Some(Code::RepeatedParameter));
        assert_eq!(code("a=%ff"), Some(Code::InvalidParameter));
        assert_eq!(code("a=%00"), Some(Code::InvalidParameter));
        assert_eq!(Query::parse("a=%E5%8D%8E+b&&c").expect("readable").get("a"), Some("华 b"));
    }

    proptest! {
        #[test]
        fn no_query_makes_it_panic(raw in ".*") {
            let _ = Query::parse(&raw);
        }
    }
}
