//! Runs the server on a listener from its opening to its orderly end.

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

use crate::{config::Config, listen, listeners::Listeners, metrics, open_files, router, teahouse::Teahouse};

/// Serves until `shutdown` is cancelled and then lets everybody go. Returns when all that was taken is kept, or at once
/// with what could not be opened.
pub async fn run(
    listeners: impl Into<Listeners>,
    mut config: Config,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    // Views are rendered on this runtime; a second server in the same process finds it set, which is as good.
    let _ = any_spawner::Executor::init_tokio();
    // Which port it is, is known only now, if any was to do.
    let listeners = listeners.into();
    config.listen = listeners.address()?;
    let metrics = config
        .metrics_listen
        .as_ref()
        .map(|address| {
            Listeners::bind(address)
                .with_context(|| format!("cannot listen on {address} for --metrics-listen"))
        })
        .transpose()?;
    let room = open_files::fit(&mut config);
    let (teahouse, background) = Teahouse::open(config, shutdown.clone()).await?;
    if let Err(shortage) = room {
        tracing::warn!("{shortage}");
    }
    teahouse.hosts.warn_where_unnamed(&teahouse.config);
    tracing::info!("the teahouse is open: {listeners}");
    if let Some(listeners) = &metrics {
        tracing::info!("metrics: {listeners}");
    }
    let scrapers = async {
        if let Some(listeners) = metrics {
            let router = metrics::router(teahouse.clone());
            listen::run(listeners, router, &teahouse.config, shutdown.clone()).await;
        }
    };
    let router = router::router(teahouse.clone());
    // Requests that are under way are answered while the sessions are let go.
    tokio::join!(scrapers, listen::run(listeners, router, &teahouse.config, shutdown.clone()), async {
        shutdown.cancelled().await;
        tracing::info!("closing");
        teahouse.close(background).await;
    });
    tracing::info!("closed");
    Ok(())
}
