//! What the handlers share: the chat, and what is HTTP's alone.

use std::{ops::Deref, sync::Arc};

use tokio::sync::Semaphore;

use super::{
    pages::site::Site,
    request::{arrival::ProxyWarnings, hosts::Hosts},
};
use crate::{app_state::AppState, net::connection_limit::ConnectionLimit};

/// How many pages may be rendered or on their way to one address at once (this machine excepted). A page takes
/// milliseconds, unless it is not read.
const PAGES_AT_ONCE: usize = 64;

/// What the handlers share. Whatever of the chat they need they reach through it.
pub(crate) struct HttpState {
    /// The chat.
    pub(crate) app: Arc<AppState>,
    pub(crate) site: Site,
    /// The names under which the server answers.
    pub(crate) hosts: Hosts,
    pub(crate) proxy_warnings: ProxyWarnings,
    /// Pages on their way, by address.
    pub(crate) page_places: Arc<ConnectionLimit>,
    /// Taken by each page while it is rendered.
    pub(crate) rendering: Semaphore,
}

impl HttpState {
    /// Opens the site, and takes this machine's names.
    ///
    /// # Errors
    ///
    /// The folder of `--site-dir` holds no site.
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

/// The turns of pages that are being rendered: half of the processors, or one.
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
