//! What is known of a request before anything is done with it: its id, its language, where it comes from.

use std::future::{Ready, ready};
use std::net::{IpAddr, SocketAddr};

use actix_web::dev::Payload;
use actix_web::http::header::HeaderMap;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use ipnet::IpNet;
use uuid::Uuid;

use super::language::Language;
use super::problem::Problem;

#[derive(Debug, Clone)]
pub struct Context {
    /// Made by us for every request.
    pub request_id: String,
    pub language: Language,
    pub address: IpAddr,
}

impl Context {
    pub fn new(headers: &HeaderMap, peer: Option<IpAddr>, trusted: &[IpNet]) -> Self {
        Self {
            request_id: crate::db::id::encode(Uuid::now_v7()),
            language: Language::of(headers),
            address: address(headers, peer, trusted),
        }
    }
}

/// The peer, or what trusted proxies say of it: the last address in `X-Forwarded-For` that is not a trusted proxy's.
fn address(headers: &HeaderMap, peer: Option<IpAddr>, trusted: &[IpNet]) -> IpAddr {
    let peer = peer.unwrap_or(IpAddr::from([0, 0, 0, 0])).to_canonical();
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    if !is_trusted(&peer) {
        return peer;
    }
    let forwarded: Vec<&str> =
        headers.get_all("x-forwarded-for").filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(',')).collect();
    let mut nearest = peer;
    for text in forwarded.iter().rev() {
        let text = text.trim();
        // Some proxies add the port.
        let parsed = text.parse().or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()));
        let Ok(address) = parsed.map(|address: IpAddr| address.to_canonical()) else { break };
        nearest = address;
        if !is_trusted(&address) {
            break;
        }
    }
    nearest
}

impl FromRequest for Context {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let known = request.extensions().get::<Self>().cloned();
        ready(Ok(known.unwrap_or_else(|| Self::new(request.headers(), None, &[]))))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn forwarded_addresses_count_only_from_trusted_proxies() {
        let mut headers = HeaderMap::new();
        headers.insert(HeaderName::from_static("x-forwarded-for"), HeaderValue::from_static("6.6.6.6, 1.2.3.4, 10.0.0.2"));
        let proxies: Vec<IpNet> = vec!["10.0.0.0/8".parse().expect("a network")];
        let of = |peer: &str, trusted: &[IpNet]| address(&headers, peer.parse().ok(), trusted).to_string();
        assert_eq!(of("10.0.0.1", &proxies), "1.2.3.4");
        assert_eq!(of("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(of("9.9.9.9", &proxies), "9.9.9.9");
    }
}
