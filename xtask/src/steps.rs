//! Progress messages of this tool, with the seconds since it started.
//!
//! Never does the work itself.

use std::time::{Duration, Instant};

use anyhow::Result;

/// The start time of a run, to which its progress messages refer.
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

    /// Announces a step, runs it, and reports how long it took if that was more than 2 seconds.
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
