//! The stored form of a pending message, which survives a reload: one line of fields, and the text unchanged
//! below it.
//!
//! The driver stores it under the message's id. This module accesses no store.

use super::pending::{Delivery, Pending};

use crate::{
    id::ClientId,
    protocol::{RefusalCode, Refused},
    room_name::RoomName,
    time::Millis,
};

/// Marks a message that was not refused.
const NOT_REFUSED: &str = "-";

/// Marks a message that needs its user's consent before it is sent.
const OLD: &str = "old";

/// Returns the stored form of a pending message.
pub(super) fn print(pending: &Pending) -> String {
    let refused = match &pending.state {
        Delivery::Refused(refused) => refused.code.as_str(),
        Delivery::Old => OLD,
        Delivery::Queued | Delivery::Sent => NOT_REFUSED,
    };
    let Pending { at, owner, origin, turn, room, text, .. } = pending;
    // No field contains a space, and only the text can contain a line break.
    let mut record = format!("{} {turn}", at.0);
    for word in [owner.as_str(), origin.as_str(), room.as_str(), refused] {
        record.push(' ');
        record.push_str(word);
    }
    record.push('\n');
    record.push_str(text);
    record
}

/// Parses the record stored under an id; `None` if [`print()`] did not write it.
pub(super) fn parse(id: ClientId, record: &str) -> Option<Pending> {
    let (words, text) = record.split_once('\n')?;
    let mut words = words.split(' ');
    let at = Millis(words.next()?.parse().ok()?);
    let turn = words.next()?.parse().ok()?;
    let owner = ClientId::parse(words.next()?).ok()?;
    let origin = ClientId::parse(words.next()?).ok()?;
    let room = RoomName::from_canonical(words.next()?).ok()?;
    let state = match words.next()? {
        NOT_REFUSED => Delivery::Queued,
        OLD => Delivery::Old,
        code => Delivery::Refused(Refused {
            id: Some(id.to_string()),
            room: Some(room.to_string()),
            code: RefusalCode::from_word(code),
            reason: code.to_owned(),
            retry_ms: None,
        }),
    };
    if words.next().is_some() || text.is_empty() {
        return None;
    }
    let text = text.to_owned();
    Some(Pending {
        room,
        id,
        text,
        at,
        ticks: None,
        owner,
        origin,
        turn,
        state,
        held: false,
        insisted: false,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{parse, print};
    use crate::{
        client::outbox::{Delivery, Pending},
        id::ClientId,
        protocol::{RefusalCode, Refused},
        room_name::RoomName,
        time::Millis,
    };

    fn pending(text: &str, state: Delivery) -> Pending {
        Pending {
            room: RoomName::parse("茶艺").unwrap(),
            id: ClientId::parse("m-1").unwrap(),
            text: text.to_owned(),
            at: Millis(1_763_683_200_000),
            ticks: None,
            owner: ClientId::parse("tab").unwrap(),
            origin: ClientId::parse("first").unwrap(),
            turn: 3,
            state,
            held: false,
            insisted: false,
        }
    }

    fn again(pending: &Pending) -> Option<Pending> {
        parse(pending.id.clone(), &print(pending))
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read_again(text in "(?s).{1,200}") {
            let kept = pending(&text, Delivery::Queued);
            prop_assert_eq!(again(&kept), Some(kept));
        }

        #[test]
        fn what_nobody_wrote_is_nothing_and_breaks_nothing(record in "(?s).{0,80}") {
            let _ = parse(ClientId::parse("m").unwrap(), &record);
        }
    }

    #[test]
    fn a_refusal_is_kept_by_its_code() {
        let refused = Refused {
            id: Some("m-1".to_owned()),
            room: Some("茶艺".to_owned()),
            code: RefusalCode::IdReused,
            reason: "id_reused".to_owned(),
            retry_ms: None,
        };
        let kept = pending("hi", Delivery::Refused(refused));
        assert_eq!(again(&kept), Some(kept));
    }

    #[test]
    fn what_was_under_way_must_be_sent_again() {
        assert_eq!(again(&pending("hi", Delivery::Sent)), Some(pending("hi", Delivery::Queued)));
    }

    #[test]
    fn what_asks_before_it_goes_out_goes_on_asking() {
        assert_eq!(again(&pending("hi", Delivery::Old)), Some(pending("hi", Delivery::Old)));
    }
}
