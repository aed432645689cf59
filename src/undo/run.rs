//! How is an operation taken back?

use std::path::Path;

use super::find::{Found, Kind, Wanted, find};
use super::{Error, Undone, landing};
use crate::claim::{self, Ending};
use crate::git::{Id, Repo};
use crate::guard;
use crate::kept;
use crate::land::Beat;
use crate::ledger::{Actor, Claim, Operation, RefMove, Refusal, StreamState, Undo, What, is_dead};
use crate::name::{AgentName, StreamName};
use crate::rule::{self, Scope};
use crate::sync::{self, Step};
use crate::workspace::Workspace;

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The stream whose last operation is meant.
    pub stream: Option<StreamName>,
    /// The operation, by the beginning of its id.
    pub op: Option<String>,
    /// Who asks, as given on the command line.
    pub agent: Option<AgentName>,
    /// Decide, and change nothing.
    pub dry_run: bool,
}

/// What one run knows from its beginning to its end.
struct Undoing<'a, 'r> {
    workspace: &'a mut Workspace<'r>,
    operation: Operation,
    by: Actor,
    found: Found,
    notes: Vec<String>,
    dry_run: bool,
}

/// Takes an operation back: the caller's last one, or the one that is named. `tell` hears of
/// commands of the plan that run for it.
pub fn undo<'r>(
    repo: &'r Repo,
    options: &Options,
    tell: &'r mut dyn FnMut(Beat),
) -> Result<Undone, Error> {
    let mut workspace = Workspace::open(repo)?.comparing();
    let by = workspace.caller(options.agent.as_ref())?;
    let operation = Operation::begin(repo)?;
    let wanted = Wanted {
        op: options.op.as_deref(),
        stream: options.stream.as_ref(),
        agent: &by.agent,
    };
    let (mut found, _) = find(repo, &wanted)?;
    if !matches!(found.kind, Kind::Own) {
        return landing::undo(&workspace, found, options, tell);
    }
    let mut notes = Vec::new();
    if !options.dry_run
        && let Some(note) = recover(&mut workspace, &by, &found.stream)?
    {
        notes.push(note);
        (found, _) = find(repo, &wanted)?;
    }
    let run = Undoing {
        workspace: &mut workspace,
        operation,
        by,
        found,
        notes,
        dry_run: options.dry_run,
    };
    run.refuse_running()?;
    if run.died_on_its_way() {
        return run.go_on();
    }
    run.refuse_unable()?;
    let held = run.claim().is_some();
    match (held, run.found.before.claim.is_some()) {
        (true, false) => run.give_back(),
        (false, true) => run.take_again(),
        (true, true) => run.go_back(),
        (false, false) => run.set_record(),
    }
}

/// Whether a forge has merged it, or is asked to.
fn is_a_forges(found: &Found) -> bool {
    let landing = found.after.landing.as_ref();
    let is_new = found.before.landing.as_ref() != landing;
    let is_merged = landing.is_some_and(|landing| landing.strategy == "forge");
    let was = found.before.state;
    (is_new && is_merged)
        || (found.after.state == StreamState::InReview && was != StreamState::InReview)
}

/// Ends what a sync or an undo of this stream has left when it died. Answers what was done.
pub(super) fn recover(
    workspace: &mut Workspace<'_>,
    by: &Actor,
    stream: &StreamName,
) -> Result<Option<String>, Error> {
    let claim = workspace.state.claim(stream);
    if claim.is_none_or(|claim| claim.machine != by.machine) {
        return Ok(None);
    }
    let Ok(linked) = sync::worktree_of(workspace, stream)? else {
        return Ok(None);
    };
    // An operation of its own: what it finishes is not what is taken back.
    let operation = Operation::begin(workspace.repo)?;
    Ok(sync::recover(workspace, &operation, by, stream, &linked)?)
}

impl Undoing<'_, '_> {
    fn claim(&self) -> Option<&Claim> {
        self.workspace.state.claim(&self.found.stream)
    }

    /// What the ledger is asked, with the record that is to come back.
    fn what(&self, change: impl FnOnce(&mut Undo)) -> What {
        let found = &self.found;
        let mut undo = Undo {
            stream: found.stream.clone(),
            op: found.op.clone(),
            verb: found.verb.clone(),
            whose: found.agent.clone(),
            left: found.after.clone(),
            back: found.before.clone(),
            questions: found.questions.clone(),
        };
        change(&mut undo);
        What::Undone(Box::new(undo))
    }

