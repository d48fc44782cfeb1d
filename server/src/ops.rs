//! The process and its machine: the log ([`logging`]), signals, the limit on open files, and the ownership of
//! the data folder. Knows nothing of the chat.

pub mod data_folder;
pub mod logging;
pub mod open_files;
pub mod signals;
