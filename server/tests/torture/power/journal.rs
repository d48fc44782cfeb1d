//! Parses the journals that `watch.c` writes.

use std::{fs, path::Path};

/// Begins every record.
const MAGIC: u32 = 0x5445_4148;

/// One change that the program made to its files.
#[derive(Debug)]
pub(crate) struct Record {
    /// The time, in nanoseconds since 1970.
    pub(crate) at: u64,
    pub(crate) change: Change,
}

/// The change. Names are relative to the folder, whose own name is empty.
#[derive(Debug)]
pub(crate) enum Change {
    Open {
        fd: i32,
        empties: bool,
        name: String,
    },
    Close {
        fd: i32,
    },
    Write {
        fd: i32,
        offset: usize,
        data: Vec<u8>,
    },
    Truncate {
        fd: i32,
        length: usize,
    },
    /// A sync with this number began; it covers the changes before it.
    Sync {
        number: u64,
    },
    /// The sync with this number finished.
    Synced {
        fd: i32,
        number: u64,
    },
    Remove {
        name: String,
    },
    Rename {
        from: String,
        to: String,
    },
}

impl Change {
    /// Returns whether the change may add or remove a file's name.
    pub(crate) fn is_about_a_name(&self) -> bool {
        match self {
            Change::Open { name, .. } => !name.is_empty(),
            Change::Remove { .. } | Change::Rename { .. } => true,
            _ => false,
        }
    }
}

/// Reads a journal; empty if there is none yet. Its last record may be torn if the program was killed.
pub(crate) fn read(path: &Path) -> Vec<Record> {
    let bytes = fs::read(path).unwrap_or_default();
    let mut rest = bytes.as_slice();
    let mut records = Vec::new();
    while let Some(record) = next(&mut rest) {
        records.push(record);
    }
    records
}

fn next(rest: &mut &[u8]) -> Option<Record> {
    let mut input = *rest;
    let magic = u32::from_ne_bytes(take(&mut input)?);
    assert_eq!(magic, MAGIC, "a record follows the other");
    let kind = u32::from_ne_bytes(take(&mut input)?);
    let fd = i32::from_ne_bytes(take(&mut input)?);
    let name_bytes = u32::from_ne_bytes(take(&mut input)?) as usize;
    let number = u64::from_ne_bytes(take(&mut input)?);
    let data_bytes = size(u64::from_ne_bytes(take(&mut input)?));
    let at = u64::from_ne_bytes(take(&mut input)?);
    let name = input.split_off(..name_bytes)?;
    let data = input.split_off(..data_bytes)?;
    *rest = input;
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("the program's names are text");
    let name = text(name);
    let change = match char::from_u32(kind) {
        Some('O') => Change::Open { fd, empties: number & O_TRUNC != 0, name },
        Some('C') => Change::Close { fd },
        Some('W') => Change::Write { fd, offset: size(number), data: data.to_vec() },
        Some('T') => Change::Truncate { fd, length: size(number) },
        Some('B') => Change::Sync { number },
        Some('E') => Change::Synced { fd, number },
        Some('U') => Change::Remove { name },
        Some('R') => Change::Rename { from: name, to: text(data) },
        Some('X') => panic!("the program does what the watch cannot note: {name}"),
        _ => panic!("a record of kind {kind}"),
    };
    Some(Record { at, change })
}

/// Linux's `open` flag that truncates the file.
const O_TRUNC: u64 = 0o1000;

fn take<const N: usize>(input: &mut &[u8]) -> Option<[u8; N]> {
    input.split_off(..N).map(|bytes| bytes.try_into().expect("as many as were taken"))
}

fn size(number: u64) -> usize {
    usize::try_from(number).expect("it was in memory")
}
