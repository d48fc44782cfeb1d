//! An address whose server can be replaced, as behind a load balancer or a DNS name.

use std::sync::{
    Arc,
    atomic::{AtomicU16, Ordering},
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// A TCP relay with a fixed address.
pub(crate) struct Relay {
    port: u16,
    target: Arc<AtomicU16>,
    turned: watch::Sender<()>,
    running: JoinHandle<()>,
}

impl Relay {
    /// Starts a relay to a port of this machine.
    pub(crate) async fn to(target: u16) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let port = listener.local_addr().expect("a listener has an address").port();
        let target = Arc::new(AtomicU16::new(target));
        let turned = watch::Sender::new(());
        let (goes_to, turns) = (target.clone(), turned.subscribe());
        let running = tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (goes_to, mut turns) = (goes_to.clone(), turns.clone());
                turns.mark_unchanged();
                tokio::spawn(async move {
                    let Ok(mut far) = TcpStream::connect(("127.0.0.1", goes_to.load(Ordering::SeqCst))).await
                    else {
                        return;
                    };
                    tokio::select! {
                        // Both sides see the end, however it comes.
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        _ = turns.changed() => {}
                    }
                });
            }
        });
        Relay { port, target, turned, running }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Switches to another port; existing connections are dropped.
    pub(crate) fn turn_to(&self, target: u16) {
        self.target.store(target, Ordering::SeqCst);
        self.turned.send_replace(());
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.running.abort();
    }
}
