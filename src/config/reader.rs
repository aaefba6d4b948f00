//! One setting after the other, as what it has to be.

use std::collections::BTreeMap;
use std::str::FromStr;

use super::ConfigError;

/// Settings whose values are not shown.
const SECRETS: &[&str] = &["admin_password", "database_url"];

/// The settings as text, each with the place that it is from.
pub struct Reader<'v>(pub &'v BTreeMap<&'static str, (String, String)>);

impl Reader<'_> {
    pub fn text(&self, name: &str) -> String {
        self.0.get(name).map(|(value, _)| value.trim().to_owned()).unwrap_or_default()
    }

    pub fn wrong(&self, name: &str, why: &str) -> ConfigError {
        let place = self.0.get(name).map_or("the default", |(_, place)| place.as_str());
        let shown = if SECRETS.contains(&name) { String::new() } else { format!(" {:?}", self.text(name)) };
        ConfigError(format!("the setting {name}{shown} in {place} is not valid: {why}"))
    }

    pub fn parsed<T: FromStr>(&self, name: &str, expected: &str) -> Result<T, ConfigError> {
        self.text(name).parse().map_err(|_| self.wrong(name, &format!("it must be {expected}")))
    }

    pub fn is_on(&self, name: &str) -> Result<bool, ConfigError> {
        match self.text(name).as_str() {
            "on" => Ok(true),
            "off" => Ok(false),
            _ => Err(self.wrong(name, "it must be on or off")),
        }
    }

    pub fn at_least_one<T: FromStr + Default + PartialEq>(&self, name: &str) -> Result<T, ConfigError> {
        let value: T = self.parsed(name, "a number of at least 1")?;
        if value == T::default() { Err(self.wrong(name, "it must be at least 1")) } else { Ok(value) }
    }

    /// One of the levels, or a filter with targets.
    pub fn log_filter(&self) -> Result<String, ConfigError> {
        let text = self.text("log_level");
        let is_level = |part: &str| matches!(part.trim(), "error" | "warn" | "info" | "debug" | "trace" | "off");
        let is_known = text.split(',').all(|part| part.split_once('=').map_or_else(|| is_level(part), |(_, level)| is_level(level)));
        let is_valid = is_known && text.parse::<tracing_subscriber::EnvFilter>().is_ok();
        if is_valid {
            Ok(text)
        } else {
            Err(self.wrong("log_level", "it must be error, warn, info, debug or trace, or a filter such as fishpond=debug"))
        }
    }

    pub fn list<T: FromStr>(&self, name: &str, expected: &str) -> Result<Vec<T>, ConfigError> {
        let text = self.text(name);
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        parts.map(|part| part.parse().map_err(|_| self.wrong(name, &format!("it must be {expected}")))).collect()
    }
}
