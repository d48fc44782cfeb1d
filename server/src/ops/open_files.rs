//! The system's limit on open files, each connection being one. Raises it as far as this process may, and
//! caps connections below it, so that the database still gets the files it needs.

use std::io;

use rlimit::Resource;

use crate::config::Config;

/// Files that the server opens besides its connections, several times over: the database and its readers, the
/// search index, the connections to Redis and to bot services, and connections that are being refused.
const RESERVE: u64 = 128;

/// The configured connections exceed the limit on open files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{configured} connections (--max-connections) cannot be served: the limit on open files is {limit}, which lets in {served}; \
     raise it to {needed} (ulimit -n {needed}, or LimitNOFILE={needed} in the service) or set --max-connections to {served}"
)]
pub(crate) struct Shortage {
    configured: usize,
    /// The current limit on open files.
    limit: u64,
    /// The limit that the configuration needs.
    needed: u64,
    /// The number of connections that fit.
    served: usize,
}

/// Raises this process's limit on open files as far as the system allows.
pub fn raise_limit() -> io::Result<()> {
    rlimit::increase_nofile_limit(u64::MAX).map(drop)
}

/// Lowers the configured maximum of connections to what the limit on open files allows, and reports that it
/// did. A maximum of 0 (no limit) is left as it is: then only the system's limit applies.
pub(crate) fn fit(config: &mut Config) -> Result<(), Shortage> {
    // If the system reports no limit, the configuration stands.
    let Ok((limit, _)) = Resource::NOFILE.get() else { return Ok(()) };
    let room = room(config.max_connections, limit);
    if let Err(shortage) = room {
        config.max_connections = shortage.served;
    }
    room
}

/// Checks whether the configured number of connections fits under a limit on open files.
fn room(configured: usize, limit: u64) -> Result<(), Shortage> {
    let needed = (configured as u64).saturating_add(RESERVE);
    if configured == 0 || needed <= limit {
        return Ok(());
    }
    let served = limit - RESERVE.min(limit / 2);
    // `served` is below `configured`, a `usize`, so the conversion loses nothing.
    let served = usize::try_from(served).unwrap_or(usize::MAX).min(configured);
    Err(Shortage { configured, limit, needed, served })
}

#[cfg(test)]
mod tests {
    use super::{RESERVE, Shortage, room};

    fn served(configured: usize, limit: u64) -> Result<(), usize> {
        room(configured, limit).map_err(|shortage| shortage.served)
    }

    #[test]
    fn connections_leave_files_for_the_rest() {
        assert_eq!(served(1_000, 1_000 + RESERVE), Ok(()));
        assert_eq!(served(1_001, 1_000 + RESERVE), Err(1_000));
        assert_eq!(served(20_000, 1_024), Err(896));
        assert_eq!(served(usize::MAX, 1_024), Err(896));
    }

    #[test]
    fn a_small_limit_is_shared_by_halves() {
        assert_eq!(served(20_000, 64), Err(32));
        assert_eq!(served(40, 64), Err(32));
        assert_eq!(served(20, 64), Err(20), "it is less than the reserve that lacks");
        assert_eq!(served(20_000, 1), Err(1), "never none, which would lift the limit");
    }

    #[test]
    fn a_lifted_limit_is_nobodys_shortage() {
        assert_eq!(room(0, 64), Ok(()));
    }

    #[test]
    fn a_shortage_is_one_line_with_both_numbers_and_what_to_do() {
        let said = room(20_000, 1_024).unwrap_err().to_string();
        for named in ["20000 ", "1024,", "896", "--max-connections", "ulimit -n 20128", "LimitNOFILE=20128"] {
            assert!(said.contains(named), "{named}: {said}");
        }
        assert_eq!(said.lines().count(), 1);
        let Shortage { needed, .. } = room(20_000, 1_024).unwrap_err();
        assert_eq!(room(20_000, needed), Ok(()), "what it asks for is enough");
    }
}
