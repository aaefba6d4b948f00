//! Passwords: argon2id (m = 19,456 KiB, t = 2, p = 1), 10 to 128 characters, none of the common ones.

use std::sync::LazyLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};

use crate::db::Gate;
use crate::http::catalogue::Code;
use crate::http::problem::{FieldError, Problem};

pub const MIN_LENGTH: usize = 10;
pub const MAX_LENGTH: usize = 128;

/// Roots of the most common passwords; a password that is little more than one of them is refused.
const COMMON: &[&str] = &[
    "password",
    "passw0rd",
    "p@ssword",
    "p@ssw0rd",
    "qwerty",
    "qwertyuiop",
    "1qaz2wsx",
    "1q2w3e4r",
    "1q2w3e4r5t",
    "q1w2e3r4t5",
    "1qaz2wsx3edc",
    "asdfghjkl",
    "zxcvbnm",
    "iloveyou",
    "letmein",
    "welcome",
    "administrator",
    "admin",
    "monkey",
    "dragon",
    "sunshine",
    "princess",
    "football",
    "baseball",
    "superman",
    "batman",
    "trustno",
    "changeme",
    "secret",
    "fishpond",
    "woaini",
    "abcdefghij",
    "abc",
    "abcd",
    "qazwsx",
    "qwer",
    "asdf",
    "aa",
];

/// One hash costs a core and 19 MiB for a while: no more at once than there are cores, and a short queue.
static HASHERS: LazyLock<Gate> = LazyLock::new(|| Gate::new(std::thread::available_parallelism().map_or(2, std::num::NonZero::get), 64));

/// Verified when there is no such user, so that both cases take the same time.
static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| hash_now("nobody has this password").ok());

fn hasher() -> Result<Argon2<'static>, Problem> {
    let params = Params::new(19_456, 2, 1, None).map_err(|_| Problem::new(Code::InternalError))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// The hash as a PHC string. Slow on purpose: for the command line and the first start; the server uses `hash`.
pub fn hash_now(password: &str) -> Result<String, Problem> {
    let hash: PasswordHash = hasher()?.hash_password(password.as_bytes()).map_err(|error| {
        tracing::error!(%error, "a password cannot be hashed");
        Problem::new(Code::InternalError)
    })?;
    Ok(hash.to_string())
}

pub async fn hash(password: String) -> Result<String, Problem> {
    HASHERS.run(move || hash_now(&password)).await.flatten()
}

/// Whether the password is the hash's; `None` (no such user) takes as long and is never right.
pub async fn verify(password: String, hash: Option<String>) -> Result<bool, Problem> {
    let verified = HASHERS.run(move || {
        let stored = hash.as_deref().or(NOBODY.as_deref()).and_then(|text| PasswordHash::new(text).ok());
        let right = stored.is_some_and(|stored| hasher().is_ok_and(|hasher| hasher.verify_password(password.as_bytes(), &stored).is_ok()));
        right && hash.is_some()
    });
    verified.await
}

/// What is wrong with a new password, in terms of the field it came in.
pub fn check(pointer: &str, password: &str) -> Vec<FieldError> {
    let length = password.chars().count();
    if length < MIN_LENGTH {
        vec![FieldError::new(pointer, Code::TooShort).with("min", MIN_LENGTH)]
    } else if length > MAX_LENGTH {
        vec![FieldError::new(pointer, Code::TooLong).with("max", MAX_LENGTH)]
    } else if is_common(password) {
        vec![FieldError::new(pointer, Code::CommonPassword)]
    } else {
        Vec::new()
    }
}

/// Next to no letters, one character over and over, or a common root with digits around it, once or twice.
fn is_common(password: &str) -> bool {
    let lower = password.to_lowercase();
    let root = lower.trim_matches(|c: char| !c.is_alphabetic());
    let bare = lower.trim_matches(|c: char| c.is_ascii_punctuation());
    let mut characters = lower.chars();
    let first = characters.next();
    let twice = bare.split_at_checked(bare.len() / 2).filter(|(left, right)| left == right).map(|(half, _)| half);
    let is_known = |text: &str| COMMON.contains(&text);
    root.chars().count() <= 2 || characters.all(|c| Some(c) == first) || is_known(root) || is_known(bare) || twice.is_some_and(is_known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_and_short_ones_are_refused() {
        for weak in [
            "short",
            "1234567890",
            "aaaaaaaaaaaa",
            "Password123!",
            "qwertyuiop",
            "0000000000",
            "a123456789",
            "qq123456789",
            "passwordpassword",
            "q1w2e3r4t5",
            "12-34-56-78",
            "1q2w3e4r5t",
        ] {
            assert!(!check("/password", weak).is_empty(), "{weak}");
        }
        for strong in ["correct horse battery", "钓鱼要有耐心和好天气呀", "tY7-pond-heron"] {
            assert!(check("/password", strong).is_empty(), "{strong}");
        }
    }

    #[actix_web::test]
    async fn only_the_right_password_verifies() {
        let hash = hash("a fine long password".to_owned()).await.expect("hashed");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(verify("a fine long password".to_owned(), Some(hash.clone())).await.expect("verified"));
        assert!(!verify("another password".to_owned(), Some(hash)).await.expect("verified"));
        assert!(!verify("nobody has this password".to_owned(), None).await.expect("verified"));
    }
}
