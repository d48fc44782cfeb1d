//! A test's own service: a real HTTP server on loopback that sends exactly the bytes the test wants and
//! records the requests.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
    time::sleep,
};

/// A step of the service's response to a request.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Say(Vec<u8>),
    /// Sends nothing more until the client disconnects.
    Stall,
    /// Sends byte by byte, one every few milliseconds.
    Drip(Vec<u8>),
}

/// A recorded request.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    /// The request line and the headers, with names in lower case.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Heard {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// The service; it stops with the test.
pub(crate) struct TestService {
    pub(crate) port: u16,
    heard: Arc<Mutex<Vec<Heard>>>,
    /// How many clients disconnected before they had sent a request or while they were stalled.
    gone: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

impl TestService {
    /// Starts a service whose first act is for the first request, the second for the second, and the last for
    /// all after them.
    pub(crate) async fn start(acts: Vec<Vec<Step>>) -> TestService {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (count, gone) = watch::channel(0);
        let acts = Arc::new(Mutex::new(VecDeque::from(acts)));
        let remembered = heard.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, acts.clone(), remembered.clone(), count.clone()));
            }
        });
        TestService { port, heard, gone, task }
    }

    /// Starts a service that sends this to every client.
    pub(crate) async fn saying(answer: impl Into<Vec<u8>>) -> TestService {
        TestService::start(vec![vec![Step::Say(answer.into())]]).await
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// Waits until a client has disconnected.
    pub(crate) async fn somebody_went(&mut self) {
        self.gone.wait_for(|gone| *gone > 0).await.unwrap();
    }
}

impl Drop for TestService {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut stream: TcpStream,
    acts: Arc<Mutex<VecDeque<Vec<Step>>>>,
    heard: Arc<Mutex<Vec<Heard>>>,
    gone: watch::Sender<usize>,
) {
    let Some(request) = read(&mut stream).await else {
        gone.send_modify(|gone| *gone += 1);
        return;
    };
    heard.lock().unwrap().push(request);
    let act = {
        let mut acts = acts.lock().unwrap();
        if acts.len() > 1 { acts.pop_front() } else { acts.front().cloned() }
    };
    for step in act.unwrap_or_default() {
        // A failed write means that the client has disconnected.
        let said = match step {
            Step::Say(bytes) => stream.write_all(&bytes).await.is_ok(),
            Step::Drip(bytes) => drip(&mut stream, &bytes).await,
            Step::Stall => {
                while stream.read(&mut [0; 64]).await.is_ok_and(|read| read > 0) {}
                false
            }
        };
        if !said {
            gone.send_modify(|gone| *gone += 1);
            return;
        }
    }
    // Drain the connection: unread input would cause a reset, which could discard the response.
    let _ = stream.shutdown().await;
    while stream.read(&mut [0; 64]).await.is_ok_and(|read| read > 0) {}
}

async fn drip(stream: &mut TcpStream, bytes: &[u8]) -> bool {
    for byte in bytes {
        if stream.write_all(&[*byte]).await.is_err() {
            return false;
        }
        sleep(Duration::from_millis(5)).await;
    }
    true
}

async fn read(stream: &mut TcpStream) -> Option<Heard> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let mut body = bytes.split_off(end + 4);
    let mut request = Heard { head: String::from_utf8(bytes).ok()?.trim_end().to_owned(), body: Vec::new() };
    let length: usize = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    request.body = body;
    Some(request)
}

/// Returns a whole response.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

/// Returns a whole JSON response.
pub(crate) fn json(status: &str, body: &str) -> String {
    answer(status, "Content-Type: application/json\r\n", body)
}

/// The head of a stream that ends with its connection.
pub(crate) const STREAM: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nConnection: close\r\n\r\n";

/// Encodes one chunk of the chunked transfer coding.
pub(crate) fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}
