//! Creates, lists and revokes tokens from the command line: beside a running server, before its first run, or
//! on Redis. Each function returns the text to print.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use chat::{name::Nickname, time::Millis};
use time::{Duration, OffsetDateTime};

use super::{
    grant::{Grant, Scope, TokenKind},
    target::Target,
    token::{Digest, Token, TokenId},
};

use crate::{
    clock,
    config::StoreChoice,
    ops::data_folder,
    store::{
        Collection, Put, Record,
        redis::{
            connection::{self},
            link::Link,
            records,
        },
        sqlite::{FILE, offline_records::Records},
    },
};

/// The store that holds the tokens.
#[derive(Clone, Debug)]
pub struct TokenLocation {
    /// The data folder; ignored if the store is Redis.
    pub data: PathBuf,
    /// The server's store.
    pub store: StoreChoice,
    /// The prefix of all keys in Redis.
    pub redis_prefix: String,
}

/// A request for a hook.
#[derive(Clone, Debug)]
pub struct HookRequest {
    /// The hook's name in the room.
    pub name: Nickname,
    /// The room that receives its messages.
    pub room: Target,
    /// The rooms that a push may select instead.
    pub channels: Vec<Target>,
    /// The maximum number of pushes a minute; 0 means no limit.
    pub rate: u32,
}

/// A request for an API token.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    /// The holder's name in rooms.
    pub name: Nickname,
    /// The rooms in which it is valid.
    pub rooms: Vec<Target>,
    /// Its permissions.
    pub scopes: Vec<Scope>,
    /// The maximum number of requests a minute; 0 means no limit.
    pub rate: u32,
}

/// The text to print.
#[derive(Clone, Debug)]
pub struct Output {
    /// For standard output: the requested data.
    pub answer: String,
    /// For standard error: a description of the change.
    pub done: String,
}

/// Creates a hook. The answer contains its token, which is shown only this once.
pub fn add_hook(place: &TokenLocation, request: &HookRequest) -> anyhow::Result<Output> {
    let HookRequest { name, room, channels, rate } = request;
    let (id, text) = add(place, |digest| Grant {
        name: name.as_str().to_owned(),
        kind: TokenKind::Hook,
        rooms: vec![room.clone()],
        scopes: vec![Scope::Write],
        channels: channels.clone(),
        rate: *rate,
        made_at: clock::now(),
        digest,
    })?;
    let answer = format!("id: {id}\npath: /hooks/{text}\ntoken: {text}\n");
    let place = match room {
        Target::Everywhere => "every room".to_owned(),
        Target::Room(room) => format!("the room {room}"),
    };
    let done = format!(
        "the hook {name} speaks in {place}; whoever has its path can use it, and it is not shown again"
    );
    Ok(Output { answer, done })
}

/// Creates an API token. The answer contains it; it is shown only this once.
pub fn add_token(place: &TokenLocation, request: &TokenRequest) -> anyhow::Result<Output> {
    let TokenRequest { name, rooms, scopes, rate } = request;
    let (id, text) = add(place, |digest| Grant {
        name: name.as_str().to_owned(),
        kind: TokenKind::Api,
        rooms: rooms.clone(),
        scopes: scopes.clone(),
        channels: Vec::new(),
        rate: *rate,
        made_at: clock::now(),
        digest,
    })?;
    let (scopes, rooms) = (of_scopes(scopes), of_rooms(rooms));
    let done = format!("the token {name} is good for {scopes} in {rooms}; it is not shown again");
    Ok(Output { answer: format!("id: {id}\ntoken: {text}\n"), done })
}

/// Lists all tokens of a kind: a header line, and then one line of tab-separated fields for each.
pub fn list(place: &TokenLocation, kind: TokenKind) -> anyhow::Result<Output> {
    let mut answer = String::new();
    let mut count = 0;
    let mut unreadable = 0;
    for record in TokenStore::open(place)?.all()? {
        let Ok(grant) = Grant::read(&record.value) else {
            unreadable += 1;
            continue;
        };
        if grant.kind != kind {
            continue;
        }
        if count == 0 {
            answer.push_str("id\tname\trooms\tscopes\ta minute\tmade\n");
        }
        count += 1;
        let rate = if grant.rate == 0 { "any".to_owned() } else { grant.rate.to_string() };
        let (rooms, scopes, made) = (of_rooms(&grant.rooms), of_scopes(&grant.scopes), day(grant.made_at));
        writeln!(answer, "{}\t{}\t{rooms}\t{scopes}\t{rate}\t{made}", record.key, grant.name)?;
    }
    let noun = kind.noun();
    let mut done = match count {
        0 => format!("there is no {noun}"),
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    };
    if unreadable > 0 {
        write!(done, "; {unreadable} that cannot be read, of a newer version perhaps, let nobody in")?;
    }
    Ok(Output { answer, done })
}

