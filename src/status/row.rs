//! What is known about one stream?

use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, Serializer};

use super::branches::Branch;
use super::wait::Wait;
use super::worktrees::Found;
use crate::git::Id;
use crate::ledger::{Claim, Kind, Stream, StreamState};
use crate::name::{AgentName, StreamName};
use crate::pattern::PatternSet;
use crate::plan;

/// One stream: what the plan, the ledger, git and its worktree say about it.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// Its name.
    pub name: StreamName,
    /// Where it stands.
    pub state: StreamState,
    /// Why nothing of it may land, where its history broke the rules.
    pub tainted: Option<String>,
    /// Who holds it, or who had it when its work was kept.
    pub agent: Option<AgentName>,
    /// Whether the holder is a person.
    pub kind: Option<Kind>,
    /// The machine of its worktree.
    pub machine: Option<String>,
    /// The short name of its branch.
    pub branch: String,
    /// The branch's commit; `None` where there is no branch.
    #[serde(serialize_with = "hex")]
    pub tip: Option<Id>,
    /// The commit of it that its machine has pushed, as far as it is known here; `None` where nothing
    /// is, and with a ledger of one machine.
    #[serde(serialize_with = "hex")]
    pub pushed: Option<Id>,
    /// Whether it is on another machine, so that only what was pushed of it is known here.
    pub elsewhere: bool,
    /// The top of its worktree, on its machine.
    pub worktree: Option<String>,
    /// How many commits it has that the base has not.
    pub ahead: Option<usize>,
    /// How many commits the base has that it has not.
    pub behind: Option<usize>,
    /// How many files are not committed; `None` where it is not known.
    pub dirty: Option<usize>,
    /// How much of the work is done, as its agent says; nothing says so yet.
    pub percent: Option<u8>,
    /// Grows each time it changes hands; 0 where it was never claimed.
    pub epoch: u64,
    /// How often it has been worked on from the start.
    pub round: u64,
    /// The streams that come first.
    pub dependencies: Vec<StreamName>,
    /// The streams that never run at the same time.
    pub conflicts: Vec<StreamName>,
    /// Whether the plan has it.
    pub planned: bool,
    /// What it is, in a few words.
    pub description: Option<String>,
    /// The person its questions go to.
    pub owner: Option<String>,
    /// Whether it could be claimed now.
    pub ready: bool,
    /// What stands in the way of a claim.
    pub waits_for: Vec<Wait>,
    /// A small number of its own among the held streams.
    pub slot: Option<u32>,
    /// How long after a sign of life others may take it over.
    pub lease: Option<SignedDuration>,
    /// When it was taken.
    pub taken: Option<Timestamp>,
    /// When its holder was last heard of, by its own clock.
    pub renewed: Option<Timestamp>,
    /// For how many seconds this machine has seen nothing of its holder, as far as it was awake to
    /// see it.
    pub silence: Option<i64>,
    /// Whether that is as long as the lease: then others may take it over.
    pub lease_over: bool,
    /// The commit of the base that it started from, or was last moved onto.
    #[serde(serialize_with = "hex")]
    pub start: Option<Id>,
    /// The patterns that it owns, or would own.
    pub files: Vec<String>,
    /// The patterns that it has given away.
    pub away: Vec<String>,
    /// Whether the plan says something else by now than when it was claimed.
    pub drifted: bool,
    /// What the plan says by now, where that is something else.
    pub planned_files: Option<Vec<String>>,
    /// The operation of ours that is running or has died.
    pub operation: Option<Operation>,
    /// The operation of git that is under way in its worktree.
    pub under_way: Option<&'static str>,
    /// Whether its worktree is on another branch, or on none.
    pub off_branch: bool,
    /// The commit that holds what was kept when it was released.
    #[serde(serialize_with = "hex")]
    pub kept: Option<Id>,
}

/// An operation on a stream that has begun and is not finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Operation {
    /// The verb.
    pub verb: String,
    /// When it began.
    pub since: Timestamp,
    /// Whether its process has ended without finishing; never known of another machine's.
    pub died: bool,
}

#[expect(
    clippy::ref_option,
    reason = "serde hands over a reference to the field"
)]
fn hex<S: Serializer>(id: &Option<Id>, serializer: S) -> Result<S::Ok, S::Error> {
    match id {
        Some(id) => serializer.collect_str(id),
        None => serializer.serialize_none(),
    }
}

