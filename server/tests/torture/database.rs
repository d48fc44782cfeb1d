//! Reads the log from the database file, bypassing the program.

use std::{collections::BTreeMap, path::Path};

use chat::{protocol::Seq, room_name::RoomName};
use rusqlite::Connection;

/// A message in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) seq: Seq,
    pub(crate) user: String,
    pub(crate) id: String,
    pub(crate) text: String,
}

/// The rooms' logs, ordered by seq.
pub(crate) type Logs = BTreeMap<RoomName, Vec<Row>>;

/// Reads the logs in a data folder whose server has ended, in whatever way; returns an error if the file is
/// unsound.
pub(crate) fn read(data: &Path) -> Result<Logs, String> {
    let wrong = |error: rusqlite::Error| error.to_string();
    let connection = Connection::open(data.join("teahouse.db")).map_err(wrong)?;
    let check: String =
        connection.query_row("PRAGMA integrity_check(1)", (), |row| row.get(0)).map_err(wrong)?;
    if check != "ok" {
        return Err(check);
    }
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema WHERE name IN ('event', 'room')", (), |row| row.get(0))
        .map_err(wrong)?;
    // The program ended before it created the tables.
    if tables == 0 {
        return Ok(Logs::new());
    }
    let mut select = connection
        .prepare(
            "SELECT room.name, event.seq, event.user, event.client, event.text
             FROM event JOIN room ON room.id = event.room ORDER BY room.name, event.seq",
        )
        .map_err(wrong)?;
    let rows = select
        .query_map((), |row| {
            let text = |column| row.get::<_, String>(column);
            Ok((text(0)?, row.get::<_, i64>(1)?, text(2)?, text(3)?, text(4)?))
        })
        .map_err(wrong)?;
    let mut logs = Logs::new();
    for row in rows {
        let (room, seq, user, id, text) = row.map_err(wrong)?;
        let unfit = |what: &str| format!("{what} is unfit in {room} {seq}");
        let row = Row { seq: u64::try_from(seq).map_err(|_| unfit("the seq"))?, user, id, text };
        let room = RoomName::from_canonical(&room).map_err(|_| unfit("the name"))?;
        logs.entry(room).or_default().push(row);
    }
    Ok(logs)
}