/// Revokes a token, given its id or the token itself: from now on it admits nobody.
pub fn revoke(place: &TokenLocation, kind: TokenKind, named: &str) -> anyhow::Result<Output> {
    let noun = kind.noun();
    // The user may paste the token, or the path that contains it; it is not repeated on the terminal.
    let shown = named.rsplit('/').next().unwrap_or(named);
    let id = TokenId::parse(shown).or_else(|| Token::parse(shown).map(|token| token.id().clone()));
    let Some(id) = id else { bail!("that is no id of a {noun}; `teahouse {noun} list` shows them") };
    let mut tokens = TokenStore::open(place)?;
    let Some(kept) = tokens.value(&id)? else {
        bail!("there is no {noun} {id}; `teahouse {noun} list` shows them")
    };
    let grant = Grant::read(&kept).ok();
    if let Some(other) = grant.as_ref().map(|grant| grant.kind).filter(|other| *other != kind) {
        let other = other.noun();
        bail!("{id} is no {noun} but a {other}; `teahouse {other} revoke {id}` revokes it")
    }
    if !tokens.delete(&id)? {
        bail!("there is no {noun} {id} any more")
    }
    let name = grant.map_or_else(String::new, |grant| format!(" {}", grant.name));
    Ok(Output { answer: String::new(), done: format!("the {noun}{name} ({id}) is revoked") })
}

/// Generates a token and stores the grant that `grant` returns for its digest.
fn add(place: &TokenLocation, grant: impl Fn(Digest) -> Grant) -> anyhow::Result<(TokenId, String)> {
    let mut tokens = TokenStore::open(place)?;
    loop {
        let (token, text) = Token::draw();
        let value = grant(token.digest().clone()).print();
        let record = Record { collection: Collection::Token, key: token.id().to_string(), value };
        // An id collision is very unlikely; the next id is as good.
        if tokens.put(&record)? {
            return Ok((token.id().clone(), text));
        }
    }
}

fn of_rooms(rooms: &[Target]) -> String {
    rooms.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn of_scopes(scopes: &[Scope]) -> String {
    scopes.iter().map(|scope| scope.word()).collect::<Vec<_>>().join(",")
}

/// Returns the day of a time, in UTC.
fn day(at: Millis) -> String {
    let since = Duration::milliseconds(i64::try_from(at.0).unwrap_or(i64::MAX));
    let day = OffsetDateTime::UNIX_EPOCH.checked_add(since).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    format!("{:04}-{:02}-{:02}", day.year(), u8::from(day.month()), day.day())
}

/// The collection with the tokens, in either store.
enum TokenStore {
    Folder { records: Records, data: PathBuf },
    Redis { link: Link, runtime: tokio::runtime::Runtime },
}

impl TokenStore {
    fn open(place: &TokenLocation) -> anyhow::Result<TokenStore> {
        match &place.store {
            StoreChoice::Sqlite => {
                let data = place.data.clone();
                data_folder::check(&data, data_folder::Use::Write)?;
                Ok(TokenStore::Folder { records: Records::open(&data)?, data })
            }
            StoreChoice::Redis(address) => {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                let link = runtime.block_on(connection::connect(address, &place.redis_prefix));
                let link = link.with_context(|| format!("cannot use the {address}"))?;
                Ok(TokenStore::Redis { link, runtime })
            }
        }
    }

    fn put(&mut self, record: &Record) -> anyhow::Result<bool> {
        match self {
            TokenStore::Folder { records, data } => {
                records.put(record, Put::IfAbsent).with_context(|| unwritable(data))
            }
            TokenStore::Redis { link, runtime } => {
                Ok(runtime.block_on(records::put(link, record, Put::IfAbsent))?)
            }
        }
    }

    fn delete(&mut self, id: &TokenId) -> anyhow::Result<bool> {
        let id = id.to_string();
        match self {
            TokenStore::Folder { records, data } => {
                records.delete(Collection::Token, &id).with_context(|| unwritable(data))
            }
            TokenStore::Redis { link, runtime } => {
                Ok(runtime.block_on(records::delete(link, Collection::Token, &id))?)
            }
        }
    }

    fn value(&self, id: &TokenId) -> anyhow::Result<Option<String>> {
        let id = id.to_string();
        match self {
            TokenStore::Folder { records, data } => {
                records.value(Collection::Token, &id).with_context(|| unreadable(data))
            }
            TokenStore::Redis { link, runtime } => {
                Ok(runtime.block_on(records::value(link, Collection::Token, &id))?)
            }
        }
    }

    fn all(&self) -> anyhow::Result<Vec<Record>> {
        match self {
            TokenStore::Folder { records, data } => {
                records.all(Collection::Token).with_context(|| unreadable(data))
            }
            TokenStore::Redis { link, runtime } => {
                Ok(runtime.block_on(records::all(link, Collection::Token))?)
            }
        }
    }
}

fn unwritable(data: &Path) -> String {
    format!("cannot write {}", data.join(FILE).display())
}

fn unreadable(data: &Path) -> String {
    format!("cannot read {}", data.join(FILE).display())
}
