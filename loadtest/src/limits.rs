//! The system's limit on open files, raised as far as a run needs.

use anyhow::{Result, bail};
use rlimit::Resource;

/// Open files a run needs besides its connections.
const OTHERS: u64 = 64;

/// Raises the limit so that `count` connections can be open at once.
pub(crate) fn allow_connections(count: usize) -> Result<()> {
    let needed = count as u64 + OTHERS;
    let (soft, hard) = Resource::NOFILE.get()?;
    if hard < needed {
        bail!(
            "{count} connections need {needed} open files, and the hard limit here is {hard} (ulimit -H -n)"
        );
    }
    if soft < needed {
        Resource::NOFILE.set(needed, hard)?;
    }
    Ok(())
}

/// Raises the limit to its maximum, for a server that does not know how many clients will connect.
pub(crate) fn allow_as_many_as_possible() -> Result<()> {
    rlimit::increase_nofile_limit(u64::MAX)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_the_hard_limit_is_refused_in_one_line() {
        let (_, hard) = Resource::NOFILE.get().unwrap();
        let error = allow_connections(usize::try_from(hard).unwrap()).unwrap_err().to_string();
        assert!(error.contains(&hard.to_string()), "{error}");
        assert_eq!(error.lines().count(), 1);
    }
}
