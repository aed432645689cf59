//! How does one landing go, from the question who asks to the answer?

use std::collections::HashMap;
use std::time::Duration;

use super::check::{Beat, Place, Signals, prepare};
use super::combine::{Combination, Combined, Part, breaks, combine};
use super::outcome::{Checked, Landed, Left, Outcome, Refused, short};
use super::publish::{Parcel, Published, publish};
use super::verify::{Verified, refuse_old_epoch, verify};
use super::{Error, check, derived, recover, tidy};
use crate::git::{Id, Lock, Repo};
use crate::kept;
use crate::ledger::{
    Actor, LandedStream, Landing, OpId, Operation, RefMove, Refusal, Request, Stream, StreamState,
    Undo, What,
};
use crate::name::{AgentName, StreamName};
use crate::path;
use crate::plan::Through;
use crate::review::{self, News, Noticed};
use crate::setup;
use crate::sync::{self, Question};
use crate::word;
use crate::workspace::{Workspace, now};

/// How often a landing is combined and checked anew because the base has moved.
pub(super) const ATTEMPTS: usize = 5;

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Who asks, as given on the command line.
    pub agent: Option<AgentName>,
    /// Decide, and change nothing.
    pub dry_run: bool,
    /// The streams that the queue leaves alone.
    pub except: Vec<StreamName>,
}

/// The lock that orders the landings of this machine.
pub(super) const TURN: &str = "landing.lock";

/// What one landing knows from its beginning to its end.
pub(super) struct Run<'r> {
    pub(super) workspace: Workspace<'r>,
    pub(super) by: Actor,
    pub(super) operation: Operation,
    pub(super) options: Options,
    pub(super) signals: Signals,
    pub(super) tell: &'r mut dyn FnMut(Beat),
    pub(super) notes: Vec<String>,
    /// What has become of pull requests, as far as nobody was told.
    pub(super) noticed: Vec<Noticed>,
    /// Whether the base has moved, or may have: then the intent stays until the ledger knows.
    pub(super) has_moved: bool,
    /// The operation that it takes back: one that had taken a landing back.
    pub(super) undoes: Option<OpId>,
    /// What was checked in this run, by its tree.
    checked: HashMap<Id, Checked>,
    /// How often the check was run.
    pub(super) checks: usize,
}

/// Lands one stream.
pub fn land<'r>(
    repo: &'r Repo,
    named: Option<&StreamName>,
    options: &Options,
    tell: &'r mut dyn FnMut(Beat),
) -> Result<Landed, Error> {
    let mut run = Run::start(repo, options, tell)?;
    let stream = run.workspace.stream(named)?;
    refuse_old_epoch(&run.workspace, &stream)?;
    if let Some(answer) = run.landed_before(&stream) {
        return Ok(answer);
    }
    match run.authorise(&stream) {
        // What it depends on may have been merged meanwhile.
        Err(Error::Refused(Refusal::NotLanded { .. })) if review::waits(&run.workspace) => {}
        may => may?,
    }
    let _turn = run.take_turn()?;
    run.look_around()?;
    if let Some(answer) = run.merged(&stream) {
        return Ok(answer);
    }
    if let Some(answer) = run.landed_before(&stream) {
        return Ok(answer);
    }
    if let Some(doubt) = run.workspace.base.doubt.clone() {
        let question = sync::base_moved(&run.workspace, &doubt);
        run.authorise(&stream)?;
        return run.stopped(&stream, question);
    }
    let one = std::slice::from_ref(&stream);
    run.authorise(&stream)?;
    if !options.dry_run {
        run.finish_move(&stream)?;
        run.announce(one, Vec::new(), Vec::new())?;
    }
    let ended = run.attempts(&stream);
    if ended.is_err() {
        run.call_off(one);
    }
    run.sweep();
    ended
}