    // ---- what forbids it ----

    fn refuse_running(&self) -> Result<(), Error> {
        let workspace = &self.workspace;
        let intent = self.claim().and_then(|claim| claim.intent.as_ref());
        let Some(intent) = intent else { return Ok(()) };
        if is_dead(workspace.repo, &workspace.machine, intent)? {
            return Ok(());
        }
        Err(Refusal::Busy {
            stream: self.found.stream.clone(),
            verb: intent.verb.clone(),
        }
        .into())
    }

    fn refuse_unable(&self) -> Result<(), Error> {
        let found = &self.found;
        let (op, event) = (found.op.clone(), found.event.clone());
        if is_a_forges(found) {
            return Err(Error::Forge { op, event });
        }
        if found.moves.iter().any(|one| !self.is_own(one)) {
            return Err(Error::NotUndoable { op, event });
        }
        let now = self.workspace.state.stream(&found.stream);
        let is_as_left = now.is_some_and(|now| now.says_the_same_as(&found.after));
        if !is_as_left {
            return Err(match &found.later {
                Some(later) => Error::Later {
                    stream: found.stream.clone(),
                    op: found.op.clone(),
                    later: later.event.op.clone(),
                    event: later.event.subject.clone(),
                    agent: later.event.agent.clone(),
                },
                None => Refusal::Overtaken {
                    stream: found.stream.clone(),
                }
                .into(),
            });
        }
        // The ledger's rules, asked before anything is touched.
        let request = self.request(self.what(|_| {}), Vec::new());
        self.workspace.decide(&request)?;
        let back = self.branch_move().and_then(|one| one.old);
        match back.filter(|back| self.workspace.repo.commit(*back).is_err()) {
            Some(commit) => Err(Error::Gone {
                stream: found.stream.clone(),
                commit,
            }),
            None => Ok(()),
        }
    }

    fn is_own(&self, one: &RefMove) -> bool {
        one.name == self.found.stream.branch_ref()
    }

    fn branch_move(&self) -> Option<&RefMove> {
        self.found.move_of(&self.found.stream.branch_ref())
    }

    fn branch(&self) -> Result<Option<Id>, Error> {
        let name = self.found.stream.branch_ref();
        Ok(self.workspace.repo.read_ref(&name)?)
    }

    /// Somebody has committed, or reset the branch, since the operation.
    fn moved_on(&self, left: Option<Id>, now: Option<Id>) -> Result<Error, Error> {
        let commits = match (left, now) {
            (Some(left), Some(now)) => {
                let repo = self.workspace.repo;
                repo.commits_between(&[now], &[left])?.len()
            }
            _ => 0,
        };
        Ok(Error::MovedOn {
            stream: self.found.stream.clone(),
            commits,
            back: self.branch_move().and_then(|one| one.old),
        })
    }

    fn request(&self, what: What, moves: Vec<RefMove>) -> crate::ledger::Request {
        let op = self.operation.id();
        self.workspace.request(op, &self.by, what, moves)
    }

    // ---- an undo that died after it counted ----

    /// Whether the last thing was an undo that died before the worktree was there again.
    fn died_on_its_way(&self) -> bool {
        let intent = self.claim().and_then(|claim| claim.intent.as_ref());
        // Whether it has died was asked already.
        intent.is_some_and(|intent| {
            intent.verb == claim::RESTORE && intent.op == self.found.op && self.found.verb == "undo"
        })
    }

    fn go_on(mut self) -> Result<Undone, Error> {
        let note = "finished an earlier undo that was cut off".to_owned();
        self.notes.push(note);
        let trashed = self.trashed()?;
        if !self.dry_run {
            let what = What::Begin {
                stream: self.found.stream.clone(),
                verb: claim::RESTORE.to_owned(),
                intends: Vec::new(),
            };
            let request = self.request(what, Vec::new());
            self.workspace.submit(&request)??;
            self.restore(trashed.as_ref())?;
        }
        self.answer(Vec::new())
    }

    // ---- the four ways back ----

