//! The data folder: whose it is, and for whose eyes. What is made in it is for its owner alone and becomes the owner's, also
//! where root made it; one that cannot be used is named, with whom it belongs to. Knows nothing of what lies in it.

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

/// How deep the folder is: the index of the search is a folder in it.
const DEPTH: u32 = 3;

/// The database, and the file that says that somebody has it; beside each may lie what SQLite keeps there.
const DATABASE: [&str; 2] = ["teahouse.db", "lock"];

/// What only a server uses.
const SERVED: [&str; 3] = ["cookie.keys", "house.id", "search.db"];

/// What a program does with the folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// It reads the database.
    Read,
    /// It writes to the database.
    Write,
    /// It serves from the folder.
    Serve,
}

/// The folder cannot be used by whoever runs the program.
#[derive(Debug, thiserror::Error)]
#[error("{path} cannot be {verb}: it belongs to {owner}, and this is run by {runner}")]
pub(crate) struct Unusable {
    path: PathBuf,
    verb: &'static str,
    owner: String,
    runner: String,
}

/// Whatever this process makes from now on is for its owner alone.
pub fn keep_private() {
    umask(Mode::RWXG | Mode::RWXO);
}

/// Refuses a folder that holds what the program may not read, or not write, or that it may not make.
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

/// Makes a file of one line, whole or not at all, so that it is still there after a power cut: without the keys, say,
/// everybody would be logged out, while their nicknames are still taken.
pub(crate) fn write_new(folder: &Path, name: &str, line: &str) -> io::Result<()> {
    let unfinished = folder.join(format!("{name}.new"));
    let mut file =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    writeln!(file, "{line}")?;
    file.sync_all()?;
    fs::rename(&unfinished, folder.join(name))?;
    fs::File::open(folder)?.sync_all()
}

/// Does some work on a folder if that can be used so, and leaves to its owner what came of it.
///
/// # Errors
/// Says what the work says, or whose the folder is.
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

/// Gives what root has made in a folder of somebody else's to them, so that their own server can use it.
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
        // Files come and go beside a running server.
        let Ok(found) = fs::symlink_metadata(&path) else { continue };
        // What is somebody's stays theirs, and nothing is followed elsewhere.
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

/// Refuses a file that the program may not use because of whose it is. What else may be wrong with it is told by its use.
fn refuse(path: &Path, access: Access, verb: &'static str) -> Result<(), Unusable> {
    if accessat(CWD, path, access, AtFlags::EACCESS) != Err(rustix::io::Errno::ACCESS) {
        return Ok(());
    }
    let runner = geteuid().as_raw();
    match fs::symlink_metadata(path).map(|found| found.uid()) {
        Ok(owner) if owner != runner => {
            Err(Unusable { path: path.to_owned(), verb, owner: name(owner), runner: name(runner) })
        }
        // Whoever has locked themselves out is told so by what they use.
        _ => Ok(()),
    }
}

/// A user as people know them; by number alone where nobody has given them a name.
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
