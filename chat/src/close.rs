//! The reasons for which a connection ends, as data: Teahouse's WebSocket close codes and whether a client
//! reconnects after each. Closes nothing itself.

/// Every code with which the server closes a connection. Codes from 4000 are Teahouse's own; the others are
/// RFC 6455's (section 7.4.1) and the IANA registry's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseCode {
    /// Both sides are done.
    Normal,
    /// A frame exceeded the maximum size that the server reads.
    TooBig,
    /// The server is restarting; it sent `drain` before.
    Restart,
    /// The client is a slow consumer: it read more slowly than the room sent. It reconnects and resumes.
    SlowConsumer,
    /// The server received nothing from the client for longer than the heartbeat allows.
    Silent,
    /// There is no valid login; the client goes to the login page.
    LoginRequired,
    /// Another user holds the nickname now; the client goes to the login page.
    NicknameTaken,
    /// The user logged out, on this page or another.
    LoggedOut,
    /// The first line was not a `hello`, or the client violated the protocol.
    Protocol,
    /// The limit on connections is reached, for the server or for one address.
    TooMany,
    /// The same client has a newer connection, which makes this one a ghost.
    Replaced,
    /// The login belongs to another user than the client. A page belongs to one user for its life, so this
    /// one ends.
    OtherUser,
}

impl CloseCode {
    /// All codes, in the order of the documentation.
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

    /// Returns the number on the wire.
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

    /// Returns the text sent as the close frame's reason.
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

    /// Returns the code with this number, or `None` for one that Teahouse does not use, such as 1006, with
    /// which a browser reports a broken connection.
    pub fn from_number(number: u16) -> Option<CloseCode> {
        CloseCode::ALL.into_iter().find(|code| code.number() == number)
    }

    /// Whether a client reconnects by itself after this code. After the other codes its user must act.
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
