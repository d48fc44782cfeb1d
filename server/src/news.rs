//! Brings what the store tells, of itself and of the other nodes, to those whom it concerns. Decides nothing.

use std::sync::Arc;

use chat::{
    close::CloseCode,
    protocol::{Message, ServerLine},
};
use tokio::sync::mpsc;

use crate::{frame::Frame, neighbours::Word, store::News, teahouse::Shared};

/// Passes the news on, in order, until the store is closed.
pub(crate) async fn pass_on(teahouse: Shared, mut news: mpsc::Receiver<News>) {
    let search = teahouse.search.signals();
    while let Some(news) = news.recv().await {
        match news {
            News::Committed(epoch, messages) => {
                search.commit();
                for message in &messages {
                    if message.seq == 1 {
                        teahouse.room_limit.add();
                        teahouse.look_alikes.open(message.room.clone());
                    }
                    // What comes of it comes after it: an answer goes into the log, too.
                    teahouse.bots.hear(&teahouse, message);
                }
                for messages in by_room(messages) {
                    teahouse.rooms.commit(epoch.clone(), messages).await;
                }
            }
            News::Behind(room) => teahouse.rooms.look_again(&room).await,
            News::Available(available) => tell_everybody(&teahouse, available),
            News::Elsewhere(word) => hear(&teahouse, word).await,
        }
    }
}

/// Messages that follow one another in a room, together.
fn by_room(messages: Vec<Message>) -> Vec<Vec<Message>> {
    let mut runs: Vec<Vec<Message>> = Vec::new();
    for message in messages {
        match runs.last_mut() {
            Some(run) if run[0].room == message.room => run.push(message),
            _ => runs.push(vec![message]),
        }
    }
    runs
}

async fn hear(teahouse: &Shared, word: Word) {
    match word {
        Word::Seat(room, node, user, seat) => teahouse.rooms.elsewhere(&room, node, user, seat).await,
        Word::Typing(room, user) => teahouse.rooms.typing_elsewhere(&room, user).await,
        Word::Growing(growing) => teahouse.rooms.growing_elsewhere(growing).await,
        Word::Stop(room, id, user) => {
            teahouse.running.stop(&room, &id, &user);
        }
        Word::NodeLost(node) => teahouse.rooms.lose_node(&node).await,
        Word::Introduced(user, client) => {
            for ghost in teahouse.nicknames.namesakes(&user, &client) {
                ghost.cut_off(CloseCode::Replaced);
            }
        }
        Word::Charged(charges) => teahouse.budgets.charge_elsewhere(charges),
        Word::LoggedOut(user) => {
            teahouse.logins.forget(&user);
            teahouse.nicknames.end_sessions(&user, CloseCode::LoggedOut);
            teahouse.recent_logins.end(&user).await;
        }
        Word::LoginsEnded(user) => {
            teahouse.logins.forget(&user);
            teahouse.nicknames.end_sessions(&user, CloseCode::Restart);
            teahouse.recent_logins.end(&user).await;
        }
    }
}

/// Tells everybody that the store does not answer, or that it does again.
fn tell_everybody(teahouse: &Shared, available: bool) {
    teahouse.set_available(available);
    let line = Arc::new(Frame::of(ServerLine::Store { available }));
    for outbound in teahouse.nicknames.sessions() {
        if outbound.push(&line).is_err() {
            tracing::trace!("a connection ended before it heard of the store");
        }
    }
}
