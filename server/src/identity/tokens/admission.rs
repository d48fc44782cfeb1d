//! Authenticates programs by their tokens.

use std::{sync::Arc, time::Duration};

use chat::{id::UserId, protocol::User};

use super::{
    grant::{Grant, TokenKind},
    rate::TokenRates,
    token::{Token, TokenId},
};

use crate::{
    budget::{Cost, Ledger, charged},
    net::client::Client,
    store::{Collection, SharedStore, StoreError},
};

/// The tokens that this server accepts.
pub(crate) struct Tokens {
    store: SharedStore,
    /// The rate limit of each token.
    rates: TokenRates,
    budgets: Arc<Ledger>,
}

/// An authenticated program.
#[derive(Clone, Debug)]
pub(crate) struct Holder {
    pub(crate) id: TokenId,
    pub(crate) grant: Grant,
}

/// The reason why a program is refused.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Denied {
    /// The token does not exist, or is for another interface. The answer does not reveal which.
    #[error("there is no such token")]
    Unknown,
    /// The token, or the address, may retry after this time.
    #[error("too often; try again in {} s", .0.as_secs() + 1)]
    TooOften(Duration),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Tokens {
    /// Accepts the tokens in a store. Wrong tokens are charged to the address that sends them.
    pub(crate) fn new(store: SharedStore, budgets: Arc<Ledger>) -> Tokens {
        Tokens { store, rates: TokenRates::default(), budgets }
    }

    /// Admits a program that presents a token of this kind, and counts the request.
    pub(crate) async fn admit(&self, shown: &str, kind: TokenKind, client: Client) -> Result<Holder, Denied> {
        let Some(holder) = self.holder(shown, kind).await? else {
            // Slows down guessing from an address, but not the holders of valid tokens there.
            let charged = self.budgets.charge_address(charged(client), Cost::WrongToken);
            charged.map_err(|exceeded| Denied::TooOften(exceeded.wait))?;
            return Err(Denied::Unknown);
        };
        self.rates.check(&holder.id, holder.grant.rate).map_err(Denied::TooOften)?;
        Ok(holder)
    }

    /// Returns whether a token admitted earlier is still valid.
    pub(crate) async fn is_good(&self, id: &TokenId) -> Result<bool, StoreError> {
        Ok(self.store.record(Collection::Token, id.to_string()).await?.is_some())
    }

    async fn holder(&self, shown: &str, kind: TokenKind) -> Result<Option<Holder>, StoreError> {
        let Some(token) = Token::parse(shown) else { return Ok(None) };
        let Some(kept) = self.store.record(Collection::Token, token.id().to_string()).await? else {
            return Ok(None);
        };
        let grant = match Grant::read(&kept) {
            Ok(grant) => grant,
            Err(error) => {
                tracing::warn!(%error, id = %token.id(), "failed to parse a stored token");
                return Ok(None);
            }
        };
        let fits = token.is_of(&grant.digest) && grant.kind == kind;
        Ok(fits.then(|| Holder { id: token.id().clone(), grant }))
    }
}

