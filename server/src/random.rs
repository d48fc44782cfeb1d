//! Random ids and keys. The only place where the server draws secrets and unique ids.

use chat::id::{ClientId, Epoch, NodeId, UserId};
use rand::Rng as _;

/// Draws bytes from a cryptographically secure generator that the kernel seeds.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

/// Draws `N` bytes and returns them as lower-case hexadecimal, two digits per byte.
pub(crate) fn hex<const N: usize>() -> String {
    bytes::<N>().iter().fold(String::with_capacity(2 * N), |text, byte| text + &format!("{byte:02x}"))
}

/// Draws the epoch of a new set of logs.
pub(crate) fn epoch() -> Epoch {
    Epoch::from_bytes(bytes())
}

/// Draws the id of this process among the nodes of a cluster.
pub(crate) fn node_id() -> NodeId {
    NodeId::from_bytes(bytes())
}

/// Draws the id of a new user.
pub(crate) fn user_id() -> UserId {
    UserId::from_bytes(bytes())
}

/// Draws an id for a message.
pub(crate) fn client_id() -> ClientId {
    ClientId::from_bytes(bytes())
}
