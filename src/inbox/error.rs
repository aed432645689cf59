//! Why can a question not be shown?

use serde_json::{Map, Value};

use crate::exit::{Exit, Explain};

/// Why a question cannot be shown. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No open question has the id.
    #[error("there is no open question '{id}'")]
    Unknown {
        /// What was given.
        id: String,
    },
    /// Several begin with what was given.
    #[error("several open questions begin with '{id}'")]
    Ambiguous {
        /// What was given.
        id: String,
        /// The ids that begin so.
        ids: Vec<String>,
    },
}

impl Explain for Error {
    fn exit(&self) -> Exit {
        match self {
            Error::Unknown { .. } | Error::Ambiguous { .. } => Exit::Refused,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Error::Unknown { .. } => {
                vec!["See the open questions with `git stream inbox`.".to_owned()]
            }
            Error::Ambiguous { ids, .. } => ids
                .iter()
                .map(|id| format!("See one with `git stream inbox {id}`."))
                .collect(),
        }
    }

    fn evidence(&self) -> Map<String, Value> {
        let mut evidence = Map::new();
        if let Error::Ambiguous { ids, .. } = self {
            evidence.insert("ids".to_owned(), ids.clone().into());
        }
        evidence
    }
}
