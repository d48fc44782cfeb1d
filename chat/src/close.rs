//! Why a connection ends, as data: the WebSocket close codes of Teahouse and what a client does after each.
//! Closes nothing itself.

/// Every code with which the server closes a connection. Those from 4000 are Teahouse's own; the others are
/// RFC 6455's (section 7.4.1) and the IANA registry's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseCode {
    /// Both sides are done.
    Normal,
    /// A frame was larger than the server reads at all.
    TooBig,
    /// The server restarts; it said `drain` before.
    Restart,
    /// The client read more slowly than the room spoke; it comes back and resumes.
    SlowConsumer,
    /// Nothing was heard from the client for longer than the heartbeat allows.
    Silent,
    /// There is no valid login: the way leads to the login page.
    LoginRequired,
    /// Somebody else holds the nickname now: the way leads to the login page.
    NicknameTaken,
    /// The user logged out, in this page or in another.
    LoggedOut,
    /// The first line was not a `hello`, or what came was not the protocol.
    Protocol,
    /// The server holds as many connections as it may, in all or from one address.
    TooMany,
    /// The same client has another connection by now; this one was its ghost.
    Replaced,
    /// The login is another user's than the client's: a page stays its user's, and ends.
    OtherUser,
}

impl CloseCode {
    /// Every code there is, in the order of the documentation.
    pub const ALL: [CloseCode; 12] = [
        CloseCode::Normal,
        CloseCode::TooBig,
        CloseCode::Restart,
        CloseCode::SlowConsumer,
        CloseCode::Silent,
        CloseCode::LoginRequired,
        CloseCode::NicknameTaken,
        CloseCode::LoggedOut,
        CloseCode::Protocol,
        CloseCode::TooMany,
        CloseCode::Replaced,
        CloseCode::OtherUser,
    ];

    /// The number on the wire.
    pub const fn number(self) -> u16 {
        match self {
            CloseCode::Normal => 1000,
            CloseCode::TooBig => 1009,
            CloseCode::Restart => 1012,
            CloseCode::SlowConsumer => 4000,
            CloseCode::Silent => 4001,
            CloseCode::LoginRequired => 4002,
            CloseCode::NicknameTaken => 4003,
            CloseCode::LoggedOut => 4004,
            CloseCode::Protocol => 4005,
            CloseCode::TooMany => 4006,
            CloseCode::Replaced => 4007,
            CloseCode::OtherUser => 4008,
        }
    }

    /// The word that goes with the number, as the close frame's reason.
    pub const fn reason(self) -> &'static str {
        match self {
            CloseCode::Normal => "normal",
            CloseCode::TooBig => "too_big",
            CloseCode::Restart => "restart",
            CloseCode::SlowConsumer => "slow_consumer",
            CloseCode::Silent => "silent",
            CloseCode::LoginRequired => "login_required",
            CloseCode::NicknameTaken => "nickname_taken",
            CloseCode::LoggedOut => "logged_out",
            CloseCode::Protocol => "protocol",
            CloseCode::TooMany => "too_many",
            CloseCode::Replaced => "replaced",
            CloseCode::OtherUser => "other_user",
        }
    }

    /// The code that bears this number; `None` for one that Teahouse does not use (1006, say, which a browser makes up
    /// for a connection that broke).
    pub fn from_number(number: u16) -> Option<CloseCode> {
        CloseCode::ALL.into_iter().find(|code| code.number() == number)
    }

    /// Whether a client comes back by itself after this code. After the others it asks its user.
    pub const fn reconnects(self) -> bool {
        match self {
            CloseCode::Normal
            | CloseCode::TooBig
            | CloseCode::Restart
            | CloseCode::SlowConsumer
            | CloseCode::Silent
            | CloseCode::Protocol
            | CloseCode::TooMany
            | CloseCode::Replaced => true,
            CloseCode::LoginRequired
            | CloseCode::NicknameTaken
            | CloseCode::LoggedOut
            | CloseCode::OtherUser => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::CloseCode;

    #[test]
    fn every_code_is_found_again_by_its_number() {
        for code in CloseCode::ALL {
            assert_eq!(CloseCode::from_number(code.number()), Some(code));
        }
    }

    #[test]
    fn a_code_of_nobody_is_none() {
        assert_eq!(CloseCode::from_number(1006), None);
    }
}
