//! The language of titles and details: English, or Chinese for those who ask for it.

use actix_web::http::header::HeaderMap;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    #[default]
    En,
    Zh,
}

impl Language {
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh",
        }
    }

    /// The first of en and zh by the weights of `Accept-Language`; English when neither is named.
    pub fn of(headers: &HeaderMap) -> Self {
        let Some(accepted) = headers.get("accept-language").and_then(|value| value.to_str().ok()) else {
            return Self::En;
        };
        let mut best = (0.0_f32, Self::En);
        for range in accepted.split(',') {
            let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
            let weight = parameters.trim().strip_prefix("q=").map_or(1.0, |q| q.parse().unwrap_or(0.0));
            let language = match tag.trim().split('-').next().unwrap_or_default().to_ascii_lowercase().as_str() {
                "zh" => Self::Zh,
                "en" => Self::En,
                _ => continue,
            };
            if weight > best.0 {
                best = (weight, language);
            }
        }
        best.1
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{ACCEPT_LANGUAGE, HeaderValue};

    use super::*;

    #[test]
    fn the_heaviest_known_language_wins() {
        for (accepted, expected) in [
            ("zh-CN,zh;q=0.9,en;q=0.8", Language::Zh),
            ("fr, zh;q=0.4, en;q=0.5", Language::En),
            ("en;q=0", Language::En),
            ("de", Language::En),
            ("ZH", Language::Zh),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static(accepted));
            assert_eq!(Language::of(&headers), expected, "{accepted}");
        }
    }
}