    /// Held by the operation: given back, as by a release.
    fn give_back(self) -> Result<Undone, Error> {
        let made = self.branch_move().filter(|one| one.old.is_none()).cloned();
        let was_there = self.found.before.work.clone();
        let stays = was_there.and_then(|work| work.worktree);
        let (template, before) = (self.what(|_| {}), self.found.before.clone());
        let what = move |work: Option<crate::ledger::Work>, _: bool| {
            let What::Undone(mut undo) = template.clone() else {
                unreachable!("it was made above")
            };
            let is_same = before.work.as_ref().map(|work| work.tip) == work.as_ref().map(|w| w.tip);
            undo.back.work = if is_same { before.work.clone() } else { work };
            What::Undone(undo)
        };
        let ending = Ending {
            made: made.and_then(|one| one.new),
            stays: stays.as_deref().map(Path::new),
            what: &what,
        };
        let stream = self.found.stream.clone();
        let released = claim::give_back(
            self.workspace,
            &self.operation,
            &self.by,
            &stream,
            &ending,
            self.dry_run,
        )?;
        let moves = released.moves.iter();
        let moves = moves.filter(|one| self.is_own(one) && one.old != one.new);
        let moves = moves.cloned().collect();
        let mut undone = self.answer(moves)?;
        (undone.kept, undone.trash) = (released.worktree, released.trash);
        undone.worktree = None;
        Ok(undone)
    }

    /// Held before the operation: taken again, with its branch and its worktree.
    fn take_again(mut self) -> Result<Undone, Error> {
        let now = self.branch()?;
        let (left, back) = match self.branch_move() {
            Some(one) => (one.new, one.old),
            None => {
                let tip = self.found.after.work.as_ref().map(|work| work.tip);
                (tip, tip)
            }
        };
        if now != left {
            return Err(self.moved_on(left, now)?);
        }
        let moves: Vec<RefMove> = (left != back)
            .then(|| RefMove {
                name: self.found.stream.branch_ref(),
                old: left,
                new: back,
            })
            .into_iter()
            .collect();
        let trashed = self.trashed()?;
        if let Some(claim) = &self.found.before.claim {
            let place = Path::new(&claim.worktree);
            claim::refuse_place(self.workspace, &self.found.stream, place)?;
        }
        if !self.dry_run {
            let request = self.request(self.what(|_| {}), moves.clone());
            self.workspace.submit(&request)??;
            self.restore(trashed.as_ref())?;
        }
        self.answer(moves)
    }

    /// Held before and after: branch and worktree go back together, and the record with them.
    fn go_back(mut self) -> Result<Undone, Error> {
        let Some(RefMove { old, new, .. }) = self.branch_move().cloned() else {
            self.refuse_in_use()?;
            return self.set_record();
        };
        let now = self.branch()?;
        let (Some(back), Some(from), true) = (old, new, now == new) else {
            return Err(self.moved_on(new, now)?);
        };
        let stream = self.found.stream.clone();
        let linked = match sync::worktree_of(self.workspace, &stream)? {
            Ok(linked) => linked,
            Err(obstacle) => return Err(self.in_the_way(obstacle)?),
        };
        let repo = self.workspace.repo;
        if let Some(obstacle) = sync::obstacle_in(repo, &linked, &stream)? {
            return Err(self.in_the_way(obstacle)?);
        }
        let step = Step {
            stream: &stream,
            linked: &linked,
            old: from,
            new: back,
            verb: sync::UNDO,
            then: self.what(|_| {}),
            aside: None,
        };
        let obstacle = if self.dry_run {
            sync::foresee(repo, &step)?
        } else {
            sync::advance(self.workspace, &self.operation, &self.by, &step)?
        };
        if let Some(obstacle) = obstacle {
            return Err(self.in_the_way(obstacle)?);
        }
        self.look_again(back);
        let moves = vec![RefMove {
            name: stream.branch_ref(),
            old: Some(from),
            new: Some(back),
        }];
        self.answer(moves)
    }

