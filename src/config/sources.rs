//! Where settings come from besides flags: the environment and the settings file. And what one of them is made of.

use std::path::Path;
use std::str::FromStr;

use url::Url;

use super::{ConfigError, Source};

/// `FISHPOND_*`, and `DATABASE_URL` when there is no `FISHPOND_DATABASE_URL`.
pub fn environment(variables: impl Iterator<Item = (String, String)>) -> Source {
    let mut source = Source::new();
    let mut usual = None;
    for (name, value) in variables {
        match name.strip_prefix("FISHPOND_") {
            // Names the file itself; the command line has read it.
            Some("CONFIG") => {}
            Some(setting) => source.push((setting.to_lowercase(), value)),
            None if name == "DATABASE_URL" => usual = Some(value),
            None => {}
        }
    }
    if let Some(url) = usual.filter(|_| !source.iter().any(|(name, _)| name == "database_url")) {
        source.push(("database_url".to_owned(), url));
    }
    source
}

pub fn read_file(path: &Path) -> Result<Source, ConfigError> {
    let wrong = |why: String| ConfigError(format!("{} cannot be read: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| wrong(error.message().to_owned()))?;
    let scalar = |value: &toml::Value| match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(value) => Some(value.to_string()),
        _ => None,
    };
    let mut source = Source::new();
    for (name, value) in table {
        let text = match &value {
            toml::Value::Array(items) => items.iter().map(scalar).collect::<Option<Vec<_>>>().map(|items| items.join(",")),
            other => scalar(other),
        };
        source.push((name.clone(), text.ok_or_else(|| wrong(format!("{name} must be a text, a number or a list of them")))?));
    }
    Ok(source)
}

/// A browser's origin: scheme, host and port, nothing else; or `*`.
pub struct Origin(pub String);

impl FromStr for Origin {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let is_origin =
            Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == text);
        if is_origin || text == "*" { Ok(Self(text.to_owned())) } else { Err(()) }
    }
}
