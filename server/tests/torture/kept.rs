//! Reads Redis directly, bypassing the program: the logs, and the registered presence.

use std::collections::{BTreeMap, BTreeSet};

use chat::{protocol::Seq, room_name::RoomName};
use redis::{Client, Connection, FromRedisValue, RedisResult, cmd};
use serde::Deserialize;

use crate::database::{Logs, Row};

/// The entries of a stream: an id, and its fields and values alternating.
type Entries = Vec<(String, Vec<String>)>;

/// The data stored with an entry of the log.
#[derive(Deserialize)]
struct Body {
    id: String,
    user: User,
    text: String,
}

#[derive(Deserialize)]
struct User {
    id: String,
}

/// The Redis of a chat.
pub(crate) struct Kept(Connection);

impl Kept {
    /// Connects to it.
    pub(crate) fn at(url: &str) -> Kept {
        Kept(Client::open(url).and_then(|client| client.get_connection()).expect("Redis takes connections"))
    }

    /// Returns the complete logs of these rooms, or an error if one is unsound.
    pub(crate) fn logs(&mut self, rooms: &[RoomName]) -> Result<Logs, String> {
        rooms.iter().map(|room| Ok((room.clone(), self.log(room)?))).collect()
    }

    /// Returns the epoch of the logs.
    pub(crate) fn epoch(&mut self) -> String {
        self.get("HGET", &["teahouse:meta", "epoch"])
    }

    /// Returns the nodes that are registered: those running, and lost ones that were not removed yet.
    pub(crate) fn nodes(&mut self) -> BTreeSet<String> {
        self.get("ZRANGE", &["teahouse:nodes", "0", "-1"])
    }

    /// Returns the nodes that hold presence in any of these rooms or have a list of rooms.
    pub(crate) fn seating_nodes(&mut self, rooms: &[RoomName]) -> BTreeSet<String> {
        let lists: Vec<String> = self.get("KEYS", &["teahouse:seated:*"]);
        let mut nodes: BTreeSet<String> =
            lists.iter().filter_map(|key| key.rsplit(':').next()).map(str::to_owned).collect();
        for room in rooms {
            let seats: Vec<String> = self.get("HKEYS", &[&key(room, "members")]);
            nodes.extend(seats.iter().filter_map(|seat| seat.split('/').next()).map(str::to_owned));
        }
        nodes
    }

    fn log(&mut self, room: &RoomName) -> Result<Vec<Row>, String> {
        let entries: Entries = self.get("XRANGE", &[&key(room, "log"), "-", "+"]);
        let bodies: BTreeMap<Seq, String> = self.get("HGETALL", &[&key(room, "body")]);
        let state: BTreeMap<String, String> = self.get("HGETALL", &[&key(room, "state")]);
        let windows: Vec<String> = self.get("KEYS", &[&key(room, "ids:*")]);
        let mut ids: BTreeMap<String, String> = BTreeMap::new();
        for window in windows {
            let remembered: BTreeMap<String, Vec<u8>> = self.get("HGETALL", &[&window]);
            // The value is seq, time, and bytes that are no text.
            let text = |value: Vec<u8>| String::from_utf8_lossy(&value).into_owned();
            ids.extend(remembered.into_iter().map(|(author, value)| (author, text(value))));
        }
        let head = entries.len().to_string();
        if state.get("head").unwrap_or(&"0".to_owned()) != &head {
            return Err(format!("{room} has {head} messages and {state:?}"));
        }
        if bodies.len() != entries.len() || ids.len() != entries.len() {
            return Err(format!("{room} has {head} messages, {} bodies, {} ids", bodies.len(), ids.len()));
        }
        let mut rows = Vec::new();
        for (entry, _) in entries {
            let seq: Option<Seq> = entry.strip_suffix("-0").and_then(|seq| seq.parse().ok());
            let found = seq.and_then(|seq| Some((seq, bodies.get(&seq)?)));
            let (seq, body) = found.ok_or_else(|| format!("{entry} in {room} has no body"))?;
            let Body { id, user, text } =
                serde_json::from_str(body).map_err(|error| format!("{entry} in {room}: {error}"))?;
            let remembered = ids.get(&format!("{}/{id}", user.id));
            if !remembered.is_some_and(|it| it.starts_with(&format!("{seq} "))) {
                return Err(format!("{id} of {} in {room} is {seq}, remembered is {remembered:?}", user.id));
            }
            rows.push(Row { seq, user: user.id, id, text });
        }
        Ok(rows)
    }

    fn get<T: FromRedisValue>(&mut self, command: &str, arguments: &[&str]) -> T {
        let answer: RedisResult<T> = cmd(command).arg(arguments).query(&mut self.0);
        answer.unwrap_or_else(|error| panic!("{command} {arguments:?}: {error}"))
    }
}

/// Returns a key of a room.
fn key(room: &RoomName, what: &str) -> String {
    format!("teahouse:{{{room}}}:{what}")
}
