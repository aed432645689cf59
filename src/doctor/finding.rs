//! What is a finding, and what is an examination that has ended?

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::git::{Id, Linked};
use crate::name::StreamName;

/// How an examination ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Nothing was found.
    Well,
    /// It was not looked at.
    Skipped,
    /// Everything that was found is mended.
    Mended,
    /// Something is left for somebody.
    Found,
    /// Something makes the repository unusable.
    Broken,
}

impl Verdict {
    /// The word for people and programs.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Well => "ok",
            Verdict::Skipped => "skipped",
            Verdict::Mended => "mended",
            Verdict::Found => "found",
            Verdict::Broken => "broken",
        }
    }
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Which sort.
    pub kind: &'static str,
    /// The stream that it is about, if it is about one.
    pub stream: Option<StreamName>,
    /// What was found, in one sentence without a full stop.
    pub message: String,
    /// Why that matters, in another.
    pub why: &'static str,
    /// The command that mends it, or shows more.
    pub command: String,
    /// Whether nothing works as long as it is there.
    pub is_grave: bool,
    /// How it can be mended without asking anybody.
    pub(super) mend: Option<Mend>,
    /// What was done about it, or why that failed.
    pub outcome: Option<Result<String, String>>,
}

/// What can be done without asking anybody: nothing that somebody has made gets lost by it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Mend {
    /// Set up what setting up writes.
    SetUp,
    /// Ask the remote of the ledger what arrived.
    Refresh,
    /// Finish or take back what a dead operation has left.
    Settle(StreamName),
    /// Finish or forget the landings that died.
    Landings,
    /// Make the worktree of a claim again, or whole.
    Worktree(StreamName),
    /// Take a claim to this machine, whose worktree is on one that this clone has replaced.
    Move(StreamName),
    /// Remove a file that nobody needs.
    Remove(PathBuf),
    /// Remove what is left of a worktree that was never complete.
    Forget(Box<Linked>),
    /// Let git find a worktree again that was moved.
    Find(PathBuf),
    /// Write a ref anew; its file is worth nothing.
    Ref(String, Id),
    /// Write the index of a worktree anew, from its HEAD.
    Index(Box<Linked>),
}

impl Finding {
    pub(super) fn new(
        kind: &'static str,
        message: impl Into<String>,
        why: &'static str,
        command: impl Into<String>,
    ) -> Finding {
        Finding {
            kind,
            stream: None,
            message: message.into(),
            why,
            command: command.into(),
            is_grave: false,
            mend: None,
            outcome: None,
        }
    }

    pub(super) fn of(mut self, stream: &StreamName) -> Finding {
        self.stream = Some(stream.clone());
        self
    }

    pub(super) fn is_of(&self, stream: &StreamName) -> bool {
        self.stream.as_ref() == Some(stream)
    }

    pub(super) fn grave(mut self) -> Finding {
        self.is_grave = true;
        self
    }

    pub(super) fn mended_by(mut self, mend: Mend) -> Finding {
        self.mend = Some(mend);
        self
    }

    /// Whether `--repair` does something about it.
    pub fn is_mendable(&self) -> bool {
        self.mend.is_some()
    }

    /// How much is left of it.
    pub fn verdict(&self) -> Verdict {
        match (&self.outcome, self.is_grave) {
            (Some(Ok(_)), _) => Verdict::Mended,
            (_, true) => Verdict::Broken,
            (_, false) => Verdict::Found,
        }
    }

    fn json(&self) -> Value {
        let (done, failed) = match &self.outcome {
            Some(Ok(done)) => (Some(done), None),
            Some(Err(failed)) => (None, Some(failed)),
            None => (None, None),
        };
        json!({
            "kind": self.kind,
            "stream": self.stream,
            "message": self.message,
            "why": self.why,
            "command": self.command,
            "mendable": self.is_mendable(),
            "mended": done,
            "failed": failed,
        })
    }
}

/// One examination.
#[derive(Debug, Clone, PartialEq)]
pub struct Examined {
    /// What was looked at, in one word.
    pub name: &'static str,
    /// What was seen where all is well, or why it was not looked at.
    pub summary: String,
    /// Whether it was not looked at.
    pub is_skipped: bool,
    /// What was found.
    pub findings: Vec<Finding>,
    /// What is worth knowing, and nothing has to be done about.
    pub notes: Vec<String>,
}

impl Examined {
    pub(super) fn new(
        name: &'static str,
        summary: impl Into<String>,
        findings: Vec<Finding>,
    ) -> Examined {
        Examined {
            name,
            summary: summary.into(),
            is_skipped: false,
            findings,
            notes: Vec::new(),
        }
    }

    pub(super) fn skipped(name: &'static str, why: impl Into<String>) -> Examined {
        Examined {
            is_skipped: true,
            ..Examined::new(name, why, Vec::new())
        }
    }

    /// How it ended.
    pub fn verdict(&self) -> Verdict {
        let worst = self.findings.iter().map(Finding::verdict).max();
        worst.unwrap_or(if self.is_skipped {
            Verdict::Skipped
        } else {
            Verdict::Well
        })
    }

    /// The examination for a program.
    pub fn json(&self) -> Value {
        let findings: Vec<Value> = self.findings.iter().map(Finding::json).collect();
        json!({
            "name": self.name,
            "verdict": self.verdict().name(),
            "summary": self.summary,
            "notes": self.notes,
            "findings": findings,
        })
    }
}
