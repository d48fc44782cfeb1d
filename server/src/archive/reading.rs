//! Reads an archive line by line from untrusted input. Every error names the line number.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read as _},
    path::Path,
};

use anyhow::{Context as _, anyhow, bail};

use super::{
    line::{FORMAT, Line, Opening, VERSION},
    order::Order,
};

/// The longest line that is read, in bytes. It exceeds SQLite's limit for one value, and stops a file that is
/// no archive from filling the memory.
const LINE_LIMIT: u64 = 1 << 30;

/// An archive that is being read.
pub(super) struct Reading {
    /// Names the input in error messages.
    name: String,
    input: Box<dyn BufRead>,
    line: Vec<u8>,
    number: u64,
    order: Order,
    limit: u64,
}

impl Reading {
    /// Opens a file; `-` is standard input.
    pub(super) fn open(file: &Path) -> anyhow::Result<Reading> {
        if file == Path::new("-") {
            return Ok(Reading::new("standard input".to_owned(), Box::new(io::stdin().lock()), LINE_LIMIT));
        }
        let name = file.display().to_string();
        let file = File::open(file).with_context(|| format!("cannot read {name}"))?;
        Ok(Reading::new(name, Box::new(BufReader::new(file)), LINE_LIMIT))
    }

    fn new(name: String, input: Box<dyn BufRead>, limit: u64) -> Reading {
        Reading { name, input, line: Vec::new(), number: 0, order: Order::default(), limit }
    }

    /// Returns the name of the input for messages.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Builds an error about the line that was read last.
    pub(super) fn wrong(&self, what: &dyn std::fmt::Display) -> anyhow::Error {
        anyhow!("{}, line {}: {what}", self.name, self.number)
    }

    /// Returns the next line, checked for order and content. The closing line is the last; anything after it
    /// is an error.
    pub(super) fn next(&mut self) -> anyhow::Result<Line> {
        if !self.advance()? {
            bail!("{} is cut off after line {}: the closing line is missing", self.name, self.number);
        }
        let line = self.parse()?;
        self.order.take(&line).map_err(|fault| self.wrong(&fault))?;
        if matches!(line, Line::End(_)) && self.advance()? {
            return Err(self.wrong(&"something comes after the closing line"));
        }
        Ok(line)
    }

    /// Reads a line into the buffer; returns `false` at the end of the input.
    fn advance(&mut self) -> anyhow::Result<bool> {
        self.line.clear();
        let mut bounded = self.input.by_ref().take(self.limit);
        let length = bounded
            .read_until(b'\n', &mut self.line)
            .with_context(|| format!("cannot read {}", self.name))?;
        if length == 0 {
            return Ok(false);
        }
        self.number += 1;
        if self.line.last() != Some(&b'\n') && bounded.limit() == 0 {
            return Err(self.wrong(&format_args!("it is longer than {} bytes", self.limit)));
        }
        Ok(true)
    }

