//! Nickname claims, as rows. Never begins or commits a transaction.

use chat::time::Millis;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::reader::signed;
use crate::store::Claim;

/// Claims a nickname for a user unless another user holds it; returns whether the user holds it now.
pub(super) fn claim(transaction: &Transaction<'_>, claim: &Claim) -> rusqlite::Result<bool> {
    let changed = transaction
        .prepare_cached(
            "INSERT INTO nickname (skeleton, user, name, until) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (skeleton) DO UPDATE
             SET until = CASE WHEN user = excluded.user THEN max(until, excluded.until) ELSE excluded.until END,
                 user = excluded.user,
                 name = excluded.name
             WHERE user = excluded.user OR until <= ?5",
        )?
        .execute(params![
            claim.skeleton.as_str(),
            claim.user.id.as_str(),
            &*claim.user.name,
            signed(claim.until.0),
            signed(claim.now.0)
        ])?;
    Ok(changed == 1)
}

/// Releases a nickname at a time, earlier than the claim would expire.
pub(super) fn release(transaction: &Transaction<'_>, claim: &Claim) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("UPDATE nickname SET until = min(until, ?3) WHERE skeleton = ?1 AND user = ?2")?
        .execute(params![claim.skeleton.as_str(), claim.user.id.as_str(), signed(claim.until.0)])?;
    Ok(())
}

/// Deletes expired nicknames, at most `limit` of them; returns how many.
pub(super) fn forget(transaction: &Transaction<'_>, now: Millis, limit: u32) -> rusqlite::Result<usize> {
    transaction
        .prepare_cached(
            "DELETE FROM nickname WHERE skeleton IN (SELECT skeleton FROM nickname WHERE until <= ?1 LIMIT ?2)",
        )?
        .execute(params![signed(now.0), limit])
}

/// Returns whether a user holds a nickname at a time.
pub(super) fn holds(connection: &Connection, claim: &Claim) -> rusqlite::Result<bool> {
    let held = connection
        .prepare_cached("SELECT 1 FROM nickname WHERE skeleton = ?1 AND user = ?2 AND until > ?3")?
        .query_row(params![claim.skeleton.as_str(), claim.user.id.as_str(), signed(claim.now.0)], |_| Ok(()))
        .optional()?;
    Ok(held.is_some())
}
