//! The opaque ids on the wire: of messages, users, nodes, and epochs of a room's log.
//!
//! Defines their alphabet, their lengths, and how one is written from random bytes. Draws no randomness
//! itself, since the bytes are an argument, and never checks what an id refers to.

use std::borrow::Borrow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::{Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// The number of colours for users' names: `tint-0` to `tint-11` in the style sheet.
pub const TINTS: u8 = 12;

/// The reason why a string is not a valid id.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum IdError {
    /// It is empty.
    #[error("an id must not be empty")]
    Empty,
    /// It is longer than its kind allows.
    #[error("an id of {got} bytes is longer than the {limit} allowed")]
    TooLong {
        /// The most characters an id of this kind may have.
        limit: usize,
        /// The actual length, in bytes.
        got: usize,
    },
    /// It contains a character outside of `[A-Za-z0-9_-]`.
    #[error("an id is made of A-Z, a-z, 0-9, _ and - only")]
    Unfit,
}

/// Defines one kind of id: a private string of 1 to `$limit` of `[A-Za-z0-9_-]`.
macro_rules! id {
    ($(#[$docs:meta])* $name:ident, limit: $limit:literal, minted_from: $bytes:literal) => {
        $(#[$docs])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The maximum number of characters.
            pub const LIMIT: usize = $limit;

            /// Parses an id.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                check(text, Self::LIMIT).map(|()| Self(text.into()))
            }

            /// Creates an id from `bytes`, which the caller drew at random, as lower-case hex.
            pub fn from_bytes(bytes: [u8; $bytes]) -> Self {
                Self(hex(&bytes))
            }

            /// Returns the id as written on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl From<$name> for Arc<str> {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserialize_parsed(deserializer, Self::parse)
            }
        }
    };
}

id!(
    /// Identifies one message of one user in one room, so that sending it twice has the effect of sending it
    /// once.
    ///
    /// The client chooses it, as 1 to 64 of `[A-Za-z0-9_-]`; see docs/protocol.md, "send".
    ClientId, limit: 64, minted_from: 16
);

id!(
    /// Identifies a user permanently, whatever their nickname.
    UserId, limit: 32, minted_from: 10
);

id!(
    /// Identifies one node of a cluster for the lifetime of its process.
    NodeId, limit: 32, minted_from: 8
);

id!(
    /// Identifies one epoch of a room's log. Positions of another epoch mean nothing in this one.
    Epoch, limit: 32, minted_from: 8
);

impl ClientId {
    /// Derives the id of a message sent by a form from the form's nonce and a digest of the text (FNV-1a, 64
    /// bits).
    ///
    /// Sending the form again, by the Back button, by a double click or by the program that takes the form
    /// over, yields the same id, so the message is sent once; a different text under the same nonce is a
    /// different message. The nonce makes ids differ between forms, so the digest only has to distinguish the
    /// few texts that one form sends.
    ///
    /// # Errors
    /// Returns why the nonce cannot be part of an id. It may have [`FORM_NONCE_LIMIT`] characters at most.
    pub fn of_form(nonce: &str, text: &str) -> Result<Self, IdError> {
        const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0100_0000_01b3;
        check(nonce, FORM_NONCE_LIMIT)?;
        let digest =
            text.bytes().fold(OFFSET_BASIS, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
        let digest = hex(&digest.to_be_bytes());
        Ok(Self(format!("{nonce}-{digest}").into()))
    }
}

/// The maximum length of a form's nonce: what the digest leaves of [`ClientId::LIMIT`].
pub const FORM_NONCE_LIMIT: usize = ClientId::LIMIT - 17;

/// The prefixes of programs' ids: bots, hooks, and holders of a token.
const PROGRAMS: [&str; 3] = ["bot-", "hook-", "api-"];

impl UserId {
    /// Whether the id belongs to a program rather than a human. The ids of humans consist of hex digits only
    /// ([`UserId::from_bytes`]).
    pub fn is_program(&self) -> bool {
        PROGRAMS.iter().any(|prefix| self.0.starts_with(prefix))
    }

    /// Returns the number of this user's name colour, from 0 to below [`TINTS`].
    ///
    /// It depends on the id alone (FNV-1a, 32 bits), so that every page, server and release shows a user in
    /// the same colour.
    pub fn tint(&self) -> u8 {
        const OFFSET_BASIS: u32 = 0x811c_9dc5;
        const PRIME: u32 = 0x0100_0193;
        let hash =
            self.0.bytes().fold(OFFSET_BASIS, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(PRIME));
        // FNV's low bits are mixed the least, hence the fold. The remainder is below 12.
        let tint = (hash ^ (hash >> 16)) % u32::from(TINTS);
        tint.to_le_bytes()[0]
    }
}

/// Deserializes a string with `parse`, without copying it where the format can lend it.
pub(crate) fn deserialize_parsed<'de, D, T, E>(
    deserializer: D,
    parse: fn(&str) -> Result<T, E>,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    E: fmt::Display,
{
    struct Parsed<T, E>(fn(&str) -> Result<T, E>, PhantomData<T>);

    impl<T, E: fmt::Display> Visitor<'_> for Parsed<T, E> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_str<F: serde::de::Error>(self, text: &str) -> Result<T, F> {
            (self.0)(text).map_err(F::custom)
        }
    }

    deserializer.deserialize_str(Parsed(parse, PhantomData))
}

fn check(text: &str, limit: usize) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if text.len() > limit {
        let got = text.len();
        return Err(IdError::TooLong { limit, got });
    }
    let fit = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    text.bytes().all(fit).then_some(()).ok_or(IdError::Unfit)
}

fn hex(bytes: &[u8]) -> Arc<str> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble & 15)]);
    let text: String = bytes.iter().flat_map(|&byte| [digit(byte >> 4), digit(byte)]).collect();
    text.into()
}
