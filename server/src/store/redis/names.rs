//! Nickname claims. Each node stores the expiry of its own claim; the latest one counts, by Redis's clock.

use std::sync::Arc;

use chat::id::NodeId;
use redis::{FromRedisValue, Script, ScriptInvocation};

use crate::store::{Claim, StoreError, redis::link::Link};

const CLAIM: &str = include_str!("claim.lua");
const RELEASE: &str = include_str!("release.lua");

/// Nickname claims made by this node.
pub(super) struct Names {
    link: Arc<Link>,
    /// The field of this node's claim.
    field: String,
    claim: Script,
    release: Script,
}

impl Names {
    pub(super) fn new(link: Arc<Link>, node: &NodeId) -> Names {
        Names {
            link,
            field: format!("node:{node}"),
            claim: Script::new(CLAIM),
            release: Script::new(RELEASE),
        }
    }

    /// Claims a nickname for a user unless another user holds it; returns whether the user holds it now.
    pub(super) async fn claim(&self, claim: &Claim) -> Result<bool, StoreError> {
        let mut script = self.claim.key(self.key(claim));
        script.arg(claim.user.id.as_str()).arg(&*claim.user.name).arg(&self.field).arg(span(claim));
        self.ask(&script).await
    }

    /// Returns whether a user holds a nickname now: the key exists as long as somebody holds it.
    pub(super) async fn holds(&self, claim: &Claim) -> Result<bool, StoreError> {
        let user: Option<String> =
            self.link.command(redis::cmd("HGET").arg(self.key(claim)).arg("user")).await?;
        Ok(user.as_deref() == Some(claim.user.id.as_str()))
    }

    /// Releases this node's claim to a nickname; an immediate release drops the claims of all nodes.
    pub(super) async fn release(&self, claim: &Claim) -> Result<(), StoreError> {
        let mut script = self.release.key(self.key(claim));
        script.arg(claim.user.id.as_str()).arg(&self.field).arg(span(claim));
        self.ask::<u32>(&script).await.map(drop)
    }

    fn key(&self, claim: &Claim) -> String {
        self.link.keys().nickname(&claim.skeleton)
    }

    async fn ask<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> Result<T, StoreError> {
        self.link.ask(async |mut live| script.invoke_async(&mut live.connection).await).await
    }
}

/// Returns a claim's length: clocks differ between machines, but durations hardly do.
fn span(claim: &Claim) -> u64 {
    claim.until.since(claim.now)
}
