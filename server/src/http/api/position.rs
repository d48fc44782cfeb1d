//! The position of a program in a room's log: `<epoch>:<seq>`, which is also the id of a server-sent event.

use std::fmt;

use chat::{
    id::Epoch,
    protocol::{self, Head, Seq},
    room_name::RoomName,
};

use crate::service::read::RESUME;

/// A position in a room's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) epoch: Epoch,
    pub(super) seq: Seq,
}

impl Position {
    /// Parses the id of an event.
    pub(super) fn parse(text: &str) -> Option<Position> {
        let (epoch, seq) = text.split_once(':')?;
        let digits = seq.bytes().all(|byte| byte.is_ascii_digit());
        let seq = seq.parse().ok().filter(|_| digits)?;
        Some(Position { epoch: Epoch::parse(epoch).ok()?, seq })
    }

    /// Returns the protocol's form of this position in a room.
    pub(super) fn place(&self, room: &RoomName) -> protocol::RoomPosition {
        protocol::RoomPosition {
            room: room.to_string(),
            epoch: Some(self.epoch.to_string()),
            seq: Some(self.seq),
        }
    }

    /// Returns the reason, as text, that a room whose log is at `head` cannot be resumed from here.
    pub(super) fn why_not(&self, head: &Head) -> String {
        if self.epoch != head.epoch {
            "the room's log has begun another life since then".to_owned()
        } else if self.seq > head.seq {
            "this position lies beyond the end of the log".to_owned()
        } else if head.seq - self.seq > RESUME {
            let missed = head.seq - self.seq;
            format!("{missed} messages were missed, which is more than the {RESUME} that are sent again")
        } else {
            "some of what was missed is not kept any more".to_owned()
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.epoch, self.seq)
    }
}

#[cfg(test)]
mod tests {
    use super::Position;

    #[test]
    fn a_position_is_read_as_it_is_written_and_nothing_else_is_one() {
        assert_eq!(Position::parse("e1:42").unwrap().to_string(), "e1:42");
        for other in ["", "42", ":42", "e1:", "e1:+1", "e1:-1", "e 1:1", "e1:1:1", "e1:99999999999999999999"]
        {
            assert_eq!(Position::parse(other), None, "{other}");
        }
    }
}
