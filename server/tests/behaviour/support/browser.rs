//! A user's browser: pages, forms, cookies, and the sockets that it opens. Follows no redirects, so that
//! tests see them.

use std::{net::SocketAddr, sync::Arc};

use chat::protocol::{ClientLine, Joined, RoomPosition, Seq, ServerLine};
use reqwest::{
    Body, Client, ClientBuilder, RequestBuilder, Response, Url,
    cookie::{CookieStore as _, Jar},
    header::{HeaderName, HeaderValue},
    redirect::Policy,
};

use super::{Knock, Lines, Plain};

/// A browser with its own cookies.
pub(crate) struct Browser {
    address: SocketAddr,
    client: Client,
    cookies: Arc<Jar>,
    /// Headers sent with every request, sockets included.
    headers: Vec<(String, String)>,
}

/// Returns an HTTP client. Its library is built without a TLS provider, so each process has to install one.
pub(crate) fn client() -> ClientBuilder {
    // Another test may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
}

impl Browser {
    pub(crate) fn new(address: SocketAddr) -> Browser {
        let cookies = Arc::new(Jar::default());
        let client = client()
            .no_proxy()
            .redirect(Policy::none())
            .cookie_provider(cookies.clone())
            .build()
            .expect("a client without special wishes");
        Browser { address, client, cookies, headers: Vec::new() }
    }

    /// Returns this browser with a header added to every request.
    pub(crate) fn saying(mut self, header: &str, value: &str) -> Browser {
        self.headers.push((header.to_owned(), value.to_owned()));
        self
    }

    /// Returns this browser with these cookies, valid or not.
    pub(crate) fn with_cookie(self, cookie: &str) -> Browser {
        self.cookies.add_cookie_str(cookie, &self.url("/"));
        self
    }

    fn url(&self, path: &str) -> Url {
        format!("http://{}{path}", self.address).parse().expect("a path of this server")
    }

    fn request(&self, builder: RequestBuilder) -> RequestBuilder {
        let headers = self.headers.iter().map(|(name, value)| {
            let name = HeaderName::try_from(name).expect("a header");
            // Other sites on the host may have set cookies that are not ASCII.
            (name, HeaderValue::from_bytes(value.as_bytes()).expect("its value"))
        });
        builder.headers(headers.collect())
    }

    /// Returns the login's cookie as the browser sends it; empty without a login.
    pub(crate) fn cookie(&self) -> String {
        let header = self.cookies.cookies(&self.url("/"));
        let cookies = header.and_then(|value| value.to_str().ok().map(str::to_owned)).unwrap_or_default();
        let mut cookies = cookies.split("; ");
        cookies
            .find(|cookie| cookie.trim_start_matches("__Host-").starts_with("teahouse-"))
            .unwrap_or_default()
            .to_owned()
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.get_with(path, &[]).await
    }

    pub(crate) async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        let mut request = self.request(self.client.get(self.url(path)));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.expect("the server answers")
    }

    /// Returns the status of the response; `None` if the server does not answer.
    pub(crate) async fn try_get(&self, path: &str) -> Option<u16> {
        let answer = self.request(self.client.get(self.url(path))).send().await;
        answer.ok().map(|response| response.status().as_u16())
    }

    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Response {
        self.request(self.client.post(self.url(path))).form(form).send().await.expect("the server answers")
    }

    /// Posts a body unchanged.
    pub(crate) async fn push(&self, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Response {
        let mut request = self.request(self.client.post(self.url(path))).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.expect("the server answers")
    }

    pub(crate) async fn log_in(&self, nickname: &str) -> Response {
        self.post("/login", &[("nickname", nickname)]).await
    }

    pub(crate) async fn log_out(&self) -> Response {
        self.post("/logout", &[]).await
    }

    /// Builds a socket request with this browser's cookies.
    pub(crate) fn knock(&self, path: &str) -> Knock {
        let mut knock = Knock::new(self.address, path);
        let cookie = self.cookie();
        if !cookie.is_empty() {
            knock = knock.header("cookie", &cookie);
        }
        self.headers.iter().fold(knock, |knock, (name, value)| knock.header(name, value))
    }

    /// Opens a protocol socket without sending anything on it.
    pub(crate) async fn open(&self) -> Lines {
        Lines::new(self.knock("/ws").protocol("teahouse.v1").socket().await)
    }

    /// Opens a socket and joins the lobby.
    pub(crate) async fn talk(&self) -> Lines {
        self.talk_in(&["lobby"]).await
    }

    /// Opens a socket and joins these rooms.
    pub(crate) async fn talk_in(&self, rooms: &[&str]) -> Lines {
        let mut lines = self.open().await;
        let places =
            rooms.iter().map(|room| RoomPosition { room: (*room).to_owned(), epoch: None, seq: None });
        lines.send(&ClientLine::Hello { rooms: places.collect(), client: None, user: None }).await;
        for room in rooms {
            assert_eq!(lines.joined().await.room.as_str(), *room);
        }
        lines
    }

    /// Opens a socket and joins the lobby with a position; returns the answer, and checks that nothing of the
    /// room precedes it.
    pub(crate) async fn resume(&self, epoch: Option<&str>, seq: Option<Seq>) -> (Lines, Joined) {
        let mut lines = self.open().await;
        let place = RoomPosition { room: "lobby".to_owned(), epoch: epoch.map(str::to_owned), seq };
        lines.send(&ClientLine::Hello { rooms: vec![place], client: None, user: None }).await;
        let joined = lines.until(|line| match line {
            ServerLine::Joined(joined) => Some(joined),
            ServerLine::Message(message) => panic!("{} comes before joined", message.seq),
            _ => None,
        });
        let joined = joined.await;
        (lines, joined)
    }

    /// Opens a socket of the plain door.
    pub(crate) async fn plain(&self, path: &str) -> Plain {
        Plain::new(self.knock(path).socket().await)
    }
}