    /// What is in the way; or that somebody else is moving the worktree, which looks the same.
    fn in_the_way(&self, obstacle: sync::Obstacle) -> Result<Error, Error> {
        let stream = self.found.stream.clone();
        let state = self.workspace.ledger().read()?;
        let now = state.stream(&stream);
        if now.is_none_or(|now| !now.says_the_same_as(&self.found.after)) {
            return Ok(Refusal::Overtaken { stream }.into());
        }
        let intent = state.claim(&stream).and_then(|claim| claim.intent.clone());
        Ok(
            match intent.filter(|intent| intent.op != *self.operation.id()) {
                Some(intent) => Refusal::Busy {
                    stream,
                    verb: intent.verb,
                }
                .into(),
                None => Error::InTheWay {
                    stream,
                    obstacle: Box::new(obstacle),
                },
            },
        )
    }

    /// Only the record goes back.
    fn set_record(self) -> Result<Undone, Error> {
        if !self.dry_run {
            let request = self.request(self.what(|_| {}), Vec::new());
            self.workspace.submit(&request)??;
        }
        self.answer(Vec::new())
    }

    /// What was owned more, and is in use by now, stays owned.
    fn refuse_in_use(&self) -> Result<(), Error> {
        let (before, after) = (&self.found.before.claim, &self.found.after.claim);
        let (Some(before), Some(after), Some(tip)) = (before, after, self.branch()?) else {
            return Ok(());
        };
        if before.files == after.files {
            return Ok(());
        }
        let (workspace, stream) = (&self.workspace, &self.found.stream);
        let paths_beyond = |claim: &Claim| -> Result<Vec<bstr::BString>, Error> {
            let scope = Scope::new(&claim.territory(), &workspace.plan);
            let violations = rule::range(workspace.repo, &scope, workspace.base.commit, tip)?;
            let breaches = violations.into_iter().flat_map(|one| one.breaches);
            Ok(breaches.map(|breach| breach.path).collect())
        };
        let already = paths_beyond(after)?;
        let mut paths = paths_beyond(before)?;
        paths.retain(|path| !already.contains(path));
        paths.sort();
        paths.dedup();
        if paths.is_empty() {
            return Ok(());
        }
        let stream = stream.clone();
        Err(Error::InUse { stream, paths })
    }

    // ---- worktrees ----

    /// What a release, or an undo that gave the stream back, has put into the trash.
    fn trashed(&self) -> Result<Option<kept::Trashed>, Error> {
        let repo = self.workspace.repo;
        let found = &self.found;
        for op in [Some(&found.op), found.undoes.as_ref()]
            .into_iter()
            .flatten()
        {
            let trashed = kept::trash_of(repo, op, &found.stream)?;
            if let Some(trashed) = trashed.filter(|one| !one.record.is_disposable) {
                return Ok(Some(trashed));
            }
        }
        Ok(None)
    }

    /// Makes the worktree again, out of the trash where it is there.
    fn restore(&mut self, trashed: Option<&kept::Trashed>) -> Result<(), Error> {
        let stream = self.found.stream.clone();
        let notes = claim::restore(self.workspace, &self.operation, &self.by, &stream, trashed)?;
        self.notes.extend(notes);
        Ok(())
    }

    /// A history that breaks the rule may be clean where it stands now.
    fn look_again(&mut self, tip: Id) {
        let record = self.workspace.state.stream(&self.found.stream);
        if self.dry_run || record.is_none_or(|record| record.tainted.is_none()) {
            return;
        }
        // The mark stays where nobody can tell; the next sync looks again.
        drop(guard::verify(self.workspace, &self.found.stream, tip));
    }

    fn answer(self, moves: Vec<RefMove>) -> Result<Undone, Error> {
        let Undoing {
            workspace,
            by,
            found,
            notes,
            dry_run,
            ..
        } = self;
        if !dry_run {
            // What cannot be removed now is removed by a later command.
            drop(kept::sweep(workspace));
        }
        let stream = found.stream;
        let record = workspace.state.stream(&stream);
        let state = if dry_run {
            found.before.state
        } else {
            record.map_or(found.before.state, |record| record.state)
        };
        let worktree = match workspace.state.claim(&stream) {
            Some(claim) => Some(claim::worktree_of(workspace, &stream, claim)?.into()),
            None => None,
        };
        Ok(Undone {
            op: found.op,
            verb: found.verb,
            event: found.event,
            agent: found.agent,
            by: by.agent,
            stream,
            state,
            moves,
            worktree,
            kept: None,
            trash: None,
            landing: None,
            notes,
            dry_run,
        })
    }
}
