//! Exports rooms as lines, beside a running server. Holds at most one page of a room in memory.

use std::{
    io::{self, BufWriter, Write},
    path::Path,
};

use anyhow::{Context as _, bail};
use chat::room_name::RoomName;
use rusqlite::Connection;

use super::{
    counts::Counts,
    database,
    line::{FORMAT, Header, Line, Reach, VERSION},
    new_file::NewFile,
};

use crate::{
    clock,
    store::sqlite::{FILE, mark, reader},
};

/// How many events are read at once.
const PAGE: u64 = 1_000;

/// Writes rooms of a data folder (all if none is named) to a new file or to standard output. Returns a
/// summary with the counts.
pub fn export(data: &Path, rooms: &[RoomName], output: Option<&Path>) -> anyhow::Result<String> {
    let connection = database::open(data)?;
    let unreadable = || format!("cannot read {}", data.join(FILE).display());
    // One read transaction: the export is a snapshot, whatever is published meanwhile.
    connection.execute_batch("BEGIN").with_context(unreadable)?;
    let held = rooms_of(&connection).with_context(unreadable)?;
    if let Some(unknown) = rooms.iter().find(|room| !held.contains(room)) {
        bail!("there is no room {unknown} in {}", data.display());
    }
    let chosen = held.into_iter().filter(|room| rooms.is_empty() || rooms.contains(room));
    let Some(epoch) = mark::epoch_of(&connection, &data.join(FILE))? else {
        bail!("{} was never served from", data.display());
    };
    let header = Header { format: FORMAT.to_owned(), version: VERSION, at: clock::now(), epoch };
    let (counts, place) = if let Some(path) = output {
        let mut new = NewFile::create(path)?;
        let counts = write(&connection, header, chosen, &path.display().to_string(), new.file())?;
        new.place()?;
        (counts, format!(" to {}", path.display()))
    } else {
        let counts = write(&connection, header, chosen, "standard output", io::stdout().lock())?;
        (counts, String::new())
    };
    Ok(format!("exported {counts} from {}{place}", data.display()))
}

/// Returns every room, by name.
fn rooms_of(connection: &Connection) -> anyhow::Result<Vec<RoomName>> {
    let mut select = connection.prepare("SELECT name FROM room ORDER BY name")?;
    let names = select.query_map((), |row| row.get::<_, String>(0))?;
    names.map(|name| Ok(RoomName::from_canonical(&name?)?)).collect()
}

fn write(
    connection: &Connection,
    header: Header,
    rooms: impl Iterator<Item = RoomName>,
    name: &str,
    output: impl Write,
) -> anyhow::Result<Counts> {
    let mut output = BufWriter::new(output);
    let mut say = |line: &Line| {
        output.write_all(line.print().as_bytes()).with_context(|| format!("cannot write to {name}"))
    };
    let mut counts = Counts::default();
    say(&Line::Archive(header))?;
    for room in rooms {
        let extent = reader::extent(connection, &room)?;
        say(&Line::Room(Reach { room: room.clone(), head: extent.head, oldest: extent.oldest }))?;
        counts.rooms += 1;
        let mut after = extent.oldest.checked_sub(1).unwrap_or(extent.head);
        while after < extent.head {
            let upto = after.saturating_add(PAGE).min(extent.head);
            for message in reader::range(connection, &room, after, upto)? {
                say(&Line::Message(message))?;
                counts.events += 1;
            }
            after = upto;
        }
    }
    say(&Line::End(counts))?;
    output.flush().with_context(|| format!("cannot write to {name}"))?;
    Ok(counts)
}
