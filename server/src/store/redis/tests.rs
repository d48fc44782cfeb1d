//! The store contract on Redis, and tests for several nodes.

mod bench;
mod failure;
mod log;
mod names;

use crate::store::conformance::conformance;

conformance!(super::bench::open);
