//! A client of the plain door: text in, text out.

use tokio_tungstenite::tungstenite::Message as Frame;

use super::Socket;

/// A socket without a subprotocol.
pub(crate) struct Plain(Socket);

impl Plain {
    pub(crate) fn new(socket: Socket) -> Plain {
        Plain(socket)
    }

    pub(crate) async fn say(&mut self, text: &str) {
        self.0.send(Frame::text(text)).await;
    }

    /// Returns the next frame, which must be one line.
    pub(crate) async fn line(&mut self) -> String {
        match self.0.text().await {
            Ok(text) => {
                assert!(!text.contains('\n'), "one line to a frame: {text:?}");
                text
            }
            Err(closed) => panic!("the server closed with {closed:?}"),
        }
    }

    /// Returns the next message, skipping joins and leaves.
    pub(crate) async fn said(&mut self) -> String {
        loop {
            let line = self.line().await;
            if !line.starts_with("~~~") {
                return line;
            }
        }
    }

    /// Reads until this exact line arrives.
    pub(crate) async fn until(&mut self, line: &str) {
        while self.line().await != line {}
    }

    /// Reads to the end; returns the close code.
    pub(crate) async fn closed(mut self) -> u16 {
        loop {
            if let Err((code, _)) = self.0.text().await {
                return code;
            }
        }
    }

    /// Returns the next frame of any kind.
    pub(crate) async fn frame(&mut self) -> Frame {
        self.0.frame().await.expect("the connection is open").expect("the connection is whole")
    }
}
