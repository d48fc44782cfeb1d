//! What a token looks like, and how one is drawn: `th_`, a public id, `_`, a secret.
//!
//! Of a token that somebody shows only the id and the digest are held, so that nothing can give the secret away.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use rand::{
    RngExt as _,
    distr::{Alphanumeric, SampleString as _},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// How every token begins, so that people and scanners for secrets know one when they see it.
const PREFIX: &str = "th_";

/// How long a public id is, in hexadecimal digits.
const ID: usize = 12;

/// How long a secret is, in letters and digits: 190 bits.
const SECRET: usize = 32;

/// A token that somebody shows.
#[derive(Clone)]
pub(crate) struct Token {
    id: TokenId,
    digest: Digest,
}

/// A token's public name: it stands in lists, in the log, and in the id of who speaks by it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct TokenId(String);

/// What is kept of a secret: SHA-256 of the whole token. A secret that was drawn at random needs nothing slower.
#[derive(Clone)]
pub(crate) struct Digest([u8; 32]);

impl Token {
    /// The token that a text spells, if it has the form of one.
    pub(crate) fn parse(text: &str) -> Option<Token> {
        let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let fits = secret.len() == SECRET && secret.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let id = TokenId::parse(id).filter(|_| fits)?;
        Some(Token { id, digest: Digest(Sha256::digest(text).into()) })
    }

    /// A new one, and the text that its holder is to keep.
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

    /// Whether this is the token of which a digest was kept. How long that takes says nothing.
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
