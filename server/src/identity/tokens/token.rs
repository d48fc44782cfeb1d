//! The format of tokens, and their generation: `th_`, a public id, `_`, a secret.
//!
//! Of a presented token only the id and the digest are held in memory, so that nothing can leak the secret.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use rand::{
    RngExt as _,
    distr::{Alphanumeric, SampleString as _},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// The prefix of every token, by which users and secret scanners recognize one.
const PREFIX: &str = "th_";

/// The length of a public id in hexadecimal digits.
const ID: usize = 12;

/// The length of a secret in letters and digits: 190 bits.
const SECRET: usize = 32;

/// A presented token.
#[derive(Clone)]
pub(crate) struct Token {
    id: TokenId,
    digest: Digest,
}

/// A token's public id: it appears in lists, in the log, and in the id of the token's user.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct TokenId(String);

/// The stored digest of a token: SHA-256 of the whole token. A random secret needs no slower hash.
#[derive(Clone)]
pub(crate) struct Digest([u8; 32]);

impl Token {
    /// Parses a token; `None` if it is malformed.
    pub(crate) fn parse(text: &str) -> Option<Token> {
        let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let fits = secret.len() == SECRET && secret.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let id = TokenId::parse(id).filter(|_| fits)?;
        Some(Token { id, digest: Digest(Sha256::digest(text).into()) })
    }

    /// Generates a token, and its text for the holder.
    pub(crate) fn draw() -> (Token, String) {
        let mut rng = rand::rng();
        let id = format!("{:012x}", rng.random::<u64>() >> 16);
        let text = format!("{PREFIX}{id}_{}", Alphanumeric.sample_string(&mut rng, SECRET));
        (Token::parse(&text).expect("it has the form of a token"), text)
    }

    pub(crate) fn id(&self) -> &TokenId {
        &self.id
    }

    pub(crate) fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Returns whether the stored digest is this token's, in constant time.
    pub(crate) fn is_of(&self, kept: &Digest) -> bool {
        self.digest.0.ct_eq(&kept.0).into()
    }
}

impl TokenId {
    pub(crate) fn parse(text: &str) -> Option<TokenId> {
        let fits = text.len() == ID && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        fits.then(|| TokenId(text.to_owned()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({})", self.id)
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenId({self})")
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(…)")
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD_NO_PAD.encode(self.0))
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = STANDARD_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Digest).ok_or_else(|| D::Error::custom("a digest is 32 bytes in base64"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::Token;

    #[test]
    fn a_drawn_token_is_read_again_and_none_is_drawn_twice() {
        let drawn: HashSet<String> = (0..1_000).map(|_| Token::draw().1).collect();
        assert_eq!(drawn.len(), 1_000);
        for text in drawn {
            let token = Token::parse(&text).unwrap();
            assert!(text.starts_with(&format!("th_{}_", token.id())) && text.len() == 48, "{text}");
        }
    }

    #[test]
    fn nothing_that_is_printed_holds_the_secret() {
        let (token, text) = Token::draw();
        let secret = text.rsplit('_').next().unwrap();
        let printed = format!("{token:?} {:?} {} {:?}", token.id(), token.id(), token.digest());
        let kept = serde_json::to_string(token.digest()).unwrap();
        assert!(!printed.contains(secret) && !kept.contains(secret), "{printed}");
        assert!(!printed.contains(kept.trim_matches('"')), "nor what is kept of it");
    }
}