impl Holder {
    /// Returns the user under whom the program sends.
    pub(crate) fn user(&self) -> User {
        let id = format!("{}-{}", self.grant.kind.word(), self.id);
        User {
            id: UserId::parse(&id).expect("a kind and a token's id are a user's id"),
            name: Arc::from(&*self.grant.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chat::time::Millis;

    use super::{Denied, Grant, Token, TokenKind, Tokens};
    use crate::identity::tokens::{Scope, Target};
    use crate::{
        budget::Ledger,
        config::Config,
        net::client::Client,
        store::{Collection, Put, Record, SharedStore, scratch::store},
    };

    const HERE: [u8; 4] = [127, 0, 0, 1];
    const ELSEWHERE: [u8; 4] = [203, 0, 113, 9];

    fn at(address: [u8; 4]) -> Client {
        Client { address: address.into(), is_forwarded: false }
    }

    /// Creates a store's tokens; an address may try `wrong` wrong ones a minute.
    fn tokens(store: &SharedStore, wrong: u32) -> Tokens {
        let config = Config { rate_login: wrong, ..Config::defaults() };
        Tokens::new(store.clone(), Arc::new(Ledger::new(&config, false)))
    }

    async fn made(store: &SharedStore, kind: TokenKind, rate: u32) -> String {
        let (token, text) = Token::draw();
        let grant = Grant {
            name: "deploys".to_owned(),
            kind,
            rooms: vec![Target::Everywhere],
            scopes: vec![Scope::Write],
            channels: Vec::new(),
            rate,
            made_at: Millis(1),
            digest: token.digest().clone(),
        };
        let record =
            Record { collection: Collection::Token, key: token.id().to_string(), value: grant.print() };
        assert!(store.put(record, Put::IfAbsent).await.unwrap());
        text
    }

    #[tokio::test]
    async fn only_the_whole_token_of_the_right_kind_lets_in_until_it_is_struck() {
        let (store, _folder) = store();
        let tokens = tokens(&store, 0);
        let text = made(&store, TokenKind::Hook, 0).await;
        let other = made(&store, TokenKind::Hook, 0).await;
        let holder = tokens.admit(&text, TokenKind::Hook, at(HERE)).await.unwrap();
        assert_eq!(holder.user().id.as_str(), format!("hook-{}", holder.id));
        let mixed = format!("{}{}", &text[..16], &other[16..]);
        let last = if text.ends_with('A') { 'B' } else { 'A' };
        let near = format!("{}{last}", &text[..text.len() - 1]);
        for wrong in ["", "th_", &text[..text.len() - 1], &format!("{text}A"), &near, &mixed, &text[3..]] {
            let denied = tokens.admit(wrong, TokenKind::Hook, at(HERE)).await.unwrap_err();
            assert!(matches!(denied, Denied::Unknown), "{wrong}");
        }
        assert!(matches!(tokens.admit(&text, TokenKind::Api, at(HERE)).await, Err(Denied::Unknown)));
        store.delete(Collection::Token, holder.id.to_string()).await.unwrap();
        assert!(matches!(tokens.admit(&text, TokenKind::Hook, at(HERE)).await, Err(Denied::Unknown)));
    }

    #[tokio::test]
    async fn a_token_has_a_rate_of_its_own_and_0_lifts_it() {
        let (store, _folder) = store();
        let tokens = tokens(&store, 0);
        let (slow, other, free) = (
            made(&store, TokenKind::Hook, 3).await,
            made(&store, TokenKind::Hook, 3).await,
            made(&store, TokenKind::Hook, 0).await,
        );
        for _ in 0..3 {
            tokens.admit(&slow, TokenKind::Hook, at(HERE)).await.unwrap();
        }
        let denied = tokens.admit(&slow, TokenKind::Hook, at(HERE)).await.unwrap_err();
        assert!(matches!(denied, Denied::TooOften(wait) if wait.as_secs() < 20), "{denied:?}");
        tokens.admit(&other, TokenKind::Hook, at(HERE)).await.unwrap();
        for _ in 0..500 {
            tokens.admit(&free, TokenKind::Hook, at(HERE)).await.unwrap();
        }
    }

    #[tokio::test]
    async fn whoever_guesses_is_slowed_down_and_whoever_knows_is_not() {
        let (store, _folder) = store();
        let tokens = tokens(&store, 5);
        let text = made(&store, TokenKind::Hook, 0).await;
        for n in 0..20 {
            let denied = tokens.admit("guess", TokenKind::Hook, at(ELSEWHERE)).await.unwrap_err();
            assert_eq!(matches!(denied, Denied::TooOften(_)), n >= 5, "{n}: {denied:?}");
        }
        tokens.admit(&text, TokenKind::Hook, at(ELSEWHERE)).await.unwrap();
        assert!(matches!(tokens.admit("guess", TokenKind::Hook, at(HERE)).await, Err(Denied::Unknown)));
    }

    #[tokio::test]
    async fn a_record_that_cannot_be_read_lets_nobody_in() {
        let (store, _folder) = store();
        let tokens = tokens(&store, 0);
        let (token, text) = Token::draw();
        let record =
            Record { collection: Collection::Token, key: token.id().to_string(), value: "{}".to_owned() };
        store.put(record, Put::Always).await.unwrap();
        assert!(matches!(tokens.admit(&text, TokenKind::Hook, at(HERE)).await, Err(Denied::Unknown)));
    }
}
