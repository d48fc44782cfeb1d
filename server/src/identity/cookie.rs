//! The signed login cookie, which carries a login with its user's id and nickname. Stores no list of users,
//! and does not know whether the login has ended since.
//!
//! The HMAC-SHA256 signature covers the cookie's name and its whole content, so a value is useless under
//! another name and therefore on another instance. Several keys may verify, so that keys can be rotated
//! without logging everybody out; the first one signs.

use std::{fs, io, path::Path};

use anyhow::{Context as _, bail};
use axum::http::HeaderMap;
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD},
};
use chat::{id::UserId, name::Nickname, time::Millis};
use cookie::{Cookie, Key, SameSite, time::Duration};
use hmac::{Hmac, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::{
    identity::{
        cookie_header::{cookie, cookies},
        login::Login,
        logins::{DAYS, LoginId, Ticket},
    },
    ops::data_folder::write_new,
    random,
    store::instance_id::InstanceId,
};

/// The key file.
const FILE: &str = "cookie.keys";

/// How many days browsers store the cookie that outlives a login; they accept no more than 400.
const RETURNING_DAYS: i64 = 400;

/// The names of login cookies before instances had ids of their own. They no longer count as logins, but show
/// that the browser was logged in before.
const EARLIER: [&str; 3] = ["teahouse", "__Host-teahouse", "returning"];

/// The length of a key in bytes: 256 bits for signing, and as many for a cipher.
const KEY_BYTES: usize = 64;

/// The keys that sign and verify logins.
pub(crate) struct Identity {
    keys: Vec<Key>,
    instance_id: InstanceId,
}

#[derive(Serialize, Deserialize)]
struct Content {
    login: String,
    id: String,
    name: String,
    issued: u64,
    expires: u64,
}

impl Identity {
    /// Reads the keys from `cookie.keys` in the data folder, one per line. Creates the file with one key if
    /// it is missing, readable by its owner only.
    pub(crate) fn open(folder: &Path, instance_id: InstanceId) -> anyhow::Result<Identity> {
        let path = folder.join(FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let line = Identity::new_key();
                write_new(folder, FILE, &line).with_context(|| format!("cannot write {}", path.display()))?;
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
        Ok(Identity { keys, instance_id })
    }

    /// Parses keys as a key file contains them; at least one is required.
    pub(crate) fn of_keys<'a>(
        lines: impl IntoIterator<Item = &'a str>,
        instance_id: InstanceId,
    ) -> anyhow::Result<Identity> {
        let keys: Vec<Key> = lines.into_iter().map(read_key).collect::<anyhow::Result<_>>()?;
        if keys.is_empty() {
            bail!("there is no key");
        }
        Ok(Identity { keys, instance_id })
    }

    /// Generates a key in its text form.
    pub(crate) fn new_key() -> String {
        BASE64_STANDARD_NO_PAD.encode(random::bytes::<KEY_BYTES>())
    }

    /// Returns the login in the request's cookie, even if it has ended since; `None` without a cookie, or for
    /// one that is forged, truncated or from another instance. Over TLS only the cookie name with the prefix
    /// counts, which browsers accept from this very host alone.
    pub(crate) fn read(&self, headers: &HeaderMap, secure: bool) -> Option<Ticket> {
        let name = self.name(secure);
        cookies(headers, &name).find_map(|value| self.verify(&name, value))
    }

    fn verify(&self, name: &str, value: &str) -> Option<Ticket> {
        let (payload, mac) = value.split_once('.')?;
        let mac = BASE64_URL_SAFE_NO_PAD.decode(mac).ok()?;
        if !self.keys.iter().any(|key| login_mac(key, name, payload).verify_slice(&mac).is_ok()) {
            return None;
        }
        let json = BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?;
        let content: Content = serde_json::from_slice(&json).ok()?;
        Some(Ticket {
            id: LoginId::parse(&content.login)?,
            login: Login {
                id: UserId::parse(&content.id).ok()?,
                nickname: Nickname::parse(&content.name).ok()?,
            },
            issued: Millis(content.issued),
            expires: Millis(content.expires),
        })
    }

    /// Returns the `Set-Cookie` value that logs a user in; `secure` if the page came over TLS.
    pub(crate) fn log_in(&self, ticket: &Ticket, secure: bool) -> String {
        let Ticket { id, login, issued, expires } = ticket;
        let content = Content {
            login: id.to_string(),
            id: login.id.to_string(),
            name: login.nickname.to_string(),
            issued: issued.0,
            expires: expires.0,
        };
        let json = serde_json::to_vec(&content).expect("strings and numbers have no failing serializer");
        let payload = BASE64_URL_SAFE_NO_PAD.encode(json);
        let name = self.name(secure);
        let key = self.keys.first().expect("there is at least one key");
        let mac = BASE64_URL_SAFE_NO_PAD.encode(login_mac(key, &name, &payload).finalize().into_bytes());
        let mut cookie = Cookie::new(name, format!("{payload}.{mac}"));
        dress(&mut cookie, secure);
        cookie.set_max_age(Duration::days(DAYS.into()));
        cookie.to_string()
    }

    /// Returns the key that a form for this login contains: nobody else can create it, and it is useless for
    /// other logins.
    pub(crate) fn form_key(&self, login: &Login) -> String {
        let key = self.keys.first().expect("there is at least one key");
        BASE64_URL_SAFE_NO_PAD.encode(form_mac(key, login).finalize().into_bytes())
    }

    /// Returns whether a form key was made for this login, with any of the keys.
    pub(crate) fn is_form_key(&self, login: &Login, form_key: &str) -> bool {
        let Ok(mac) = BASE64_URL_SAFE_NO_PAD.decode(form_key) else { return false };
        self.keys.iter().any(|key| form_mac(key, login).verify_slice(&mac).is_ok())
    }

    /// Returns whether a user was logged in in this browser and has not logged out, even if the login has
    /// ended since.
    pub(crate) fn was_logged_in(&self, headers: &HeaderMap) -> bool {
        let own = [self.name(false), self.name(true), self.instance_id.cookie("returning")];
        own.iter().map(String::as_str).chain(EARLIER).any(|name| cookie(headers, name).is_some())
    }

    /// Returns the `Set-Cookie` value of the cookie that outlives a login, which distinguishes an expired
    /// login from a first visit. It does not identify the user.
    pub(crate) fn returning(&self, secure: bool) -> String {
        let mut cookie = Cookie::new(self.instance_id.cookie("returning"), "1");
        dress(&mut cookie, secure);
        cookie.set_max_age(Duration::days(RETURNING_DAYS));
        cookie.to_string()
    }

    /// Returns the `Set-Cookie` values that log a user out and remove the cookie that outlives a login.
    pub(crate) fn log_out(&self, secure: bool) -> Vec<String> {
        let over = |name: String| {
            let mut cookie = Cookie::new(name, "");
            dress(&mut cookie, secure);
            cookie.set_max_age(Duration::ZERO);
            cookie.to_string()
        };
        let earlier = EARLIER.iter().filter(|name| secure || !name.starts_with("__Host-"));
        let own = [self.name(secure), self.instance_id.cookie("returning")];
        own.into_iter().chain(earlier.map(|name| (*name).to_owned())).map(over).collect()
    }

    /// Returns the name of the login cookie. Over TLS its prefix makes browsers accept it from this host
    /// alone (RFC 6265bis, section 4.1.3.2).
    fn name(&self, secure: bool) -> String {
        let name = self.instance_id.cookie("teahouse");
        if secure { format!("__Host-{name}") } else { name }
    }
}

/// Covers the name too, so that the value is useless under another name.
fn login_mac(key: &Key, name: &str, payload: &str) -> Hmac<Sha256> {
    mac(key, ["login", name, payload])
}

/// Covers the nickname too: a user who comes back under another nickname sees it before sending under it.
fn form_mac(key: &Key, login: &Login) -> Hmac<Sha256> {
    mac(key, ["form", login.id.as_str(), login.nickname.as_str()])
}

/// Computes the MAC of parts that contain no zero byte.
fn mac(key: &Key, parts: [&str; 3]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.signing()).expect("any length of a key will do");
    for part in parts {
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

fn dress(cookie: &mut Cookie<'_>, secure: bool) {
    cookie.set_path("/");
    cookie.set_http_only(true);
    cookie.set_same_site(SameSite::Lax);
    cookie.set_secure(secure);
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use axum::http::{HeaderMap, HeaderValue, header};
    use chat::{id::UserId, name::Nickname, time::Millis};
    use tempfile::TempDir;

    use super::{Identity, Login};
    use crate::{identity::logins::Ticket, store::instance_id::InstanceId};

    fn login() -> Login {
        Login { id: UserId::parse("u1").unwrap(), nickname: Nickname::parse("小明 🍵").unwrap() }
    }

    fn ticket() -> Ticket {
        Ticket::draw(login(), Millis(1_700_000_000_000))
    }

    fn open(folder: &TempDir) -> Identity {
        Identity::open(folder.path(), InstanceId::draw()).unwrap()
    }

    /// Returns the `Cookie` header pair that a `Set-Cookie` value produces.
    fn pair(set_cookie: &str) -> &str {
        set_cookie.split(';').next().unwrap()
    }

    fn carrying(cookie: impl AsRef<[u8]>) -> HeaderMap {
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_bytes(cookie.as_ref()).unwrap())])
    }

    #[test]
    fn a_login_is_found_again_by_its_cookie() {
        let folder = tempfile::tempdir().unwrap();
        let identity = open(&folder);
        let ticket = ticket();
        for secure in [false, true] {
            let set = identity.log_in(&ticket, secure);
            assert_eq!(identity.read(&carrying(pair(&set)), secure), Some(ticket.clone()));
        }
    }

    #[test]
    fn over_tls_the_name_alone_counts_that_no_other_host_can_set() {
        let folder = tempfile::tempdir().unwrap();
        let identity = open(&folder);
        let plain = identity.log_in(&ticket(), false);
        assert_eq!(identity.read(&carrying(pair(&plain)), true), None);
        let under_the_other_name = format!("__Host-{}", pair(&plain));
        assert_eq!(identity.read(&carrying(under_the_other_name), true), None, "the name is signed");
        let bound = identity.log_in(&ticket(), true);
        assert_eq!(identity.read(&carrying(pair(&bound).strip_prefix("__Host-").unwrap()), false), None);
    }

    #[test]
    fn what_else_stands_in_the_header_is_no_matter() {
        let folder = tempfile::tempdir().unwrap();
        let identity = open(&folder);
        let ticket = ticket();
        let set = identity.log_in(&ticket, false);
        let own = pair(&set);
        let forged = own.replace('=', "=A");
        for beside in ["displayName=小明", "=", ";;", "a=%ff", "b=\"c; d\"", "flag", &forged] {
            for header in [format!("{beside}; {own}"), format!("{own};{beside}")] {
                assert_eq!(identity.read(&carrying(&header), false), Some(ticket.clone()), "{header}");
            }
        }
        let latin = [b"name=\xe9t\xe9; ", own.as_bytes()].concat();
        assert_eq!(identity.read(&carrying(latin), false), Some(ticket));
    }

    #[test]
    fn two_houses_on_one_host_name_have_cookies_of_different_names() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (one, other) = (open(&one), open(&other));
        let names: Vec<String> = [&one, &other]
            .iter()
            .flat_map(|instance_id| {
                let out = instance_id.log_out(false).into_iter().take(2);
                out.chain([instance_id.log_in(&ticket(), false), instance_id.returning(false)])
            })
            .map(|set| set.split('=').next().unwrap().to_owned())
            .collect();
        let (one, other) = names.split_at(4);
        assert!(one.iter().all(|name| !other.contains(name)), "{names:?}");
    }

    #[test]
    fn a_form_is_for_the_one_whom_it_was_made_for() {
        let folder = tempfile::tempdir().unwrap();
        let identity = open(&folder);
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
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let instance_id = InstanceId::draw();
        let identity = Identity::open(folder.path(), instance_id.clone()).unwrap();
        let foreign = Identity::open(elsewhere.path(), instance_id).unwrap().log_in(&ticket(), false);
        let own = identity.log_in(&ticket(), false);
        let own = pair(&own);
        let (name, value) = own.split_once('=').unwrap();
        let (payload, _) = value.split_once('.').unwrap();
        for bad in [
            pair(&foreign),
            &own[..own.len() - 3],
            &own.replace('=', "=A"),
            &format!("{name}="),
            &format!("{name}=."),
            &format!("{name}={payload}"),
            &format!("{name}={payload}."),
            &format!("teahouse={value}"),
        ] {
            assert_eq!(identity.read(&carrying(bad), false), None, "{bad}");
        }
    }

    #[test]
    fn an_older_key_still_verifies_and_the_first_one_signs() {
        let folder = tempfile::tempdir().unwrap();
        let instance_id = InstanceId::draw();
        let open = || Identity::open(folder.path(), instance_id.clone()).unwrap();
        let ticket = ticket();
        let old = open().log_in(&ticket, false);
        let path = folder.path().join("cookie.keys");
        let old_keys = fs::read_to_string(&path).unwrap();
        fs::remove_file(&path).unwrap();
        open();
        let new_keys = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{new_keys}{old_keys}")).unwrap();
        let both = open();
        assert_eq!(both.read(&carrying(pair(&old)), false), Some(ticket.clone()));
        fs::write(&path, new_keys).unwrap();
        let new = open();
        assert_eq!(new.read(&carrying(pair(&both.log_in(&ticket, false))), false), Some(ticket));
        assert_eq!(new.read(&carrying(pair(&old)), false), None);
    }

    #[test]
    fn the_keys_are_for_their_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        open(&folder);
        let mode = fs::metadata(folder.path().join("cookie.keys")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_key_file_is_named_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("cookie.keys"), "short\n").unwrap();
        let Err(error) = Identity::open(folder.path(), InstanceId::draw()) else {
            panic!("a short key must not do")
        };
        assert!(error.to_string().contains("line 1"), "{error}");
    }
}
