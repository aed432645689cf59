//! How does one sync go, from the question who asks to the answer?

use std::cell::RefCell;
use std::time::Duration;

use super::advance::{self, Step, advance};
use super::aside::{self, Aside, Way};
use super::decide::Range;
use super::memory::Memory;
use super::recover::VERB;
use super::resolve;
use super::{
    Error, Ground, Obstacle, Outcome, Question, Recalled, Replay, Stuck, Synced, Verdict,
    decide_since, early, ground, obstacle, question, recover, scope,
};
use crate::copies;
use crate::exit::Explain as _;
use crate::git::{self, Change, Id, Linked, Repo};
use crate::guard::{self, own::has_own_in};
use crate::ledger::{Actor, Operation, What};
use crate::name::{AgentName, StreamName};
use crate::pattern::Matcher;
use crate::workspace::Workspace;

/// How long a remote may take to answer.
const FETCH: Duration = Duration::from_secs(30);
/// What git runs when commits have become others.
const HOOK: &str = "post-rewrite";

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Who asks, as given on the command line.
    pub agent: Option<AgentName>,
    /// Decide, and change nothing.
    pub dry_run: bool,
    /// Keep uncommitted work that is in the way, and put it back afterwards.
    pub autostash: bool,
}

/// Brings one stream onto its base, or stops.
pub fn sync(repo: &Repo, stream: Option<&StreamName>, options: &Options) -> Result<Synced, Error> {
    let mut workspace = Workspace::open(repo)?;
    let stream = workspace.stream(stream)?;
    let mut is_fetched = false;
    one(&mut workspace, &stream, options, &mut is_fetched)
}

/// What one run knows from its beginning to its end.
pub(super) struct Run<'a, 'r> {
    pub(super) workspace: &'a mut Workspace<'r>,
    pub(super) operation: Operation,
    pub(super) by: Actor,
    pub(super) stream: &'a StreamName,
    pub(super) options: &'a Options,
    pub(super) notes: Vec<String>,
    /// Uncommitted work that went along.
    pub(super) aside: Option<Aside>,
    /// The conflicts that were resolved as a person did it before.
    pub(super) recalled: Vec<Recalled>,
}

/// [`sync`] in a workspace that is open; the base is fetched unless it was already.
pub(super) fn one(
    workspace: &mut Workspace<'_>,
    stream: &StreamName,
    options: &Options,
    is_fetched: &mut bool,
) -> Result<Synced, Error> {
    let repo = workspace.repo;
    let mut run = Run::start(workspace, stream, options)?;
    run.authorise()?;
    let linked = match early::worktree(run.workspace, stream)? {
        Ok(linked) => linked,
        Err(obstacle) => return run.refused(obstacle),
    };
    run.recover(&linked)?;
    aside::kept::watch(&mut run, &linked)?;
    if let Some(obstacle) = early::obstacle(repo, &linked, stream)? {
        return run.refused(obstacle);
    }
    if let Some((resolution, result)) = resolve::pending(repo, stream)? {
        return Ok(resolve::settle(run, &linked, &resolution, result)?);
    }
    if !*is_fetched {
        run.fetch()?;
        *is_fetched = true;
    }
    if let Some(doubt) = run.workspace.base.doubt.clone() {
        let question = question::base_moved(run.workspace, &doubt);
        return run.stopped(question);
    }
    run.go(&linked)
}

/// Asks the base's remote, if there is one, and looks at everything anew.
pub fn fetch(workspace: &mut Workspace<'_>) -> Result<(), Error> {
    let Some(remote) = workspace.base.remote.clone() else {
        return Ok(());
    };
    copies::fetch(workspace, FETCH).map_err(|source| Error::Unreachable {
        remote,
        branch: workspace.base.branch.clone(),
        source,
    })?;
    Ok(workspace.look_again()?)
}

impl<'a, 'r> Run<'a, 'r> {
    pub(super) fn start(
        workspace: &'a mut Workspace<'r>,
        stream: &'a StreamName,
        options: &'a Options,
    ) -> Result<Run<'a, 'r>, Error> {
        workspace.repo.require_whole_history()?;
        let by = workspace.caller(options.agent.as_ref())?;
        let operation = Operation::begin(workspace.repo)?;
        Ok(Run {
            workspace,
            operation,
            by,
            stream,
            options,
            notes: Vec::new(),
            aside: None,
            recalled: Vec::new(),
        })
    }

    /// Asks the ledger's rules without writing: the early checks come before anything changes.
    pub(super) fn authorise(&self) -> Result<(), Error> {
        let what = What::Begin {
            stream: self.stream.clone(),
            verb: VERB.to_owned(),
            intends: Vec::new(),
        };
        let request = self
            .workspace
            .request(self.operation.id(), &self.by, what, Vec::new());
        self.workspace.decide(&request)?;
        Ok(())
    }

