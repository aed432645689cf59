//! Which refs of a push are refused?
//!
//! The ledger comes first: a claim that is pushed together with its branch counts. The base does
//! not move for it: a branch is judged by what the server has accepted before.

use std::cell::OnceCell;

use bstr::{BString, ByteSlice as _};
use serde_json::{Value, json};

use super::stream::{self, Known};
use super::{Error, Update, Why, base, ledger};
use crate::git::{Id, Repo};
use crate::guard::{self, Owner, Verdict};
use crate::ledger::{KEPT, Ledger, REF, State};
use crate::name::StreamName;
use crate::plan::Plan;
use crate::workspace;

/// The most new commits of the base that are looked through for a warning: a push must not wait
/// for what refuses nothing.
const MOST_TOLD: usize = 200;
/// What streams' branches begin with.
const STREAMS: &str = "refs/heads/stream/";

/// The answer to a push.
#[derive(Debug)]
pub struct Judged {
    /// How many refs were to be moved.
    pub updates: usize,
    /// Those that are refused.
    pub refused: Vec<Refused>,
    /// What the base brings of what streams hold; it is not refused.
    pub trespass: Vec<Verdict>,
}

/// A ref that is not moved.
#[derive(Debug)]
pub struct Refused {
    /// The ref.
    pub update: Update,
    /// Why.
    pub why: Why,
}

impl Judged {
    /// The answer as JSON.
    pub fn object(&self) -> Value {
        let refs: Vec<Value> = self.refused.iter().map(Refused::object).collect();
        let verdict = if refs.is_empty() { "accept" } else { "refuse" };
        json!({"version": 1, "verdict": verdict, "refs": refs})
    }
}

impl Refused {
    fn object(&self) -> Value {
        json!({
            "ref": crate::path::json(self.update.name.as_bstr()),
            "why": self.why.name(),
            "message": self.why.text(),
            "paths": self.why.paths(),
            "hints": self.why.hints(),
        })
    }

    /// The refusal in words.
    pub fn text(&self) -> String {
        format!(
            "'{}' is refused: {}",
            self.update.short_name(),
            self.why.text()
        )
    }
}

/// What a ref is to git stream.
enum Kind {
    Ledger,
    /// What keeps a chain of the ledger that was shortened, by the id of its tip.
    Kept(BString),
    Stream(StreamName),
    NotAStream(BString),
    Base(String),
    Other,
}

/// Judges every ref of a push.
pub fn judge(repo: &Repo, updates: &[Update]) -> Result<Judged, Error> {
    if std::env::var_os("GIT_NAMESPACE").is_some_and(|name| !name.is_empty()) {
        return Err(Error::Namespace);
    }
    let mut push = Push {
        repo,
        updates,
        pushed: None,
        before: OnceCell::new(),
        plan: OnceCell::new(),
    };
    let mut judged = Judged {
        updates: updates.len(),
        refused: Vec::new(),
        trespass: Vec::new(),
    };
    let mut kinds = Vec::new();
    for update in updates {
        kinds.push((update, push.kind(repo.target_of(update.name.as_bstr())?)));
    }
    // A stable sort: everything else stays in the order in which git gave it.
    kinds.sort_by_key(|(_, kind)| !matches!(kind, Kind::Ledger));
    for (update, kind) in kinds {
        let why = match push.judge(update, &kind) {
            Ok(why) => why,
            Err(error) => Some(Why::Unknown(error)),
        };
        if let Some(why) = why {
            let update = update.clone();
            judged.refused.push(Refused { update, why });
        } else if let Kind::Base(_) = kind {
            judged.trespass.extend(push.trespass(update));
        }
    }
    Ok(judged)
}

/// A push, and what is read once for all of its refs.
struct Push<'r> {
    repo: &'r Repo,
    updates: &'r [Update],
    /// The state that the push brings, once that is accepted.
    pushed: Option<State>,
    /// The state that the server has.
    before: OnceCell<State>,
    plan: OnceCell<(Plan, Id)>,
}

