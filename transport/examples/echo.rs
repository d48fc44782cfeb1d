//! An echo server on Teahouse's transport for the Autobahn test suite, started by `cargo xtask autobahn`.
//! Sends each text message back unchanged.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::response::{IntoResponse as _, Response};
use chat::close::CloseCode;
use hyper::{Request, body, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use transport::{
    frame,
    outbound::{self, Encoding, Listening, Outbound},
    patient_stream::PatientStream,
    request_clock::{RequestClock, TimedStream},
    socket::{Incoming, RecvError, Socket},
    upgrade::Upgrade,
};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    eprintln!("the echo is open: ws://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(serve(stream));
    }
}

async fn serve(stream: TcpStream) {
    let stream = TimedStream::new(stream.into(), RequestClock::default(), Duration::MAX);
    let stream = PatientStream::new(stream);
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer));
    if let Err(error) = connection.with_upgrades().await {
        eprintln!("a connection ended badly: {error}");
    }
}

async fn answer(request: Request<body::Incoming>) -> Result<Response, Infallible> {
    let (mut parts, _) = request.into_parts();
    Ok(match Upgrade::of(&mut parts) {
        Ok(upgrade) => upgrade.accept(None, 0, echo),
        Err(unfit) => unfit.into_response(),
    })
}

/// Echoes messages until the end, in the way that a session without other work would.
async fn echo(mut socket: Socket) {
    let outbound = Arc::new(Outbound::to_socket(socket.stream(), 0, Encoding::Json));
    let _listening = Listening(outbound.clone());
    loop {
        let heard = tokio::select! {
            delivered = outbound.deliver(false) => match delivered {
                Ok(_) => continue,
                Err(outbound::Broken) => return,
            },
            heard = socket.recv(&outbound) => heard,
        };
        match heard {
            Ok(Incoming::Text(text)) => outbound.control(frame::texts([text.as_str()].into_iter())),
            Ok(Incoming::Activity) => {}
            // A session refuses it with a line of the protocol, which does not fit here.
            Ok(Incoming::Binary) => return socket.close(&outbound, CloseCode::Protocol).await,
            Ok(Incoming::Close) => return socket.recv_to_end(&outbound).await,
            Err(RecvError::TooBig) => return socket.close(&outbound, CloseCode::TooBig).await,
            Err(RecvError::Protocol(code)) => return socket.close_garbled(&outbound, code).await,
            Err(RecvError::Closed) => return,
        }
    }
}
