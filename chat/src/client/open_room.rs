//! A room that a client has open: its timeline, who is in it, who writes, and what is unread. Decides nothing about the
//! connection.

mod seen;

use std::sync::Arc;

pub use super::timeline::Advance;
use super::{
    answers::Answers,
    input::Now,
    timeline::{Earlier, Hole, Timeline},
};
use crate::{
    id::{Epoch, UserId},
    protocol::{
        Growing, Head, History, Joined, Members, Message, Page, PresenceChange, Refused, RoomPosition, Seq,
        TYPING_MS, User,
    },
    room_name::RoomName,
    time::Ticks,
};

/// How long after a reconnection it is no news that somebody is back who was there before it, in milliseconds.
const FAMILIAR_MS: u64 = 30_000;

/// Among how many of the newest messages one is looked for that an answer may have become already.
const RECENT: usize = 50;

/// How many events a piece of history is asked to hold.
const HISTORY_LIMIT: u32 = 100;

/// One of a client's open rooms.
#[derive(Clone, Debug)]
pub struct OpenRoom {
    name: RoomName,
    timeline: Timeline,
    members: Members,
    typing: Vec<(User, Ticks)>,
    answers: Answers,
    /// Who was there before the connection broke: that they are back is no news for a while.
    familiar: Vec<UserId>,
    /// Until when, once the room is joined again; 0 before.
    familiar_until: Ticks,
    unread: usize,
    /// Up to where its user has seen it.
    seen: Seq,
    /// Up to where they have seen it in another tab.
    seen_elsewhere: Seq,
    /// Up to where they had seen it when they last looked away or were cut off; what came after is new to them.
    left_off: Option<Seq>,
    /// Up to where an earlier page had seen it, until the room is known.
    recalled: Option<(Epoch, Seq)>,
    /// The piece of history that was asked for and has not come.
    looking_back: Option<History>,
    revision: u64,
    /// Whether the server has answered the last join of this connection.
    pub(super) joined: bool,
    /// Whether a join is under way, so that a run of events that are ahead asks but once.
    pub(super) joining: bool,
    /// When to ask again for the piece of history, or else to be let in, where the server could not do it for now.
    retry_at: Option<Ticks>,
    /// Why the server will not let the user in, if it will not.
    refused: Option<Refused>,
}

impl OpenRoom {
    pub(super) fn new(name: RoomName) -> OpenRoom {
        OpenRoom {
            name,
            timeline: Timeline::default(),
            members: Members::default(),
            typing: Vec::new(),
            answers: Answers::default(),
            familiar: Vec::new(),
            familiar_until: Ticks(0),
            unread: 0,
            seen: 0,
            seen_elsewhere: 0,
            left_off: None,
            recalled: None,
            looking_back: None,
            revision: 0,
            joined: false,
            joining: false,
            retry_at: None,
            refused: None,
        }
    }

    /// Its name.
    pub fn name(&self) -> &RoomName {
        &self.name
    }

    /// What it shows.
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// Who is in it, as far as the server names them.
    pub fn members(&self) -> &Members {
        &self.members
    }

    /// Who is writing in it at present.
    pub fn typists(&self) -> impl Iterator<Item = &User> {
        self.typing.iter().map(|(user, _)| user)
    }

    /// The answers of programs that grow in it at present, in the order in which they began.
    pub fn growing(&self) -> impl Iterator<Item = &Growing> {
        self.answers.iter()
    }

    /// How many messages of others came while nobody looked.
    pub fn unread(&self) -> usize {
        self.unread
    }

    /// Up to where the user has seen the room, in this tab or another, as a seq of the timeline's epoch; 0 if they have not.
    pub fn seen_seq(&self) -> Seq {
        self.seen.max(self.seen_elsewhere)
    }

    /// The seq after which messages are new to the user, who looked away or was cut off there.
    pub fn left_off(&self) -> Option<Seq> {
        self.left_off
    }

    /// Whether a piece of history is on its way.
    pub fn is_looking_back(&self) -> bool {
        self.looking_back.is_some()
    }

    /// Why the server does not let the user in, if so.
    pub fn refused(&self) -> Option<&Refused> {
        self.refused.as_ref()
    }

    /// Whether the room was ever answered for: before that, that it is empty means nothing.
    pub fn is_known(&self) -> bool {
        self.timeline.position().is_some()
    }

