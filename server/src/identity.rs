//! Who somebody is: nicknames, logins and the cookies that hold them, and the tokens of programs.
//!
//! A [`cookie`] holds one of the [`logins`], signed with this server's keys; [`nicknames`] are held by one user each;
//! [`recent_logins`] answer a login form that is sent twice; [`tokens`] let programs in. Never decides what somebody may do:
//! that is the service's.

pub(crate) mod cookie;
pub(crate) mod cookie_header;
pub(crate) mod login;
pub(crate) mod login_form;
pub(crate) mod logins;
pub(crate) mod nicknames;
pub(crate) mod recent_logins;
pub mod tokens;
