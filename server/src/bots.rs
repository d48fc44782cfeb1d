//! Programs that answer in the rooms.

pub(crate) mod running;
