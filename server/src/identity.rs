//! Who a request comes from: a signed cookie that holds a user id and a nickname. Keeps no list of users.
//!
//! The cookie is signed with HMAC-SHA256 by the `cookie` crate. Several keys may verify, so that keys can be changed
//! without logging everybody out; the first one signs.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use anyhow::{Context as _, bail};
use axum::http::{HeaderMap, header};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD},
};
use chat::{id::UserId, name::Nickname, protocol::User};
use cookie::{Cookie, CookieJar, Key, SameSite, time::Duration};
use hmac::{Hmac, Mac as _};
use rand::Rng as _;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::visitor;

/// How long a browser keeps a login, in days.
const DAYS: i64 = 180;

/// The cookie that outlives a login, and for how many days: browsers keep none for longer than 400.
const RETURNING: &str = "returning";
const RETURNING_DAYS: i64 = 400;

/// How many bytes a key has: 256 bits to sign with, and as many that a cipher would use.
const KEY_BYTES: usize = 64;

/// The keys that sign and verify logins.
pub(crate) struct Identity {
    keys: Vec<Key>,
}

/// Somebody who has logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) id: UserId,
    pub(crate) nickname: Nickname,
}

impl Login {
    /// As others see them.
    pub(crate) fn user(&self) -> User {
        User { id: self.id.clone(), name: self.nickname.as_str().into() }
    }
}

#[derive(Serialize, Deserialize)]
struct Content<'a> {
    id: &'a str,
    name: &'a str,
}

impl Identity {
    /// Reads the keys from `cookie.keys` in the data folder, one per line; makes the file with one key if there is
    /// none, readable by its owner alone.
    pub(crate) fn open(folder: &Path) -> anyhow::Result<Identity> {
        let path = folder.join("cookie.keys");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let line = Identity::new_key();
                create(folder, &path, &line).with_context(|| format!("cannot write {}", path.display()))?;
                line
            }
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        let mut keys = Vec::new();
        for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let key = read_key(line).with_context(|| format!("{}, line {}", path.display(), index + 1))?;
            keys.push(key);
        }
        if keys.is_empty() {
            bail!("{} holds no key; delete it and a new one is made", path.display());
        }
        Ok(Identity { keys })
    }

    /// Takes keys, one of which at least there must be, as they are written in a file.
    pub(crate) fn of_keys<'a>(lines: impl IntoIterator<Item = &'a str>) -> anyhow::Result<Identity> {
        let keys: Vec<Key> = lines.into_iter().map(read_key).collect::<anyhow::Result<_>>()?;
        if keys.is_empty() {
            bail!("there is no key");
        }
        Ok(Identity { keys })
    }

    /// A new key, as it is written.
    pub(crate) fn new_key() -> String {
        let mut key = [0; KEY_BYTES];
        rand::rng().fill_bytes(&mut key);
        BASE64_STANDARD_NO_PAD.encode(key)
    }

    /// Who the request's cookie names; `None` without one, and for one that is forged, cut or foreign.
    pub(crate) fn of(&self, headers: &HeaderMap) -> Option<Login> {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|header| header.to_str().ok());
        cookies
            .flat_map(Cookie::split_parse)
            .flatten()
            .filter(|cookie| [name(false), name(true)].contains(&cookie.name()))
            .find_map(|cookie| self.verify(&cookie))
    }

    fn verify(&self, cookie: &Cookie<'_>) -> Option<Login> {
        let jar = CookieJar::new();
        let cookie = self.keys.iter().find_map(|key| jar.signed(key).verify(cookie.clone().into_owned()))?;
        let json = BASE64_URL_SAFE_NO_PAD.decode(cookie.value()).ok()?;
        let content: Content<'_> = serde_json::from_slice(&json).ok()?;
        Some(Login { id: UserId::parse(content.id).ok()?, nickname: Nickname::parse(content.name).ok()? })
    }

    /// The `Set-Cookie` value that logs somebody in; `secure` where the page came over TLS.
    pub(crate) fn log_in(&self, login: &Login, secure: bool) -> String {
        let content = Content { id: login.id.as_str(), name: login.nickname.as_str() };
        let json = serde_json::to_vec(&content).expect("two strings have no failing serializer");
        let mut jar = CookieJar::new();
        let key = self.keys.first().expect("there is at least one key");
        jar.signed_mut(key).add(Cookie::new(name(secure), BASE64_URL_SAFE_NO_PAD.encode(json)));
        let mut cookie = jar.get(name(secure)).expect("it was added just now").clone();
        dress(&mut cookie, secure);
        cookie.set_max_age(Duration::days(DAYS));
        cookie.to_string()
    }

    /// What a form bears that was made for this login: nobody else can make it, nor is it of use to anybody else.
    pub(crate) fn form_key(&self, login: &Login) -> String {
        let key = self.keys.first().expect("there is at least one key");
        BASE64_URL_SAFE_NO_PAD.encode(form_mac(key, login).finalize().into_bytes())
    }

    /// Whether a form was made for this login, with any of the keys.
    pub(crate) fn is_form_key(&self, login: &Login, form_key: &str) -> bool {
        let Ok(mac) = BASE64_URL_SAFE_NO_PAD.decode(form_key) else { return false };
        self.keys.iter().any(|key| form_mac(key, login).verify_slice(&mac).is_ok())
    }

    /// Whether somebody was logged in in this browser and has not logged out, whatever has become of the login since.
    pub(crate) fn was_logged_in(headers: &HeaderMap) -> bool {
        [name(false), name(true), RETURNING].iter().any(|name| visitor::cookie(headers, name).is_some())
    }

    /// The `Set-Cookie` value that outlives a login, so that its end can be told from a first visit. Says nothing about whom.
    pub(crate) fn returning(secure: bool) -> String {
        let mut cookie = Cookie::new(RETURNING, "1");
        dress(&mut cookie, secure);
        cookie.set_max_age(Duration::days(RETURNING_DAYS));
        cookie.to_string()
    }

    /// The `Set-Cookie` value that takes it back.
    pub(crate) fn not_returning(secure: bool) -> String {
        let mut cookie = Cookie::new(RETURNING, "");
        dress(&mut cookie, secure);
        cookie.set_max_age(Duration::ZERO);
        cookie.to_string()
    }

    /// The `Set-Cookie` value that logs somebody out.
    pub(crate) fn log_out(secure: bool) -> String {
        let mut cookie = Cookie::new(name(secure), "");
        dress(&mut cookie, secure);
        cookie.set_max_age(Duration::ZERO);
        cookie.to_string()
    }
}

