//! The keys that sign and verify logins, the same ones on all nodes.

use redis::Script;

use crate::{redis::link::Link, store::StoreError};

const COOKIES: &str = include_str!("cookies.lua");

/// The keys there are; the first one signs. Where there is none, `fresh` is it from now on.
pub(crate) async fn cookie_keys(link: &Link, fresh: &str) -> Result<Vec<String>, StoreError> {
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
