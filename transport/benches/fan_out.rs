//! Benchmarks of the per-message work of fan-out in isolation: `cargo bench -p transport`.
//! `cargo xtask bench` measures the cost of a message to the whole server; these tell which part of it a
//! change affects.
#![allow(clippy::unwrap_used, reason = "a bench says what it expects by failing")]

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use chat::{
    id::{ClientId, UserId},
    protocol::{Message, Seq, ServerLine, User},
    room_name::RoomName,
    time::Millis,
};
use divan::{Bencher, black_box};
use i18n::Language;
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::Runtime,
};

use transport::{
    frame::{self, Frame, Gathering},
    outbound::{Encoding, Outbound},
    wire_format::{Broadcast, Plain},
};

fn main() {
    divan::main();
}

fn message(seq: Seq) -> ServerLine {
    ServerLine::Message(Message {
        room: RoomName::lobby(),
        seq,
        id: ClientId::parse("4f1c0e5d8b7a49329d60c1f2a3b4c5d6").unwrap(),
        user: User { id: UserId::parse("00000000000000000001").unwrap(), name: "somebody 1".into() },
        text: "你好, shall we have tea at \"four\"?\nThere is cake.".into(),
        at: Millis(1_763_683_200_000),
    })
}

fn plain() -> Encoding {
    let plain = Plain {
        language: Language::English,
        room: RoomName::lobby(),
        echo: true,
        backlog: 0,
        prefix: "plain-".into(),
    };
    Encoding::PlainText(Box::new((plain, UserId::parse("00000000000000000002").unwrap())))
}

/// Encodes one message; the cost does not depend on the number of readers.
#[divan::bench]
fn a_message_becomes_a_frame(bencher: Bencher) {
    bencher.with_inputs(|| message(1043)).bench_values(|line| Frame::of(black_box(line)));
}

/// Encodes several messages into one frame, which lowers the cost of each.
#[divan::bench(args = [1, 8, 64])]
fn messages_share_a_frame(bencher: Bencher, count: Seq) {
    let lines = || (0..count).map(|seq| Broadcast::new(message(seq))).collect::<Vec<_>>();
    bencher.with_inputs(lines).bench_values(|lines| {
        let mut gathering = Gathering::default();
        for line in lines {
            gathering.add(line);
        }
        gathering.finish()
    });
}

/// Readers on local sockets that read everything they get.
struct Audience {
    outbounds: Vec<Outbound>,
    /// The bytes read so far.
    read: Arc<AtomicUsize>,
    /// The runtime of the readers, apart from the measured thread.
    _runtime: Runtime,
}

impl Audience {
    fn of(readers: usize, view: fn() -> Encoding) -> Audience {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let read = Arc::new(AtomicUsize::new(0));
        let outbounds = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let mut outbounds = Vec::new();
            for _ in 0..readers {
                let reader = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
                let (socket, _) = listener.accept().await.unwrap();
                socket.set_nodelay(true).unwrap();
                socket.writable().await.unwrap();
                tokio::spawn(read_all(reader, read.clone()));
                outbounds.push(Outbound::to_socket(Arc::new(socket.into()), 0, view()));
            }
            outbounds
        });
        Audience { outbounds, read, _runtime: runtime }
    }

    fn push(&self, frame: &Arc<Frame>) {
        for outbound in &self.outbounds {
            outbound.push(frame).unwrap();
        }
    }

    /// Waits until the readers have read `bytes` in total.
    fn have_read(&self, bytes: usize) {
        while self.read.load(Ordering::Relaxed) < bytes {
            std::thread::yield_now();
        }
    }
}

async fn read_all(reader: TcpStream, read: Arc<AtomicUsize>) {
    let mut buffer = [0; 4_096];
    while reader.readable().await.is_ok() {
        match reader.try_read(&mut buffer) {
            Ok(0) => return,
            Ok(length) => {
                read.fetch_add(length, Ordering::Relaxed);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => panic!("a reader's connection broke: {error}"),
        }
    }
}

/// Pushes one new frame at a time to sockets that have taken all earlier ones.
fn push_to(bencher: Bencher, readers: usize, view: fn() -> Encoding) {
    let audience = Audience::of(readers, view);
    let frame = Frame::of(message(1043));
    let heard = match view() {
        Encoding::Json => frame.bytes().len(),
        Encoding::PlainText(reader) => {
            let text = reader.0.hears(&frame.lines()[0], &reader.1).unwrap();
            frame::texts(text.lines()).len()
        }
    };
    let mut expected = 0;
    bencher
        .with_inputs(|| {
            audience.have_read(expected);
            expected += readers * heard;
            Arc::new(Frame::of(message(1043)))
        })
        .bench_local_refs(|frame| audience.push(frame));
    assert!(audience.outbounds.iter().all(|outbound| !outbound.is_behind()), "nothing had to wait");
}

/// Sends a frame to each reader: one system call and the work around it.
#[divan::bench(args = [1, 10, 100], sample_size = 1, sample_count = 1_000)]
fn a_frame_goes_to_sockets(bencher: Bencher, readers: usize) {
    push_to(bencher, readers, || Encoding::Json);
}

/// The same for plain-text readers, whose text is rendered once for all.
#[divan::bench(args = [1, 10, 100], sample_size = 1, sample_count = 1_000)]
fn a_frame_goes_to_plain_sockets(bencher: Bencher, readers: usize) {
    push_to(bencher, readers, plain);
}
