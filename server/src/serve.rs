//! Runs the server on its listeners from startup to orderly shutdown.

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

use crate::{
    app_state::AppState,
    config::Config,
    dispatch,
    http::{metrics, router, state::HttpState},
    net::{connection, listeners::Listeners},
    ops::open_files,
};

/// Serves until `shutdown` is cancelled, then disconnects all sessions. Returns when everything that was
/// accepted is stored, or immediately with an error if something could not be opened.
pub async fn run(
    listeners: impl Into<Listeners>,
    mut config: Config,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    // Views are rendered on this runtime. A second server in the same process finds it already set, which
    // works as well.
    let _ = any_spawner::Executor::init_tokio();
    // With port 0, the actual port is known only now.
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
    let (state, background, events) = AppState::open(config, shutdown.clone()).await?;
    let dispatcher = tokio::spawn(dispatch::run(state.clone(), events));
    let state = HttpState::open(state.clone())?;
    if let Err(shortage) = room {
        tracing::warn!("{shortage}");
    }
    state.hosts.warn_where_unnamed(&state.config);
    tracing::info!("the teahouse is open: {listeners}");
    if let Some(listeners) = &metrics {
        tracing::info!("metrics: {listeners}");
    }
    let scrapers = async {
        if let Some(listeners) = metrics {
            let router = metrics::router(state.clone());
            connection::run(listeners, router, &state.config, shutdown.clone()).await;
        }
    };
    let router = router::router(state.clone());
    // In-flight requests are still answered while the sessions are disconnected.
    tokio::join!(scrapers, connection::run(listeners, router, &state.config, shutdown.clone()), async {
        shutdown.cancelled().await;
        tracing::info!("closing");
        state.close(background, dispatcher).await;
    });
    tracing::info!("closed");
    Ok(())
}
