//! The system's limit on open files, raised as far as a run needs.

use anyhow::{Result, bail};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What a run needs besides its connections.
const OTHERS: u64 = 64;

/// Makes sure that so many connections can be open at once.
pub(crate) fn allow_connections(count: usize) -> Result<()> {
    let needed = count as u64 + OTHERS;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    if let Some(maximum) = maximum.filter(|maximum| *maximum < needed) {
        bail!(
            "{count} connections need {needed} open files, and the hard limit here is {maximum} (ulimit -H -n)"
        );
    }
    setrlimit(Resource::Nofile, Rlimit { current: Some(needed), maximum })?;
    Ok(())
}

/// For a server, which does not know how many will come.
pub(crate) fn allow_as_many_as_possible() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    // As before, if the system does not want it; then the connections beyond are refused.
    _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_the_hard_limit_is_refused_in_one_line() {
        let Some(maximum) = getrlimit(Resource::Nofile).maximum else { return };
        let error = allow_connections(usize::try_from(maximum).unwrap()).unwrap_err().to_string();
        assert!(error.contains(&maximum.to_string()), "{error}");
        assert_eq!(error.lines().count(), 1);
    }
}
