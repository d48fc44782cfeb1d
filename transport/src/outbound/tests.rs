//! Tests of the outbound queue, with and without a socket.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Wake},
};

use axum::body::Bytes;
use chat::{
    close::CloseCode,
    id::{ClientId, UserId},
    protocol::{RefusalCode, Refused, ServerLine, StreamingAnswer, User},
    room_name::RoomName,
};
use futures::{FutureExt as _, StreamExt as _};
use socket2::SockRef;
use tokio::{
    net::{TcpListener, TcpStream},
    time,
};
use tokio_tungstenite::WebSocketStream;
use tungstenite::{Message, protocol::Role};

use super::{Broken, Encoding, Gone, Listening, Next, Outbound};
use crate::{
    frame::{self, Frame},
    patience::STALL,
};

fn line() -> Arc<Frame> {
    Arc::new(Frame::of(ServerLine::Drain { retry_ms: 1 }))
}

#[tokio::test]
async fn lines_that_wait_come_together_and_in_order() {
    let outbound = Outbound::new(0);
    outbound.push(&line()).unwrap();
    outbound.push(&Arc::new(Frame::of(ServerLine::Drain { retry_ms: 2 }))).unwrap();
    let Next::Frames(frames) = outbound.next().await else { panic!("two lines wait") };
    let said: Vec<&ServerLine> = frames.iter().map(|frame| frame.lines()[0].line()).collect();
    assert_eq!(said, [&ServerLine::Drain { retry_ms: 1 }, &ServerLine::Drain { retry_ms: 2 }]);
}

#[tokio::test]
async fn at_the_limit_the_connection_is_cut_off_as_slow() {
    let outbound = Outbound::new(200);
    let pushed = (0..10).filter(|_| outbound.push(&line()).is_ok()).count();
    assert!((1..10).contains(&pushed));
    assert_eq!(outbound.cut().await, CloseCode::SlowConsumer);
    assert!(matches!(outbound.next().await, Next::Close(CloseCode::SlowConsumer)));
}

#[tokio::test]
async fn an_answer_that_grows_waits_as_it_is_by_now_and_cuts_nobody_off() {
    let growing = |id: &str, text: &str| {
        let user = User { id: UserId::parse("bot-1").unwrap(), name: "Bo".into() };
        let (room, id) = (RoomName::lobby(), ClientId::parse(id).unwrap());
        let asker = UserId::parse("u1").unwrap();
        Arc::new(Frame::of(ServerLine::StreamingAnswer(StreamingAnswer {
            room,
            id,
            user,
            asker,
            text: text.into(),
        })))
    };
    let outbound = Outbound::new(1_000);
    outbound.push(&line()).unwrap();
    for n in 0..100 {
        outbound.push(&growing("a1", &"tea ".repeat(n))).unwrap();
        outbound.push(&growing("a2", "still one word")).unwrap();
    }
    outbound.push(&line()).unwrap();
    let Next::Frames(frames) = outbound.next().await else { panic!("lines wait") };
    let shown = frames.iter().map(|frame| match frame.growing() {
        Some(growing) => (growing.id.as_str().to_owned(), growing.text.len()),
        None => ("other".to_owned(), 0),
    });
    let expected = [("other", 0), ("a1", 99 * 4), ("a2", 14), ("other", 0)];
    assert_eq!(shown.collect::<Vec<_>>(), expected.map(|(id, length)| (id.to_owned(), length)));
}

#[tokio::test]
async fn what_is_cut_off_waits_for_nothing() {
    let outbound = Outbound::new(0);
    outbound.push(&line()).unwrap();
    outbound.close(CloseCode::Restart);
    outbound.cut_off(CloseCode::Replaced);
    assert_eq!(outbound.cut().await, CloseCode::Replaced);
    assert!(matches!(outbound.next().await, Next::Close(CloseCode::Replaced)));
    outbound.cut_off(CloseCode::SlowConsumer);
    assert_eq!(outbound.cut().await, CloseCode::Replaced, "the first reason counts");
}

#[tokio::test]
async fn a_close_waits_for_the_lines_before_it() {
    let outbound = Outbound::new(0);
    outbound.push(&line()).unwrap();
    outbound.close(CloseCode::Restart);
    assert_eq!(outbound.push(&line()), Ok(()), "it takes its leave by itself");
    assert!(matches!(outbound.next().await, Next::Frames(frames) if frames.len() == 1));
    assert!(matches!(outbound.next().await, Next::Close(CloseCode::Restart)));
}

/// Returns an outbound on one end of a connection, and the other end.
async fn connected(limit_bytes: usize) -> (Arc<Outbound>, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let reader = TcpStream::connect(listener.local_addr().unwrap());
    let (reader, accepted) = tokio::join!(reader, listener.accept());
    let (stream, _) = accepted.unwrap();
    SockRef::from(&stream).set_send_buffer_size(4_096).unwrap();
    (Arc::new(Outbound::to_socket(Arc::new(stream.into()), limit_bytes, Encoding::Json)), reader.unwrap())
}

