//! Shared test support: a server on a free port with its own data folder, users with browsers, and their
//! sockets. Nothing here sleeps for a fixed time; every wait is for an event and has a timeout.

pub(crate) mod api;
mod browser;
mod hook;
mod lines;
mod plain;
pub(crate) mod program;
mod redis;
pub(crate) mod relay;
mod service;
mod socket;

use std::{future::Future, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use server::{config::Config, serve};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

pub(crate) use browser::{Browser, client};
pub(crate) use hook::{Hook, tokens};
pub(crate) use lines::Lines;
pub(crate) use plain::Plain;
pub(crate) use redis::Redis;
pub(crate) use service::Service;
pub(crate) use socket::{Knock, Socket};

/// Timeout for anything that is certain to happen. Generous, since it only matters when a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A server that runs in this process.
pub(crate) struct TestApp {
    address: SocketAddr,
    data: Arc<TempDir>,
    site: Arc<TempDir>,
    shutdown: CancellationToken,
    running: JoinHandle<anyhow::Result<()>>,
}

impl TestApp {
    /// Starts a server with the default settings.
    pub(crate) async fn start() -> TestApp {
        TestApp::with(|_| {}).await
    }

    /// Starts a server with adjusted settings.
    pub(crate) async fn with(adjust: impl FnOnce(&mut Config)) -> TestApp {
        TestApp::on(Arc::new(folder()), adjust).await
    }

    /// Starts a server on a data folder that may have been used before.
    pub(crate) async fn on(data: Arc<TempDir>, adjust: impl FnOnce(&mut Config)) -> TestApp {
        let site = Arc::new(site());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let address = listener.local_addr().expect("a listener has an address");
        let mut config = Config::defaults();
        data.path().clone_into(&mut config.data);
        config.site = Some(site.path().to_owned());
        config.drain = "100ms".parse().expect("a span");
        adjust(&mut config);
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(serve::run(listener, config, shutdown.clone()));
        TestApp { address, data, site, shutdown, running }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the server's own origin, as a browser sends it.
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn data(&self) -> &Path {
        self.data.path()
    }

    /// Returns a browser without a login.
    pub(crate) fn browser(&self) -> Browser {
        Browser::new(self.address)
    }

    /// Returns a browser logged in under this nickname.
    pub(crate) async fn person(&self, nickname: &str) -> Browser {
        let browser = self.browser();
        assert_eq!(browser.log_in(nickname).await.status(), 303, "{nickname} comes in");
        browser
    }

    /// Requests a stop without waiting for it.
    pub(crate) fn begin_stop(&self) {
        self.shutdown.cancel();
    }

    /// Stops the server and waits for its end; returns its result and its data folder.
    pub(crate) async fn stop(self) -> (anyhow::Result<()>, Arc<TempDir>) {
        self.shutdown.cancel();
        let ended = patiently("the server stops", self.running).await.expect("the server does not panic");
        drop(self.site);
        (ended, self.data)
    }

    /// Returns the error with which the server ended by itself.
    pub(crate) async fn refusal(self) -> String {
        let ended =
            patiently("the server refuses to start", self.running).await.expect("the server does not panic");
        format!("{:#}", ended.expect_err("it must not start"))
    }
}

pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// Makes a site that passes for a built one: a manifest, a few files, and compressed variants of one of them.
pub(crate) fn site() -> TempDir {
    let folder = folder();
    let write = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("it is in the folder")).expect("a folder");
        std::fs::write(path, content).expect("a file");
    };
    write("site.json", r#"{"js":"/pkg/a.js","wasm":"/pkg/a.wasm","css":"/pkg/a.css"}"#);
    write("pkg/a.js", "plain js");
    write("pkg/a.js.br", "js in brotli");
    write("pkg/a.js.gz", "js in gzip");
    write("pkg/a.wasm", "wasm");
    write("pkg/a.css", "css");
    write("mark.svg", "<svg/>");
    folder
}

/// Waits for something that is certain to happen, and fails with its name on timeout.
pub(crate) async fn patiently<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("in vain: {what}"))
}

/// Retries until the condition holds.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, mut attempt: impl FnMut() -> F) {
    let tries = async {
        while !attempt().await {
            tokio::task::yield_now().await;
        }
    };
    patiently(what, tries).await;
}
