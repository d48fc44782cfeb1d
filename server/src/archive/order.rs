//! Checks the order of an archive's lines and that each is what a server would have stored. Reads no files
//! and uses no database.

use std::collections::HashSet;

use chat::{
    name::{Nickname, NicknameError},
    protocol::{Message, Seq},
    room_name::{RoomName, RoomNameError},
    text::{MessageText, TextError},
    time::Millis,
};

use super::{
    counts::Counts,
    line::{FORMAT, Line, Reach},
};

/// The largest seq and timestamp: the largest integer that every JSON reader parses exactly (RFC 7493,
/// section 2.2).
const LARGEST: u64 = (1 << 53) - 1;

/// Checks an archive line by line.
#[derive(Debug, Default)]
pub(super) struct Order {
    begun: bool,
    counts: Counts,
    rooms: HashSet<RoomName>,
    /// The room whose events are being read.
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    reach: Reach,
    /// The next expected seq; `None` when all events have been read.
    next: Option<Seq>,
}

/// An invalid line, or a line in the wrong place.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("an archive begins with a line `archive`")]
    NotBegun,
    #[error("an archive has one line `archive`")]
    BegunAlready,
    #[error("`{0}` is another format than `{FORMAT}`")]
    Format(String),
    #[error("the room {0:?} is not one: {1}")]
    RoomUnfit(RoomName, RoomNameError),
    #[error("the room {0} has come already")]
    RoomAgain(RoomName),
    #[error("the log of {room} cannot reach from {oldest} to {head}")]
    Extent { room: RoomName, oldest: Seq, head: Seq },
    #[error("a message comes before the first room")]
    NoRoom,
    #[error("this message is of the room {got}, among those of {open}")]
    OtherRoom { open: RoomName, got: RoomName },
    #[error("the room {room} goes on with seq {next}, not {got}")]
    Seq { room: RoomName, next: Seq, got: Seq },
    #[error("the room {room} has ended with seq {head}; {got} is too many")]
    TooMany { room: RoomName, head: Seq, got: Seq },
    #[error("the room {room} ends before seq {next}, but reaches to {head}")]
    TooFew { room: RoomName, next: Seq, head: Seq },
    #[error("`at` is beyond all time")]
    At,
    #[error("the nickname {0:?} is none: {1}")]
    NicknameUnfit(String, NicknameError),
    #[error("the nickname {0:?} is written {1:?}")]
    NicknameSpelt(String, String),
    #[error("the text is no message: {0}")]
    TextUnfit(TextError),
    #[error("the text is not as a server keeps it: line breaks, controls or white space around it")]
    TextSpelt,
    #[error("{} were announced, but {} came", .announced, .came)]
    Counts { announced: Counts, came: Counts },
}

impl Order {
    /// Checks the next line: that it may come here and contains only what a server would have stored.
    pub(super) fn take(&mut self, line: &Line) -> Result<(), Fault> {
        match line {
            Line::Archive(header) => {
                if self.begun {
                    return Err(Fault::BegunAlready);
                }
                if header.format != FORMAT {
                    return Err(Fault::Format(header.format.clone()));
                }
                self.begun = true;
                return Ok(());
            }
            _ if !self.begun => return Err(Fault::NotBegun),
            Line::Room(room) => self.room(room)?,
            Line::Message(message) => self.message(message)?,
            Line::End(announced) => {
                self.close_room()?;
                if *announced != self.counts {
                    return Err(Fault::Counts { announced: *announced, came: self.counts });
                }
            }
        }
        Ok(())
    }

    fn room(&mut self, reach: &Reach) -> Result<(), Fault> {
        self.close_room()?;
        let Reach { room, head, oldest } = reach;
        RoomName::parse(room.as_str()).map_err(|error| Fault::RoomUnfit(room.clone(), error))?;
        if oldest > head || *head > LARGEST {
            return Err(Fault::Extent { room: room.clone(), oldest: *oldest, head: *head });
        }
        if !self.rooms.insert(room.clone()) {
            return Err(Fault::RoomAgain(room.clone()));
        }
        self.counts.rooms += 1;
        self.open = Some(Open { reach: reach.clone(), next: (*oldest > 0).then_some(*oldest) });
        Ok(())
    }

    fn message(&mut self, message: &Message) -> Result<(), Fault> {
        let Open { reach: Reach { room, head, .. }, next } = self.open.as_mut().ok_or(Fault::NoRoom)?;
        if message.room != *room {
            return Err(Fault::OtherRoom { open: room.clone(), got: message.room.clone() });
        }
        match *next {
            None => return Err(Fault::TooMany { room: room.clone(), head: *head, got: message.seq }),
            Some(next) if next != message.seq => {
                return Err(Fault::Seq { room: room.clone(), next, got: message.seq });
            }
            Some(seq) => *next = (seq < *head).then_some(seq + 1),
        }
        if message.at > Millis(LARGEST) {
            return Err(Fault::At);
        }
        let name = &*message.user.name;
        let nickname = Nickname::parse(name).map_err(|error| Fault::NicknameUnfit(name.to_owned(), error))?;
        if nickname.as_str() != name {
            return Err(Fault::NicknameSpelt(name.to_owned(), nickname.to_string()));
        }
        // The limit on a message's length is each server's own setting.
        let text = MessageText::parse(&message.text, 0).map_err(Fault::TextUnfit)?;
        if text.as_str() != &*message.text {
            return Err(Fault::TextSpelt);
        }
        self.counts.events += 1;
        Ok(())
    }

    /// Ends the current room; all of its events must have been read.
    fn close_room(&mut self) -> Result<(), Fault> {
        match self.open.take() {
            Some(Open { reach: Reach { room, head, .. }, next: Some(next) }) => {
                Err(Fault::TooFew { room, next, head })
            }
            _ => Ok(()),
        }
    }
}
