//! UUIDs as 26 characters of Crockford base32, whose order is that of the bytes.

use uuid::Uuid;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const ENCODED: usize = 26;

/// The 26 characters of a UUID: 128 bits, most significant first, the first character carrying 3 of them.
pub fn encode(uuid: Uuid) -> String {
    let value = uuid.as_u128();
    (0..ENCODED)
        .rev()
        .map(|place| {
            let digit = usize::try_from((value >> (place * 5)) & 31).unwrap_or_default();
            char::from(ALPHABET.get(digit).copied().unwrap_or_default())
        })
        .collect()
}

pub fn decode(text: &str) -> Option<Uuid> {
    if text.len() != ENCODED || text.as_bytes().first().is_none_or(|first| *first > b'7') {
        return None;
    }
    let mut value = 0_u128;
    for byte in text.bytes() {
        let digit = ALPHABET.iter().position(|candidate| *candidate == byte)?;
        value = (value << 5) | u128::try_from(digit).ok()?;
    }
    Some(Uuid::from_u128(value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn text_order_is_byte_order(a: u128, b: u128) {
            let (left, right) = (Uuid::from_u128(a), Uuid::from_u128(b));
            prop_assert_eq!(encode(left).cmp(&encode(right)), a.cmp(&b));
        }
    }
}