/// Lands streams again whose landing was taken back by the operation `undoes`, one after the
/// other: up to the first that does not land.
pub fn land_again<'r>(
    repo: &'r Repo,
    back: &[Undo],
    options: &Options,
    tell: &'r mut dyn FnMut(Beat),
) -> Result<Vec<Landed>, Error> {
    let mut run = Run::start(repo, options, tell)?;
    let _turn = run.take_turn()?;
    run.look_around()?;
    run.refuse_doubt()?;
    run.undoes = back.first().map(|undo| undo.op.clone());
    for undo in back {
        let now = run.workspace.state.stream(&undo.stream);
        if now.is_none_or(|now| !now.says_the_same_as(&undo.left)) {
            let stream = undo.stream.clone();
            return Err(Refusal::Overtaken { stream }.into());
        }
    }
    let streams: Vec<StreamName> = back.iter().map(|undo| undo.stream.clone()).collect();
    let what = What::Landing {
        streams: streams.clone(),
        intends: Vec::new(),
        publish: Vec::new(),
    };
    if options.dry_run {
        run.workspace.decide(&run.request(what))?;
    } else {
        run.announce(&streams, Vec::new(), Vec::new())?;
    }
    let mut ended = Vec::new();
    for (at, stream) in streams.iter().enumerate() {
        let one = run.attempts(stream);
        let has_landed = one
            .as_ref()
            .is_ok_and(|one| matches!(one.outcome, Outcome::Landed));
        if !has_landed {
            run.call_off(&streams[at..]);
        }
        ended.push(one?);
        if !has_landed {
            break;
        }
    }
    run.sweep();
    Ok(ended)
}

