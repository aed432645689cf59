//! Which ref does a push move, from where to where?

use std::ffi::OsString;

use bstr::{BString, ByteSlice as _, ByteVec as _};

use super::Error;
use crate::git::{Id, Repo};

/// One ref that is to be moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// Its full name, as the pusher gave it.
    pub name: BString,
    /// Where it is; `None` where it does not exist. git moves it from nowhere else.
    pub old: Option<Id>,
    /// Where it is to go; `None` where it is to be deleted.
    pub new: Option<Id>,
}

impl Update {
    /// What `pre-receive` reads: `OLD NEW REF`, a line each.
    pub fn parse_all(repo: &Repo, input: &[u8]) -> Result<Vec<Update>, Error> {
        let lines = input.lines();
        lines
            .map(|line| {
                let mut words = line.splitn_str(3, " ");
                match (words.next(), words.next(), words.next()) {
                    (Some(old), Some(new), Some(name)) => Update::parse(repo, name, old, new),
                    _ => Err(garbled(line)),
                }
            })
            .collect()
    }

    /// What `update` is given: `REF OLD NEW`.
    pub fn from_args(repo: &Repo, [name, old, new]: [OsString; 3]) -> Result<Update, Error> {
        let bytes = |arg: OsString| Vec::from_os_string(arg).unwrap_or_default();
        Update::parse(repo, &bytes(name), &bytes(old), &bytes(new))
    }

    fn parse(repo: &Repo, name: &[u8], old: &[u8], new: &[u8]) -> Result<Update, Error> {
        let id = |hex: &[u8]| {
            let id = hex.to_str().ok().and_then(|hex| repo.parse_id(hex));
            let id = id.ok_or_else(|| garbled(hex))?;
            Ok::<_, Error>((id != repo.null_id()).then_some(id))
        };
        if !name.starts_with(b"refs/") {
            return Err(garbled(name));
        }
        Ok(Update {
            name: name.into(),
            old: id(old)?,
            new: id(new)?,
        })
    }

    /// The name as people write it.
    pub fn short_name(&self) -> String {
        let name = crate::path::shown(self.name.as_bstr());
        name.strip_prefix("refs/heads/").unwrap_or(&name).to_owned()
    }
}

fn garbled(text: &[u8]) -> Error {
    Error::Garbled {
        text: text.to_str_lossy().into_owned(),
    }
}
