//! What a failure of the database means: whether it is the store that fails or only what was asked of it, and whether a
//! connection is still to be trusted afterwards.

use rusqlite::ErrorCode;

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(super) struct Failure(#[from] rusqlite::Error);

impl Failure {
    /// Whether something else asked of the store at the same time might succeed. A full disk takes a small message where
    /// it cannot take a large one; a lock, or a disk that fails, stands in the way of all.
    pub(super) fn spares_others(&self) -> bool {
        !matches!(self.0.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
            && !self.may_break_connections()
    }

    /// Whether the connection may be the one that is broken: its files may have gone away under it.
    pub(super) fn may_break_connections(&self) -> bool {
        matches!(
            self.0.sqlite_error_code(),
            Some(
                ErrorCode::CannotOpen
                    | ErrorCode::DatabaseCorrupt
                    | ErrorCode::FileLockingProtocolFailed
                    | ErrorCode::InternalMalfunction
                    | ErrorCode::NotADatabase
                    | ErrorCode::OutOfMemory
                    | ErrorCode::PermissionDenied
                    | ErrorCode::ReadOnly
                    | ErrorCode::SystemIoFailure
            )
        )
    }
}
