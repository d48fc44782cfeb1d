//! `history`: returns a page of earlier messages, around a message or from a time on.

use chat::protocol::{History, RefusalCode, ServerLine};

use crate::{realtime::session::conversation::Conversation, store::Piece};

/// The maximum number of events in a page of history.
const PAGE: u32 = 200;

impl Conversation {
    pub(in super::super) async fn history(&mut self, history: History) {
        let room = history.room.clone();
        let Some(name) = self.joined(&room, None) else { return };
        let piece = match parse(&history) {
            Ok(piece) => piece,
            Err(reason) => {
                return self.refuse(RefusalCode::Malformed, reason.to_owned(), None, Some(room));
            }
        };
        match self.state.service.page(&self.me, name, piece).await {
            Ok(page) => {
                self.spend_on(page.events.iter());
                self.answer(ServerLine::Page(page));
            }
            Err(error) => self.refuse_read(room, &error),
        }
    }
}

/// Returns the requested piece of the log, or what is wrong with the request.
fn parse(history: &History) -> Result<Piece, &'static str> {
    let limit = history.limit.min(PAGE);
    if limit == 0 {
        return Err("`limit` is 1 or more");
    }
    match (history.before, history.around, history.at) {
        (Some(before), None, None) => Ok(Piece::Latest { upto: before.saturating_sub(1), limit }),
        (None, Some(seq), None) => Ok(Piece::Around { seq, limit }),
        (None, None, Some(at)) => Ok(Piece::Since { at, limit }),
        _ => Err("`history` names exactly one of `before`, `around` and `at`"),
    }
}

#[cfg(test)]
mod tests {
    use chat::{
        protocol::{History, Seq},
        time::Millis,
    };

    use super::parse;
    use crate::store::Piece;

    fn history(before: Option<Seq>, around: Option<Seq>, at: Option<u64>, limit: u32) -> History {
        History { room: "lobby".to_owned(), before, around, at: at.map(Millis), limit }
    }

    #[test]
    fn a_question_names_one_piece_of_the_log_of_a_bounded_size() {
        assert_eq!(parse(&history(Some(7), None, None, 50)), Ok(Piece::Latest { upto: 6, limit: 50 }));
        assert_eq!(parse(&history(Some(0), None, None, 9_999)), Ok(Piece::Latest { upto: 0, limit: 200 }));
        assert_eq!(parse(&history(None, Some(7), None, 50)), Ok(Piece::Around { seq: 7, limit: 50 }));
        assert_eq!(parse(&history(None, None, Some(7), 50)), Ok(Piece::Since { at: Millis(7), limit: 50 }));
        for wrong in [
            history(None, None, None, 50),
            history(Some(7), Some(7), None, 50),
            history(Some(7), None, None, 0),
        ] {
            assert!(parse(&wrong).is_err(), "{wrong:?}");
        }
    }
}
