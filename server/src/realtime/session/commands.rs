//! What a client of the protocol can ask: one file for each of its lines, with what it takes and how it is answered. Each is
//! a method of the [`super::conversation`] that has read the line.

mod hello;
mod history;
mod join;
mod leave;
mod members;
mod send;
mod stop;
mod typing;
