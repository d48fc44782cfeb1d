//! Message ids of programs, derived so that a retry is recognised.

use axum::http::{HeaderMap, StatusCode};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chat::id::ClientId;
use sha2::{Digest as _, Sha256};

use super::api_error::ApiError;

use crate::random;

/// The longest `Idempotency-Key`, in bytes.
const KEY_LIMIT: usize = 255;

/// Returns the message id: derived from the `Idempotency-Key`, so that a retry has the same id, or random
/// without one.
pub(crate) fn message_id(headers: &HeaderMap) -> Result<ClientId, ApiError> {
    let mut keys = headers.get_all("idempotency-key").iter();
    match (keys.next(), keys.next()) {
        (None, _) => Ok(random::client_id()),
        (Some(key), None) if (1..=KEY_LIMIT).contains(&key.len()) => Ok(id_of_key(key.as_bytes())),
        _ => {
            let reason = format!("an Idempotency-Key has 1 to {KEY_LIMIT} bytes, and there is one");
            Err(ApiError::new(StatusCode::BAD_REQUEST, "key_unfit", reason))
        }
    }
}

/// Returns the key itself if it is a valid id, and a digest of it otherwise.
fn id_of_key(key: &[u8]) -> ClientId {
    let own = std::str::from_utf8(key).ok().and_then(|key| ClientId::parse(key).ok());
    own.unwrap_or_else(|| {
        let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(key));
        ClientId::parse(&format!("key-{digest}"))
            .expect("a digest in base64 is short and of an id's alphabet")
    })
}

#[cfg(test)]
mod tests {
    use super::id_of_key;

    #[test]
    fn a_key_is_its_own_id_if_it_can_be_and_every_other_has_one_of_its_own() {
        assert_eq!(id_of_key(b"build-7").as_str(), "build-7");
        let odd: [&[u8]; 5] = [b"a b", b"a  b", "茶".as_bytes(), &[0xff], &[b'x'; 65]];
        let ids: std::collections::BTreeSet<_> = odd.iter().map(|key| id_of_key(key)).collect();
        assert_eq!(ids.len(), odd.len());
        assert!(ids.iter().all(|id| id.as_str().starts_with("key-")), "{ids:?}");
    }
}
