//! Programs that answer in the rooms.

pub(crate) mod question;
pub(crate) mod running;
