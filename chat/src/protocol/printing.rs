//! Serializes protocol lines. Client lines are printed by hand, because the browser prints them and must stay
//! small; server lines go through serde.

use serde::{Serialize, Serializer, ser::SerializeMap as _};

use super::{ClientLine, History, RefusalCode, RoomPosition, ServerLine, Unknown};
use crate::json::Printer;

impl ClientLine {
    /// Returns the line as sent on the wire, without a line break.
    pub fn print(&self) -> String {
        Printer::print(|line| match self {
            ClientLine::Hello { rooms, client, user } => line.object("hello", |fields| {
                fields.list("rooms", rooms, place);
                fields.text_if_any("client", client.as_deref());
                fields.text_if_any("user", user.as_deref());
            }),
            ClientLine::Send { id, room, text } => line.object("send", |fields| {
                fields.text("id", id);
                fields.text("room", room);
                fields.text("text", text);
            }),
            ClientLine::History(wish) => line.object("history", |fields| history(wish, fields)),
            ClientLine::Join(wanted) => line.object("join", |fields| place(wanted, fields)),
            ClientLine::Leave { room } => line.object("leave", |fields| fields.text("room", room)),
            ClientLine::Members { room, after } => line.object("members", |fields| {
                fields.text("room", room);
                fields.text_if_any("after", after.as_deref());
            }),
            ClientLine::Typing { room } => line.object("typing", |fields| fields.text("room", room)),
            ClientLine::Stop { room, id } => line.object("stop", |fields| {
                fields.text("room", room);
                fields.text("id", id);
            }),
            ClientLine::Pong {} => line.object("pong", |_| {}),
        })
    }
}

fn place(place: &RoomPosition, fields: &mut Printer) {
    fields.text("room", &place.room);
    fields.text_if_any("epoch", place.epoch.as_deref());
    fields.number_if_any("seq", place.seq);
}

fn history(wish: &History, fields: &mut Printer) {
    fields.text("room", &wish.room);
    fields.number_if_any("before", wish.before);
    fields.number_if_any("around", wish.around);
    fields.number_if_any("at", wish.at.map(|at| at.0));
    fields.number("limit", wish.limit.into());
}

impl ServerLine {
    /// Returns the line as sent on the wire, without a line break.
    pub fn print(&self) -> String {
        serde_json::to_string(self).expect("wire types have string keys and no failing serializer")
    }

    /// Appends the line to `bytes` as sent on the wire, without a line break.
    pub fn print_to(&self, bytes: &mut Vec<u8>) {
        serde_json::to_writer(bytes, self).expect("wire types have string keys and no failing serializer");
    }
}

impl Serialize for RefusalCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for Unknown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(&self.kind, &self.ghost)?;
        map.end()
    }
}
