//! Who holds which nickname. Each node gives its word until when; the latest counts, by the clock of Redis.

use std::sync::Arc;

use chat::id::NodeId;
use redis::{FromRedisValue, Script, ScriptInvocation};

use crate::store::{Claim, StoreError, redis::link::Link};

const CLAIM: &str = include_str!("claim.lua");
const RELEASE: &str = include_str!("release.lua");

/// The nicknames, as this node speaks of them.
pub(super) struct Names {
    link: Arc<Link>,
    /// Where this node's word stands.
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

    /// Gives a nickname to a user, unless somebody else holds it; whether they have it now.
    pub(super) async fn claim(&self, claim: &Claim) -> Result<bool, StoreError> {
        let mut script = self.claim.key(self.key(claim));
        script.arg(claim.user.id.as_str()).arg(&*claim.user.name).arg(&self.field).arg(span(claim));
        self.ask(&script).await
    }

    /// Whether a user holds a nickname now: what lies there does so as long as somebody does.
    pub(super) async fn holds(&self, claim: &Claim) -> Result<bool, StoreError> {
        let user: Option<String> =
            self.link.command(redis::cmd("HGET").arg(self.key(claim)).arg("user")).await?;
        Ok(user.as_deref() == Some(claim.user.id.as_str()))
    }

    /// Lets a nickname go by this node's word; one that is let go at once, by every node's.
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

/// How long a claim is for: clocks differ from machine to machine, spans hardly do.
fn span(claim: &Claim) -> u64 {
    claim.until.since(claim.now)
}
