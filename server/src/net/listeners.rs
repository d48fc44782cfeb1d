//! The listening sockets: TCP addresses, a Unix socket, or sockets passed by the service manager. Accepts
//! connections; knows nothing of HTTP.

use std::{
    fmt, fs,
    future::poll_fn,
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs as _},
    os::unix::fs::{FileTypeExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    task::Poll,
};

use listenfd::ListenFd;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpSocket, UnixListener, UnixSocket};

use crate::config::ListenAddress;
use transport::stream::Stream;

/// Number of connections that may wait to be accepted, in case all clients reconnect at once. The system may
/// allow fewer (`net.core.somaxconn`).
const BACKLOG: u32 = 4_096;

/// The peer address of a connection over a Unix socket, which has none of its own. `--trust-proxy 127.0.0.1`
/// therefore trusts a proxy that connects there.
const THIS_MACHINE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// The sockets that one server listens on; at least one.
#[derive(Debug)]
pub struct Listeners(Vec<Listener>);

/// Sockets that the service manager opened for this process (systemd's socket activation).
#[derive(Debug)]
pub struct Inherited(Vec<InheritedSocket>);

#[derive(Debug)]
enum InheritedSocket {
    Tcp(std::net::TcpListener),
    Unix(std::os::unix::net::UnixListener),
}

#[derive(Debug)]
enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener, #[expect(dead_code, reason = "held, not read")] Option<SocketFile>),
}

/// A socket file, removed on drop.
#[derive(Debug)]
struct SocketFile(PathBuf);

impl Inherited {
    /// Takes the sockets that `LISTEN_FDS` and `LISTEN_PID` pass to this process; `None` if there are none. Removes the
    /// variables from the environment, so it must be called before there are threads.
    ///
    /// # Errors
    ///
    /// One of the sockets is neither TCP nor a Unix stream.
    pub fn take() -> io::Result<Option<Inherited>> {
        let mut handed = ListenFd::from_env();
        let sockets: Vec<InheritedSocket> =
            (0..handed.len()).map(|index| inherited(&mut handed, index)).collect::<Result<_, _>>()?;
        Ok((!sockets.is_empty()).then_some(Inherited(sockets)))
    }
}

fn inherited(handed: &mut ListenFd, index: usize) -> io::Result<InheritedSocket> {
    let gone = || io::Error::other("it was taken twice");
    if let Ok(listener) = handed.take_tcp_listener(index) {
        return Ok(InheritedSocket::Tcp(listener.ok_or_else(gone)?));
    }
    if let Ok(listener) = handed.take_unix_listener(index) {
        return Ok(InheritedSocket::Unix(listener.ok_or_else(gone)?));
    }
    let reason = format!("socket {index} of LISTEN_FDS is neither TCP nor a Unix stream (ListenStream=)");
    Err(io::Error::new(io::ErrorKind::InvalidInput, reason))
}

impl TryFrom<Inherited> for Listeners {
    type Error = io::Error;

    /// Listens on the sockets passed by the service manager.
    fn try_from(inherited: Inherited) -> io::Result<Listeners> {
        let listeners = inherited.0.into_iter().map(|socket| match socket {
            InheritedSocket::Tcp(listener) => {
                listener.set_nonblocking(true)?;
                TcpListener::from_std(listener).map(Listener::Tcp)
            }
            InheritedSocket::Unix(listener) => {
                listener.set_nonblocking(true)?;
                // The service manager owns the socket file.
                UnixListener::from_std(listener).map(|listener| Listener::Unix(listener, None))
            }
        });
        listeners.collect::<io::Result<_>>().map(Listeners)
    }
}

impl From<TcpListener> for Listeners {
    fn from(listener: TcpListener) -> Listeners {
        Listeners(vec![Listener::Tcp(listener)])
    }
}

impl Listeners {
    /// Opens the listening sockets for `--listen`.
    ///
    /// # Errors
    ///
    /// The port or the file is in use, the name does not resolve, or the system denies it.
    pub fn bind(address: &ListenAddress) -> io::Result<Listeners> {
        match address {
            ListenAddress::Tcp(address) => bind(*address).map(Listeners::from),
            ListenAddress::Everywhere(port) => {
                // One socket for both protocols, or IPv4 alone on a machine without IPv6.
                let both = bind((Ipv6Addr::UNSPECIFIED, *port).into());
                both.or_else(|error| match error.kind() {
                    io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied => Err(error),
                    _ => bind((Ipv4Addr::UNSPECIFIED, *port).into()),
                })
                .map(Listeners::from)
            }
            ListenAddress::Host(host, port) => bind_host(host, *port),
            ListenAddress::Unix(path) => bind_unix(path).map(|listener| Listeners(vec![listener])),
        }
    }

    /// Returns the address of the first socket, with the actual port if port 0 was requested.
    pub(crate) fn address(&self) -> io::Result<ListenAddress> {
        let first = self.0.first().ok_or_else(|| io::Error::other("there is nothing to listen on"))?;
        first.address()
    }

    /// Waits for the next connection; returns it with its peer address.
    pub(crate) async fn accept(&self) -> io::Result<(Stream, SocketAddr)> {
        poll_fn(|context| {
            for listener in &self.0 {
                let accepted = match listener {
                    Listener::Tcp(listener) => {
                        listener.poll_accept(context).map_ok(|(stream, peer)| (Stream::Tcp(stream), peer))
                    }
                    Listener::Unix(listener, _) => listener
                        .poll_accept(context)
                        .map_ok(|(stream, _)| (Stream::Unix(stream), THIS_MACHINE)),
                };
                if accepted.is_ready() {
                    return accepted;
                }
            }
            Poll::Pending
        })
        .await
    }
}

