//! A room that a client has open: its timeline, its members, who is typing, and what is unread. Decides
//! nothing about the connection.

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
        Head, History, Joined, Members, Message, Page, PresenceChange, Refused, RoomPosition, Seq,
        StreamingAnswer, TYPING_MS, User,
    },
    room_name::RoomName,
    time::Ticks,
};

/// How long after a reconnection the return of earlier members is not announced, in milliseconds.
const FAMILIAR_MS: u64 = 30_000;

/// The number of newest messages that are searched for the message that a streaming answer may have become
/// already.
const RECENT: usize = 50;

/// The number of events requested with one part of the history.
const HISTORY_LIMIT: u32 = 100;

/// One of a client's open rooms.
#[derive(Clone, Debug)]
pub struct OpenRoom {
    name: RoomName,
    timeline: Timeline,
    members: Members,
    typing: Vec<(User, Ticks)>,
    answers: Answers,
    /// The members before the connection broke; their return is not announced for a while.
    familiar: Vec<UserId>,
    /// The end of that time, once the room is joined again; 0 before.
    familiar_until: Ticks,
    unread: usize,
    /// The position up to which the user has seen the room.
    seen: Seq,
    /// The position up to which the user has seen it in another tab.
    seen_elsewhere: Seq,
    /// The position up to which the user had seen it when they last looked away or were disconnected; later
    /// messages are new to them.
    left_off: Option<Seq>,
    /// The position up to which an earlier page had seen it, until the room is known.
    recalled: Option<(Epoch, Seq)>,
    /// The part of the history that was requested and has not arrived.
    looking_back: Option<History>,
    revision: u64,
    /// Whether the server has answered the last join of this connection.
    pub(super) joined: bool,
    /// Whether a join is under way, so that a run of events that are ahead causes only one.
    pub(super) joining: bool,
    /// The time to retry a request that was refused temporarily: for history, or else the join.
    retry_at: Option<Ticks>,
    /// The refusal with which the server finally denied the join, if it did.
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

    /// Returns the room's name.
    pub fn name(&self) -> &RoomName {
        &self.name
    }

    /// Returns the timeline.
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// Returns the members, as far as the server lists them.
    pub fn members(&self) -> &Members {
        &self.members
    }

    /// Returns the users who are typing.
    pub fn typists(&self) -> impl Iterator<Item = &User> {
        self.typing.iter().map(|(user, _)| user)
    }

    /// Returns the streaming answers, in the order in which they began.
    pub fn growing(&self) -> impl Iterator<Item = &StreamingAnswer> {
        self.answers.iter()
    }

    /// Returns the number of messages from other users that are unread.
    pub fn unread(&self) -> usize {
        self.unread
    }

    /// Returns the position up to which the user has seen the room, in this tab or another, as a seq of the
    /// timeline's epoch; 0 if they have not.
    pub fn seen_seq(&self) -> Seq {
        self.seen.max(self.seen_elsewhere)
    }

    /// Returns the seq after which messages are new to the user, who looked away or was disconnected there.
    pub fn left_off(&self) -> Option<Seq> {
        self.left_off
    }

    /// Whether a part of the history has been requested and not arrived.
    pub fn is_looking_back(&self) -> bool {
        self.looking_back.is_some()
    }

    /// Returns the refusal with which the server denied the join, if it did.
    pub fn refused(&self) -> Option<&Refused> {
        self.refused.as_ref()
    }

    /// Whether the server has ever sent the room's state; before that, an empty room means nothing.
    pub fn is_known(&self) -> bool {
        self.timeline.position().is_some()
    }

    /// Increases with every change of members, typing users or counts; the timeline has its own revision.
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
        // Some may be among the events by now; the others will be updated shortly.
        self.answers.clear();
        let held = self.timeline.position().map(|(epoch, seq)| (epoch.clone(), seq));
        let epoch = joined.epoch.clone();
        let news = self.timeline.join(joined, me);
        match held {
            // A room's first page is history, not news, except for what an earlier page of this user had not
            // seen.
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
        // Any earlier request was answered before the join, if it was answered.
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

    /// Applies the list of members: all of them, or a page of a crowd, to which the user belongs too.
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
            // The list is a part of a crowd, and some of it may have left; it is certainly not complete.
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

    /// Applies the current text of a streaming answer. Ignores an update that arrives after the finished
    /// message.
    pub(super) fn grow(&mut self, growing: StreamingAnswer, now: Ticks) {
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

    /// Handles a refusal of the join: with `until` it is retried then, without it the refusal is final. If
    /// history was requested, the refusal is for that instead: the request preceded any join that is under
    /// way, and is answered first.
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

    /// Shortens the wait for a retry to `until`, when it is likely to succeed.
    pub(super) fn hasten(&mut self, until: Ticks) {
        self.retry_at = self.retry_at.map(|at| at.min(until));
    }

    /// Cancels the scheduled retry: a join is under way, and its answer may include what was requested.
    pub(super) fn ask_no_more(&mut self) {
        if self.retry_at.take().is_some() {
            self.looking_back = None;
        }
    }

    /// Gives up the requested history, if any; the next refusal concerns something else.
    pub(super) fn look_back_no_more(&mut self) {
        self.looking_back = None;
    }

    /// Returns the history request that is still unanswered.
    pub(super) fn wish(&self) -> Option<History> {
        self.looking_back.clone()
    }

    /// Whether the retry, for history or else the join, is due; true only once.
    pub(super) fn is_due(&mut self, now: Ticks) -> bool {
        self.retry_at.take_if(|at| *at <= now).is_some()
    }

    pub(super) fn next(&self) -> Option<Ticks> {
        let typing = self.typing.iter().map(|(_, until)| *until);
        typing.chain(self.answers.next()).chain(self.retry_at).min()
    }

    /// Returns the request for the history before the first entry, or for the nearer end of a hole; `None` if
    /// that is not available or another request is under way.
    pub(super) fn look_back(&mut self, hole: Option<Hole>) -> Option<History> {
        if !self.joined || self.looking_back.is_some() {
            return None;
        }
        let mut wish = History { room: self.name.to_string(), limit: HISTORY_LIMIT, ..History::default() };
        match hole {
            None if self.timeline.earlier() == Earlier::Available => {
                wish.before = Some(self.timeline.first());
            }
            Some(hole) if !self.timeline.holes().any(|held| held.to == hole.to) => return None,
            Some(hole) if hole.to < self.timeline.oldest() => return None,
            Some(hole) if hole.onward => {
                let kept = hole.from.max(self.timeline.oldest());
                // One less than half, so that the page is sure to begin where the hole does.
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

    /// Whether the server's log is ahead of the position held, or in another epoch.
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
        // A restarted server knows nobody, and announces everyone who returns as new.
        self.familiar.extend(self.members.list.iter().map(|user| user.id.clone()));
        self.familiar.sort_unstable();
        self.familiar.dedup();
        self.familiar_until = Ticks(0);
        self.revision += 1;
    }

    /// Ignores further gaps while a join is under way: its answer will fill them.
    fn once(&mut self, advance: Advance) -> Advance {
        if advance == Advance::Behind && (self.joining || !self.joined) { Advance::Known } else { advance }
    }
}
