//! What can the remote do that is to have the ledger?
//!
//! Tried out rather than asked: two refs of ours are made there in one step, at a commit that the
//! remote has, and removed again. Nothing else tells: servers refuse refs by their own settings, and
//! say so to a push only.

use std::time::Duration;

use serde_json::{Value, json};

use crate::git::{Error, Expect, Id, Pushed, Repo, Update};
use crate::ledger::{OpId, Share};
use crate::word;

/// How long the remote may take to answer.
const TALK: Duration = Duration::from_secs(30);
/// The setting for servers that take branches only.
const SETTING: &str = "Set `ledger = \"refs/heads/stream-ledger\"` in the plan, commit it to the base, and \
                       run `git stream init` again.";

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    remote: String,
    /// Below what the refs were made.
    below: &'static str,
    found: Found,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Found {
    /// It did not answer.
    Nothing,
    /// It does not take such refs: why, in its words.
    Refuses(String),
    Takes {
        /// Whether it moves several refs in one step.
        together: bool,
        /// The refs that it did not remove, and why.
        stuck: Option<(Vec<String>, String)>,
    },
}

/// Finds out what the remote of a ledger can do, with refs at a commit that it has.
pub(super) fn probe(repo: &Repo, share: &Share, commit: Id) -> Result<Probed, Error> {
    let is_branch = share.name.starts_with("refs/heads/");
    let below = if is_branch {
        "refs/heads/stream-probe/"
    } else {
        "refs/stream/probe/"
    };
    Ok(Probed {
        remote: share.remote.clone(),
        below,
        found: look(repo, &share.remote, below, commit)?,
    })
}

impl Probed {
    /// The remote has not answered something else already.
    pub(super) fn away(share: &Share) -> Probed {
        Probed {
            remote: share.remote.clone(),
            below: "",
            found: Found::Nothing,
        }
    }

    /// What was found, in one line.
    pub fn text(&self) -> String {
        let Probed { remote, below, .. } = self;
        match &self.found {
            Found::Nothing => format!("'{remote}' does not answer: what it can do is not known"),
            Found::Refuses(why) => format!(
                "'{remote}' does not take refs below {below}: {}",
                word::one_line(why)
            ),
            Found::Takes { together, stuck } => {
                let several = if *together {
                    "moves several of them in one step"
                } else {
                    "moves one of them at a time"
                };
                let removes = match stuck {
                    None => "removes them".to_owned(),
                    Some((_, why)) => format!("does not remove them: {}", word::one_line(why)),
                };
                format!("'{remote}' takes refs below {below}, {several}, and {removes}")
            }
        }
    }

    /// What that means, and what can be done.
    pub fn hints(&self) -> Vec<String> {
        let remote = &self.remote;
        match &self.found {
            Found::Nothing => vec![format!(
                "Nothing is claimed or given back until it answers; see what is wrong with `git \
                 ls-remote {remote}`."
            )],
            Found::Refuses(_) if self.below.starts_with("refs/heads/") => {
                vec!["Ask those who run the server to allow it.".to_owned()]
            }
            Found::Refuses(_) => vec![SETTING.to_owned()],
            Found::Takes { together, stuck } => {
                let mut hints = Vec::new();
                if !together {
                    hints.push(
                        "A landing moves the base first, and the ledger is told then; a crowd of \
                         machines takes longer."
                            .to_owned(),
                    );
                }
                if let Some((names, _)) = stuck {
                    hints.push(format!(
                        "What it was tried with stays there: {}. Where branches are not removed \
                         either, those of streams that have landed stay, too.",
                        names.join(" and ")
                    ));
                }
                hints
            }
        }
    }

    /// The same for programs: what is not known is null.
    pub fn object(&self) -> Value {
        let (takes, together, removes, why) = match &self.found {
            Found::Nothing => (None, None, None, None),
            Found::Refuses(why) => (Some(false), None, None, Some(why)),
            Found::Takes { together, stuck } => {
                let why = stuck.as_ref().map(|(_, why)| why);
                (Some(true), Some(*together), Some(stuck.is_none()), why)
            }
        };
        json!({
            "name": self.remote,
            "answers": self.found != Found::Nothing,
            "takes": takes,
            "together": together,
            "removes": removes,
            "why": why,
        })
    }
}

fn look(repo: &Repo, remote: &str, below: &str, commit: Id) -> Result<Found, Error> {
    let op = OpId::new();
    let updates: Vec<Update> = (1..=2)
        .map(|number| Update {
            name: format!("{below}{op}-{number}"),
            from: Expect::Absent,
            to: Some(commit),
        })
        .collect();
    let (mut made, mut together) = (updates.as_slice(), true);
    let mut answer = repo.push(remote, made, TALK)?;
    if let Pushed::NotAtomic = answer {
        (made, together) = (&updates[..1], false);
        answer = repo.push(remote, made, TALK)?;
    }
    match answer {
        Pushed::Done => {}
        Pushed::Unwanted { why, .. } => return Ok(Found::Refuses(why)),
        Pushed::Lost { .. } | Pushed::NotAtomic | Pushed::Unknown(_) => return Ok(Found::Nothing),
    }
    let gone: Vec<Update> = made
        .iter()
        .map(|one| Update {
            name: one.name.clone(),
            from: Expect::At(commit),
            to: None,
        })
        .collect();
    let answers = repo.push_each(remote, &gone, TALK)?;
    let (mut names, mut reason) = (Vec::new(), None);
    for (one, answer) in gone.into_iter().zip(answers) {
        let why = match answer {
            Pushed::Done => continue,
            Pushed::Unwanted { why, .. } => why,
            Pushed::Lost { .. } | Pushed::NotAtomic | Pushed::Unknown(_) => {
                "nobody knows why".to_owned()
            }
        };
        names.push(one.name);
        reason.get_or_insert(why);
    }
    let stuck = reason.map(|why| (names, why));
    Ok(Found::Takes { together, stuck })
}
