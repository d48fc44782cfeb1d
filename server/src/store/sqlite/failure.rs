//! Classifies database errors: whether the store itself fails or only one request, and whether the connection
//! can still be trusted.

use rusqlite::ErrorCode;

/// The reason why an operation failed.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(super) struct Failure(#[from] rusqlite::Error);

impl Failure {
    /// Returns whether other requests to the store might succeed at the same time. A full disk may accept a
    /// small message where it refuses a large one; a lock, or a failing disk, affects all requests.
    pub(super) fn spares_others(&self) -> bool {
        !matches!(self.0.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
            && !self.may_break_connections()
    }

    /// Returns whether the connection itself may be broken: its files may be gone.
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