impl Row {
    /// The row of a stream as the plan has it; what else is known follows.
    pub(super) fn new(name: &StreamName, planned: Option<&plan::Stream>) -> Row {
        Row {
            name: name.clone(),
            state: StreamState::Unclaimed,
            tainted: None,
            agent: None,
            kind: None,
            machine: None,
            branch: name.branch(),
            tip: None,
            pushed: None,
            elsewhere: false,
            worktree: None,
            ahead: None,
            behind: None,
            dirty: None,
            percent: None,
            epoch: 0,
            round: 0,
            dependencies: planned.map_or_else(Vec::new, |plan| plan.dependencies.clone()),
            conflicts: planned.map_or_else(Vec::new, |plan| plan.conflicts.clone()),
            planned: planned.is_some(),
            description: planned.and_then(|plan| plan.description.clone()),
            owner: planned.and_then(|plan| plan.owner.clone()),
            ready: false,
            waits_for: Vec::new(),
            slot: None,
            lease: None,
            taken: None,
            renewed: None,
            silence: None,
            lease_over: false,
            start: None,
            files: planned.map_or_else(Vec::new, |plan| texts(std::slice::from_ref(&plan.files))),
            away: Vec::new(),
            drifted: false,
            planned_files: None,
            operation: None,
            under_way: None,
            off_branch: false,
            kept: None,
        }
    }

    /// Adds what the ledger says.
    pub(super) fn with_record(mut self, record: &Stream, planned: Option<&plan::Stream>) -> Row {
        self.state = record.state;
        self.tainted.clone_from(&record.tainted);
        self.epoch = record.epoch;
        self.round = record.round;
        // While it is held, this is what a claim that dies would leave behind.
        if let (Some(work), None) = (&record.work, &record.claim) {
            self.agent = Some(work.agent.clone());
            self.machine = Some(work.machine.clone());
            self.worktree.clone_from(&work.worktree);
            self.start = Some(work.start);
            self.kept = Some(work.tip);
        }
        if let Some(claim) = &record.claim {
            self.with_claim(claim, planned)
        } else {
            self
        }
    }

    fn with_claim(mut self, claim: &Claim, planned: Option<&plan::Stream>) -> Row {
        self.agent = Some(claim.agent.clone());
        self.kind = Some(claim.kind);
        self.machine = Some(claim.machine.clone());
        self.worktree = Some(claim.worktree.clone());
        self.slot = Some(claim.slot);
        self.lease = Some(claim.lease);
        self.taken = Some(claim.taken);
        self.renewed = Some(claim.renewed);
        self.start = Some(claim.start);
        self.files = texts(&claim.files);
        self.away = texts(&claim.away);
        // Patterns that were added later are no drift: the first set is what was planned.
        let changed = planned.filter(|plan| claim.files.first() != Some(&plan.files));
        self.planned_files = changed.map(|plan| texts(std::slice::from_ref(&plan.files)));
        self.drifted = changed.is_some();
        self
    }

    /// Adds what this machine has seen of the holder.
    pub(super) fn with_silence(mut self, silence: SignedDuration) -> Row {
        if let Some(lease) = self.lease {
            self.silence = Some(silence.as_secs());
            self.lease_over = silence >= lease;
        }
        self
    }

    /// Adds what git says about the branch.
    pub(super) fn with_branch(mut self, branch: Option<&Branch>) -> Row {
        if let Some(branch) = branch {
            self.tip = Some(branch.tip);
            self.ahead = branch.ahead;
            self.behind = branch.behind;
        }
        self
    }

    /// Adds what its machine has pushed of it, which is another one than this.
    pub(super) fn elsewhere(self, fetched: Option<&Branch>) -> Row {
        let mut row = self.with_branch(fetched);
        row.pushed = row.tip;
        row.elsewhere = true;
        row
    }

    /// Adds what this machine has pushed of it.
    pub(super) fn pushed(mut self, pushed: Option<Id>) -> Row {
        self.pushed = pushed;
        self
    }

    /// Adds what was found in the worktree.
    pub(super) fn with_worktree(mut self, found: Option<&Found>) -> Row {
        if let Some(Found::Here(here)) = found {
            self.dirty = Some(here.uncommitted.len());
            self.under_way = here.under_way;
            // A rebase detaches HEAD and comes back.
            self.off_branch =
                here.under_way.is_none() && here.branch() != Some(&self.name.branch_ref());
        }
        self
    }

    /// Whether somebody holds it.
    pub fn is_held(&self) -> bool {
        self.slot.is_some()
    }

    /// Whether it is of interest in a table: planned, held, or with work that was kept.
    pub fn counts(&self) -> bool {
        self.planned || self.is_held() || self.kept.is_some()
    }
}

fn texts(sets: &[PatternSet]) -> Vec<String> {
    let all = sets.iter().flat_map(PatternSet::texts);
    all.map(str::to_owned).collect()
}
