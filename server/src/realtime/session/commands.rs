//! The commands of the JSON protocol, one file each: validation and answer. Each is a method of the
//! [`super::conversation`] that has read the line.

mod hello;
mod history;
mod join;
mod leave;
mod members;
mod send;
mod stop;
mod typing;