impl<'r> Run<'r> {
    pub(super) fn start(
        repo: &'r Repo,
        options: &Options,
        tell: &'r mut dyn FnMut(Beat),
    ) -> Result<Run<'r>, Error> {
        repo.require_whole_history()?;
        let workspace = Workspace::open(repo)?;
        Ok(Run {
            by: workspace.caller(options.agent.as_ref())?,
            workspace,
            operation: Operation::begin(repo)?,
            options: options.clone(),
            signals: Signals::watch(),
            tell,
            notes: Vec::new(),
            noticed: Vec::new(),
            has_moved: false,
            undoes: None,
            checked: HashMap::new(),
            checks: 0,
        })
    }

    /// A stream that has landed, and that nobody holds, needs nothing.
    fn landed_before(&mut self, stream: &StreamName) -> Option<Landed> {
        let state = &self.workspace.state;
        let is_over = |one: &&Stream| one.claim.is_none() && one.state == StreamState::Landed;
        let record = state.stream(stream).filter(is_over)?;
        let tip = record
            .landing
            .as_ref()
            .map(|landing| (landing.tip, landing.new));
        let base = self.workspace.base.commit;
        let (tip, new) = tip.unwrap_or((base, base));
        self.notes.push(format!("{stream} has landed before"));
        Some(self.answer(stream, (tip, new, 0), None, Outcome::Nothing))
    }

    /// Asks the ledger's rules without writing.
    fn authorise(&self, stream: &StreamName) -> Result<(), Error> {
        let what = What::Landing {
            streams: vec![stream.clone()],
            intends: Vec::new(),
            publish: Vec::new(),
        };
        self.workspace.decide(&self.request(what))?;
        Ok(())
    }

    /// Waits until no other landing of this machine is going on.
    pub(super) fn take_turn(&mut self) -> Result<Option<Lock>, Error> {
        if self.options.dry_run {
            return Ok(None);
        }
        let path = self.workspace.repo.private(TURN);
        if let Some(lock) = Lock::try_take(&path)? {
            return Ok(Some(lock));
        }
        (self.tell)(Beat::Waits {
            what: "another landing is going on here; this one waits for it".to_owned(),
        });
        let patience: Duration = self.workspace.plan.land.timeout.unsigned_abs();
        match Lock::take(&path, patience) {
            Ok(lock) => Ok(Some(lock)),
            Err(crate::git::Error::Locked { seconds, .. }) => Err(Error::Queued { seconds }),
            Err(error) => Err(error.into()),
        }
    }

    /// Finishes what died, fetches the base, and looks at everything anew.
    pub(super) fn look_around(&mut self) -> Result<(), Error> {
        self.workspace.look_again()?;
        if !self.options.dry_run {
            recover::finish(self)?;
        } else if recover::is_needed(self)? {
            let note = "an earlier landing was cut off; a real run finishes it first";
            self.notes.push(note.to_owned());
        }
        self.fetch()
    }

    /// Finishes what has died while it moved the stream's worktree.
    fn finish_move(&mut self, stream: &StreamName) -> Result<(), Error> {
        if let Ok(linked) = sync::worktree_of(&self.workspace, stream)? {
            let by = self.by.clone();
            let (workspace, operation) = (&mut self.workspace, &self.operation);
            let done = sync::recover(workspace, operation, &by, stream, &linked)?;
            self.notes.extend(done);
        }
        Ok(())
    }

    /// Fetches the base, and notices what has become of the pull requests that wait.
    pub(super) fn fetch(&mut self) -> Result<(), Error> {
        self.workspace.look_again()?;
        if !review::waits(&self.workspace) {
            return Ok(sync::fetch(&mut self.workspace)?);
        }
        let (by, dry_run) = (self.by.clone(), self.options.dry_run);
        let workspace = &mut self.workspace;
        let noticed = review::notice(workspace, &self.operation, &by, dry_run)?;
        for one in &noticed {
            self.notes.push(one.text(&self.workspace.base.branch));
            self.notes.extend(one.details());
        }
        self.noticed.extend(noticed);
        Ok(())
    }

    /// The answer about a stream whose pull request was merged, unless its holder has gone on.
    pub(super) fn merged(&mut self, stream: &StreamName) -> Option<Landed> {
        let at = self.noticed.iter().position(|one| one.stream == *stream)?;
        let News::Merged {
            tip,
            by,
            commits,
            settled,
        } = self.noticed.swap_remove(at).news
        else {
            return None;
        };
        let settled = settled.unwrap_or_default();
        if settled.unlanded > 0 {
            return None;
        }
        let mut answer = self.answer(stream, (tip, by, commits), None, Outcome::Landed);
        answer.left.worktree = settled.worktree;
        Some(answer)
    }

    /// Looks at everything anew in the middle of a landing; the answer, if that decides it.
    fn again(&mut self, stream: &StreamName) -> Result<Option<Landed>, Error> {
        self.notes.clear();
        self.fetch()?;
        if let Some(answer) = self.merged(stream) {
            return Ok(Some(answer));
        }
        if !self.options.dry_run {
            self.announce(std::slice::from_ref(stream), Vec::new(), Vec::new())?;
        }
        Ok(None)
    }

    /// Whether streams land by pull request, as the plan says by now: whoever wants reviews has not
    /// agreed to a push.
    pub(super) fn is_reviewed(&self) -> bool {
        self.workspace.plan.land.through == Through::Pr
    }

    /// Combines, checks and publishes, again where somebody was faster.
    pub(super) fn attempts(&mut self, stream: &StreamName) -> Result<Landed, Error> {
        for _ in 0..ATTEMPTS {
            if self.is_reviewed() {
                if let Some(answer) = self.propose(stream)? {
                    return Ok(answer);
                }
                if let Some(answer) = self.again(stream)? {
                    return Ok(answer);
                }
                continue;
            }
            let verified = match verify(&mut self.workspace, stream, self.options.dry_run)? {
                Ok(verified) => verified,
                Err(refused) => return self.refused(stream, None, refused),
            };
            let part = Part {
                stream,
                verified: &verified,
                onto: self.workspace.base.commit,
                operation: &self.operation,
            };
            let combined = match combine(&self.workspace, &part)? {
                Combination::Combined(combined) => combined,
                Combination::Nothing => return Ok(self.nothing(stream, verified)),
                Combination::Contained => return self.contained(stream, &verified),
                Combination::Stopped(question) => return self.stopped(stream, *question),
                Combination::Refused(refused) => return self.refused(stream, None, refused),
            };
            let one = std::slice::from_ref(stream);
            let (combined, checked) = self.check(one, combined)?;
            if checked.is_bad() {
                let refused = failed(stream, &checked);
                return self.refused(stream, Some(checked), refused);
            }
            self.notes_of(&verified, &combined);
            let (tip, new) = (verified.tip, combined.new);
            if self.options.dry_run {
                let standing = (tip, new, combined.commits);
                return Ok(self.answer(stream, standing, Some(checked), Outcome::Landed));
            }
            let way = (combined.onto, new);
            let landed = vec![self.landed_stream(stream, &verified, &combined, &checked, way)?];
            if publish(self, &self.parcel(landed, way))? == Published::Raced {
                self.notes.clear();
                self.fetch()?;
                continue;
            }
            let left = tidy::tidy(self, stream, tip, new);
            let mut answer = self.answer(
                stream,
                (tip, new, combined.commits),
                Some(checked),
                Outcome::Landed,
            );
            answer.base = combined.onto;
            return Ok(with_left(answer, left));
        }
        Err(Error::Raced {
            branch: self.workspace.base.branch.clone(),
            attempts: ATTEMPTS,
        })
    }

    pub(super) fn notes_of(&mut self, verified: &Verified, combined: &Combined) {
        self.notes.extend(verified.notes.iter().cloned());
        self.notes.extend(combined.notes.iter().cloned());
    }

    pub(super) fn nothing(&mut self, stream: &StreamName, verified: Verified) -> Landed {
        self.notes.extend(verified.notes);
        self.end_quietly(stream);
        let standing = (verified.tip, verified.tip, 0);
        self.answer(stream, standing, None, Outcome::Nothing)
    }

    /// Nothing can be said about it yet: a dry run of the queue.
    pub(super) fn nothing_yet(&mut self, stream: &StreamName) -> Result<Landed, Error> {
        let standing = self.standing(stream)?;
        Ok(self.answer(stream, standing, None, Outcome::Nothing))
    }

    /// The base has all of it, whoever brought it there.
    pub(super) fn contained(
        &mut self,
        stream: &StreamName,
        verified: &Verified,
    ) -> Result<Landed, Error> {
        let (base, tip) = (self.workspace.base.commit, verified.tip);
        self.notes.extend(verified.notes.iter().cloned());
        let answer = self.answer(stream, (tip, base, 0), None, Outcome::Landed);
        if self.options.dry_run {
            return Ok(answer);
        }
        let combined = Combined {
            onto: base,
            new: base,
            tree: self.workspace.repo.tree_of(base)?,
            commits: 0,
            pairs: Vec::new(),
            notes: Vec::new(),
        };
        let checked = Checked::not_run(None, combined.tree);
        let landed = self.landed_stream(stream, verified, &combined, &checked, (base, base))?;
        publish(self, &self.parcel(vec![landed], (base, base)))?;
        let left = tidy::tidy(self, stream, tip, base);
        Ok(with_left(answer, left))
    }

    /// What the base gets by a landing.
    pub(super) fn parcel(&self, landed: Vec<LandedStream>, way: (Id, Id)) -> Parcel {
        Parcel {
            streams: landed.iter().map(|one| one.stream.clone()).collect(),
            what: What::Landed {
                landed,
                undoes: self.undoes.clone(),
            },
            moves: Vec::new(),
            way,
        }
    }

    // ---- checking ----

    /// Regenerates derived files and runs the check on what is combined.
    pub(super) fn check(
        &mut self,
        streams: &[StreamName],
        combined: Combined,
    ) -> Result<(Combined, Checked), Error> {
        let base = self.workspace.base.commit;
        let regenerates = derived::is_needed(self, &combined, base)?;
        let command = self.workspace.plan.land.check.clone();
        if regenerates || command.is_some() {
            setup::require_approval(self.workspace.repo, &self.workspace.plan)?;
        }
        if self.options.dry_run || (!regenerates && command.is_none()) {
            let checked = Checked::not_run(command.as_deref(), combined.tree);
            return Ok((combined, checked));
        }
        let mut place = prepare(&self.workspace, &self.operation, combined.new)?;
        self.set_up(&mut place, streams, combined.tree)?;
        let mut combined = combined;
        if regenerates {
            let before = combined.new;
            combined = derived::regenerate(self, &mut place, streams, combined)?;
            if combined.new != before || command.is_some() {
                place.go(&self.workspace, &self.operation, combined.new)?;
            }
            if streams.len() == 1
                && let Some(refused) =
                    breaks(&self.workspace, &streams[0], combined.onto, combined.new)?
            {
                // Only derived files were taken: it cannot happen, and would not land if it did.
                return Err(crate::git::Error::Odd {
                    command: "the plan's derived command".to_owned(),
                    answer: refused.reason,
                }
                .into());
            }
        }
        let Some(command) = command else {
            let checked = Checked::not_run(None, combined.tree);
            return Ok((combined, checked));
        };
        let checked = self.check_tree(&mut place, streams, &command, combined.tree)?;
        Ok((combined, checked))
    }

    fn set_up(
        &mut self,
        place: &mut Place<'_>,
        streams: &[StreamName],
        tree: Id,
    ) -> Result<(), Error> {
        let names = derived::names(streams);
        place.set_up(
            &self.workspace,
            tree,
            &names,
            &self.signals,
            &mut *self.tell,
        )
    }

    /// Runs the check on a tree, once.
    fn check_tree(
        &mut self,
        place: &mut Place<'_>,
        streams: &[StreamName],
        command: &str,
        tree: Id,
    ) -> Result<Checked, Error> {
        if let Some(known) = self.checked.get(&tree) {
            return Ok(known.clone());
        }
        let limit = self.workspace.plan.land.timeout.unsigned_abs();
        let names = derived::names(streams);
        let job = place.job("check", command, &names, limit);
        self.checks += 1;
        let ran = check::run(&job, &self.signals, &mut *self.tell)?;
        let log = job.log.clone();
        place.make_room()?;
        let dirty = place.dirty()?;
        if !dirty.is_empty() {
            let files = word::count(dirty.len(), "file");
            let first = path::shown(dirty[0].as_ref());
            self.notes.push(format!(
                "the check has changed {files} that git knows ('{first}' among them); what lands \
                 is what was combined"
            ));
        }
        let checked = Checked {
            command: Some(command.to_owned()),
            tree,
            ending: ran.ending,
            status: Some(ran.status),
            log: Some(log),
            last: ran.last,
            tail: ran.tail,
            seconds: ran.seconds,
        };
        self.checked.insert(tree, checked.clone());
        Ok(checked)
    }

    // ---- the ledger ----

    pub(super) fn request(&self, what: What) -> Request {
        self.workspace
            .request(self.operation.id(), &self.by, what, Vec::new())
    }

    pub(super) fn submit(&mut self, request: &Request) -> Result<(), Error> {
        self.workspace.submit(request)??;
        Ok(())
    }

    /// Writes down that these streams are being landed, and which refs are about to move.
    pub(super) fn announce(
        &mut self,
        streams: &[StreamName],
        intends: Vec<RefMove>,
        publish: Vec<RefMove>,
    ) -> Result<(), Error> {
        let request = self.request(What::Landing {
            streams: streams.to_vec(),
            intends,
            publish,
        });
        self.submit(&request)
    }

    /// Refuses where nobody can tell what the base is.
    pub(super) fn refuse_doubt(&self) -> Result<(), Error> {
        let Some(doubt) = &self.workspace.base.doubt else {
            return Ok(());
        };
        let question = sync::base_moved(&self.workspace, doubt);
        Err(Error::Doubted {
            question: question.question,
            choices: question.choices,
        })
    }

    /// The base is there by now, by this very run.
    pub(super) fn stands_at(&mut self, base: Id) {
        (self.workspace.base.commit, self.workspace.base.recorded) = (base, base);
    }

    /// Removes what has been kept for long enough.
    pub(super) fn sweep(&self) {
        if !self.options.dry_run {
            // What cannot be removed now is removed by a later command.
            drop(kept::sweep(&self.workspace));
        }
    }

    /// Takes the intents back, unless the base has moved.
    pub(super) fn call_off(&mut self, streams: &[StreamName]) {
        if self.has_moved || self.options.dry_run {
            return;
        }
        for stream in streams {
            self.end_quietly(stream);
        }
    }

    pub(super) fn end_quietly(&mut self, stream: &StreamName) {
        if self.options.dry_run {
            return;
        }
        let request = self.request(What::Abandon {
            stream: stream.clone(),
            dead: self.operation.id().clone(),
        });
        // An intent that stays is found dead later.
        drop(self.submit(&request));
    }

    /// A stream as the ledger hears of its landing.
    pub(super) fn landed_stream(
        &self,
        stream: &StreamName,
        verified: &Verified,
        combined: &Combined,
        checked: &Checked,
        (old, new): (Id, Id),
    ) -> Result<LandedStream, Error> {
        let workspace = &self.workspace;
        let repo = workspace.repo;
        let record = workspace.state.stream(stream);
        let before = repo.tree_of(combined.onto)?;
        let changes = repo.diff_trees(Some(before), Some(combined.tree))?;
        let commits = repo.commits_between(&[combined.new], &[combined.onto])?;
        Ok(LandedStream {
            stream: stream.clone(),
            landing: Landing {
                round: record.map_or(1, |record| record.round),
                at: now(),
                agent: record
                    .and_then(|record| record.claim.as_ref())
                    .map_or_else(|| self.by.agent.clone(), |claim| claim.agent.clone()),
                base: workspace.base.branch.clone(),
                remote: workspace.base.remote.clone(),
                tip: verified.tip,
                old,
                new,
                strategy: workspace.plan.land.strategy.word().to_owned(),
                commits: combined.commits,
                files: changes.len(),
                op: None,
                check: checked.passed(),
                extra: toml::Table::new(),
            },
            commits: commits.iter().map(ToString::to_string).collect(),
            files: changes
                .iter()
                .map(|change| path::shown(change.path.as_ref()))
                .collect(),
            log: checked.tail.clone(),
        })
    }

    // ---- answers ----

    pub(super) fn answer(
        &mut self,
        stream: &StreamName,
        (old, new, commits): (Id, Id, usize),
        check: Option<Checked>,
        outcome: Outcome,
    ) -> Landed {
        self.notes.extend(self.workspace.take_notes());
        let base = &self.workspace.base;
        Landed {
            stream: stream.clone(),
            old,
            new,
            base: base.commit,
            base_branch: base.branch.clone(),
            commits,
            check,
            outcome,
            left: Left::default(),
            notes: std::mem::take(&mut self.notes),
            dry_run: self.options.dry_run,
        }
    }

    fn standing(&self, stream: &StreamName) -> Result<(Id, Id, usize), Error> {
        let repo = self.workspace.repo;
        let base = self.workspace.base.commit;
        let tip = repo.read_ref(&stream.branch_ref())?.unwrap_or(base);
        Ok((tip, tip, repo.commits_between(&[tip], &[base])?.len()))
    }

    pub(super) fn refused(
        &mut self,
        stream: &StreamName,
        check: Option<Checked>,
        refused: Refused,
    ) -> Result<Landed, Error> {
        self.end_quietly(stream);
        let standing = self.standing(stream)?;
        Ok(self.answer(stream, standing, check, Outcome::Refused(refused)))
    }

    /// Asks a person, unless the same is asked already.
    pub(super) fn stopped(
        &mut self,
        stream: &StreamName,
        question: Question,
    ) -> Result<Landed, Error> {
        if !self.options.dry_run {
            let asked = question.escalation(&self.workspace, stream, &self.by);
            let request = self.request(What::Escalate(Box::new(asked)));
            self.submit(&request)?;
        }
        let standing = self.standing(stream)?;
        Ok(self.answer(stream, standing, None, Outcome::Stopped(Box::new(question))))
    }
}

/// The base has it, so a worktree that cannot be cleared away is only a note.
pub(super) fn with_left(mut answer: Landed, left: Result<Left, Error>) -> Landed {
    match left {
        Ok(left) => answer.left = left,
        Err(error) => answer.notes.push(format!(
            "its worktree could not be cleared away: {error}; `git stream land` tries again"
        )),
    }
    answer
}

/// A check that failed, as the answer of a landing.
pub(super) fn failed(stream: &StreamName, checked: &Checked) -> Refused {
    let command = checked.command.as_deref().unwrap_or_default();
    let log = checked.log.as_ref().map(|log| log.display().to_string());
    let log = log.unwrap_or_default();
    Refused {
        cause: "check-failed",
        reason: format!(
            "its check `{command}` {} on the combined tree {}",
            checked.how(),
            short(checked.tree)
        ),
        text: checked.last.join("\n"),
        paths: Vec::new(),
        hints: vec![
            format!(
                "Nothing was changed. See all that it printed with `less {}`.",
                word::quoted(&log)
            ),
            format!(
                "Mend it in the stream's worktree, commit, and run `git stream land {stream}` again."
            ),
        ],
    }
}
