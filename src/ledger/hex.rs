//! How do object ids look in the ledger's files? As full hex.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serializer};

use crate::git::Id;

pub(super) fn serialize<S: Serializer>(id: &Id, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Id, D::Error> {
    let text = String::deserialize(deserializer)?;
    Id::from_hex(text.as_bytes())
        .map_err(|_not_hex| D::Error::custom(format!("{text:?} is no object id")))
}

/// The same for an id that may be missing.
pub(super) mod option {
    use serde::{Deserializer, Serializer};

    use crate::git::Id;

    #[expect(
        clippy::ref_option,
        reason = "serde hands over a reference to the field"
    )]
    pub(in crate::ledger) fn serialize<S: Serializer>(
        id: &Option<Id>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match id {
            Some(id) => super::serialize(id, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(in crate::ledger) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Id>, D::Error> {
        super::deserialize(deserializer).map(Some)
    }
}