/// Reads the lines of all frames until the connection ends.
async fn lines(reader: TcpStream) -> Vec<ServerLine> {
    let mut socket = WebSocketStream::from_raw_socket(reader, Role::Client, None).await;
    let mut lines = Vec::new();
    while let Some(Ok(message)) = socket.next().await {
        if let Message::Text(text) = message {
            lines.extend(text.lines().map(|line| ServerLine::parse(line).unwrap()));
        }
    }
    lines
}

fn numbered(number: u64) -> ServerLine {
    // The length varies, so that the socket fills up at any point within a frame.
    let reason = "tea ".repeat(usize::try_from(number * 7_919 % 20_000).unwrap());
    let (id, room) = (Some(number.to_string()), None);
    ServerLine::Refused(Refused { id, room, code: RefusalCode::Malformed, reason, retry_ms: None })
}

#[tokio::test]
async fn what_a_socket_does_not_take_at_once_comes_later_whole_and_in_order() {
    let (outbound, reader) = connected(0).await;
    for number in 0..200 {
        if number % 3 == 0 {
            outbound.answer(Some(numbered(number)));
        } else {
            outbound.push(&Arc::new(Frame::of(numbered(number)))).unwrap();
        }
        // An unsolicited pong, which needs no answer.
        outbound.control(Bytes::from_static(&[0x8a, 0]));
    }
    assert!(outbound.owes(), "the socket has not taken all of it");
    outbound.close(CloseCode::Restart);
    let written = async {
        let delivered = outbound.deliver(false).await;
        drop(Listening(outbound));
        delivered
    };
    let (written, lines) = tokio::join!(written, lines(reader));
    assert_eq!(written, Ok(Some(CloseCode::Restart)));
    assert!(lines == (0..200).map(numbered).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_is_said_while_an_answer_is_put_together_comes_behind_it() {
    let (outbound, reader) = connected(0).await;
    outbound.push(&Arc::new(Frame::of(numbered(1)))).unwrap();
    outbound.hold();
    outbound.push(&Arc::new(Frame::of(numbered(3)))).unwrap();
    outbound.answer(Some(numbered(2)));
    outbound.push(&Arc::new(Frame::of(numbered(4)))).unwrap();
    outbound.close(CloseCode::Restart);
    let written = async {
        outbound.deliver(false).await.unwrap();
        drop(Listening(outbound));
    };
    let ((), lines) = tokio::join!(written, lines(reader));
    assert!(lines == (1..=4).map(numbered).collect::<Vec<_>>());
}

#[tokio::test]
async fn one_that_is_cut_off_gets_the_rest_of_a_frame_and_the_last_one_and_nothing_else() {
    let (outbound, reader) = connected(1_000_000).await;
    let mut pushed = 0;
    while outbound.push(&Arc::new(Frame::of(numbered(pushed)))).is_ok() {
        pushed += 1;
    }
    assert_eq!(outbound.deliver(false).await, Ok(Some(CloseCode::SlowConsumer)));
    assert!(outbound.queue().waiting.capacity() <= 1, "nothing else is held until it is read");
    let last = Frame::of(ServerLine::Drain { retry_ms: 7 });
    let written = async {
        outbound.write_last(last.bytes().clone()).await.unwrap();
        drop(Listening(outbound));
    };
    let ((), mut lines) = tokio::join!(written, lines(reader));
    assert_eq!(lines.pop(), Some(ServerLine::Drain { retry_ms: 7 }));
    assert!((lines.len() as u64) < pushed);
    assert!(lines == (0..lines.len() as u64).map(numbered).collect::<Vec<_>>());
}

/// Records whether the waker was called.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn one_that_was_cut_off_for_taking_nothing_is_waited_for_in_peace() {
    let (outbound, reader) = connected(0).await;
    while !outbound.is_behind() {
        outbound.push(&Arc::new(Frame::of(numbered(1)))).unwrap();
    }
    time::pause();
    let mut delivery = std::pin::pin!(outbound.deliver(false));
    assert!(delivery.as_mut().now_or_never().is_none());
    time::advance(STALL).await;
    assert_eq!(delivery.await, Ok(Some(CloseCode::SlowConsumer)));
    let woken = Arc::new(Woken::default());
    let mut last = std::pin::pin!(outbound.write_last(frame::ping()));
    let poll = last.as_mut().poll(&mut Context::from_waker(&woken.clone().into()));
    assert!(poll.is_pending(), "it has its time to take the last frame");
    assert!(!woken.0.load(Ordering::Relaxed), "nobody tries again before it takes something");
    time::advance(STALL).await;
    assert_eq!(last.await, Err(Broken));
    drop(reader);
}

#[tokio::test]
async fn the_connection_of_a_session_that_ended_is_closed_whoever_still_holds_its_queue() {
    let (outbound, reader) = connected(0).await;
    outbound.push(&Arc::new(Frame::of(numbered(1)))).unwrap();
    drop(Listening(outbound.clone()));
    assert_eq!(lines(reader).await, [numbered(1)]);
    assert_eq!(outbound.push(&line()), Err(Gone));
}

#[test]
fn a_session_that_ended_is_gone() {
    let outbound = Arc::new(Outbound::new(0));
    drop(Listening(outbound.clone()));
    assert_eq!(outbound.push(&line()), Err(Gone));
}
