//! Random ids and keys: the one place where the server draws what nobody may guess, or what must be unlike all others.

use chat::id::{ClientId, Epoch, NodeId, UserId};
use rand::Rng as _;

/// Draws bytes from the system's generator for cryptographic use, seeded by the kernel.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

/// Draws as many bytes and writes them as lower-case hexadecimal digits, two for each.
pub(crate) fn hex<const N: usize>() -> String {
    bytes::<N>().iter().fold(String::with_capacity(2 * N), |text, byte| text + &format!("{byte:02x}"))
}

/// Draws a name for another life of the logs.
pub(crate) fn epoch() -> Epoch {
    Epoch::from_bytes(bytes())
}

/// Draws a name for this process among the nodes of a chat.
pub(crate) fn node_id() -> NodeId {
    NodeId::from_bytes(bytes())
}

/// Draws an id for somebody new.
pub(crate) fn user_id() -> UserId {
    UserId::from_bytes(bytes())
}

/// Draws an id for a message.
pub(crate) fn client_id() -> ClientId {
    ClientId::from_bytes(bytes())
}
