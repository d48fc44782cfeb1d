//! The words of the index. Knows their prefixes, never where they occur.

use rusqlite::{Connection, OptionalExtension as _};

/// How many words with a common prefix are queried one by one.
const WORDS: usize = 64;

/// Sorts after a word and before all longer words that begin with it: no token contains it.
const AFTER: char = '\u{1}';

/// The words of an index, in order.
pub(super) struct Vocabulary<'a>(&'a Connection);

impl Vocabulary<'_> {
    /// Returns the vocabulary of the index that this connection has open.
    pub(super) fn of(index: &Connection) -> rusqlite::Result<Vocabulary<'_>> {
        // The `instance` kind: the others count a word's occurrences before they return it.
        index.execute_batch(
            "CREATE VIRTUAL TABLE IF NOT EXISTS temp.vocabulary USING fts5vocab (main, said, instance)",
        )?;
        Ok(Vocabulary(index))
    }

    /// Returns all words with a prefix; `None` if there are too many.
    ///
    /// FTS5 collects all positions of all words with a prefix before it returns the first, so a frequent
    /// prefix gets slower with every message. If the query names the words instead, FTS5 reads only as far as
    /// the caller does.
    pub(super) fn beginning(&self, with: &str) -> rusqlite::Result<Option<Vec<String>>> {
        let mut next = self.0.prepare_cached("SELECT term FROM temp.vocabulary WHERE term >= ?1 LIMIT 1")?;
        let (mut words, mut from) = (Vec::new(), with.to_owned());
        while let Some(word) = next.query_row([&from], |row| row.get::<_, String>(0)).optional()? {
            if !word.starts_with(with) {
                break;
            }
            if words.len() == WORDS {
                return Ok(None);
            }
            from = format!("{word}{AFTER}");
            words.push(word);
        }
        Ok(Some(words))
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{Vocabulary, WORDS};

    fn index(words: &[&str]) -> Connection {
        let index = Connection::open_in_memory().unwrap();
        index
            .execute_batch("CREATE VIRTUAL TABLE said USING fts5 (words, content = '', tokenize = 'ascii')")
            .unwrap();
        for word in words {
            index.execute("INSERT INTO said (words) VALUES (?1)", [word]).unwrap();
        }
        index
    }

    #[test]
    fn the_words_that_begin_so_are_named_once_each() {
        let index = index(&["tea", "tee", "tea2", "teahouse tea", "te", "teaé", "茶馆", "茶杯"]);
        let vocabulary = Vocabulary::of(&index).unwrap();
        let beginning = |with| vocabulary.beginning(with).unwrap().unwrap();
        assert_eq!(beginning("tea"), ["tea", "tea2", "teahouse", "teaé"]);
        assert_eq!(beginning("茶"), ["茶杯", "茶馆"]);
        assert!(beginning("coffee").is_empty());
    }

    #[test]
    fn too_many_words_are_not_named() {
        let words: Vec<String> = (0..=WORDS).map(|n| format!("tea{n:03}")).collect();
        let index = index(&words.iter().map(String::as_str).collect::<Vec<_>>());
        let vocabulary = Vocabulary::of(&index).unwrap();
        assert_eq!(vocabulary.beginning("tea").unwrap(), None);
        assert_eq!(vocabulary.beginning("tea00").unwrap().unwrap().len(), 10);
    }
}
