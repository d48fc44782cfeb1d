//! Passes events from the store and from other nodes to the modules they concern. Decides nothing.

use std::sync::Arc;

use chat::{
    close::CloseCode,
    protocol::{Message, ServerLine},
};
use tokio::sync::mpsc;

use crate::{
    app_state::AppState,
    events::{ClusterMessage, StoreEvent},
};
use transport::frame::Frame;

/// Dispatches events in order until the store is closed.
pub(crate) async fn run(state: Arc<AppState>, mut events: mpsc::Receiver<StoreEvent>) {
    let search = state.search.signals();
    while let Some(event) = events.recv().await {
        match event {
            StoreEvent::Committed(epoch, messages) => {
                search.commit();
                for message in &messages {
                    if message.seq == 1 {
                        state.service.note_new_room(message.room.clone());
                    }
                    // Safe before the fan-out: an answer goes through the log as well, so it comes after the
                    // question.
                    state.bots.handle(message);
                }
                for messages in by_room(messages) {
                    state.rooms.commit(epoch.clone(), messages).await;
                }
            }
            StoreEvent::Behind(room) => state.rooms.look_again(&room).await,
            StoreEvent::Available(available) => tell_everybody(&state, available),
            StoreEvent::Elsewhere(word) => handle_cluster_message(&state, word).await,
        }
    }
}

/// Groups consecutive messages of the same room.
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

async fn handle_cluster_message(state: &Arc<AppState>, word: ClusterMessage) {
    match word {
        ClusterMessage::Presence(room, node, user, seat) => {
            state.rooms.elsewhere(&room, node, user, seat).await;
        }
        ClusterMessage::Typing(room, user) => state.rooms.typing_elsewhere(&room, user).await,
        ClusterMessage::StreamingAnswer(growing) => state.rooms.growing_elsewhere(growing).await,
        ClusterMessage::Stop(room, id, user) => {
            state.bots.stop(&room, &id, &user);
        }
        ClusterMessage::NodeLost(node) => state.rooms.lose_node(&node).await,
        ClusterMessage::Introduced(user, client) => {
            for superseded in state.nicknames.namesakes(&user, &client) {
                superseded.cut_off(CloseCode::Replaced);
            }
        }
        ClusterMessage::Charged(charges) => state.budgets.charge_elsewhere(charges),
        ClusterMessage::LoggedOut(user) => {
            state.logins.forget(&user);
            state.nicknames.end_sessions(&user, CloseCode::LoggedOut);
            state.recent_logins.end(&user).await;
        }
        ClusterMessage::LoginsEnded(user) => {
            state.logins.forget(&user);
            state.nicknames.end_sessions(&user, CloseCode::Restart);
            state.recent_logins.end(&user).await;
        }
    }
}

/// Tells every session whether the store is available.
fn tell_everybody(state: &Arc<AppState>, available: bool) {
    state.set_available(available);
    let line = Arc::new(Frame::of(ServerLine::Store { available }));
    for outbound in state.nicknames.sessions() {
        if outbound.push(&line).is_err() {
            tracing::trace!("a connection ended before it heard of the store");
        }
    }
}
