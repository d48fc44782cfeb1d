//! What every store promises, on Redis; and what only one with several nodes does.

mod bench;
mod failure;
mod log;
mod names;

use crate::store::conformance::conformance;

conformance!(super::bench::open);
