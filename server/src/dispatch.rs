//! Brings what the store tells, of itself and of the other nodes, to those whom it concerns. Decides nothing.

use std::sync::Arc;

use chat::{
    close::CloseCode,
    protocol::{Message, ServerLine},
};
use tokio::sync::mpsc;

use crate::{
    app_state::Shared,
    events::{ClusterMessage, StoreEvent},
};
use transport::frame::Frame;

/// Passes the news on, in order, until the store is closed.
pub(crate) async fn run(teahouse: Shared, mut events: mpsc::Receiver<StoreEvent>) {
    let search = teahouse.search.signals();
    while let Some(event) = events.recv().await {
        match event {
            StoreEvent::Committed(epoch, messages) => {
                search.commit();
                for message in &messages {
                    if message.seq == 1 {
                        teahouse.service.note_new_room(message.room.clone());
                    }
                    // What comes of it comes after it: an answer goes into the log, too.
                    teahouse.bots.hear(message);
                }
                for messages in by_room(messages) {
                    teahouse.rooms.commit(epoch.clone(), messages).await;
                }
            }
            StoreEvent::Behind(room) => teahouse.rooms.look_again(&room).await,
            StoreEvent::Available(available) => tell_everybody(&teahouse, available),
            StoreEvent::Elsewhere(word) => hear(&teahouse, word).await,
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

async fn hear(teahouse: &Shared, word: ClusterMessage) {
    match word {
        ClusterMessage::Presence(room, node, user, seat) => {
            teahouse.rooms.elsewhere(&room, node, user, seat).await;
        }
        ClusterMessage::Typing(room, user) => teahouse.rooms.typing_elsewhere(&room, user).await,
        ClusterMessage::Growing(growing) => teahouse.rooms.growing_elsewhere(growing).await,
        ClusterMessage::Stop(room, id, user) => {
            teahouse.bots.stop(&room, &id, &user);
        }
        ClusterMessage::NodeLost(node) => teahouse.rooms.lose_node(&node).await,
        ClusterMessage::Introduced(user, client) => {
            for superseded in teahouse.nicknames.namesakes(&user, &client) {
                superseded.cut_off(CloseCode::Replaced);
            }
        }
        ClusterMessage::Charged(charges) => teahouse.budgets.charge_elsewhere(charges),
        ClusterMessage::LoggedOut(user) => {
            teahouse.logins.forget(&user);
            teahouse.nicknames.end_sessions(&user, CloseCode::LoggedOut);
            teahouse.recent_logins.end(&user).await;
        }
        ClusterMessage::LoginsEnded(user) => {
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