    pub(super) fn recover(&mut self, linked: &Linked) -> Result<(), Error> {
        if self.options.dry_run {
            if recover::is_needed(self.workspace, self.stream, linked)? {
                let note = "an earlier sync was cut off; a real run finishes it first";
                self.notes.push(note.to_owned());
            }
            return Ok(());
        }
        let done = recover::finish(
            self.workspace,
            &self.operation,
            &self.by,
            self.stream,
            linked,
        )?;
        self.notes.extend(done);
        Ok(())
    }

    pub(super) fn fetch(&mut self) -> Result<(), Error> {
        fetch(self.workspace)
    }

    pub(super) fn tip(&self) -> Result<Id, Error> {
        let tip = self.workspace.repo.read_ref(&self.stream.branch_ref())?;
        tip.ok_or_else(|| Error::NoBranch {
            stream: self.stream.clone(),
        })
    }

    /// What a rebase would give, with what a person has resolved for the stream before.
    ///
    /// What was resolved by another base may not obey the stream's rule on this one: then nothing
    /// of it is used.
    pub(super) fn verdict(&mut self, linked: &Linked, tip: Id) -> Result<Verdict, Error> {
        self.recalled.clear();
        let ground = self.ground(tip)?;
        let memory = Memory::of(self.workspace.repo, self.stream)?;
        let used = RefCell::new(Vec::new());
        let recall = |stuck: &Stuck| {
            let found = memory.recall(stuck)?;
            // The chain may be gone through twice, where the quick way breaks off.
            if let Some(tree) = found {
                let recalled = Recalled::of(stuck, tree);
                let mut used = used.borrow_mut();
                if !used.contains(&recalled) {
                    used.push(recalled);
                }
            }
            Ok(found)
        };
        let verdict = self.decide(linked, (&ground, tip), &recall)?;
        let used = used.into_inner();
        if let Verdict::Moves(replay) = &verdict
            && !used.is_empty()
        {
            let ids: Vec<Id> = replay.picked.iter().map(|picked| picked.new).collect();
            let judged = guard::history(self.workspace, self.stream, ground.commit, &ids);
            if !judged.is_ok_and(|judged| judged.accepts()) {
                return self.decide(linked, (&ground, tip), &|_| Ok(None));
            }
        }
        self.recalled = used;
        Ok(verdict)
    }

    fn decide(
        &self,
        linked: &Linked,
        (ground, tip): (&Ground, Id),
        recall: &dyn Fn(&Stuck) -> Result<Option<Id>, Error>,
    ) -> Result<Verdict, Error> {
        let ledger = self.workspace.ledger();
        let range = Range {
            repo: self.workspace.repo,
            worktree: &linked.top,
            base: ground.commit,
            tip,
            operation: (self.operation.id().as_str(), self.operation.lock()),
            registering: &|| Ok(ledger.lock()?),
            recall,
        };
        decide_since(&range, ground.from)
    }

    /// What the stream is to stand on.
    pub(super) fn ground(&self, tip: Id) -> Result<Ground, Error> {
        ground(self.workspace, self.stream, tip)
    }

    /// Decides, and does what follows.
    fn go(mut self, linked: &Linked) -> Result<Synced, Error> {
        let tip = self.tip()?;
        let ground = self.ground(tip)?;
        if let (Some(on), Some(state)) = (&ground.on, ground.closed) {
            let obstacle = Obstacle::Closed {
                worktree: linked.top.clone(),
                ground: on.stream.clone(),
                state,
                tip: on.tip,
                base: self.workspace.base.commit,
            };
            return self.refused(obstacle);
        }
        let base = ground.commit;
        match self.verdict(linked, tip)? {
            Verdict::UpToDate { commits } => self.up_to_date(tip, commits),
            Verdict::Contained => {
                let replay = Replay {
                    new: base,
                    picked: Vec::new(),
                    dropped: Vec::new(),
                    merges: 0,
                };
                let landed = self.has_own_work(tip)?;
                self.move_to(linked, tip, (replay, landed), &[])
            }
            Verdict::Moves(replay) => {
                let brought = scope::brought(self.workspace.repo, base, &replay)?;
                let question = self.scope_question(linked, tip, (&replay, &brought))?;
                if let Some(question) = question {
                    return self.stopped(question);
                }
                let landed = replay.picked.is_empty() && !replay.dropped.is_empty();
                self.move_to(linked, tip, (replay, landed), &brought)
            }
            Verdict::Stuck(stuck) => {
                let question =
                    question::conflict(self.workspace, self.stream, &linked.top, tip, &stuck)?;
                self.stopped(question)
            }
        }
    }

