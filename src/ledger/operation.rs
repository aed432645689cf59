//! Which operation is this, and is the process that began it still alive?
//!
//! An operation has an id (which is also the nonce that makes its ledger commits unique) and a
//! lock that the kernel gives back when its process, and every git it started, has ended. An
//! intent in the ledger names both, so a later command of the same machine can tell an operation
//! that is running from one that died.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::record::Intent;
use crate::git::{Error, Lock, Repo, create_file, replace_file};

/// The id of an operation: 16 hex digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OpId(String);

impl OpId {
    /// A new one.
    pub fn new() -> OpId {
        OpId(random_hex())
    }

    /// The id that a text spells, if it is one.
    pub fn parse(text: &str) -> Option<OpId> {
        let is_id = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_id.then(|| OpId(text.to_owned()))
    }

    /// In place of the id of an entry that names none.
    pub(super) fn nobodys() -> OpId {
        OpId(String::new())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// It names a file, so nothing else is read as one, whoever has written it.
impl TryFrom<String> for OpId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(OpId::nobodys());
        }
        OpId::parse(&text).ok_or_else(|| format!("{text:?} is no operation's id"))
    }
}

impl From<OpId> for String {
    fn from(op: OpId) -> String {
        op.0
    }
}

impl Default for OpId {
    fn default() -> Self {
        OpId::new()
    }
}

impl fmt::Display for OpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn random_hex() -> String {
    let bytes = getrandom::u64().expect("the system gives random numbers");
    format!("{bytes:016x}")
}

/// An operation that is running: its lock is held until this is dropped.
#[must_use = "an operation that is dropped at once has ended"]
pub struct Operation {
    id: OpId,
    lock: Lock,
    path: PathBuf,
}

impl Operation {
    /// Begins one.
    pub fn begin(repo: &Repo) -> Result<Operation, Error> {
        let id = OpId::new();
        let path = lock_path(repo, &id);
        let lock = Lock::try_take(&path)?.ok_or_else(|| Error::Locked {
            path: path.clone(),
            seconds: 0,
        })?;
        Ok(Operation { id, lock, path })
    }

    /// Its id.
    pub fn id(&self) -> &OpId {
        &self.id
    }

    /// Its lock, for the gits it starts.
    pub fn lock(&self) -> &Lock {
        &self.lock
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        // Nobody else opens this file by name unless an intent names it, and that has been
        // cleared or is recognised as dead by the missing file as well.
        drop(fs::remove_file(&self.path));
    }
}

fn lock_path(repo: &Repo, id: &OpId) -> PathBuf {
    repo.private("operations").join(format!("{id}.lock"))
}

/// Whether the process of an operation of this machine has ended.
///
/// An operation of another machine is never known to be dead.
pub fn is_dead(repo: &Repo, machine: &Machine, intent: &Intent) -> Result<bool, Error> {
    if intent.machine != machine.id {
        return Ok(false);
    }
    Ok(!Lock::is_held(&lock_path(repo, &intent.op))?)
}

/// Whether an operation of this machine is running, by its id: what a file of ours names.
pub fn is_running(repo: &Repo, op: &str) -> Result<bool, Error> {
    Lock::is_held(&repo.private("operations").join(format!("{op}.lock")))
}

/// This clone on this computer: what "this machine" means in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// `<host name>-<8 hex digits>`.
    pub id: String,
}

impl Machine {
    /// The machine's id, made and remembered at the first call; of many first ones, by one.
    pub fn of(repo: &Repo) -> Result<Machine, Error> {
        let path = repo.private("machine");
        if let Some(id) = remembered(&path) {
            return Ok(Machine { id });
        }
        let random = random_hex();
        let id = format!("{}-{}", host_name(), &random[..8]);
        let text = format!("{id}\n");
        if create_file(&path, text.as_bytes(), 0o644)? {
            return Ok(Machine { id });
        }
        if let Some(id) = remembered(&path) {
            return Ok(Machine { id });
        }
        // There is one that says nothing.
        replace_file(&path, text.as_bytes(), 0o644)?;
        Ok(Machine { id })
    }

    /// A machine that has no id yet, in a dry run.
    pub fn unknown() -> Machine {
        Machine { id: host_name() }
    }

    /// The machine's id if it has one: for commands that change nothing.
    pub fn known(repo: &Repo) -> Option<Machine> {
        remembered(&repo.private("machine")).map(|id| Machine { id })
    }
}

fn remembered(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let id = text.trim_end();
    (!id.is_empty()).then(|| id.to_owned())
}

/// The computer's name, in letters that a trailer and a file name can hold.
pub fn host_name() -> String {
    let name = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    let kept: String = name
        .split('.')
        .next()
        .unwrap_or_default()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '-')
        .collect();
    if kept.is_empty() {
        "host".to_owned()
    } else {
        kept
    }
}
