//! Runs the server on a listener from its opening to its orderly end.

use std::{io, net::SocketAddr};

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{config::Config, listen, open_files, router, teahouse::Teahouse};

/// Listens on an address, with room for many who come at once.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    listen::bind(address)
}

/// Serves until `shutdown` is cancelled and then lets everybody go. Returns when all that was taken is kept, or at once
/// with what could not be opened.
pub async fn run(
    listener: TcpListener,
    mut config: Config,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    // Views are rendered on this runtime; a second server in the same process finds it set, which is as good.
    let _ = any_spawner::Executor::init_tokio();
    // Which port it is, is known only now, if any was to do.
    config.listen = listener.local_addr()?;
    let address = config.listen;
    let room = open_files::fit(&mut config);
    let (teahouse, background) = Teahouse::open(config, shutdown.clone()).await?;
    if let Err(shortage) = room {
        tracing::warn!("{shortage}");
    }
    teahouse.hosts.warn_where_unnamed(&teahouse.config);
    tracing::info!("the teahouse is open: http://{address}");
    let router = router::router(teahouse.clone());
    // Requests that are under way are answered while the sessions are let go.
    tokio::join!(listen::run(listener, router, &teahouse.config, shutdown.clone()), async {
        shutdown.cancelled().await;
        tracing::info!("closing");
        teahouse.close(background).await;
    });
    tracing::info!("closed");
    Ok(())
}