    fn parse(&self) -> anyhow::Result<Line> {
        if self.number == 1 {
            let opening: Opening = serde_json::from_slice(&self.line)
                .map_err(|_| anyhow!("{} does not begin as an archive of Teahouse's does", self.name))?;
            let found = opening.archive.version;
            if opening.archive.format == FORMAT && found > VERSION {
                bail!(
                    "{} was written by a newer Teahouse (version {found} of the format, this one knows {VERSION})",
                    self.name
                );
            }
        }
        serde_json::from_slice(&self.line).map_err(|error| {
            if error.is_eof() && self.line.last() != Some(&b'\n') {
                return self.wrong(&"the file is cut off in the middle of it");
            }
            let place = format!(" at line {} column {}", error.line(), error.column());
            let text = error.to_string();
            let what = text.strip_suffix(&place).unwrap_or(&text);
            self.wrong(&format_args!("{what} (column {})", error.column()))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use chat::{
        id::{ClientId, Epoch, UserId},
        name::Nickname,
        protocol::{Message, User},
        room_name::RoomName,
        text::MessageText,
        time::Millis,
    };
    use proptest::{collection::vec, prelude::*};

    use super::{LINE_LIMIT, Reading};
    use crate::archive::{
        counts::Counts,
        line::{FORMAT, Header, Line, Reach, VERSION},
    };

    fn reading(bytes: Vec<u8>, limit: u64) -> Reading {
        Reading::new("a file".to_owned(), Box::new(Cursor::new(bytes)), limit)
    }

    fn read(bytes: Vec<u8>) -> anyhow::Result<Vec<Line>> {
        let mut reading = reading(bytes, LINE_LIMIT);
        let mut lines = Vec::new();
        while !matches!(lines.last(), Some(Line::End(_))) {
            lines.push(reading.next()?);
        }
        Ok(lines)
    }

    prop_compose! {
        fn user()(
            id in "[A-Za-z0-9_-]{1,32}",
            name in "\\PC{1,24}".prop_filter_map("a nickname", |name| Nickname::parse(&name).ok()),
        ) -> User {
            User { id: UserId::parse(&id).unwrap(), name: name.into() }
        }
    }

    prop_compose! {
        /// A message's user, id, text and time.
        fn said()(
            user in user(),
            id in "[A-Za-z0-9_-]{1,64}",
            text in prop_oneof!["(?s).{1,80}", "[茶上海\"\\\\\n\t\u{2028}<> ]{1,20}"]
                .prop_filter_map("a text", |text| MessageText::parse(&text, 0).ok()),
            at in 0_u64..1 << 53,
        ) -> (User, ClientId, MessageText, Millis) {
            (user, ClientId::parse(&id).unwrap(), text, Millis(at))
        }
    }

    prop_compose! {
        fn room()(
            name in "[a-z0-9茶室上海éя_-]{0,31}[a-z茶]"
                .prop_filter_map("a room", |name| RoomName::parse(&name).ok()),
            forgotten in 0_u64..1_000_000,
            said in vec(said(), 0..6),
        ) -> Vec<Line> {
            let head = forgotten + said.len() as u64;
            let oldest = if said.is_empty() { 0 } else { forgotten + 1 };
            let mut lines = vec![Line::Room(Reach { room: name.clone(), head, oldest })];
            lines.extend((oldest..).zip(said).map(|(seq, (user, id, text, at))| {
                Line::Message(Message { room: name.clone(), seq, id, user, text: text.into(), at })
            }));
            lines
        }
    }

    prop_compose! {
        fn archive()(
            at in 0_u64..1 << 53,
            epoch in "[A-Za-z0-9_-]{1,32}",
            rooms in vec(room(), 0..4),
        ) -> Vec<Line> {
            let epoch = Epoch::parse(&epoch).unwrap();
            let header = Header { format: FORMAT.to_owned(), version: VERSION, at: Millis(at), epoch };
            let mut lines = vec![Line::Archive(header)];
            let mut counts = Counts::default();
            for room in rooms.into_iter().filter(|room| !room.is_empty()) {
                if lines.iter().any(|line| is_same_room(line, &room[0])) {
                    continue;
                }
                counts.rooms += 1;
                counts.events += room.len() as u64 - 1;
                lines.extend(room);
            }
            lines.push(Line::End(counts));
            lines
        }
    }

    fn is_same_room(one: &Line, other: &Line) -> bool {
        matches!((one, other), (Line::Room(one), Line::Room(other)) if one.room == other.room)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again_to_the_letter(lines in archive()) {
            let text: String = lines.iter().map(Line::print).collect();
            prop_assert_eq!(text.lines().count(), lines.len(), "a line is one line");
            prop_assert_eq!(read(text.into_bytes()).unwrap(), lines);
        }

        #[test]
        fn an_archive_without_one_of_its_lines_is_refused(
            lines in archive(),
            index in any::<prop::sample::Index>(),
        ) {
            let gone = index.index(lines.len());
            let rest = lines.iter().enumerate().filter(|(index, _)| *index != gone);
            let text: String = rest.map(|(_, line)| line.print()).collect();
            prop_assert!(read(text.into_bytes()).is_err());
        }

        #[test]
        fn an_archive_that_is_cut_off_is_refused(lines in archive(), index in any::<prop::sample::Index>()) {
            let mut bytes: Vec<u8> = lines.iter().flat_map(|line| line.print().into_bytes()).collect();
            // The last line is complete without its line break.
            bytes.truncate(index.index(bytes.len() - 1));
            prop_assert!(read(bytes).is_err());
        }

        #[test]
        fn whatever_a_file_holds_is_read_or_refused_in_one_line(bytes in vec(any::<u8>(), 0..200)) {
            let header = r#"{"archive":{"format":"teahouse.archive","version":1,"at":1,"epoch":"e"}}"#;
            for bytes in [bytes.clone(), [header.as_bytes(), b"\n", &bytes].concat()] {
                if let Err(error) = read(bytes) {
                    prop_assert_eq!(format!("{error:#}").lines().count(), 1);
                }
            }
        }
    }

    #[test]
    fn a_line_without_an_end_does_not_fill_the_memory() {
        let mut reading = reading(vec![b' '; 1_000], 100);
        let error = reading.next().unwrap_err();
        assert_eq!(error.to_string(), "a file, line 1: it is longer than 100 bytes");
        assert_eq!(reading.line.len(), 100);
    }
}
