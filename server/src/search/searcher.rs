//! One indexed search: the index returns candidates, and the log their texts. Uses its own connections to
//! both, so that no other reader of the log waits for it.

use std::{
    collections::HashMap,
    path::Path,
    time::{Duration, Instant},
};

use app::search::Hit;
use chat::room_name::RoomName;

use super::{
    answer::{Answer, PAGE},
    excerpt::excerpt,
    index::{Index, IndexFiles, is_interruption},
    indexer::BATCH,
    log::{self, Log, Room},
    query::Query,
};

/// Why a search failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SearcherError {
    #[error("the log cannot be read: {0}")]
    Log(rusqlite::Error),
    #[error("the index cannot be used: {0}")]
    Index(rusqlite::Error),
}

/// Searches the rooms that `may` be read. Blocks for at most `budget` plus one step of the database.
pub(super) fn search(
    place: &IndexFiles,
    log_path: &Path,
    query: &Query,
    older_than: Option<i64>,
    budget: Duration,
    may: impl Fn(&RoomName) -> bool,
) -> Result<Answer, SearcherError> {
    let deadline = Instant::now() + budget;
    let log = Log::open(log_path).map_err(SearcherError::Log)?;
    let rooms = log.rooms().map_err(SearcherError::Log)?;
    let Some(index) = Index::read(place).map_err(SearcherError::Index)? else {
        return Ok(Answer { behind: !rooms.is_empty(), ..Answer::default() });
    };
    let upto = index.rooms().map_err(SearcherError::Index)?.into_iter().collect();
    let mut answer = Answer { behind: is_behind(&rooms, &upto), ..Answer::default() };
    let is_wanted = |room: &&Room| query.rooms.contains(&room.name) && may(&room.name);
    let wanted: Vec<i64> = rooms.iter().filter(is_wanted).map(|room| room.id).collect();
    if query.is_empty() || (!query.rooms.is_empty() && wanted.is_empty()) {
        return Ok(answer);
    }
    let names: HashMap<i64, &RoomName> = rooms.iter().map(|room| (room.id, &room.name)).collect();
    let mut seen = None;
    let mut broken = None;
    index.end_at(deadline).map_err(SearcherError::Index)?;
    let walked = index.walk(query, &wanted, older_than, |id, room, seq| {
        if answer.hits.len() == PAGE {
            answer.older = seen;
            return Ok(false);
        }
        if Instant::now() >= deadline {
            answer.cut = true;
            return Ok(false);
        }
        seen = Some(id);
        let Some(name) = names.get(&room).copied().filter(|name| may(name)) else { return Ok(true) };
        match log.message(room, seq) {
            // The index may be older than the log, so the stored text is checked again.
            Ok(Some(kept)) => {
                if let Some(excerpt) = excerpt(&kept.text, &query.terms) {
                    answer.hits.push(Hit {
                        room: name.clone(),
                        seq: log::seq(seq),
                        user: kept.user,
                        at: kept.at,
                        pieces: excerpt.pieces,
                        cut: excerpt.cut,
                    });
                }
                Ok(true)
            }
            Ok(None) => Ok(true),
            Err(error) => {
                broken = Some(error);
                Ok(false)
            }
        }
    });
    match walked {
        Err(error) if is_interruption(&error) => answer.cut = true,
        walked => walked.map_err(SearcherError::Index)?,
    }
    if let Some(error) = broken {
        return Err(SearcherError::Log(error));
    }
    if answer.cut {
        answer.older = seen;
    }
    Ok(answer)
}

/// Returns whether more messages wait to be indexed than a busy moment explains.
fn is_behind(rooms: &[Room], upto: &HashMap<i64, i64>) -> bool {
    let waiting = |room: &Room| room.head.saturating_sub(upto.get(&room.id).copied().unwrap_or_default());
    rooms.iter().map(waiting).fold(0, i64::saturating_add) > i64::try_from(BATCH).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use chat::{id::Epoch, time::Millis};
    use rusqlite::{Connection, params};
    use tempfile::TempDir;

    use super::{Answer, Duration, Index, IndexFiles, Log, PAGE, Query, RoomName, search};
    use crate::{
        search::{answer::BUDGET, log::IndexedText},
        time_zone::TimeZone,
    };

    /// Returns a log and an index with this many messages in each of two rooms.
    fn filled(count: i64) -> (TempDir, IndexFiles) {
        let folder = tempfile::tempdir().unwrap();
        let log = Connection::open(Log::path(folder.path())).unwrap();
        log.execute_batch(
            "CREATE TABLE room (id INTEGER PRIMARY KEY, name TEXT, head INTEGER);
             CREATE TABLE event (room INTEGER, seq INTEGER, kind TEXT, user TEXT, name TEXT, text TEXT, at INTEGER);
             INSERT INTO room VALUES (1, 'open', 0), (2, 'closed', 0);",
        )
        .unwrap();
        let place = IndexFiles::new(folder.path(), Epoch::parse("e1").unwrap());
        let mut index = Index::open(&place).unwrap().unwrap();
        index
            .change(|change| {
                for seq in 1..=count {
                    for room in [1, 2] {
                        let at = Millis(seq.unsigned_abs());
                        let said = IndexedText { name: "Ann".to_owned(), text: format!("tea {seq}"), at };
                        log.execute(
                            "INSERT INTO event VALUES (?1, ?2, 'message', 'u1', ?3, ?4, ?5)",
                            params![room, seq, said.name, said.text, seq],
                        )?;
                        change.add(room, seq, &said)?;
                    }
                }
                Ok(())
            })
            .unwrap();
        (folder, place)
    }

    fn ask(folder: &Path, place: &IndexFiles, typed: &str, budget: Duration) -> Answer {
        let query = Query::parse(typed, &TimeZone::default());
        search(place, &Log::path(folder), &query, None, budget, |room| room.as_str() != "closed").unwrap()
    }

    #[test]
    fn nothing_is_found_where_one_may_not_read() {
        let (folder, place) = filled(3);
        for (typed, count) in
            [("tea", 3), ("in:closed", 0), ("in:closed tea", 0), ("in:closed in:open tea", 3)]
        {
            let answer = ask(folder.path(), &place, typed, BUDGET);
            assert_eq!(answer.hits.len(), count, "{typed}");
            let open = RoomName::parse("open").unwrap();
            assert!(answer.hits.iter().all(|hit| hit.room == open), "{typed}");
        }
        assert_eq!(ask(folder.path(), &place, "before:2026-11-20", BUDGET).hits.len(), 3);
    }

    #[test]
    fn a_page_is_full_whatever_may_not_be_read_in_between() {
        let (folder, place) = filled(2 * i64::try_from(PAGE).unwrap());
        let answer = ask(folder.path(), &place, "tea", BUDGET);
        assert_eq!(answer.hits.len(), PAGE);
        assert!(answer.older.is_some() && !answer.cut);
    }

    #[test]
    fn a_search_whose_time_is_up_says_so() {
        let (folder, place) = filled(3);
        let answer = ask(folder.path(), &place, "tea", Duration::ZERO);
        assert!(answer.cut && answer.hits.is_empty());
        assert!(!ask(folder.path(), &place, "tea", BUDGET).cut);
    }
}