impl Push<'_> {
    fn kind(&self, target: BString) -> Kind {
        let folded = match self.repo.config_bool("core.ignorecase") {
            Some(true) => target.to_ascii_lowercase().into(),
            Some(false) | None => target.clone(),
        };
        if folded == REF && target == folded {
            return Kind::Ledger;
        }
        if let Some(id) = folded.strip_prefix(KEPT.as_bytes()) {
            return Kind::Kept(id.into());
        }
        let is_streams = folded.starts_with(STREAMS.as_bytes()) || folded == "refs/heads/stream";
        if is_streams || folded == REF {
            let stream = target.to_str().ok().and_then(StreamName::from_branch_ref);
            return stream.map_or(Kind::NotAStream(target), Kind::Stream);
        }
        match self.base() {
            Ok(branch) if target == base::full_name(&branch) => Kind::Base(branch),
            // Where nobody can tell which one it is, no stream's branch is accepted.
            Ok(_) | Err(_) => Kind::Other,
        }
    }

    fn judge(&mut self, update: &Update, kind: &Kind) -> Result<Option<Why>, Error> {
        match (kind, update.new) {
            (Kind::Ledger, _) => match ledger::judge(self.repo, update, &|name, id| {
                let mut pushed = self.updates.iter().filter(|one| one.name == name);
                let is_pushed = pushed.any(|one| one.new == Some(id));
                Ok(is_pushed || self.repo.read_ref(name)? == Some(id))
            })? {
                Ok(state) => {
                    self.pushed = Some(state);
                    Ok(None)
                }
                Err(why) => Ok(Some(why)),
            },
            (Kind::Kept(id), new) => {
                let is_its = new.is_some_and(|new| new.to_string().as_bytes() == id.as_slice());
                let is_lost = update.old.is_some() && update.old != new;
                Ok((is_lost || !is_its).then_some(Why::LedgerKept))
            }
            (Kind::Stream(stream), None) => Ok(stream::deleted(self.state()?, stream)),
            (Kind::Stream(stream), Some(new)) => {
                let state = self.state()?;
                let (plan, trusted) = self.plan()?;
                let known = Known {
                    repo: self.repo,
                    state,
                    plan,
                    trusted: *trusted,
                };
                stream::judge(&known, stream, update, new)
            }
            (Kind::NotAStream(name), Some(_)) => Ok(Some(Why::NotAStream { name: name.clone() })),
            (Kind::Base(branch), None) => Ok(Some(Why::BaseDeleted {
                branch: branch.clone(),
            })),
            (Kind::NotAStream(_), None) | (Kind::Base(_), Some(_)) | (Kind::Other, _) => Ok(None),
        }
    }

    /// The state that counts: the pushed one, else the server's.
    fn state(&self) -> Result<&State, Error> {
        match &self.pushed {
            Some(state) => Ok(state),
            None => self.before(),
        }
    }

    fn before(&self) -> Result<&State, Error> {
        if self.before.get().is_none() {
            let read = Ledger::of(self.repo).read()?;
            self.before.get_or_init(|| read);
        }
        Ok(self.before.get().expect("it was just read"))
    }

    /// The base, by the ledger that the server has: a pushed one could name any branch.
    fn base(&self) -> Result<String, Error> {
        base::branch(self.repo, self.before()?)
    }

    /// The plan at the trusted base, and that commit.
    fn plan(&self) -> Result<&(Plan, Id), Error> {
        if self.plan.get().is_none() {
            let branch = self.base()?;
            let trusted = base::trusted(self.repo, &branch)?;
            let (plan, _) = workspace::plan_at(self.repo, trusted, &branch)?;
            self.plan.get_or_init(|| (plan, trusted));
        }
        Ok(self.plan.get().expect("it was just read"))
    }

    /// What new commits of the base touch of what streams hold, the streams' own work aside. It
    /// is told for information only: where it cannot be found out, nothing is said.
    fn trespass(&self, update: &Update) -> Option<Verdict> {
        let (old, new) = (update.old?, update.new?);
        let (plan, _) = self.plan().ok()?;
        let state = self.state().ok()?;
        let ids = self.repo.commits_between(&[new], &[old]).ok()?;
        if ids.len() > MOST_TOLD {
            return None;
        }
        let mut verdict = guard::touched(self.repo, (state, plan), old, &ids).ok()?;
        verdict
            .refused
            .retain(|one| match (&one.owner, &one.commit) {
                (Owner::Held { stream, .. }, Some((commit, _))) => !self.has(stream, *commit),
                (Owner::Held { .. } | Owner::Planned { .. } | Owner::Nobody, _) => true,
            });
        (!verdict.accepts()).then_some(verdict)
    }

    /// Whether the branch of a stream has a commit, or will have it by this push.
    fn has(&self, stream: &StreamName, commit: Id) -> bool {
        let name = stream.branch_ref();
        let pushed = self.updates.iter().find(|update| update.name == name);
        let there = || self.repo.read_ref(&name).ok().flatten();
        let tips = pushed.and_then(|update| update.new).into_iter();
        let mut tips = tips.chain(there());
        tips.any(|tip| self.repo.is_ancestor(commit, tip).unwrap_or(false))
    }
}