    fn scope_question(
        &self,
        linked: &Linked,
        tip: Id,
        moved: (&Replay, &[Change]),
    ) -> Result<Option<Question>, Error> {
        let base = self.ground(tip)?.commit;
        let paths = scope::carried_out(self.workspace, self.stream, (base, tip), moved)?;
        if paths.is_empty() {
            return Ok(None);
        }
        let question = question::renamed(self.workspace, self.stream, &linked.top, tip, paths)?;
        Ok(Some(question))
    }

    /// Whether what the base has of the stream was the stream's own: something in its patterns
    /// changed since it was last moved. A plain fast-forward onto others' work is no landing.
    fn has_own_work(&self, tip: Id) -> Result<bool, Error> {
        let (repo, state) = (self.workspace.repo, &self.workspace.state);
        let Some(claim) = state.claim(self.stream) else {
            return Ok(false);
        };
        let (before, now) = (repo.tree_of(claim.start)?, repo.tree_of(tip)?);
        let own = Matcher::new(&claim.territory());
        let changes = repo.diff_trees(Some(before), Some(now))?;
        Ok(changes
            .iter()
            .any(|change| own.is_match(change.path.as_ref())))
    }

    fn move_to(
        mut self,
        linked: &Linked,
        old: Id,
        (replay, landed): (Replay, bool),
        brought: &[Change],
    ) -> Result<Synced, Error> {
        let ground = self.ground(old)?;
        let stands_on = ground.commit;
        let step = Step {
            stream: self.stream,
            linked,
            old,
            new: replay.new,
            verb: VERB,
            then: What::Synced {
                stream: self.stream.clone(),
                start: ground.commit,
                landed,
                commits: replay.picked.len(),
                on: ground.on,
            },
            aside: None,
        };
        if let Some(obstacle) = self.take(step)? {
            return self.refused(obstacle);
        }
        if !self.options.dry_run {
            let pairs: Vec<(Id, Id)> = replay.picked.iter().map(|p| (p.old, p.new)).collect();
            self.tell_rewritten(linked, &pairs);
        }
        let new = replay.new;
        let is_clean =
            || guard::surely_obey(self.workspace, self.stream, stands_on, brought).unwrap_or(false);
        if self.is_tainted() || !is_clean() {
            self.look_again(new);
        }
        let outcome = if landed {
            Outcome::Landed(replay)
        } else {
            Outcome::Rebased(replay)
        };
        self.answer(old, new, outcome)
    }

    /// Takes a step, or foresees it; with uncommitted work where that was asked for.
    pub(super) fn take(&mut self, step: Step<'_>) -> Result<Option<Obstacle>, Error> {
        let (repo, linked) = (self.workspace.repo, step.linked);
        let aside = self.keep_aside(&step)?;
        let step = Step {
            aside: aside.as_ref(),
            ..step
        };
        let obstacle = if self.options.dry_run {
            advance::foresee(repo, &step)?
        } else {
            advance(self.workspace, &self.operation, &self.by, &step)?
        };
        if obstacle.is_some() {
            let actual = repo.read_ref(&self.stream.branch_ref())?;
            if actual != Some(step.old) {
                return Err(advance::moved(&step, actual));
            }
        }
        if obstacle.is_none() && aside.is_some() {
            self.aside = aside;
            let asked = aside::kept::watch(self, linked)?;
            self.notes
                .extend(asked.into_iter().map(|id| format!("asked as {id}")));
        }
        Ok(obstacle)
    }

    /// Uncommitted work that the step would meet, kept.
    fn keep_aside(&self, step: &Step<'_>) -> Result<Option<Aside>, Error> {
        if !self.options.autostash {
            return Ok(None);
        }
        let repo = self.workspace.repo;
        let trees = (repo.tree_of(step.old)?, repo.tree_of(step.new)?);
        let changes = repo.diff_trees(Some(trees.0), Some(trees.1))?;
        let met = obstacle::uncommitted(repo, &step.linked.top, &changes)?;
        if met.is_empty() {
            return Ok(None);
        }
        if !repo.has_identity() {
            return Err(Error::NoIdentity);
        }
        let ledger = self.workspace.ledger();
        let way = Way {
            repo,
            linked: step.linked,
            stream: self.stream,
            operation: (self.operation.id(), self.operation.lock()),
            registering: &|| Ok(ledger.lock()?),
            old: step.old,
            new: step.new,
        };
        Ok(Some(Aside::keep(&way, &met)?))
    }

