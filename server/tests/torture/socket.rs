//! A page's connection: opens it, brings the frames there and back, and says when it is over. Decides nothing.

use std::net::SocketAddr;

use futures::{SinkExt as _, StreamExt as _};
use tokio::{net::TcpStream, sync::mpsc};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest as _, http::HeaderValue},
};
use tokio_util::task::AbortOnDropHandle;

/// How many frames may wait to be written. What a page says while a connection stalls is a few messages a second, and it
/// takes the connection for dead soon.
const FRAMES: usize = 1_024;

/// The code of a connection that ended without one, as a browser reports it.
const BROKEN: u16 = 1006;

/// What a connection reports.
#[derive(Debug)]
pub(crate) enum News {
    /// It is open.
    Opened,
    /// A frame came.
    Received(String),
    /// It has ended, with this code.
    Closed(u16),
}

/// A connection, or the attempt to make one. Dropping it breaks it without a word.
pub(crate) struct Socket {
    frames: mpsc::Sender<String>,
    _task: AbortOnDropHandle<()>,
}

impl Socket {
    /// Starts to connect. Each piece of news goes out with the connection's number.
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
            // A page that is gone wants no news.
            let _ = news.send((number, News::Closed(code))).await;
        });
        Socket { frames, _task: AbortOnDropHandle::new(task) }
    }

    /// Sends a frame; whether the connection takes it.
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

/// Reads and writes until the end; gives its code. As in a browser, a write that does not get on keeps nobody from
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
        // Reading finds out how it ended.
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
