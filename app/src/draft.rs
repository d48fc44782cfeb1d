//! What is written and not sent, room by room, so that looking into another room loses no word and sends none astray.
//! Where it outlives the page is not known here.

use chat::room_name::RoomName;

/// The drafts. A room without one takes no place here.
#[derive(Clone, Debug, Default)]
pub struct Drafts(Vec<(RoomName, String)>);

impl Drafts {
    /// What is written in a room.
    pub fn of(&self, room: &RoomName) -> &str {
        self.0.iter().find(|(other, _)| other == room).map_or("", |(_, text)| text)
    }

    /// Keeps what is written in a room.
    pub fn keep(&mut self, room: &RoomName, text: String) {
        self.0.retain(|(other, _)| other != room);
        if !text.is_empty() {
            self.0.push((room.clone(), text));
        }
    }
}

#[cfg(test)]
mod tests {
    use chat::room_name::RoomName;

    use super::Drafts;

    #[test]
    fn each_room_keeps_its_own_words() {
        let (lobby, tea) = (RoomName::lobby(), RoomName::parse("tea").unwrap());
        let mut drafts = Drafts::default();
        drafts.keep(&lobby, "hello".to_owned());
        drafts.keep(&tea, "oolong".to_owned());
        assert_eq!(drafts.of(&lobby), "hello");
        drafts.keep(&lobby, String::new());
        assert_eq!(drafts.of(&lobby), "");
        assert_eq!(drafts.of(&tea), "oolong");
    }
}
