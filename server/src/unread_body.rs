//! What a client still sends of a request that is answered before its end. It is read, up to a bound and for a while, before
//! the answer goes out: a connection that is closed with bytes that nobody read is reset, and the client never sees why.
//! Never looks at what it reads.

use std::{
    mem,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    extract::Request,
    http::header,
    middleware::Next,
    response::Response,
};
use futures::StreamExt as _;
use hyper::body::{Body as _, Frame, SizeHint};
use tokio::sync::oneshot;

/// How many bytes more are read. Whoever sends still more does not hear why they are refused.
const BOUND: usize = 8 * 1_024 * 1_024;

/// How long they may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Answers a request once the rest of it was read.
pub(crate) async fn read(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    // Whoever waits for `100 Continue` sends nothing unless they are asked to.
    let is_coming = !request.headers().contains_key(header::EXPECT);
    let (give_back, mut rest) = oneshot::channel();
    let request = request.map(|body| Body::new(Lent { body, is_coming, give_back: Some(give_back) }));
    let response = next.run(request).await;
    if let Ok(body) = rest.try_recv()
        && tokio::time::timeout(PATIENCE, drop_all(body)).await.is_err()
    {
        tracing::debug!("a request that was answered did not end in time");
    }
    response
}

async fn drop_all(body: Body) {
    let mut left = BOUND;
    let mut pieces = body.into_data_stream();
    while let Some(Ok(piece)) = pieces.next().await {
        let Some(less) = left.checked_sub(piece.len()) else { return };
        left = less;
    }
}

/// A body that is given back when its reader lets go of it before its end.
struct Lent {
    body: Body,
    /// Whether more of it comes by itself.
    is_coming: bool,
    give_back: Option<oneshot::Sender<Body>>,
}

impl hyper::body::Body for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.is_coming = true;
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if self.is_coming
            && !self.body.is_end_stream()
            && let Some(give_back) = self.give_back.take()
        {
            // Nobody waits for it if the request itself was given up.
            let _ = give_back.send(mem::take(&mut self.body));
        }
    }
}
