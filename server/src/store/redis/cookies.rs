//! The instance's cookie secrets, shared by all nodes: the keys that sign and verify logins, and the
//! instance's id.

use std::sync::Arc;

use redis::Script;
use tokio_util::sync::CancellationToken;

use super::records;
use crate::store::{
    Collection, Put, StoreError,
    instance_id::{self, InstanceId},
    redis::link::Link,
};

const COOKIES: &str = include_str!("cookies.lua");

/// Restores them, until `stop`, when Redis has lost them, so that nodes started later recognize all users
/// too.
pub(crate) async fn maintain(
    link: Arc<Link>,
    keys: Vec<String>,
    instance_id: InstanceId,
    stop: CancellationToken,
) {
    let mut live = link.watch();
    let keeping = async {
        while live.changed().await.is_ok() {
            if live.borrow_and_update().is_none() {
                continue;
            }
            if let Err(error) = cookie_keys(&link, &keys).await {
                tracing::debug!(%error, "the keys that sign logins could not be looked at");
            }
            if let Err(error) = records::put(&link, &instance_id.record(), Put::IfAbsent).await {
                tracing::debug!(%error, "failed to put the house's id back");
            }
        }
    };
    stop.run_until_cancelled(keeping).await;
}

/// Returns the instance's id; stores `fresh` as the id if there is none.
pub(crate) async fn instance_id(link: &Link, fresh: InstanceId) -> Result<InstanceId, StoreError> {
    let kept = async || {
        let kept = records::value(link, Collection::Instance, instance_id::KEY).await?;
        Ok(kept.as_deref().and_then(InstanceId::parse))
    };
    // Read first, so that a node can start even while Redis accepts no writes.
    if let Some(kept) = kept().await? {
        return Ok(kept);
    }
    if !records::put(link, &fresh.record(), Put::IfAbsent).await?
        && let Some(kept) = kept().await?
    {
        // Another node was faster.
        return Ok(kept);
    }
    records::put(link, &fresh.record(), Put::Always).await?;
    Ok(fresh)
}

/// Returns the login keys, of which the first one signs; stores `fresh` as the keys if there are none.
pub(crate) async fn cookie_keys(link: &Link, fresh: &[String]) -> Result<Vec<String>, StoreError> {
    let list = link.keys().cookies();
    let script = Script::new(COOKIES);
    link.ask(async |mut live| {
        // Read first, so that a node can start even while Redis accepts no writes.
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
