//! A timer with microsecond resolution: epoll itself counts in milliseconds, and an open loop must not be
//! late by one.

use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

use anyhow::{Context, Result};
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};

pub(crate) struct Timer(TimerFd);

impl Timer {
    pub(crate) fn new(registry: &Registry, token: Token) -> Result<Self> {
        let file = TimerFd::new(ClockId::CLOCK_MONOTONIC, TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC)
            .context("the system gives no timer")?;
        registry.register(&mut SourceFd(&file.as_fd().as_raw_fd()), token, Interest::READABLE)?;
        Ok(Self(file))
    }

    /// Wakes the crowd once, after `nanos` nanoseconds; replaces any earlier timer.
    pub(crate) fn wake_in(&self, nanos: u64) -> Result<()> {
        let once = Expiration::OneShot(Duration::from_nanos(nanos.max(1)).into());
        self.0.set(once, TimerSetTimeFlags::empty()).context("the timer cannot be set")
    }
}
