//! The keys that sign and verify logins, the same ones on all nodes.

use std::sync::Arc;

use redis::Script;
use tokio_util::sync::CancellationToken;

use crate::{redis::link::Link, store::StoreError};

const COOKIES: &str = include_str!("cookies.lua");

/// Puts the keys back where a Redis has forgotten them, until `stop`, so that nodes which begin later know everybody too.
pub(crate) async fn keep(link: Arc<Link>, keys: Vec<String>, stop: CancellationToken) {
    let mut live = link.watch();
    let keeping = async {
        while live.changed().await.is_ok() {
            if live.borrow_and_update().is_none() {
                continue;
            }
            if let Err(error) = cookie_keys(&link, &keys).await {
                tracing::debug!(%error, "the keys that sign logins could not be looked at");
            }
        }
    };
    stop.run_until_cancelled(keeping).await;
}

/// The keys there are; the first one signs. Where there is none, they are `fresh` from now on.
pub(crate) async fn cookie_keys(link: &Link, fresh: &[String]) -> Result<Vec<String>, StoreError> {
    let list = link.keys().cookies();
    let script = Script::new(COOKIES);
    link.ask(async |mut live| {
        // Asked first, so that a node starts even while nothing can be written.
        let kept: Vec<String> =
            redis::cmd("LRANGE").arg(&list).arg(0).arg(-1).query_async(&mut live.connection).await?;
        if kept.is_empty() {
            script.key(&list).arg(fresh).invoke_async(&mut live.connection).await
        } else {
            Ok(kept)
        }
    })
    .await
}
