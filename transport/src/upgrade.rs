//! The WebSocket handshake (RFC 6455, section 4.2): checks it and accepts it. Never decides who may connect.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use socket2::SockRef;
use tungstenite::handshake::derive_accept_key;

use crate::{patient_stream::PatientStream, request_clock::TimedStream, socket::Socket};

/// The only version of the protocol (RFC 6455).
const VERSION: &str = "13";

/// The size of a socket's send buffer, in bytes; Linux doubles it for its own bookkeeping.
const SEND_BUFFER: usize = 256 * 1_024;

/// A request to open a WebSocket.
pub struct Upgrade {
    connection: OnUpgrade,
    accept: HeaderValue,
    /// The client's subprotocols, in its order of preference.
    protocols: Vec<String>,
}

/// The reason that a handshake is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The method is not GET.
    #[error("a WebSocket is asked for by GET")]
    Method,
    /// `Upgrade` does not name `websocket`.
    #[error("the header `Upgrade` does not ask for `websocket`")]
    Upgrade,
    /// `Connection` does not name `upgrade`.
    #[error("the header `Connection` does not ask for `upgrade`")]
    Connection,
    /// The version is missing or is not 13.
    #[error("the header `Sec-WebSocket-Version` is not 13")]
    Version,
    /// The key is missing.
    #[error("the header `Sec-WebSocket-Key` is missing")]
    Key,
    /// The connection cannot be upgraded, for example because of its HTTP version.
    #[error("this connection cannot become a WebSocket")]
    Fixed,
}

impl IntoResponse for Unfit {
    fn into_response(self) -> Response {
        let status = match self {
            Unfit::Method => StatusCode::METHOD_NOT_ALLOWED,
            // Section 4.4: the response names the supported versions.
            Unfit::Version | Unfit::Fixed => StatusCode::UPGRADE_REQUIRED,
            Unfit::Upgrade | Unfit::Connection | Unfit::Key => StatusCode::BAD_REQUEST,
        };
        let headers = [
            (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
            (header::SEC_WEBSOCKET_VERSION, VERSION),
            (header::UPGRADE, "websocket"),
        ];
        (status, headers, format!("{self}\n")).into_response()
    }
}

impl Upgrade {
    /// Takes the handshake from a request.
    pub fn of(parts: &mut Parts) -> Result<Upgrade, Unfit> {
        let headers = &parts.headers;
        if parts.method != Method::GET {
            return Err(Unfit::Method);
        }
        if !is_asked(headers) {
            return Err(Unfit::Upgrade);
        }
        if !names(headers, &header::CONNECTION, "upgrade") {
            return Err(Unfit::Connection);
        }
        if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != VERSION) {
            return Err(Unfit::Version);
        }
        let key = headers.get(header::SEC_WEBSOCKET_KEY).ok_or(Unfit::Key)?;
        let accept = derive_accept_key(key.as_bytes());
        let accept = HeaderValue::try_from(accept).expect("Base64 is fit for a header");
        let protocols = listed(headers, &header::SEC_WEBSOCKET_PROTOCOL).map(str::to_owned).collect();
        let connection = parts.extensions.remove::<OnUpgrade>().ok_or(Unfit::Fixed)?;
        Ok(Upgrade { connection, accept, protocols })
    }

    /// The client's subprotocols, in its order of preference.
    pub fn protocols(&self) -> &[String] {
        &self.protocols
    }

    /// Accepts the handshake with this subprotocol. Once the connection is a WebSocket, `then` gets it in a
    /// task of its own. Messages longer than `limit` are refused; 0 means no limit.
    pub fn accept<Then, Talk>(self, protocol: Option<&'static str>, limit: usize, then: Then) -> Response
    where
        Then: FnOnce(Socket) -> Talk + Send + 'static,
        Talk: Future<Output = ()> + Send + 'static,
    {
        let Upgrade { connection, accept, .. } = self;
        tokio::spawn(async move {
            match open(connection, limit).await {
                // A task of its own, so that the memory of the upgrade is freed.
                Ok(socket) => drop(tokio::spawn(then(socket))),
                Err(error) => tracing::debug!(%error, "a connection did not become a WebSocket"),
            }
        });
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
        if let Some(protocol) = protocol {
            headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol));
        }
        response
    }
}

/// Returns the socket once the connection is upgraded, including bytes that arrived early.
async fn open(connection: OnUpgrade, limit: usize) -> anyhow::Result<Socket> {
    let upgraded = connection.await?;
    let parts = upgraded
        .downcast::<TokioIo<PatientStream<TimedStream>>>()
        .map_err(|_| anyhow::anyhow!("it is not the kind of connection that is listened for"))?;
    let stream = parts.io.into_inner().into_inner().into_inner();
    // A slow reader's data must wait in the bounded queue, not in megabytes of kernel buffer.
    SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER)?;
    Ok(Socket::new(stream, &parts.read_buf, limit))
}

/// Returns whether a request asks for a WebSocket. An upgrade to another protocol, such as `h2c`, is ignored
/// (RFC 9110, section 7.8).
pub fn is_asked(headers: &HeaderMap) -> bool {
    names(headers, &header::UPGRADE, "websocket")
}

/// Returns whether a list header contains this token.
fn names(headers: &HeaderMap, header: &header::HeaderName, token: &str) -> bool {
    listed(headers, header).any(|listed| listed.eq_ignore_ascii_case(token))
}

/// Returns the members of a list header.
fn listed<'a>(headers: &'a HeaderMap, header: &header::HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(header).into_iter();
    let lists = values.filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).map(str::trim).filter(|listed| !listed.is_empty())
}
