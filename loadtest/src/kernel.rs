//! Memory the kernel holds for sockets outside any process, read from /proc. Both ends of a connection count,
//! because both are on this machine.

use std::fs;
use std::io;

use anyhow::{Context, Result};

/// The slab objects the kernel allocates for a connection. Its two directory entries cannot be told apart
/// from others.
const OBJECTS: [&str; 6] = ["TCP", "sock_inode_cache", "filp", "eventpoll_epi", "eventpoll_pwq", "ep_head"];

/// Page size, the unit in which the kernel counts socket buffers.
const PAGE: u64 = 4096;

/// Kernel memory of all sockets now, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sockets {
    pub(crate) objects: u64,
    pub(crate) buffers: u64,
}

impl Sockets {
    /// Reads the current values; `None` if only root may read them and this process is not root.
    pub(crate) fn now() -> Result<Option<Self>> {
        let slabs = match fs::read_to_string("/proc/slabinfo") {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(None),
            slabs => slabs.context("/proc/slabinfo cannot be read")?,
        };
        let stat = fs::read_to_string("/proc/net/sockstat").context("/proc/net/sockstat cannot be read")?;
        Self::read(&slabs, &stat).map(Some)
    }

    fn read(slabs: &str, stat: &str) -> Result<Self> {
        let object = |line: &str| {
            let mut words = line.split_whitespace();
            let known = OBJECTS.contains(&words.next()?);
            let (active, _, size) = (words.next()?, words.next()?, words.next()?);
            known.then_some(active.parse::<u64>().ok()? * size.parse::<u64>().ok()?)
        };
        let tcp = stat.lines().find_map(|line| line.strip_prefix("TCP: "));
        let pages =
            tcp.and_then(|line| line.split_once("mem ")).and_then(|(_, pages)| pages.trim().parse().ok());
        let pages: u64 = pages.context("/proc/net/sockstat does not say what waits in sockets")?;
        Ok(Self { objects: slabs.lines().filter_map(object).sum(), buffers: pages * PAGE })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_and_buffers_are_counted_in_bytes() {
        let slabs = "slabinfo - version: 2.1\n# name <active_objs> <num_objs> <objsize>\n\
                     TCP 10 14 2368 13 8 : tunables 0 0 0\ntw_sock_TCP 9 9 256\nfilp 100 121 192 21 1\n";
        let stat = "sockets: used 11\nTCP: inuse 1 orphan 0 tw 8 alloc 1 mem 3\nUDP: inuse 0 mem 7\n";
        let sockets = Sockets::read(slabs, stat).unwrap();
        assert_eq!(sockets, Sockets { objects: 10 * 2368 + 100 * 192, buffers: 3 * 4096 });
        assert!(Sockets::read(slabs, "").is_err());
    }
}