/// The nickname too: whoever comes back under another one sees under which they speak before they do.
fn form_mac(key: &Key, login: &Login) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.signing()).expect("any length of a key will do");
    for part in ["form", login.id.as_str(), login.nickname.as_str()] {
        mac.update(part.as_bytes());
        mac.update(&[0]);
    }
    mac
}

fn read_key(line: &str) -> anyhow::Result<Key> {
    match BASE64_STANDARD_NO_PAD.decode(line.trim().trim_end_matches('=')) {
        Ok(bytes) if bytes.len() >= KEY_BYTES => Ok(Key::from(&bytes)),
        _ => bail!("a key is {KEY_BYTES} bytes in base64"),
    }
}

/// Under TLS the prefix tells browsers to take the cookie from this host alone (RFC 6265bis, section 4.1.3.2).
const fn name(secure: bool) -> &'static str {
    if secure { "__Host-teahouse" } else { "teahouse" }
}

fn dress(cookie: &mut Cookie<'_>, secure: bool) {
    cookie.set_path("/");
    cookie.set_http_only(true);
    cookie.set_same_site(SameSite::Lax);
    cookie.set_secure(secure);
}

/// Makes the key file, whole or not at all, so that it is still there after a power cut: otherwise everybody would be
/// logged out, while their nicknames are still taken.
fn create(folder: &Path, path: &Path, line: &str) -> io::Result<()> {
    let unfinished = folder.join("cookie.keys.new");
    let mut file =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    writeln!(file, "{line}")?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use axum::http::{HeaderMap, HeaderValue, header};
    use chat::{id::UserId, name::Nickname};

    use super::{Identity, Login};

    fn login() -> Login {
        Login { id: UserId::parse("u1").unwrap(), nickname: Nickname::parse("小明 🍵").unwrap() }
    }

    fn carrying(set_cookie: &str) -> HeaderMap {
        let pair = set_cookie.split(';').next().unwrap();
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(pair).unwrap())])
    }

    #[test]
    fn a_login_is_found_again_by_its_cookie() {
        let folder = tempfile::tempdir().unwrap();
        let identity = Identity::open(folder.path()).unwrap();
        for secure in [false, true] {
            assert_eq!(identity.of(&carrying(&identity.log_in(&login(), secure))), Some(login()));
        }
    }

    #[test]
    fn a_form_is_for_the_one_whom_it_was_made_for() {
        let folder = tempfile::tempdir().unwrap();
        let identity = Identity::open(folder.path()).unwrap();
        let key = identity.form_key(&login());
        assert!(identity.is_form_key(&login(), &key));
        let other = Login { id: UserId::parse("u2").unwrap(), ..login() };
        let renamed = Login { nickname: Nickname::parse("Ann").unwrap(), ..login() };
        assert!(!identity.is_form_key(&other, &key));
        assert!(!identity.is_form_key(&renamed, &key));
        assert!(!identity.is_form_key(&login(), ""));
        assert!(!identity.is_form_key(&login(), &key[1..]));
    }

    #[test]
    fn a_forged_cut_or_foreign_cookie_is_no_cookie() {
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let identity = Identity::open(folder.path()).unwrap();
        let foreign = Identity::open(other.path()).unwrap().log_in(&login(), false);
        let own = identity.log_in(&login(), false);
        let pair = own.split(';').next().unwrap();
        for bad in [&foreign, &pair[..pair.len() - 3], &pair.replace("teahouse=", "teahouse=A"), "teahouse="]
        {
            assert_eq!(identity.of(&carrying(bad)), None, "{bad}");
        }
    }

    #[test]
    fn an_older_key_still_verifies_and_the_first_one_signs() {
        let folder = tempfile::tempdir().unwrap();
        let old = Identity::open(folder.path()).unwrap().log_in(&login(), false);
        let path = folder.path().join("cookie.keys");
        let old_keys = fs::read_to_string(&path).unwrap();
        fs::remove_file(&path).unwrap();
        Identity::open(folder.path()).unwrap();
        let new_keys = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{new_keys}{old_keys}")).unwrap();
        let both = Identity::open(folder.path()).unwrap();
        assert_eq!(both.of(&carrying(&old)), Some(login()));
        fs::write(&path, new_keys).unwrap();
        let new = Identity::open(folder.path()).unwrap();
        assert_eq!(new.of(&carrying(&both.log_in(&login(), false))), Some(login()));
        assert_eq!(new.of(&carrying(&old)), None);
    }

    #[test]
    fn the_keys_are_for_their_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        Identity::open(folder.path()).unwrap();
        let mode = fs::metadata(folder.path().join("cookie.keys")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_key_file_is_named_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("cookie.keys"), "short\n").unwrap();
        let Err(error) = Identity::open(folder.path()) else { panic!("a short key must not do") };
        assert!(error.to_string().contains("line 1"), "{error}");
    }
}