    /// Nothing to move; but questions may have been answered by hand.
    fn up_to_date(mut self, tip: Id, commits: usize) -> Result<Synced, Error> {
        let ground = self.ground(tip)?;
        let state = &self.workspace.state;
        let is_asked = state.questions_of(self.stream).next().is_some();
        let claim = state.claim(self.stream);
        let is_known =
            claim.is_some_and(|claim| claim.start == ground.commit && claim.on == ground.on);
        if (is_asked || !is_known) && !self.options.dry_run {
            advance::announce(
                self.workspace,
                &self.operation,
                &self.by,
                (self.stream, VERB),
                Vec::new(),
            )?;
            let what = What::Synced {
                stream: self.stream.clone(),
                start: ground.commit,
                landed: false,
                commits,
                on: ground.on,
            };
            self.submit(what)?;
        }
        if self.is_tainted() {
            self.look_again(tip);
        }
        self.answer(tip, tip, Outcome::UpToDate)
    }

    /// Tells the user's hook, and copies notes. It cannot fail what has happened.
    ///
    /// Where the hook is only ours, nobody is told: it would judge the new history, which is done
    /// here.
    pub(super) fn tell_rewritten(&mut self, linked: &Linked, pairs: &[(Id, Id)]) {
        if pairs.is_empty() || self.options.dry_run {
            return;
        }
        let repo = self.workspace.repo;
        let has_own = has_own_in(repo, &linked.top, HOOK);
        if let Err(error) = repo.tell_rewritten(&linked.top, pairs, has_own) {
            self.notes.extend(about_hook(&error));
        }
    }

    fn is_tainted(&self) -> bool {
        let record = self.workspace.state.stream(self.stream);
        record.is_some_and(|record| record.tainted.is_some())
    }

    /// Whether the history breaks the rule: what broke it may have been dropped, or mended by a
    /// command that runs no hook; and what has broken it may have run none, either.
    pub(super) fn look_again(&mut self, tip: Id) {
        if self.options.dry_run {
            return;
        }
        let stream = self.stream;
        let note = match guard::verify(self.workspace, stream, tip) {
            Ok(verified) => match (verified.taint, verified.was_tainted) {
                (None, false) => return,
                (None, true) => format!("the history of '{stream}' is clean again"),
                (Some(taint), true) => {
                    format!("its history breaks the rule still: {}", taint.why)
                }
                (Some(taint), false) => format!("its history breaks the rule: {}", taint.why),
            },
            Err(error) => format!("cannot tell whether the history is clean: {error}"),
        };
        self.notes.push(note);
    }

    /// Asks a person, unless the same is asked already.
    pub(super) fn stopped(mut self, question: Question) -> Result<Synced, Error> {
        if !self.options.dry_run {
            let asked = question.escalation(self.workspace, self.stream, &self.by);
            self.submit(What::Escalate(Box::new(asked)))?;
        }
        let tip = self.tip()?;
        self.answer(tip, tip, Outcome::Stopped(Box::new(question)))
    }

    pub(super) fn submit(&mut self, what: What) -> Result<(), Error> {
        let request = self
            .workspace
            .request(self.operation.id(), &self.by, what, Vec::new());
        self.workspace.submit(&request)??;
        Ok(())
    }

    /// Something is in the way; unless that was only the half of another command's move.
    pub(super) fn refused(self, obstacle: Obstacle) -> Result<Synced, Error> {
        self.workspace.state = self.workspace.ledger().read()?;
        self.authorise()?;
        let tip = self.tip()?;
        self.answer(tip, tip, Outcome::Refused(obstacle))
    }

    pub(super) fn answer(mut self, old: Id, new: Id, outcome: Outcome) -> Result<Synced, Error> {
        self.notes.extend(self.workspace.take_notes());
        let ground = self.ground(new)?;
        let base = &self.workspace.base;
        let repo = self.workspace.repo;
        Ok(Synced {
            stream: self.stream.clone(),
            old,
            new,
            base: ground.commit,
            base_branch: match &ground.on {
                Some(on) => on.stream.branch(),
                None => base.branch.clone(),
            },
            commits: repo
                .commits_between(&[new], &[base.commit, ground.commit])?
                .len(),
            outcome,
            aside: self.aside,
            recalled: self.recalled,
            notes: self.notes,
            dry_run: self.options.dry_run,
        })
    }
}

/// A hook that runs afterwards cannot fail the sync; what it said is passed on.
fn about_hook(error: &git::Error) -> Vec<String> {
    let first = if let git::Error::Failed { how, .. } = error {
        format!("the post-rewrite hook {how}")
    } else {
        format!("the post-rewrite hook did not run: {error}")
    };
    std::iter::once(first).chain(error.git_said()).collect()
}
