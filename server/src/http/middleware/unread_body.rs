//! Drains the unread body of an answered request, up to a bound, before the response is sent. Closing a
//! connection with unread bytes resets it, and the client never sees the response. Never looks at the bytes.

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

/// The most bytes that are drained. A client that sends more may see a reset instead of the response.
const BOUND: usize = 8 * 1_024 * 1_024;

/// The longest time for draining.
const PATIENCE: Duration = Duration::from_secs(5);

/// Responds once the rest of the body is drained.
pub(crate) async fn read(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    // A client that waits for `100 Continue` sends nothing unless the body is polled.
    let is_coming = !request.headers().contains_key(header::EXPECT);
    let (give_back, mut rest) = oneshot::channel();
    let request = request.map(|body| Body::new(Lent { body, is_coming, give_back: Some(give_back) }));
    let response = next.run(request).await;
    if let Ok(body) = rest.try_recv()
        && tokio::time::timeout(PATIENCE, drop_all(body)).await.is_err()
    {
        tracing::debug!("gave up draining the body of an answered request");
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

/// A body that returns itself when it is dropped before its end.
struct Lent {
    body: Body,
    /// Whether the client sends more without being asked.
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
            // The receiver is gone if the request was cancelled.
            let _ = give_back.send(mem::take(&mut self.body));
        }
    }
}
