//! Describes the machine that measures, in a sentence.

use std::fs;
use std::process::Command;
use std::thread;

use anyhow::{Context, Result};

use crate::process;

/// Returns a sentence with the CPU, cores, memory, kernel and date, and the command that measured.
pub(super) fn describe(command: &str) -> Result<String> {
    let model = field("/proc/cpuinfo", "model name")?;
    let memory = field("/proc/meminfo", "MemTotal")?;
    let kib: f64 = memory.trim_end_matches("kB").trim().parse().context("the memory is not a number")?;
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let day = process::read(Command::new("date").args(["--utc", "+%Y-%m-%d"]))?;
    Ok(format!(
        "Measured on {day} with `{command}` on {cores} cores of {model}, {memory:.0} GiB of memory, Linux {kernel}; \
         server and load test share the cores.",
        cores = thread::available_parallelism()?,
        memory = kib / 1024.0 / 1024.0,
        kernel = kernel.trim(),
    ))
}

fn field(file: &str, name: &str) -> Result<String> {
    let text =
        fs::read_to_string(file).with_context(|| format!("{file} cannot be read: a bench needs Linux"))?;
    let line = text.lines().find(|line| line.starts_with(name));
    let value = line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned());
    value.with_context(|| format!("{file} has no {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_says_what_it_is() {
        let text = describe("a command").unwrap();
        assert!(text.contains("a command") && text.contains("GiB") && text.contains("Linux"), "{text}");
    }
}
