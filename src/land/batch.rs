//! How do many finished streams land with few checks?
//!
//! One on top of the other, in the order of their dependencies, with one check of the whole. If it
//! fails, the first stream with which it fails is looked for by halving: everything before it is
//! known to pass and lands at once, it becomes a question, and the rest goes on as a batch of its
//! own. So a bad stream costs about log2 of the batch in checks, and keeps nobody waiting.
//!
//! What is on the base afterwards is always a tree that was checked; a result is used again only
//! for the very same tree.

use std::collections::BTreeSet;

use super::combine::{Combination, Combined, Part, combine};
use super::outcome::{Checked, Landed, Outcome, Refused};
use super::publish::{Published, publish};
use super::run::{ATTEMPTS, Options, Run, failed, with_left};
use super::verify::{Verified, verify};
use super::{Beat, Error, tidy};
use crate::git::{Id, Repo};
use crate::ledger::{Actor, Escalation, Kind, Refusal, StreamState, What};
use crate::name::StreamName;
use crate::plan;
use crate::sync::{self, Question};
use crate::workspace::Workspace;

/// What became of one stream.
pub type Ended = Result<Landed, Error>;

/// What became of the queue.
pub struct Queue {
    /// Each stream, in the order in which it was decided.
    pub streams: Vec<(StreamName, Ended)>,
    /// How often the check was run.
    pub checks: usize,
    /// What the caller should know besides.
    pub notes: Vec<String>,
}

/// How many streams of a stack may land, and the check that says so.
type Good = (usize, (Combined, Checked));

/// A stream on top of those before it.
struct Stacked {
    stream: StreamName,
    verified: Verified,
    combined: Combined,
}

/// Lands every stream that is complete and that the caller may land.
pub fn land_all<'r>(
    repo: &'r Repo,
    options: &Options,
    tell: &'r mut dyn FnMut(Beat),
) -> Result<Queue, Error> {
    let mut run = Run::start(repo, options, tell)?;
    let _turn = run.take_turn()?;
    run.look_around()?;
    let mut batch = Batch {
        waiting: Vec::new(),
        ended: Vec::new(),
        run,
    };
    batch.take_merged();
    batch.gather();
    if let Some(doubt) = batch.run.workspace.base.doubt.clone() {
        for stream in std::mem::take(&mut batch.waiting) {
            let question = sync::base_moved(&batch.run.workspace, &doubt);
            let ended = batch.run.stopped(&stream, question);
            batch.ended.push((stream, ended));
        }
    }
    if !options.dry_run && !batch.waiting.is_empty() {
        let all = batch.waiting.clone();
        batch.run.announce(&all, Vec::new(), Vec::new())?;
    }
    let failed = batch.drain();
    let left = std::mem::take(&mut batch.waiting);
    if let Err(error) = failed {
        batch.run.call_off(&left);
        return Err(error);
    }
    batch.run.sweep();
    Ok(Queue {
        streams: batch.ended,
        checks: batch.run.checks,
        notes: batch.run.notes,
    })
}

/// The streams that are complete and that the caller may land, each after those that it depends on.
pub(super) fn complete(workspace: &Workspace<'_>, by: &Actor) -> Vec<StreamName> {
    let complete = workspace.state.held().filter(|(name, record, claim)| {
        let is_mine = by.is_holder_of(name, claim) || by.kind == Kind::Person;
        record.state == StreamState::Completed && claim.machine == by.machine && is_mine
    });
    let mut names: Vec<StreamName> = complete.map(|(name, ..)| name.clone()).collect();
    let waves = plan::waves(&workspace.plan);
    let wave_of = |name: &StreamName| waves.iter().position(|wave| wave.contains(name));
    names.sort_by_key(|name| (wave_of(name).unwrap_or(usize::MAX), name.clone()));
    names
}

