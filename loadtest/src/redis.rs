//! CPU time and network traffic of the Redis behind the servers, read from its `INFO`. Knows nothing else
//! about Redis.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

/// Time limit for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Resource use since Redis started.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Usage {
    /// CPU time of all its threads, in seconds.
    pub(crate) cpu: f64,
    /// Bytes sent and received over all its connections.
    pub(crate) sent: f64,
    pub(crate) received: f64,
}

impl Usage {
    /// Queries the Redis at this address.
    pub(crate) fn of(address: SocketAddr) -> Result<Self> {
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE)
            .with_context(|| format!("no Redis answers at {address}"))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(b"INFO\r\n")?;
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        reader.read_line(&mut head)?;
        let length = head.trim().strip_prefix('$').and_then(|length| length.parse().ok());
        let mut text =
            vec![0; length.with_context(|| format!("{address} is no Redis that tells: {head:?}"))?];
        reader.read_exact(&mut text)?;
        Self::read(&String::from_utf8_lossy(&text))
    }

    fn read(info: &str) -> Result<Self> {
        let field = |wanted: &str| {
            let mut fields = info.lines().filter_map(|line| line.split_once(':'));
            let value =
                fields.find(|(name, _)| *name == wanted).and_then(|(_, value)| value.trim().parse().ok());
            value.with_context(|| format!("Redis does not say {wanted}"))
        };
        let usage = Self {
            cpu: field("used_cpu_sys")? + field("used_cpu_user")?,
            sent: field("total_net_output_bytes")?,
            received: field("total_net_input_bytes")?,
        };
        ensure!(usage.cpu > 0.0, "Redis says that it has used no CPU");
        Ok(usage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_redis_says_of_itself_is_read() {
        let info = "# Stats\r\ntotal_net_input_bytes:10\r\ntotal_net_output_bytes:200\r\n# CPU\r\nused_cpu_sys:0.25\r\n\
                    used_cpu_user:0.5\r\nused_cpu_sys_children:9\r\n";
        assert_eq!(Usage::read(info).unwrap(), Usage { cpu: 0.75, sent: 200.0, received: 10.0 });
        let error = Usage::read("used_cpu_sys:1\r\n").unwrap_err().to_string();
        assert_eq!(error, "Redis does not say used_cpu_user");
    }
}
