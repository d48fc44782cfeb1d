//! Ownership and permissions of the data folder. Files made in it are private to its owner and become the
//! owner's even where root made them; an error about an unusable file names the file and its owner. Knows
//! nothing of the files' contents.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, lchown},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{Access, AtFlags, CWD, Mode, accessat},
    process::{geteuid, umask},
};

/// Maximum depth below the folder: the search index is a folder in it.
const DEPTH: u32 = 3;

/// The database, and the lock file that marks it as in use; SQLite may store further files beside each.
const DATABASE: [&str; 2] = ["teahouse.db", "lock"];

/// The files that only a server uses.
const SERVED: [&str; 3] = ["cookie.keys", "house.id", "search.db"];

/// The way a program uses the folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Reads the database.
    Read,
    /// Writes to the database.
    Write,
    /// Serves from the folder.
    Serve,
}

/// The user who runs the program may not use the folder.
#[derive(Debug, thiserror::Error)]
#[error("{path} cannot be {verb}: it belongs to {owner}, and this is run by {runner}")]
pub(crate) struct Unusable {
    path: PathBuf,
    verb: &'static str,
    owner: String,
    runner: String,
}

/// Restricts everything that this process creates from now on to its owner.
pub fn keep_private() {
    umask(Mode::RWXG | Mode::RWXO);
}

/// Refuses a folder with files that the program may not read or write, or that the program may not create.
pub(crate) fn check(folder: &Path, wanted: Use) -> Result<(), Unusable> {
    let (access, verb) = match wanted {
        Use::Read => (Access::READ_OK, "read"),
        Use::Write | Use::Serve => (Access::READ_OK | Access::WRITE_OK, "written"),
    };
    if let Some(near) = folder.ancestors().find(|path| path.exists()) {
        refuse(near, access | Access::EXEC_OK, verb)?;
    }
    let used = DATABASE.iter().chain(SERVED.iter().filter(|_| wanted == Use::Serve));
    for name in used {
        for suffix in ["", "-wal", "-shm"] {
            refuse(&folder.join(format!("{name}{suffix}")), access, verb)?;
        }
    }
    Ok(())
}

/// Writes a file of one line atomically and durably: without the keys, for example, a power cut would log
/// everybody out while their nicknames stay taken.
pub(crate) fn write_new(folder: &Path, name: &str, line: &str) -> io::Result<()> {
    let unfinished = folder.join(format!("{name}.new"));
    let mut file =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    writeln!(file, "{line}")?;
    file.sync_all()?;
    fs::rename(&unfinished, folder.join(name))?;
    fs::File::open(folder)?.sync_all()
}

/// Runs `work` on a folder after checking that it may be used so, and hands what `work` created to the
/// folder's owner.
///
/// # Errors
/// The error of `work`, or the name of the folder's owner.
pub fn keeping_owner<T>(
    folder: &Path,
    wanted: Use,
    work: impl FnOnce() -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    check(folder, wanted)?;
    let done = work();
    hand_over(folder);
    done
}

/// Hands files that root created in another user's folder to that user, so that their own server can use
/// them.
pub(crate) fn hand_over(folder: &Path) {
    if !geteuid().is_root() {
        return;
    }
    let Ok(owner) = fs::metadata(folder) else { return };
    if owner.uid() == 0 {
        return;
    }
    if let Err(error) = hand_over_within(folder, (owner.uid(), owner.gid()), DEPTH) {
        tracing::warn!(%error, folder = %folder.display(), "failed to leave the data folder's files to its owner");
    }
}

fn hand_over_within(folder: &Path, owner: (u32, u32), depth: u32) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        // A running server creates and removes files meanwhile.
        let Ok(found) = fs::symlink_metadata(&path) else { continue };
        // Only root's files are handed over, and symbolic links are not followed.
        if found.uid() == 0 && !found.is_symlink() {
            match lchown(&path, Some(owner.0), Some(owner.1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        if found.is_dir() && depth > 0 {
            hand_over_within(&path, owner, depth - 1)?;
        }
    }
    Ok(())
}

/// Refuses a file that the program may not use because another user owns it. Other errors surface when the
/// file is used.
fn refuse(path: &Path, access: Access, verb: &'static str) -> Result<(), Unusable> {
    if accessat(CWD, path, access, AtFlags::EACCESS) != Err(rustix::io::Errno::ACCESS) {
        return Ok(());
    }
    let runner = geteuid().as_raw();
    match fs::symlink_metadata(path).map(|found| found.uid()) {
        Ok(owner) if owner != runner => {
            Err(Unusable { path: path.to_owned(), verb, owner: name(owner), runner: name(runner) })
        }
        // If the runner owns the file, using it reports the permission error.
        _ => Ok(()),
    }
}

/// Formats a user as name and uid, or as uid alone if it has no name.
fn name(uid: u32) -> String {
    let named = fs::read_to_string("/etc/passwd").ok().and_then(|users| {
        let of_user = |line: &str| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
        };
        users.lines().find_map(of_user)
    });
    match named {
        Some(name) => format!("{name} (uid {uid})"),
        None => format!("uid {uid}"),
    }
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn a_user_has_a_name_and_a_number() {
        assert_eq!(name(0), "root (uid 0)");
        assert_eq!(name(4_000_000_123), "uid 4000000123");
    }
}
