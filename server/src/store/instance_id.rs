//! The instance's own id: generated once and stored as long as the messages, in the data folder or in Redis.
//! It distinguishes this instance's cookies from those of another on the same host name, since cookies ignore
//! ports. It is not secret, and signs nothing.

use std::{fs, io, path::Path};

use anyhow::{Context as _, bail};

use crate::{
    ops::data_folder,
    random,
    store::{Collection, Record},
};

/// The file in the data folder.
const FILE: &str = "house.id";

/// The key of its record.
pub(crate) const KEY: &str = "id";

/// The length of the id in hexadecimal digits.
const DIGITS: usize = 8;

/// The instance's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InstanceId(String);

impl InstanceId {
    /// Reads the id from the data folder, or generates one.
    pub(crate) fn open(data: &Path) -> anyhow::Result<InstanceId> {
        let path = data.join(FILE);
        match fs::read_to_string(&path) {
            Ok(text) => match InstanceId::parse(text.trim()) {
                Some(kept) => Ok(kept),
                None => bail!(
                    "{} holds no {DIGITS} hexadecimal digits; delete it, and people log in anew",
                    path.display()
                ),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let fresh = InstanceId::draw();
                data_folder::write_new(data, FILE, &fresh.0)
                    .with_context(|| format!("cannot write {}", path.display()))?;
                Ok(fresh)
            }
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// Generates an id.
    pub(crate) fn draw() -> InstanceId {
        InstanceId(random::hex::<4>())
    }

    /// Returns the name of this instance's cookie of the given kind.
    pub(crate) fn cookie(&self, sort: &str) -> String {
        format!("{sort}-{}", self.0)
    }

    /// Parses the id in a record.
    pub(crate) fn parse(text: &str) -> Option<InstanceId> {
        let fits = text.len() == DIGITS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        fits.then(|| InstanceId(text.to_owned()))
    }

    /// Returns the record that holds the id.
    pub(crate) fn record(&self) -> Record {
        Record { collection: Collection::Instance, key: KEY.to_owned(), value: self.0.clone() }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{FILE, InstanceId};

    #[test]
    fn a_house_keeps_its_id_and_another_has_another() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let first = InstanceId::open(one.path()).unwrap();
        assert_eq!(InstanceId::open(one.path()).unwrap(), first);
        assert_ne!(InstanceId::open(other.path()).unwrap(), first);
    }

    #[test]
    fn a_damaged_id_is_named_with_its_file() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), "a b\n").unwrap();
        let error = InstanceId::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains("house.id"), "{error}");
    }
}
