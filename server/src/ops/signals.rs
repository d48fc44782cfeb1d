//! The signals that request a shutdown. Shuts nothing down itself.

use std::{fs, io};

use tokio::signal::unix::{SignalKind, signal};

/// Waits for SIGINT, SIGTERM or SIGHUP. A SIGHUP that the process inherited as ignored, as from `nohup`, stays ignored.
pub async fn stop_is_asked() -> io::Result<()> {
    let hears_hangup = !ignores(&fs::read_to_string("/proc/self/status").unwrap_or_default(), HANGUP);
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = if hears_hangup { Some(signal(SignalKind::hangup())?) } else { None };
    let hung_up = async {
        match &mut hangup {
            Some(hangup) => hangup.recv().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hung_up => {}
    }
    Ok(())
}

/// The number of SIGHUP, the same on every system.
const HANGUP: u32 = 1;

/// Returns whether a process ignores a signal, by its `/proc/…/status` (`man 5 proc_pid_status`). Systems
/// other than Linux have no such file and count as not ignoring it.
fn ignores(status: &str, signal: u32) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    mask >> (signal - 1) & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::{HANGUP, ignores};

    #[test]
    fn what_is_ignored_stands_in_a_mask() {
        assert!(ignores("Name:\ttea\nSigIgn:\t0000000000001001\n", HANGUP));
        assert!(!ignores("SigIgn:\t0000000000001000\n", HANGUP));
        assert!(!ignores("", HANGUP));
    }
}
