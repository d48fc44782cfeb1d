//! What this machine allows: memory, open files and ports, read from /proc.

use std::fs;

use anyhow::{Context, Result};

/// Limits of this machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    /// In bytes.
    pub(super) memory: f64,
    /// Open files of one process.
    pub(super) files: f64,
    /// Ports from one address to another.
    pub(super) ports: f64,
}

impl Allowance {
    pub(super) fn here() -> Result<Self> {
        let read = |file: &str| fs::read_to_string(file).with_context(|| format!("{file} cannot be read"));
        Self::read(
            &read("/proc/meminfo")?,
            &read("/proc/self/limits")?,
            &read("/proc/sys/net/ipv4/ip_local_port_range")?,
        )
    }

    fn read(meminfo: &str, limits: &str, ports: &str) -> Result<Self> {
        let word = |text: &str, name: &str, index: usize| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|line| line.split_whitespace().nth(index)?.parse::<f64>().ok())
        };
        let memory = word(meminfo, "MemTotal:", 0).context("/proc/meminfo has no MemTotal")?;
        // The hard limit, to which the server raises its own.
        let files = word(limits, "Max open files", 1).context("/proc/self/limits has no open files")?;
        let ports = word(ports, "", 0).zip(word(ports, "", 1)).context("the ports' range is none")?;
        Ok(Self { memory: memory * 1024.0, files, ports: ports.1 - ports.0 + 1.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_machine_allows_is_read() {
        let limits =
            "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024       20000       files\n";
        let allowed = Allowance::read("MemTotal:  1024 kB\n", limits, "32768\t60999\n").unwrap();
        assert_eq!((allowed.memory, allowed.files, allowed.ports), (1_048_576.0, 20_000.0, 28_232.0));
    }
}
