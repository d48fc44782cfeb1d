//! Identity: nicknames, logins and the cookies that carry them, and the tokens of programs.
//!
//! A [`cookie`] carries one of the [`logins`], signed with this server's keys; each of the [`nicknames`] is
//! held by one user; [`recent_logins`] answer a login form that is submitted twice; [`tokens`] authenticate
//! programs. Never decides what a user may do: the service does.

pub(crate) mod cookie;
pub(crate) mod cookie_header;
pub(crate) mod login;
pub(crate) mod login_form;
pub(crate) mod logins;
pub(crate) mod nicknames;
pub(crate) mod recent_logins;
pub mod tokens;
