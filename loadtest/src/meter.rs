//! Cost of processes: CPU time and resident memory, read from /proc.

use std::iter::Sum;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::time::{ClockId, clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;
use procfs::process::Process;
use serde::Serialize;

/// A server process with all its threads.
pub(crate) struct Watched {
    process: Process,
    /// CPU clock of all its threads, including those that have ended: the exact value of what /proc reports
    /// in ticks.
    cpu: ClockId,
}

/// Resident memory, in KiB.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Memory {
    /// All resident pages (`VmRSS`).
    pub(crate) rss: u64,
    /// Shared pages counted by their share (`Pss` of `smaps_rollup`).
    pub(crate) pss: u64,
}

impl Sum for Memory {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self { rss: 0, pss: 0 }, |sum, memory| Self {
            rss: sum.rss + memory.rss,
            pss: sum.pss + memory.pss,
        })
    }
}

impl Watched {
    pub(crate) fn new(pid: i32) -> Result<Self> {
        let process = Process::new(pid).with_context(|| format!("there is no process {pid}"))?;
        let cpu =
            clock_getcpuclockid(Pid::from_raw(pid)).with_context(|| format!("there is no process {pid}"))?;
        Ok(Self { process, cpu })
    }

    /// Returns the CPU time the process has used, in seconds.
    pub(crate) fn cpu(&self) -> Result<f64> {
        let time = clock_gettime(self.cpu).context("the server's process is gone")?;
        Ok(Duration::from(time).as_secs_f64())
    }

    /// Returns the peak resident memory since [`Watched::forget_peak`], in KiB.
    pub(crate) fn peak(&self) -> Result<u64> {
        let status = self.process.status().context("the server's process is gone")?;
        status.vmhwm.context("the system does not say VmHWM")
    }

    /// Resets the peak.
    pub(crate) fn forget_peak(&self) -> Result<()> {
        let file = format!("/proc/{}/clear_refs", self.process.pid());
        std::fs::write(&file, "5").with_context(|| format!("{file} cannot be written"))
    }

    pub(crate) fn memory(&self) -> Result<Memory> {
        let gone = "the server's process is gone";
        let rss = self.process.status().context(gone)?.vmrss.context(gone)?;
        let rollup = self.process.smaps_rollup().context("the server's memory cannot be read")?;
        let bytes = rollup
            .memory_map_rollup
            .iter()
            .find_map(|map| map.extension.map.get("Pss").copied())
            .context("the system does not say Pss")?;
        Ok(Memory { rss, pss: bytes / 1024 })
    }
}

/// Returns the CPU time this process has used, in seconds.
pub(crate) fn own_cpu() -> Result<f64> {
    Ok(Duration::from(clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID)?).as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_used_cpu_and_memory() {
        let own = Watched::new(i32::try_from(std::process::id()).unwrap()).unwrap();
        let memory = own.memory().unwrap();
        assert!(memory.rss > 100 && memory.pss > 100, "{memory:?}");
        assert!(own_cpu().unwrap() > 0.0);
        assert!(own.cpu().unwrap() > 0.0);
    }

    #[test]
    fn a_process_that_is_not_there_is_named() {
        assert_eq!(Watched::new(i32::MAX).err().unwrap().to_string(), "there is no process 2147483647");
    }
}