struct Batch<'r> {
    run: Run<'r>,
    /// What is still to be decided, in the order of the dependencies.
    waiting: Vec<StreamName>,
    ended: Vec<(StreamName, Ended)>,
}

impl Batch<'_> {
    /// What a forge has merged has landed.
    fn take_merged(&mut self) {
        let noticed = self.run.noticed.iter();
        let streams: Vec<StreamName> = noticed.map(|one| one.stream.clone()).collect();
        for stream in streams {
            if let Some(landed) = self.run.merged(&stream) {
                self.ended.push((stream, Ok(landed)));
            }
        }
    }

    /// Takes what is complete, each stream after those that it depends on.
    fn gather(&mut self) {
        let except = &self.run.options.except;
        let mut names = complete(&self.run.workspace, &self.run.by);
        names.retain(|name| !except.contains(name));
        for name in names {
            let mut streams = self.waiting.clone();
            streams.push(name.clone());
            let what = What::Landing {
                streams,
                intends: Vec::new(),
                publish: Vec::new(),
            };
            match self.run.workspace.decide(&self.run.request(what)) {
                Ok(_) => self.waiting.push(name),
                Err(refusal) => self.ended.push((name, Err(refusal.into()))),
            }
        }
    }

    /// Lands batch after batch until nothing waits.
    fn drain(&mut self) -> Result<(), Error> {
        let mut races = 0;
        while !self.waiting.is_empty() {
            if self.run.is_reviewed() {
                self.submit_each();
                break;
            }
            let stack = self.stack()?;
            if stack.is_empty() {
                continue;
            }
            if self.run.options.dry_run {
                self.foresee(stack)?;
                continue;
            }
            let Some((good, checked)) = self.good(&stack)? else {
                continue;
            };
            if good == 0 {
                continue;
            }
            if self.publish(&stack[..good], &checked)? == Published::Raced {
                races += 1;
                if races == ATTEMPTS {
                    return Err(Error::Raced {
                        branch: self.run.workspace.base.branch.clone(),
                        attempts: ATTEMPTS,
                    });
                }
                self.run.notes.clear();
            }
            self.run.fetch()?;
        }
        Ok(())
    }

    /// Where streams land by pull request, each has one of its own, and a check of its own.
    fn submit_each(&mut self) {
        for stream in self.waiting.clone() {
            if !self.waiting.contains(&stream) {
                continue;
            }
            let one = std::slice::from_ref(&stream);
            let begun = if self.run.options.dry_run {
                Ok(())
            } else {
                self.run.announce(one, Vec::new(), Vec::new())
            };
            let ended = begun.and_then(|()| self.run.attempts(&stream));
            if ended.is_err() {
                self.run.call_off(one);
            }
            self.end(&stream, ended);
        }
    }

    /// Puts the waiting streams on top of one another; what cannot land at all is decided.
    ///
    /// A stream that does not fit those before it waits for the next batch: then the base has
    /// them, and either it fits or it is a question.
    fn stack(&mut self) -> Result<Vec<Stacked>, Error> {
        let base = self.run.workspace.base.commit;
        let mut stack: Vec<Stacked> = Vec::new();
        for stream in self.waiting.clone() {
            if !self.waiting.contains(&stream) {
                continue;
            }
            let dry_run = self.run.options.dry_run;
            let verified = match verify(&mut self.run.workspace, &stream, dry_run)? {
                Ok(verified) => verified,
                Err(refused) => {
                    self.refuse(&stream, None, refused);
                    continue;
                }
            };
            let onto = stack.last().map_or(base, |below| below.combined.new);
            let part = Part {
                stream: &stream,
                verified: &verified,
                onto,
                operation: &self.run.operation,
            };
            match combine(&self.run.workspace, &part)? {
                Combination::Combined(combined) => stack.push(Stacked {
                    stream,
                    verified,
                    combined,
                }),
                Combination::Stopped(_) | Combination::Refused(_) | Combination::Contained
                    if !stack.is_empty() => {}
                Combination::Stopped(question) => {
                    let ended = self.run.stopped(&stream, *question);
                    self.end(&stream, ended);
                }
                Combination::Refused(refused) => self.refuse(&stream, None, refused),
                Combination::Contained => {
                    let ended = self.run.contained(&stream, &verified);
                    self.end(&stream, ended);
                }
                Combination::Nothing => {
                    let ended = Ok(self.run.nothing(&stream, verified));
                    self.end(&stream, ended);
                }
            }
        }
        Ok(stack)
    }

    /// How many of the stack may land, from its beginning, and the check that says so. The stream
    /// with which the check fails first is decided.
    fn good(&mut self, stack: &[Stacked]) -> Result<Option<Good>, Error> {
        let whole = self.check(stack, stack.len())?;
        if !whole.1.is_bad() {
            return Ok(Some((stack.len(), whole)));
        }
        let (mut good, mut bad) = (0, stack.len());
        let (mut passed, mut failure) = (None, whole.1);
        while bad - good > 1 {
            let middle = usize::midpoint(good, bad);
            let half = self.check(stack, middle)?;
            if half.1.is_bad() {
                (bad, failure) = (middle, half.1);
            } else {
                (good, passed) = (middle, Some(half));
            }
        }
        if good == 0 && stack.len() > 1 && self.base_fails()? {
            for one in stack {
                let refused = broken_base(&self.run.workspace.base.branch, &failure);
                self.refuse(&one.stream, Some(failure.clone()), refused);
            }
            return Ok(None);
        }
        let stream = &stack[bad - 1].stream;
        let question = self.question(stream, stack[bad - 1].verified.tip, &failure);
        let mut ended = self.run.stopped(stream, question);
        if let Ok(ended) = &mut ended {
            ended.check = Some(failure);
        }
        self.end(stream, ended);
        Ok(Some(match passed {
            Some(passed) => (good, passed),
            None => (
                0,
                (
                    stack[0].combined.clone(),
                    Checked::not_run(None, stack[0].combined.tree),
                ),
            ),
        }))
    }

    /// Checks the first streams of a stack, one on top of the other.
    fn check(&mut self, stack: &[Stacked], many: usize) -> Result<(Combined, Checked), Error> {
        let streams: Vec<StreamName> = stack[..many].iter().map(|one| one.stream.clone()).collect();
        let top = &stack[many - 1].combined;
        let combined = Combined {
            onto: self.run.workspace.base.commit,
            ..top.clone()
        };
        self.run.check(&streams, combined)
    }

    /// Whether the check fails on the base alone: then no stream is to blame.
    fn base_fails(&mut self) -> Result<bool, Error> {
        let base = self.run.workspace.base.commit;
        let alone = Combined {
            onto: base,
            new: base,
            tree: self.run.workspace.repo.tree_of(base)?,
            commits: 0,
            pairs: Vec::new(),
            notes: Vec::new(),
        };
        Ok(self.run.check(&[], alone)?.1.is_bad())
    }

    fn publish(
        &mut self,
        stack: &[Stacked],
        (combined, checked): &(Combined, Checked),
    ) -> Result<Published, Error> {
        let way = (combined.onto, combined.new);
        let mut landed = Vec::new();
        for one in stack {
            landed.push(self.run.landed_stream(
                &one.stream,
                &one.verified,
                &one.combined,
                checked,
                way,
            )?);
        }
        let parcel = self.run.parcel(landed, way);
        if publish(&mut self.run, &parcel)? == Published::Raced {
            return Ok(Published::Raced);
        }
        for one in stack {
            let left = tidy::tidy(&mut self.run, &one.stream, one.verified.tip, way.1);
            self.run.notes_of(&one.verified, &one.combined);
            let standing = (one.verified.tip, way.1, one.combined.commits);
            let check = Some(checked.clone());
            let mut answer = self
                .run
                .answer(&one.stream, standing, check, Outcome::Landed);
            answer.base = way.0;
            let ended = Ok(with_left(answer, left));
            self.end(&one.stream, ended);
        }
        Ok(Published::Yes)
    }

    fn foresee(&mut self, stack: Vec<Stacked>) -> Result<(), Error> {
        let (_, checked) = self.check(&stack, stack.len())?;
        for one in stack {
            self.run.notes_of(&one.verified, &one.combined);
            let standing = (one.verified.tip, one.combined.new, one.combined.commits);
            let check = Some(checked.clone());
            let answer = self
                .run
                .answer(&one.stream, standing, check, Outcome::Landed);
            let ended = Ok(answer);
            self.end(&one.stream, ended);
        }
        // What did not fit into the batch is decided when the base has it.
        for stream in std::mem::take(&mut self.waiting) {
            self.run
                .notes
                .push("it waits for the streams before it".to_owned());
            let ended = self.run.nothing_yet(&stream);
            self.ended.push((stream, ended));
        }
        Ok(())
    }

    // ---- answers ----

    fn refuse(&mut self, stream: &StreamName, check: Option<Checked>, refused: Refused) {
        let ended = self.run.refused(stream, check, refused);
        self.end(stream, ended);
    }

    /// A stream is decided. Unless it has landed, what depends on it cannot land either.
    fn end(&mut self, stream: &StreamName, ended: Ended) {
        self.waiting.retain(|other| other != stream);
        let has_landed = ended
            .as_ref()
            .is_ok_and(|landed| matches!(landed.outcome, Outcome::Landed));
        self.ended.push((stream.clone(), ended));
        if has_landed {
            return;
        }
        let state = self.run.workspace.state.stream(stream);
        let state = state.map_or(StreamState::Unclaimed, |record| record.state);
        let plan = &self.run.workspace.plan;
        let dependents: BTreeSet<StreamName> = self
            .waiting
            .iter()
            .filter(|other| {
                let planned = plan.streams.get(*other);
                planned.is_some_and(|planned| planned.dependencies.contains(stream))
            })
            .cloned()
            .collect();
        for dependent in dependents {
            let refusal = Refusal::NotLanded {
                stream: dependent.clone(),
                dependency: stream.clone(),
                state,
            };
            self.run.call_off(std::slice::from_ref(&dependent));
            self.end(&dependent, Err(refusal.into()));
        }
    }

    fn question(&self, stream: &StreamName, tip: Id, failure: &Checked) -> Question {
        let base = &self.run.workspace.base;
        let refused = failed(stream, failure);
        let log = failure.log.as_ref().map(|log| log.display().to_string());
        Question {
            kind: Escalation::CHECK_FAILED,
            question: format!("{stream} does not land: {}", refused.reason),
            cause: format!("{} {stream}", Escalation::CHECK_FAILED),
            commit: Some(tip),
            origin: String::new(),
            base: base.commit,
            paths: Vec::new(),
            whose: Vec::new(),
            kinds: Vec::new(),
            messages: Vec::new(),
            changed_by: Vec::new(),
            evidence: format!("{}\n{}\n", log.unwrap_or_default(), failure.last.join("\n")),
            choices: vec![
                format!(
                    "Mend it in the stream's worktree, commit, and say so with \
                     `git stream progress {stream} --complete`; the queue takes it again."
                ),
                format!(
                    "Give the stream back with `git stream release {stream}`; its commits are kept."
                ),
            ],
        }
    }
}

fn broken_base(branch: &str, failure: &Checked) -> Refused {
    let command = failure.command.as_deref().unwrap_or_default();
    Refused {
        cause: "base-fails",
        reason: format!("the check `{command}` fails on {branch} itself, without any stream"),
        text: failure.last.join("\n"),
        paths: Vec::new(),
        hints: vec![format!(
            "Nothing was changed. Mend {branch} first, or the check; then run `git stream land \
             --all` again."
        )],
    }
}
