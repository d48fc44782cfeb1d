//! A folder on a disk whose power may fail: what is durable, what was done since, and what may remain of
//! that.
//!
//! Changes to a file before its last sync are durable. Of the changes since, each sector independently holds
//! its state at some moment, never torn within itself, and so does the file's length. Names follow the order
//! in which they were created and removed, as on any journalling file system, and are durable up to the
//! folder's own last sync. The folder itself existed before.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::Path,
};

use rand::{RngExt as _, rngs::StdRng};

use super::journal::{Change, Record};

/// The contents of a folder's files, by name.
pub(crate) type Content = BTreeMap<String, Vec<u8>>;

/// A folder, and how much of it is durable.
pub(crate) struct Disk {
    files: Vec<File>,
    /// The files by name, now and at the last sync of the folder.
    names: BTreeMap<String, usize>,
    synced_names: BTreeMap<String, usize>,
    /// The changes to the names since then, each with its time.
    moves: Vec<(usize, Move)>,
    open: HashMap<i32, Opened>,
    /// The start of each sync that is in progress.
    syncs: HashMap<u64, usize>,
    /// Number of changes applied, which serves as the time here.
    now: usize,
}

#[derive(Clone, Copy)]
enum Opened {
    Folder,
    File(usize),
}

#[derive(Default)]
struct File {
    synced: Vec<u8>,
    /// The changes since then, each with its time.
    since: Vec<(usize, Edit)>,
}

enum Edit {
    Write { offset: usize, data: Vec<u8> },
    Truncate { length: usize },
}

enum Move {
    Put { name: String, file: usize },
    Remove { name: String },
    Rename { from: String, to: String },
}

/// The part of the unsynced changes that survives a power cut.
#[derive(Clone, Copy)]
enum Luck {
    Nothing,
    Everything,
    /// The changes up to some moment.
    Until,
    /// Each sector of this many bytes as it was at a moment of its own.
    Sectors(usize),
}

/// Reads the current files of a folder.
pub(crate) fn read(folder: &Path) -> Content {
    let entries = fs::read_dir(folder).expect("the folder can be read").map(|entry| entry.expect("an entry"));
    entries
        .map(|entry| (entry.file_name().into_string().expect("the program's names are text"), entry.path()))
        // The shared-memory file is rebuilt after a crash.
        .filter(|(name, _)| !name.ends_with("-shm"))
        .map(|(name, path)| (name, fs::read(path).expect("the file can be read")))
        .collect()
}

/// Writes files into a folder.
pub(crate) fn write(content: &Content, folder: &Path) {
    for (name, bytes) in content {
        fs::write(folder.join(name), bytes).expect("the file can be written");
    }
}

impl Disk {
    /// Makes a disk from a folder, all of it durable.
    pub(crate) fn of(folder: &Path) -> Disk {
        let mut files = Vec::new();
        let mut names = BTreeMap::new();
        for (name, synced) in read(folder) {
            names.insert(name, files.len());
            files.push(File { synced, since: Vec::new() });
        }
        Disk {
            files,
            synced_names: names.clone(),
            names,
            moves: Vec::new(),
            open: HashMap::new(),
            syncs: HashMap::new(),
            now: 0,
        }
    }

    /// Applies these changes.
    pub(crate) fn follow(&mut self, records: &[Record]) {
        for record in records {
            self.apply(record);
        }
    }

    fn apply(&mut self, record: &Record) {
        self.now += 1;
        match &record.change {
            Change::Open { fd, name, .. } if name.is_empty() => {
                self.open.insert(*fd, Opened::Folder);
            }
            Change::Open { fd, empties, name } => {
                let file = self.names.get(name).copied().unwrap_or_else(|| {
                    self.files.push(File::default());
                    let file = self.files.len() - 1;
                    self.rename(Move::Put { name: name.clone(), file });
                    file
                });
                self.open.insert(*fd, Opened::File(file));
                if *empties {
                    self.edit(*fd, Edit::Truncate { length: 0 });
                }
            }
            Change::Close { fd } => {
                self.open.remove(fd);
            }
            Change::Write { fd, offset, data } => {
                self.edit(*fd, Edit::Write { offset: *offset, data: data.clone() });
            }
            Change::Truncate { fd, length } => self.edit(*fd, Edit::Truncate { length: *length }),
            Change::Sync { number } => {
                self.syncs.insert(*number, self.now);
            }
            Change::Synced { fd, number } => {
                let begun = self.syncs.remove(number).expect("what is done was begun");
                match self.open[fd] {
                    Opened::Folder => self.sync_names(begun),
                    Opened::File(file) => self.files[file].sync(begun),
                }
            }
            Change::Remove { name } => self.rename(Move::Remove { name: name.clone() }),
            Change::Rename { from, to } => {
                self.rename(Move::Rename { from: from.clone(), to: to.clone() });
            }
        }
    }