impl fmt::Display for Listeners {
    /// Writes the addresses as URLs, separated by commas.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, listener) in self.0.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            match listener.address() {
                Ok(ListenAddress::Unix(path)) => write!(f, "{comma}unix:{}", path.display())?,
                Ok(address) => write!(f, "{comma}http://{address}")?,
                Err(_) => write!(f, "{comma}a socket without an address")?,
            }
        }
        Ok(())
    }
}

impl Listener {
    fn address(&self) -> io::Result<ListenAddress> {
        Ok(match self {
            Listener::Tcp(listener) => ListenAddress::Tcp(listener.local_addr()?),
            Listener::Unix(listener, _) => {
                let address = listener.local_addr()?;
                ListenAddress::Unix(address.as_pathname().unwrap_or(Path::new("")).to_owned())
            }
        })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::debug!(%error, "failed to remove the Unix socket file");
        }
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Allows a restart while old connections are still in TIME_WAIT.
    socket.set_reuseaddr(true)?;
    if address.ip() == Ipv6Addr::UNSPECIFIED {
        // Accept IPv4 too, whatever the system's default is.
        SockRef::from(&socket).set_only_v6(false)?;
    }
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Listens on every address that a name resolves to; `localhost` is both 127.0.0.1 and `::1`, and browsers
/// try either. Skips addresses that this machine lacks, unless none is left.
fn bind_host(host: &str, port: u16) -> io::Result<Listeners> {
    let mut listeners: Vec<TcpListener> = Vec::new();
    let mut missing = None;
    for mut address in (host, port).to_socket_addrs()? {
        if port == 0
            && let Some(first) = listeners.first()
        {
            address.set_port(first.local_addr()?.port());
        }
        if listeners.iter().any(|listener| listener.local_addr().is_ok_and(|known| known == address)) {
            continue;
        }
        match bind(address) {
            Ok(listener) => listeners.push(listener),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
            Err(error) => missing = Some(error),
        }
    }
    if listeners.is_empty() {
        return Err(missing.unwrap_or_else(|| io::Error::other("the name has no address")));
    }
    Ok(Listeners(listeners.into_iter().map(Listener::Tcp).collect()))
}

/// Listens on a Unix socket. Replaces a stale socket file, but never one in use, nor a file that is not a
/// socket.
fn bind_unix(path: &Path) -> io::Result<Listener> {
    if fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket())
        && let Err(error) = std::os::unix::net::UnixStream::connect(path)
        && error.kind() == io::ErrorKind::ConnectionRefused
    {
        fs::remove_file(path)?;
    }
    let socket = UnixSocket::new_stream()?;
    socket.bind(path)?;
    let file = SocketFile(path.to_owned());
    // As with a loopback port, every local user may connect; the folder's permissions can restrict that.
    fs::set_permissions(path, fs::Permissions::from_mode(0o666))?;
    Ok(Listener::Unix(socket.listen(BACKLOG)?, Some(file)))
}

#[cfg(test)]
mod tests {
    use std::{fs, io::ErrorKind, os::unix::fs::PermissionsExt as _};

    use tokio::net::{TcpStream, UnixStream};

    use super::Listeners;
    use crate::config::ListenAddress;

    #[tokio::test]
    async fn a_name_is_listened_on_at_all_of_its_addresses_with_one_port() {
        let listeners = Listeners::bind(&"localhost:0".parse().unwrap()).unwrap();
        let ListenAddress::Tcp(first) = listeners.address().unwrap() else { panic!("{listeners}") };
        assert!(first.port() > 0);
        for listener in &listeners.0 {
            let ListenAddress::Tcp(address) = listener.address().unwrap() else { panic!("{listeners}") };
            assert!(address.ip().is_loopback() && address.port() == first.port(), "{listeners}");
            let (connected, accepted) = tokio::join!(TcpStream::connect(address), listeners.accept());
            connected.unwrap();
            assert!(accepted.unwrap().1.ip().is_loopback());
        }
    }

    #[tokio::test]
    async fn every_interface_is_reached_by_both_protocols() {
        let listeners = Listeners::bind(&":0".parse().unwrap()).unwrap();
        let ListenAddress::Tcp(address) = listeners.address().unwrap() else { panic!("{listeners}") };
        let ipv4 = TcpStream::connect(("127.0.0.1", address.port()));
        let (connected, accepted) = tokio::join!(ipv4, listeners.accept());
        connected.unwrap();
        assert_eq!(accepted.unwrap().1.ip().to_canonical().to_string(), "127.0.0.1");
    }

    #[tokio::test]
    async fn a_unix_socket_is_for_everybody_here_replaces_what_a_dead_server_left_and_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("teahouse.sock");
        // Dropped without removing its file, as a crashed server leaves it.
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists());
        let address: ListenAddress = format!("unix:{}", path.display()).parse().unwrap();
        let listeners = Listeners::bind(&address).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o666);
        let (connected, accepted) = tokio::join!(UnixStream::connect(&path), listeners.accept());
        connected.unwrap();
        assert_eq!(accepted.unwrap().1.to_string(), "127.0.0.1:0");
        let second = Listeners::bind(&address).unwrap_err();
        assert_eq!(second.kind(), ErrorKind::AddrInUse, "somebody listens there");
        drop(listeners);
        assert!(!path.exists());
        fs::write(&path, "precious").unwrap();
        assert!(Listeners::bind(&address).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious", "it is no socket");
    }
}
