//! What is written down about a landing, and about a pull request that waits?
//!
//! The newest landing of a stream stands in its record. Every landing is archived beside it in the
//! ledger's tree, with what would only swell the record: its commits, its files, the end of what
//! the check printed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::hex;
use super::operation::OpId;
use crate::git::Id;
use crate::name::{AgentName, StreamName};

/// How a stream's work came onto the base.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Landing {
    /// Which round of the stream it ended.
    pub round: u64,
    /// When.
    pub at: Timestamp,
    /// Who held the stream.
    pub agent: AgentName,
    /// The base branch.
    pub base: String,
    /// The remote whose branch it is, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
    /// The stream's commit that was verified.
    #[serde(with = "hex")]
    pub tip: Id,
    /// The base before; for a pull request, the base that it was checked on.
    #[serde(with = "hex")]
    pub old: Id,
    /// The base after. Of a batch, all streams have the same two.
    #[serde(with = "hex")]
    pub new: Id,
    /// `rebase`, `merge`, `squash`; `forge` where a forge has merged a pull request.
    pub strategy: String,
    /// How many commits of the stream the base has got.
    pub commits: usize,
    /// How many files they change.
    pub files: usize,
    /// The operation that has brought it there, or clears away after it: where the intent of a
    /// landing names another one, that landing has not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub op: Option<OpId>,
    /// The check that had passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<Check>,
    /// Keys of newer versions.
    #[serde(flatten)]
    pub extra: toml::Table,
}

/// A check that ran to its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Check {
    /// The command.
    pub command: String,
    /// The tree it was run on, and on no other.
    #[serde(with = "hex")]
    pub tree: Id,
    /// Its exit status.
    pub status: i32,
    /// How long it took.
    pub seconds: u64,
}

/// A pull request that waits, or was closed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Review {
    /// The stream's commit that was verified.
    #[serde(with = "hex")]
    pub tip: Id,
    /// The commit that was pushed.
    #[serde(with = "hex")]
    pub head: Id,
    /// The commit of the base that it was combined with.
    #[serde(with = "hex")]
    pub onto: Id,
    /// The remote that it was pushed to.
    pub remote: String,
    /// The branch that it was pushed to, by its short name.
    pub branch: String,
    /// When.
    pub since: Timestamp,
    /// What the command that opens it has printed last: its address, mostly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// When it was seen to be closed without a merge; kept so that a reopening is noticed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Timestamp>,
    /// The check that had passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<Check>,
    /// Keys of newer versions.
    #[serde(flatten)]
    pub extra: toml::Table,
}

/// One stream of a landing, as it is put to the ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LandedStream {
    /// The stream.
    pub stream: StreamName,
    /// How.
    pub landing: Landing,
    /// The commits on the base, newest first, as full hex.
    pub commits: Vec<String>,
    /// The files they change, quoted as git quotes them where they are not plain.
    pub files: Vec<String>,
    /// The end of what the check has printed.
    pub log: String,
}

/// The file `archive/<stream>/<round>.toml`.
#[derive(Serialize)]
struct Archived<'a> {
    stream: &'a StreamName,
    commits: &'a [String],
    files: &'a [String],
    landing: &'a Landing,
}

impl LandedStream {
    /// The files that the archive gets: name and content.
    pub(super) fn archive(&self) -> Vec<(String, String)> {
        let name = format!("archive/{}/{}", self.stream, self.landing.round);
        let archived = Archived {
            stream: &self.stream,
            commits: &self.commits,
            files: &self.files,
            landing: &self.landing,
        };
        let text = toml::to_string(&archived).expect("text, numbers and lists of them");
        let mut files = vec![(format!("{name}.toml"), text)];
        if !self.log.is_empty() {
            files.push((format!("{name}.log"), self.log.clone()));
        }
        files
    }
}
