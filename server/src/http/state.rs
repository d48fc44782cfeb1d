//! The handlers' shared state: the application, and state of the HTTP layer only.

use std::{ops::Deref, sync::Arc};

use tokio::sync::Semaphore;

use super::{
    pages::site::Site,
    request::{arrival::ProxyWarnings, hosts::Hosts},
};
use crate::{app_state::AppState, net::connection_limit::ConnectionLimit};

/// The most pages being rendered or sent to one address at once, except this machine's. A page takes
/// milliseconds unless its client does not read it.
const PAGES_AT_ONCE: usize = 64;

/// The handlers' shared state; dereferences to the application's.
pub(crate) struct HttpState {
    /// The application's state.
    pub(crate) app: Arc<AppState>,
    pub(crate) site: Site,
    /// The names under which the server answers.
    pub(crate) hosts: Hosts,
    pub(crate) proxy_warnings: ProxyWarnings,
    /// The pages being sent, counted per address.
    pub(crate) page_places: Arc<ConnectionLimit>,
    /// Held by each page while it is rendered.
    pub(crate) rendering: Semaphore,
}

impl HttpState {
    /// Opens the site and determines the server's host names.
    ///
    /// # Errors
    ///
    /// Returns an error if the folder of `--site-dir` holds no site.
    pub(crate) fn open(app: Arc<AppState>) -> anyhow::Result<Arc<HttpState>> {
        Ok(Arc::new(HttpState {
            site: Site::open(app.config.site.as_deref())?,
            hosts: Hosts::here(&app.config),
            proxy_warnings: ProxyWarnings::default(),
            page_places: Arc::new(ConnectionLimit::new(PAGES_AT_ONCE, 0)),
            rendering: turns(),
            app,
        }))
    }
}

/// Returns the permits for rendering pages: half the number of processors, and at least one.
fn turns() -> Semaphore {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Semaphore::new((processors / 2).max(1))
}

impl Deref for HttpState {
    type Target = AppState;

    fn deref(&self) -> &AppState {
        &self.app
    }
}