    /// Returns the files as the program sees them.
    pub(crate) fn as_it_is(&self) -> Content {
        let content =
            self.names.iter().map(|(name, file)| (name.clone(), self.files[*file].until(usize::MAX)));
        content.collect()
    }

    /// Returns the files that remain when the power fails now.
    pub(crate) fn after_a_power_cut(&self, chance: &mut StdRng) -> Content {
        // In one case of four all files have the same luck, good or bad.
        let same = match chance.random_range(0..8) {
            0 => Some(Luck::Nothing),
            1 => Some(Luck::Everything),
            _ => None,
        };
        let mut names = self.synced_names.clone();
        let moved = match same.unwrap_or_else(|| Luck::draw(chance)) {
            Luck::Nothing => 0,
            Luck::Everything => self.moves.len(),
            Luck::Until | Luck::Sectors(_) => chance.random_range(0..=self.moves.len()),
        };
        for (_, change) in &self.moves[..moved] {
            change.apply(&mut names);
        }
        let content = names.into_iter().map(|(name, file)| {
            let luck = same.unwrap_or_else(|| Luck::draw(chance));
            (name, self.files[file].left(luck, chance))
        });
        content.collect()
    }

    fn edit(&mut self, fd: i32, edit: Edit) {
        match self.open[&fd] {
            Opened::File(file) => self.files[file].since.push((self.now, edit)),
            Opened::Folder => panic!("nobody writes into a folder"),
        }
    }

    fn rename(&mut self, change: Move) {
        change.apply(&mut self.names);
        self.moves.push((self.now, change));
    }

    fn sync_names(&mut self, begun: usize) {
        let done = self.moves.partition_point(|(at, _)| *at < begun);
        for (_, change) in self.moves.drain(..done) {
            change.apply(&mut self.synced_names);
        }
    }
}

impl Move {
    fn apply(&self, names: &mut BTreeMap<String, usize>) {
        match self {
            Move::Put { name, file } => {
                names.insert(name.clone(), *file);
            }
            Move::Remove { name } => {
                names.remove(name);
            }
            Move::Rename { from, to } => {
                if let Some(file) = names.remove(from) {
                    names.insert(to.clone(), file);
                }
            }
        }
    }
}

impl File {
    fn sync(&mut self, begun: usize) {
        let done = self.since.partition_point(|(at, _)| *at < begun);
        for (_, edit) in self.since.drain(..done) {
            edit.apply(&mut self.synced);
        }
    }

    /// Returns the file after this many of the changes.
    fn until(&self, count: usize) -> Vec<u8> {
        let mut content = self.synced.clone();
        for (_, edit) in self.since.iter().take(count) {
            edit.apply(&mut content);
        }
        content
    }

    fn left(&self, luck: Luck, chance: &mut StdRng) -> Vec<u8> {
        let edits = self.since.len();
        let sector = match luck {
            Luck::Nothing => return self.until(0),
            Luck::Everything => return self.until(edits),
            Luck::Until => return self.until(chance.random_range(0..=edits)),
            Luck::Sectors(sector) => sector,
        };
        // Replays all states of the file, and takes each sector as it was at its moment; beyond the end of
        // the file there are zeros.
        let mut content = self.synced.clone();
        let mut longest = content.len();
        for (_, edit) in &self.since {
            longest = longest.max(edit.end());
        }
        let moments: Vec<usize> =
            (0..longest.div_ceil(sector)).map(|_| chance.random_range(0..=edits)).collect();
        let length = chance.random_range(0..=edits);
        let mut left = vec![0; longest];
        let mut bytes = 0;
        for time in 0..=edits {
            if let Some((_, edit)) = time.checked_sub(1).map(|last| &self.since[last]) {
                edit.apply(&mut content);
            }
            if time == length {
                bytes = content.len();
            }
            for (index, _) in moments.iter().enumerate().filter(|(_, moment)| **moment == time) {
                let (from, to) = (index * sector, ((index + 1) * sector).min(content.len()));
                if from < to {
                    left[from..to].copy_from_slice(&content[from..to]);
                }
            }
        }
        left.truncate(bytes);
        left
    }
}

impl Edit {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Edit::Write { offset, data } => {
                let end = offset + data.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[*offset..end].copy_from_slice(data);
            }
            Edit::Truncate { length } => content.resize(*length, 0),
        }
    }

    /// Returns the minimum length of the file after this change.
    fn end(&self) -> usize {
        match self {
            Edit::Write { offset, data } => offset + data.len(),
            Edit::Truncate { length } => *length,
        }
    }
}

impl Luck {
    fn draw(chance: &mut StdRng) -> Luck {
        match chance.random_range(0..6) {
            0 => Luck::Nothing,
            1 => Luck::Everything,
            2 => Luck::Until,
            3 => Luck::Sectors(4_096),
            _ => Luck::Sectors(512),
        }
    }
}
