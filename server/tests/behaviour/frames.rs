//! WebSocket frames (RFC 6455): which frames a client may send, and how a connection ends when it sends
//! others.

use tokio_tungstenite::tungstenite::Message;

use crate::support::{Socket, TestApp};

const CONTINUED: u8 = 0x00;
const TEXT: u8 = 0x01;
const PING: u8 = 0x09;
const LAST: u8 = 0x80;

/// Returns a client's frame, masked with zeros, which change nothing.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).ok().filter(|length| *length <= 125).expect("a short frame");
    [&[first, 0x80 | length, 0, 0, 0, 0], payload].concat()
}

async fn plain(app: &TestApp) -> Socket {
    app.person("Ann").await.knock("/chat?echo=1").socket().await
}

/// Returns the text of the next text frame, and the pongs before it.
async fn heard(socket: &mut Socket) -> (String, Vec<Vec<u8>>) {
    let mut pongs = Vec::new();
    loop {
        match socket.frame().await {
            Some(Ok(Message::Text(text))) => return (text.to_string(), pongs),
            Some(Ok(Message::Pong(payload))) => pongs.push(payload.to_vec()),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_message_in_pieces_is_one_whatever_comes_between_and_however_it_arrives() {
    let app = TestApp::start().await;
    let mut socket = plain(&app).await;
    let tea = "茶".as_bytes();
    let pieces = [
        frame(TEXT, b"black "),
        // Fragments may split a character.
        frame(CONTINUED, &tea[..1]),
        frame(PING | LAST, b"there?"),
        frame(CONTINUED, &tea[1..]),
        frame(CONTINUED | LAST, b"!"),
    ];
    for byte in pieces.concat() {
        socket.write(&[byte]).await;
    }
    assert_eq!(heard(&mut socket).await, ("Ann: black 茶!".to_owned(), vec![b"there?".to_vec()]));
}

#[tokio::test]
async fn a_ping_is_answered_with_what_was_in_it() {
    let app = TestApp::start().await;
    let mut socket = plain(&app).await;
    for payload in [Vec::new(), vec![0xff; 125]] {
        socket.write(&frame(PING | LAST, &payload)).await;
        let pong = socket.frame().await.expect("an answer").expect("the connection is open");
        assert_eq!(pong, Message::Pong(payload.into()));
    }
}

#[tokio::test]
async fn what_is_against_the_protocol_closes_the_connection_with_the_standard_s_code() {
    let app = TestApp::start().await;
    let cases = [
        ("text that is not UTF-8", frame(TEXT | LAST, b"caf\xe9"), 1007),
        ("a frame without a mask", vec![TEXT | LAST, 1, b'x'], 1002),
        ("a reserved bit", frame(TEXT | LAST | 0x40, b"x"), 1002),
        ("an opcode of nobody's", frame(0x03 | LAST, b"x"), 1002),
        ("the rest of nothing", frame(CONTINUED | LAST, b"x"), 1002),
        ("a ping in pieces", frame(PING, b"x"), 1002),
    ];
    let ann = app.person("Ann").await;
    for (name, bytes, code) in cases {
        let mut socket = ann.knock("/chat?echo=1").socket().await;
        socket.write(&bytes).await;
        let closed = socket.text().await.map_err(|(code, _)| code);
        assert_eq!(closed, Err(code), "{name}");
    }
    let mut socket = ann.knock("/chat?echo=1").socket().await;
    socket.write(&frame(TEXT | LAST, b"still open")).await;
    assert_eq!(socket.text().await.unwrap(), "Ann: still open");
}

#[tokio::test]
async fn a_handshake_that_is_none_is_refused_and_told_why() {
    let app = TestApp::start().await;
    let ann = app.person("Ann").await;
    let whole = [
        ("connection", "keep-alive, Upgrade"),
        ("upgrade", "WebSocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    for (without, status) in [("connection", 400), ("sec-websocket-version", 426), ("sec-websocket-key", 400)]
    {
        let headers: Vec<_> = whole.into_iter().filter(|(name, _)| *name != without).collect();
        let answer = ann.get_with("/ws", &headers).await;
        assert_eq!(answer.status(), status, "without {without}");
        let reason = answer.text().await.unwrap();
        assert!(reason.to_lowercase().contains(without), "{reason}");
    }
    let answer = ann.get_with("/ws", &whole).await;
    assert_eq!(answer.status(), 101);
    // The example of RFC 6455, section 1.3.
    assert_eq!(answer.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}