    /// Rises with every change of people, typists or counts; the timeline has a revision of its own.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    pub(super) fn place(&self) -> RoomPosition {
        let position = self.timeline.position();
        RoomPosition {
            room: self.name.to_string(),
            epoch: position.map(|(epoch, _)| epoch.to_string()),
            seq: position.map(|(_, seq)| seq),
        }
    }

    pub(super) fn join(&mut self, joined: Joined, me: &User, now: Ticks) {
        if !self.familiar.is_empty() && self.familiar_until == Ticks(0) {
            self.familiar_until = now + FAMILIAR_MS;
        }
        self.meet(joined.members.clone(), me);
        // Some may be among the events by now; those that still grow are heard of again in a moment.
        self.answers.clear();
        let held = self.timeline.position().map(|(epoch, seq)| (epoch.clone(), seq));
        let epoch = joined.epoch.clone();
        let news = self.timeline.join(joined, me);
        match held {
            // The first page of a room is history, not news, except for what an earlier page of this user's had not seen.
            None => {
                if let Some((epoch, seq)) = self.recalled.take() {
                    self.recall(epoch, seq);
                    self.unread =
                        self.timeline.messages().filter(|message| self.is_news(message, me)).count();
                }
            }
            Some((before, held)) if before == epoch => {
                self.unread += news;
                if news > 0 {
                    self.left_off.get_or_insert(held);
                }
                self.skip_seen_elsewhere(false, me);
            }
            Some(_) => {
                self.unread = news;
                self.seen = 0;
                self.seen_elsewhere = 0;
                self.left_off = None;
            }
        }
        self.joined = true;
        self.joining = false;
        // Whatever was asked before the join was answered before it, if it was answered.
        self.looking_back = None;
        self.retry_at = None;
        self.refused = None;
        self.revision += 1;
    }

    pub(super) fn message(&mut self, message: Message, seen: bool) -> Advance {
        self.typing.retain(|(user, _)| user.id != message.user.id);
        self.answers.said(&message);
        let seq = message.seq;
        match self.timeline.message(message) {
            Advance::Taken => {
                if seen {
                    self.seen = seq;
                } else if seq > self.seen_elsewhere {
                    self.unread += 1;
                    self.left_off.get_or_insert(seq - 1);
                }
                self.revision += 1;
                Advance::Taken
            }
            other => self.once(other),
        }
    }

    pub(super) fn ghost(&mut self, seq: Seq) -> Advance {
        let advance = self.timeline.ghost(seq);
        self.once(advance)
    }

    /// Who is there: all, or a page of a crowd, of which the user is one too.
    pub(super) fn meet(&mut self, mut members: Members, me: &User) {
        if members.list.len() < members.count && !members.list.contains(me) {
            members.list.insert(0, me.clone());
        }
        self.members = members;
        self.revision += 1;
    }

    pub(super) fn presence(&mut self, presence: PresenceChange, me: &User, now: Now) {
        self.revision += 1;
        let gone =
            |user: &User| presence.leave.iter().chain(&presence.enter).any(|other| other.id == user.id);
        self.members.list.retain(|user| !gone(user));
        self.typing.retain(|(user, _)| !gone(user));
        self.members.list.extend(presence.enter.iter().cloned());
        self.members.count = presence.count;
        if presence.enter.is_empty() && presence.leave.is_empty() {
            // Some of a crowd, and some of those may have left: by no means all.
            self.members.list.truncate(presence.count.saturating_sub(1));
        }
        if self.joined && self.familiar_until <= now.ticks {
            self.familiar.clear();
        }
        let left = presence.leave.into_iter().filter(|user| user.id != me.id).collect();
        let entered = presence.enter.into_iter();
        let entered = entered.filter(|user| user.id != me.id && !self.familiar.contains(&user.id)).collect();
        self.timeline.notice(false, left, now.at);
        self.timeline.notice(true, entered, now.at);
    }

    pub(super) fn typing(&mut self, user: User, now: Ticks) {
        self.typing.retain(|(other, _)| other.id != user.id);
        self.typing.push((user, now + TYPING_MS));
        self.revision += 1;
    }

    /// As much as there is of an answer. What comes late, after the message that it became, is passed over.
    pub(super) fn grow(&mut self, growing: Growing, now: Ticks) {
        let is_said =
            |message: &&Arc<Message>| message.user.id == growing.user.id && message.id == growing.id;
        if self.timeline.messages().rev().take(RECENT).any(|message| is_said(&message)) {
            return;
        }
        self.typing.retain(|(user, _)| user.id != growing.user.id);
        self.answers.grow(growing, now);
        self.revision += 1;
    }

    pub(super) fn expire(&mut self, now: Ticks) {
        let before = self.typing.len();
        self.typing.retain(|(_, until)| *until > now);
        let expired = self.answers.expire(now) || self.typing.len() != before;
        self.revision += u64::from(expired);
    }

    /// The server does not let the user in: until a moment, and then it is asked again; or at all. Or it cannot read a
    /// piece of history: if one was asked for, that was before any join that is under way, and is answered before it.
    pub(super) fn refuse(&mut self, refused: Refused, until: Option<Ticks>) {
        self.revision += 1;
        if self.looking_back.is_some() {
            if self.joined && until.is_some() {
                self.retry_at = until;
            } else {
                self.looking_back = None;
            }
            return;
        }
        self.joining = false;
        self.retry_at = until;
        if until.is_none() {
            self.refused = Some(refused);
        }
    }

    /// What the server asked patience for is asked for by a moment: there is reason to believe that it will work.
    pub(super) fn hasten(&mut self, until: Ticks) {
        self.retry_at = self.retry_at.map(|at| at.min(until));
    }

    /// Nothing waits to be asked for again: a join is under way, and what it brings may be what was wanted.
    pub(super) fn ask_no_more(&mut self) {
        if self.retry_at.take().is_some() {
            self.looking_back = None;
        }
    }

    /// The piece of history that was asked for, if one was, will not come: what is refused next is something else.
    pub(super) fn look_back_no_more(&mut self) {
        self.looking_back = None;
    }

    /// The piece of history that has not come.
    pub(super) fn wish(&self) -> Option<History> {
        self.looking_back.clone()
    }

    /// Whether it is time to ask again for the piece of history, or else to be let in; it is asked once.
    pub(super) fn is_due(&mut self, now: Ticks) -> bool {
        self.retry_at.take_if(|at| *at <= now).is_some()
    }

    pub(super) fn next(&self) -> Option<Ticks> {
        let typing = self.typing.iter().map(|(_, until)| *until);
        typing.chain(self.answers.next()).chain(self.retry_at).min()
    }

    /// The wish for what comes before the first entry, or for what a hole is missing from its nearer end; `None` if that
    /// is not there to be had, or if something else is on its way.
    pub(super) fn look_back(&mut self, hole: Option<Hole>) -> Option<History> {
        if !self.joined || self.looking_back.is_some() {
            return None;
        }
        let mut wish = History { room: self.name.to_string(), limit: HISTORY_LIMIT, ..History::default() };
        match hole {
            None if self.timeline.earlier() == Earlier::Kept => wish.before = Some(self.timeline.first()),
            Some(hole) if !self.timeline.holes().any(|held| held.to == hole.to) => return None,
            Some(hole) if hole.to < self.timeline.oldest() => return None,
            Some(hole) if hole.onward => {
                let kept = hole.from.max(self.timeline.oldest());
                // One less than half, so that the page surely begins where the hole does.
                wish.around = Some(kept + u64::from(HISTORY_LIMIT) / 2 - 1);
            }
            Some(hole) => wish.before = Some(hole.to + 1),
            None => return None,
        }
        self.looking_back = Some(wish.clone());
        self.revision += 1;
        Some(wish)
    }

    pub(super) fn page(&mut self, page: Page) {
        self.looking_back = None;
        self.timeline.page(page);
        self.revision += 1;
    }

    /// Whether the server's log stands elsewhere than what is held here says.
    pub(super) fn is_behind(&mut self, head: &Head) -> bool {
        self.joined
            && !self.joining
            && self.timeline.position().is_none_or(|(epoch, last)| *epoch != head.epoch || last < head.seq)
    }

    pub(super) fn disconnected(&mut self) {
        self.joined = false;
        self.joining = false;
        self.looking_back = None;
        self.retry_at = None;
        self.typing.clear();
        self.answers.clear();
        // A server that has restarted knows nobody, and takes each who comes back for new.
        self.familiar.extend(self.members.list.iter().map(|user| user.id.clone()));
        self.familiar.sort_unstable();
        self.familiar.dedup();
        self.familiar_until = Ticks(0);
        self.revision += 1;
    }

    /// A room that waits for the answer to a join is behind anyway; it asks once.
    fn once(&mut self, advance: Advance) -> Advance {
        if advance == Advance::Behind && (self.joining || !self.joined) { Advance::Known } else { advance }
    }
}
