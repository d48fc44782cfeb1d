//! The house's own id: drawn once and kept as long as what was said. It tells this house's cookies from those of another on
//! the same host name, since a cookie knows no port. It is no secret, and signs nothing.

use rand::RngExt as _;

use crate::store::{Drawer, Put, Record, SharedStore, StoreError};

/// Where it lies.
pub(crate) const KEY: &str = "id";

/// How many hexadecimal digits it has.
const DIGITS: usize = 8;

/// The house's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HouseId(String);

impl HouseId {
    /// The id that lies in a store of one node's own; where there is none, a new one from now on.
    pub(crate) async fn open(store: &SharedStore) -> Result<HouseId, StoreError> {
        let kept = store.record(Drawer::House, KEY.to_owned()).await?;
        if let Some(kept) = kept.as_deref().and_then(HouseId::parse) {
            return Ok(kept);
        }
        let fresh = HouseId::draw();
        store.put(fresh.record(), Put::Always).await?;
        Ok(fresh)
    }

    /// A new one.
    pub(crate) fn draw() -> HouseId {
        HouseId(format!("{:08x}", rand::rng().random::<u32>()))
    }

    /// The name of a cookie of this house, of those of one sort.
    pub(crate) fn cookie(&self, sort: &str) -> String {
        format!("{sort}-{}", self.0)
    }

    /// The id that a record holds.
    pub(crate) fn parse(text: &str) -> Option<HouseId> {
        let fits = text.len() == DIGITS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        fits.then(|| HouseId(text.to_owned()))
    }

    /// The record in which it lies.
    pub(crate) fn record(&self) -> Record {
        Record { drawer: Drawer::House, key: KEY.to_owned(), value: self.0.clone() }
    }
}
