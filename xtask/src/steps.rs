//! What this tool is doing, told in lines with the seconds since it began.
//!
//! Never does the work itself.

use std::time::{Duration, Instant};

use anyhow::Result;

/// The clock that a run's lines are told by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Steps {
    began: Instant,
}

impl Steps {
    pub(crate) fn begin() -> Self {
        Self { began: Instant::now() }
    }

    pub(crate) fn say(&self, text: &str) {
        eprintln!("[{:>6.1} s] {text}", self.began.elapsed().as_secs_f64());
    }

    /// Says what is being done, does it, and says how long it took if anyone can have noticed.
    pub(crate) fn step<T>(&self, what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.say(what);
        let began = Instant::now();
        let result = work()?;
        let took = began.elapsed();
        if took > Duration::from_secs(2) {
            self.say(&format!("{what}: done in {:.1} s", took.as_secs_f64()));
        }
        Ok(result)
    }
}
