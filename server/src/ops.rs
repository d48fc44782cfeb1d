//! The process and its machine: the log ([`logging`]), signals, the limit of open files, and whose the data folder is. Knows
//! nothing of the chat.

pub mod data_folder;
pub mod logging;
pub mod open_files;
pub mod signals;
