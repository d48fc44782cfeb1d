//! A timer to the microsecond, for epoll itself counts in milliseconds and an open loop must not be late by one.

use std::os::fd::{AsRawFd, OwnedFd};

use anyhow::{Context, Result};
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};

pub(crate) struct Timer(OwnedFd);

impl Timer {
    pub(crate) fn new(registry: &Registry, token: Token) -> Result<Self> {
        let file = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)
            .context("the system gives no timer")?;
        registry.register(&mut SourceFd(&file.as_raw_fd()), token, Interest::READABLE)?;
        Ok(Self(file))
    }

    /// Wakes the crowd once, in so many nanoseconds; an earlier wish is forgotten.
    pub(crate) fn wake_in(&self, nanos: u64) -> Result<()> {
        let nanos = i64::try_from(nanos.max(1)).unwrap_or(i64::MAX);
        let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
        let value = Timespec { tv_sec: nanos / 1_000_000_000, tv_nsec: nanos % 1_000_000_000 };
        timerfd_settime(
            &self.0,
            TimerfdTimerFlags::empty(),
            &Itimerspec { it_interval: zero, it_value: value },
        )
        .context("the timer cannot be set")?;
        Ok(())
    }

    /// Takes note that it has rung.
    pub(crate) fn take(&self) {
        // There is nothing to read if it was set anew meanwhile, and that is as well.
        _ = rustix::io::read(&self.0, &mut [0; 8]);
    }
}
