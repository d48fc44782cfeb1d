//! The system's limit on open files, of which every connection is one: raised as far as this process may, and not to be used
//! up by connections, lest none be left for what keeps their messages.

use std::io;

use rlimit::Resource;

use crate::config::Config;

/// What the server holds open beside its connections, several times over: the database and its readers, the index of the
/// search, the ways to Redis and to the services of bots, and those who are told that there is no place.
const RESERVE: u64 = 128;

/// The configured connections are more than the system lets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{configured} connections (--max-connections) cannot be served: the limit on open files is {limit}, which lets in {served}; \
     raise it to {needed} (ulimit -n {needed}, or LimitNOFILE={needed} in the service) or set --max-connections to {served}"
)]
pub(crate) struct Shortage {
    configured: usize,
    /// How many files may be open at once.
    limit: u64,
    /// How many would have to.
    needed: u64,
    /// How many connections there is room for.
    served: usize,
}

/// Raises this process's limit on open files as far as the system lets it.
pub fn raise_limit() -> io::Result<()> {
    rlimit::increase_nofile_limit(u64::MAX).map(drop)
}

/// Lets the configuration take in no more connections than there can be, and says so where it would. Where nobody has set a
/// limit to connections there is none but the system's.
pub(crate) fn fit(config: &mut Config) -> Result<(), Shortage> {
    // A system that does not tell its limit is not second-guessed.
    let Ok((limit, _)) = Resource::NOFILE.get() else { return Ok(()) };
    let room = room(config.max_connections, limit);
    if let Err(shortage) = room {
        config.max_connections = shortage.served;
    }
    room
}

/// Whether so many connections have room under a limit on open files.
fn room(configured: usize, limit: u64) -> Result<(), Shortage> {
    let needed = (configured as u64).saturating_add(RESERVE);
    if configured == 0 || needed <= limit {
        return Ok(());
    }
    let served = limit - RESERVE.min(limit / 2);
    // Fewer than are configured, of which there can be as many as a `usize` holds.
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
