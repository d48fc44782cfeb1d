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

    /// The next frame, which must be one line.
    pub(crate) async fn line(&mut self) -> String {
        match self.0.text().await {
            Ok(text) => {
                assert!(!text.contains('\n'), "one line to a frame: {text:?}");
                text
            }
            Err(closed) => panic!("the server closed with {closed:?}"),
        }
    }

    /// The next line that somebody said, past comings and goings.
    pub(crate) async fn said(&mut self) -> String {
        loop {
            let line = self.line().await;
            if !line.starts_with("~~~") {
                return line;
            }
        }
    }

    /// Reads on until this very line has come.
    pub(crate) async fn until(&mut self, line: &str) {
        while self.line().await != line {}
    }

    /// Reads on to the end; gives the close code.
    pub(crate) async fn closed(mut self) -> u16 {
        loop {
            if let Err((code, _)) = self.0.text().await {
                return code;
            }
        }
    }

    /// The next frame of any kind.
    pub(crate) async fn frame(&mut self) -> Frame {
        self.0.frame().await.expect("the connection is open").expect("the connection is whole")
    }
}
