//! A connection to the server: wraps a `gloo-net` WebSocket, reports its events and sends frames.

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

/// The close code for a connection that ended without one (RFC 6455, section 7.4.1).
const ABNORMAL: u16 = 1006;

/// The maximum number of buffered bytes that wait for the network; a socket beyond it counts as broken.
const BUFFER_BYTES: u32 = 16 * 1_024 * 1_024;

/// An event of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// The connection is open.
    Opened,
    /// A frame has arrived.
    Received(String),
    /// The connection has ended, with this close code.
    Closed(u16),
}

/// An open or opening connection; closed when dropped.
pub struct Socket(Shared);

/// `None` after the [`Socket`] was dropped.
type Shared = Rc<RefCell<Option<WebSocket>>>;

impl Socket {
    /// Connects, and calls `report` until the connection has ended or the socket is dropped.
    pub fn open(url: &str, report: impl Fn(News) + 'static) -> Socket {
        let socket = connect(url);
        let failed = socket.is_none();
        let shared = Rc::new(RefCell::new(socket));
        let socket = shared.clone();
        spawn_local(async move {
            if failed {
                // From a task of its own, so that the caller is done with opening.
                report(News::Closed(ABNORMAL));
            }
            follow(&socket, &report).await;
        });
        Socket(shared)
    }

    /// Sends a frame; returns `false` if the connection does not accept it.
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
        // `gloo-net` closes the connection when it is dropped.
        self.0.take();
    }
}

/// Starts to connect; `None` if the browser refuses.
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

/// Reports events until the connection ends or the socket is dropped.
async fn follow(socket: &Shared, report: &impl Fn(News)) {
    if poll_fn(|context| poll(socket, |socket| socket.poll_ready(context))).await.is_none() {
        return;
    }
    // Ready also after a failure to open; then the next event is the end.
    if is_open(socket) {
        report(News::Opened);
    }
    while let Some(next) =
        poll_fn(|context: &mut Context<'_>| poll(socket, |socket| socket.poll_next(context))).await
    {
        match next {
            Some(Ok(Message::Text(frame))) => report(News::Received(frame)),
            Some(Err(WebSocketError::ConnectionClose(event))) => return report(News::Closed(event.code)),
            // The protocol has no binary frames; after an error, a close event follows.
            Some(Ok(Message::Bytes(_)) | Err(_)) => {}
            None => return report(News::Closed(ABNORMAL)),
        }
    }
}

fn is_open(socket: &Shared) -> bool {
    matches!(socket.borrow().as_ref().map(WebSocket::state), Some(gloo_net::websocket::State::Open))
}

/// Polls the socket; ready with `None` if it was dropped. Dropping it wakes no task, but the end of the
/// connection does.
fn poll<T>(socket: &Shared, poll: impl FnOnce(Pin<&mut WebSocket>) -> Poll<T>) -> Poll<Option<T>> {
    match socket.borrow_mut().as_mut() {
        Some(socket) => poll(Pin::new(socket)).map(Some),
        None => Poll::Ready(None),
    }
}
