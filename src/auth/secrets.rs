//! Random secrets and the form of API keys: `fp_<8-character id>_<43 base62><6-character CRC-32>`.

use sha2::{Digest, Sha256};

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 43 base62 characters are 256 bits.
const SECRET: usize = 43;
const ID: usize = 8;
const CHECKSUM: usize = 6;

/// The system's random source failed.
#[derive(Debug, Clone, Copy)]
pub struct NoRandomness;

impl std::fmt::Display for NoRandomness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the system gives no random bytes")
    }
}

impl std::error::Error for NoRandomness {}

/// Uniform base62 text from the system's random source.
pub fn random_text(length: usize) -> Result<String, NoRandomness> {
    let mut text = String::with_capacity(length);
    let mut bytes = [0_u8; 64];
    while text.len() < length {
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| NoRandomness)?;
        // 248 is the largest multiple of 62 in a byte: what lies above would favour the first characters.
        let fair = bytes.iter().filter(|byte| **byte < 248).filter_map(|byte| ALPHABET.get(usize::from(byte % 62)));
        text.extend(fair.take(length - text.len()).map(|byte| char::from(*byte)));
    }
    Ok(text)
}

/// A long secret: refresh tokens, the body of API keys.
pub fn random_secret() -> Result<String, NoRandomness> {
    random_text(SECRET)
}

pub fn sha256(text: &str) -> Vec<u8> {
    Sha256::digest(text.as_bytes()).to_vec()
}

/// A new API key's public part and its whole text.
pub fn new_api_key() -> Result<(String, String), NoRandomness> {
    let id = random_text(ID)?;
    let body = format!("fp_{id}_{}", random_secret()?);
    let checksum = checksum(&body);
    Ok((id, format!("{body}{checksum}")))
}

fn checksum(body: &str) -> String {
    let mut rest = crc32fast::hash(body.as_bytes());
    let mut text = [b'0'; CHECKSUM];
    for place in text.iter_mut().rev() {
        let digit = usize::try_from(rest % 62).unwrap_or_default();
        *place = ALPHABET.get(digit).copied().unwrap_or(b'0');
        rest /= 62;
    }
    text.iter().map(|byte| char::from(*byte)).collect()
}

/// The public part of a well-formed API key. A mistyped one is refused here, without asking the database.
pub fn api_key_id(text: &str) -> Option<&str> {
    let (id, rest) = text.strip_prefix("fp_")?.split_once('_')?;
    let shaped = id.len() == ID && rest.len() == SECRET + CHECKSUM && text.bytes().all(|byte| byte == b'_' || ALPHABET.contains(&byte));
    let (body, given) = text.split_at_checked(text.len().checked_sub(CHECKSUM)?)?;
    (shaped && checksum(body) == given).then_some(id)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_has_the_promised_form() {
        let (id, key) = new_api_key().expect("randomness");
        assert_eq!(api_key_id(&key), Some(id.as_str()));
        assert_eq!(key.len(), 3 + 8 + 1 + 43 + 6);
    }

    proptest! {
        #[test]
        fn one_wrong_character_is_noticed(place in 3_usize..61, digit in 0_usize..62) {
            let (_, key) = new_api_key().expect("randomness");
            let mut wrong = key.clone().into_bytes();
            wrong[place] = ALPHABET[digit];
            let wrong = String::from_utf8(wrong).expect("ASCII");
            prop_assert_eq!(api_key_id(&wrong).is_some(), wrong == key);
        }

        #[test]
        fn no_text_makes_it_panic(text in ".*") {
            let _ = api_key_id(&text);
        }
    }
}
