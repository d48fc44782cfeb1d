//! Tests the server from outside: real sockets, real files, one test file per group of behaviours. One crate,
//! so that it is linked once.
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod support;

mod api;
mod archive;
mod bots;
mod budgets;
mod cli;
mod durable;
mod events;
mod examples;
mod failing_disk;
mod failing_redis;
mod files;
mod form;
mod frames;
mod handoff;
mod history;
mod hooks;
mod hosts;
mod http;
mod limits;
mod login;
mod login_repeated;
mod logins;
mod look_alikes;
mod manual;
mod nodes;
mod one_user;
mod open_files;
mod origin;
mod ownership;
mod permalink;
mod plain;
mod presence;
mod retention;
mod search;
mod site;
mod spelling;
mod stop;
mod talk;
mod tokens;
