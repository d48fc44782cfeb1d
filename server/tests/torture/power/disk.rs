//! A folder on a disk whose power may fail: what is surely on it, what was done since, and what may be left of that.
//!
//! What was done to a file before its last sync is on the disk; of what was done since, each sector has come as far as it
//! will, none of them torn in itself, and so has the file's length. Which names there are follows the order in which they
//! were made and taken away, as on any journalling file system, and is sure from the folder's own last sync on. The folder
//! itself was there before.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::Path,
};

use rand::{RngExt as _, rngs::StdRng};

use super::journal::{Change, Record};

/// The files of a folder by their names.
pub(crate) type Content = BTreeMap<String, Vec<u8>>;

/// A folder, and how much of it is on the disk.
pub(crate) struct Disk {
    files: Vec<File>,
    /// The files that have a name, and those that had one when the folder was last synced.
    names: BTreeMap<String, usize>,
    synced_names: BTreeMap<String, usize>,
    /// What was done to the names since then; each with when it was done.
    moves: Vec<(usize, Move)>,
    open: HashMap<i32, Opened>,
    /// When each sync that is under way has begun.
    syncs: HashMap<u64, usize>,
    /// How many changes were applied, which is the time here.
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
    /// What was done to it since; each with when it was done.
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

/// How much of what was not synced is on the disk after all.
#[derive(Clone, Copy)]
enum Luck {
    Nothing,
    Everything,
    /// What was done up to some moment.
    Until,
    /// Every sector of so many bytes as it was at some moment of its own.
    Sectors(usize),
}

/// The files of a folder, as they are.
pub(crate) fn read(folder: &Path) -> Content {
    let entries = fs::read_dir(folder).expect("the folder can be read").map(|entry| entry.expect("an entry"));
    entries
        .map(|entry| (entry.file_name().into_string().expect("the program's names are text"), entry.path()))
        // It is memory, and made anew.
        .filter(|(name, _)| !name.ends_with("-shm"))
        .map(|(name, path)| (name, fs::read(path).expect("the file can be read")))
        .collect()
}

/// Puts files into a folder.
pub(crate) fn write(content: &Content, folder: &Path) {
    for (name, bytes) in content {
        fs::write(folder.join(name), bytes).expect("the file can be written");
    }
}

impl Disk {
    /// A folder as it is, all of it on the disk.
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

    /// Follows the program through all this.
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

    /// The files as the program sees them.
    pub(crate) fn as_it_is(&self) -> Content {
        let content =
            self.names.iter().map(|(name, file)| (name.clone(), self.files[*file].until(usize::MAX)));
        content.collect()
    }

    /// What is left when the power fails now.
    pub(crate) fn after_a_power_cut(&self, chance: &mut StdRng) -> Content {
        // In one case of four all has the same luck, good or bad.
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

    /// The file after so many of the edits.
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
        // All the states that the file went through are gone through again, and each sector is kept as it was at its
        // moment; beyond the end of the file there are zeros.
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

    /// How long the file is at the least after this.
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
