//! One connection to the server: a `gloo-net` WebSocket that reports what happens and sends what it is given.

use std::{
    cell::RefCell,
    future::poll_fn,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use chat::protocol::SUBPROTOCOL;
use futures::{Sink, Stream};
use gloo_net::websocket::{Message, WebSocketError, futures::WebSocket};
use wasm_bindgen_futures::spawn_local;

use crate::stopped;

/// The close code that stands for a connection which broke without one (RFC 6455, section 7.4.1).
const ABNORMAL: u16 = 1006;

/// How many bytes may wait for the network to take them; a socket that does not get on is given up.
const BUFFER_BYTES: u32 = 16 * 1_024 * 1_024;

/// What happens on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// It is open.
    Opened,
    /// A frame came.
    Received(String),
    /// It has ended, with this code.
    Closed(u16),
}

/// An open or opening connection; closed when dropped.
pub struct Socket(Shared);

/// `None` once nobody wants to hear of it any more.
type Shared = Rc<RefCell<Option<WebSocket>>>;

impl Socket {
    /// Connects, and reports to `report` until the connection has ended or the socket is dropped.
    pub fn open(url: &str, report: impl Fn(News) + 'static) -> Socket {
        let socket = connect(url);
        let failed = socket.is_none();
        let shared = Rc::new(RefCell::new(socket));
        let socket = shared.clone();
        spawn_local(async move {
            if failed {
                // From a task of its own, so that whoever opens is done with opening.
                report(News::Closed(ABNORMAL));
            }
            follow(&socket, &report).await;
        });
        Socket(shared)
    }

    /// Sends a frame; `false` if the connection does not take it.
    pub fn send(&self, frame: String) -> bool {
        match self.0.borrow_mut().as_mut() {
            Some(socket) if socket.buffered_amount() < BUFFER_BYTES => {
                Pin::new(socket).start_send(Message::Text(frame)).is_ok()
            }
            _ => false,
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // gloo-net closes what it drops.
        self.0.take();
    }
}

/// A connection that is being made; `None` where the browser refuses to make one.
fn connect(url: &str) -> Option<WebSocket> {
    let connection = web_sys::WebSocket::new_with_str(url, SUBPROTOCOL).ok();
    if let Some(connection) = &connection {
        stopped::close_at_stop(connection);
    }
    let socket = connection.and_then(|connection| WebSocket::try_from(connection).ok());
    if socket.is_none() {
        leptos::logging::error!("failed to open a WebSocket");
    }
    socket
}

/// Reports what happens until the end, or until nobody wants to hear of it any more.
async fn follow(socket: &Shared, report: &impl Fn(News)) {
    if poll_fn(|context| poll(socket, |socket| socket.poll_ready(context))).await.is_none() {
        return;
    }
    // Also after a failure to open; what comes next then is the end.
    if is_open(socket) {
        report(News::Opened);
    }
    while let Some(next) =
        poll_fn(|context: &mut Context<'_>| poll(socket, |socket| socket.poll_next(context))).await
    {
        match next {
            Some(Ok(Message::Text(frame))) => report(News::Received(frame)),
            Some(Err(WebSocketError::ConnectionClose(event))) => return report(News::Closed(event.code)),
            // The protocol has no binary frames; after an error a close event follows.
            Some(Ok(Message::Bytes(_)) | Err(_)) => {}
            None => return report(News::Closed(ABNORMAL)),
        }
    }
}

fn is_open(socket: &Shared) -> bool {
    matches!(socket.borrow().as_ref().map(WebSocket::state), Some(gloo_net::websocket::State::Open))
}

/// Polls the socket; ready with `None` if it was dropped. Whoever drops it wakes nobody, but its own end does.
fn poll<T>(socket: &Shared, poll: impl FnOnce(Pin<&mut WebSocket>) -> Poll<T>) -> Poll<Option<T>> {
    match socket.borrow_mut().as_mut() {
        Some(socket) => poll(Pin::new(socket)).map(Some),
        None => Poll::Ready(None),
    }
}
