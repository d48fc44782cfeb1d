//! A page's connection: opens it, carries frames both ways, and reports its end. Decides nothing.

use std::net::SocketAddr;

use futures::{SinkExt as _, StreamExt as _};
use tokio::{net::TcpStream, sync::mpsc};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest as _, http::HeaderValue},
};
use tokio_util::task::AbortOnDropHandle;

/// Number of frames that may wait to be written. A page sends a few messages a second while a connection
/// stalls, and soon considers the connection dead.
const FRAMES: usize = 1_024;

/// The close code that a browser reports for a connection that ended without one.
const BROKEN: u16 = 1006;

/// An event of a connection.
#[derive(Debug)]
pub(crate) enum News {
    /// It is open.
    Opened,
    /// A frame arrived.
    Received(String),
    /// It ended with this code.
    Closed(u16),
}

/// A connection, or the attempt to make one. Dropping it breaks it without a close frame.
pub(crate) struct Socket {
    frames: mpsc::Sender<String>,
    _task: AbortOnDropHandle<()>,
}

impl Socket {
    /// Starts to connect. Each event carries the connection's number.
    pub(crate) fn open(
        number: u32,
        address: SocketAddr,
        cookie: &str,
        news: mpsc::Sender<(u32, News)>,
    ) -> Socket {
        let (frames, waiting) = mpsc::channel(FRAMES);
        let cookie = cookie.to_owned();
        let task = tokio::spawn(async move {
            let code = match connect(address, &cookie).await {
                Ok(stream) => {
                    if news.send((number, News::Opened)).await.is_err() {
                        return;
                    }
                    carry(number, stream, waiting, &news).await
                }
                Err(_) => BROKEN,
            };
            // The page may be gone already.
            let _ = news.send((number, News::Closed(code))).await;
        });
        Socket { frames, _task: AbortOnDropHandle::new(task) }
    }

    /// Queues a frame; returns whether there was room for it.
    pub(crate) fn send(&self, frame: String) -> bool {
        self.frames.try_send(frame).is_ok()
    }
}

async fn connect(address: SocketAddr, cookie: &str) -> Result<WebSocketStream<TcpStream>, Error> {
    let mut request = format!("ws://{address}/ws").into_client_request()?;
    let headers = request.headers_mut();
    headers.insert("sec-websocket-protocol", HeaderValue::from_static(chat::protocol::SUBPROTOCOL));
    headers.insert("cookie", HeaderValue::from_str(cookie).expect("a cookie is plain text"));
    let stream = TcpStream::connect(address).await?;
    let (stream, _) = client_async(request, stream).await?;
    Ok(stream)
}

/// Reads and writes until the end; returns the close code. As in a browser, a stalled write does not block
/// reading.
async fn carry(
    number: u32,
    stream: WebSocketStream<TcpStream>,
    mut waiting: mpsc::Receiver<String>,
    news: &mpsc::Sender<(u32, News)>,
) -> u16 {
    let (mut sink, mut stream) = stream.split();
    let write = async {
        while let Some(frame) = waiting.recv().await {
            if sink.send(Message::text(frame)).await.is_err() {
                break;
            }
        }
        // The reading half reports how the connection ended.
        std::future::pending().await
    };
    let read = async {
        loop {
            match stream.next().await {
                Some(Ok(Message::Text(text))) => {
                    if news.send((number, News::Received(text.to_string()))).await.is_err() {
                        return BROKEN;
                    }
                }
                Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
                Some(Ok(Message::Close(None)) | Err(_)) | None => return BROKEN,
                Some(Ok(_)) => {}
            }
        }
    };
    tokio::select! {
        code = read => code,
        code = write => code,
    }
}
