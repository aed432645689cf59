//! How does a stream come to its end: reported, sent for review, landed?
//!
//! A landing is begun by an intent in the claim of each of its streams, and counts by one event
//! for all of them: the base has moved once. What follows for each stream alone (its worktree and
//! branch go, or its holder goes on) is an event of its own, of the same operation.

use super::landing::{LandedStream, Landing, Review};
use super::record::{Escalation, Stream, StreamState, Work};
use super::refusal::Refusal;
use super::request::How;
use super::transition::{Decision, Told, told};
use crate::name::StreamName;
use crate::word;

impl Decision<'_> {
    /// Begins to land streams: nobody else works on them meanwhile.
    pub(super) fn begin_landing(
        &mut self,
        streams: &[StreamName],
        intends: &[super::RefMove],
        publish: &[super::RefMove],
    ) -> Result<Option<Told>, Refusal> {
        for (at, name) in streams.iter().enumerate() {
            self.authorise(name)?;
            self.refuse_while_busy(name)?;
            self.refuse_unlanded(name, &streams[..at])?;
            self.refuse_asked(name)?;
            let mut intent = self.intent("land", intends.to_vec());
            intent.publish = publish.to_vec();
            let op = intent.op.clone();
            let record = self.record(name)?;
            // Whoever clears away after a landing that died says so.
            if record.has_counted()
                && let Some(landing) = &mut record.landing
            {
                landing.op = Some(op);
            }
            self.claim_of(name)?.intent = Some(intent);
        }
        let by = &self.request.by;
        Ok(Some(Told {
            subject: format!("land {}: {by} begins", listed(streams)),
            streams: streams.to_vec(),
            files: Vec::new(),
        }))
    }

    /// The base has them.
    pub(super) fn landed(&mut self, all: &[LandedStream]) -> Result<Option<Told>, Refusal> {
        for one in all {
            self.own_operation(&one.stream)?.renewed = self.request.at;
        }
        Ok(self.record_landing(all))
    }

    /// A pull request was merged: whoever sees it first says so.
    pub(super) fn merged(&mut self, one: &LandedStream) -> Result<Option<Told>, Refusal> {
        self.refuse_while_busy(&one.stream)?;
        let record = self.record(&one.stream)?;
        // One that was taken for closed may have been merged all the same.
        if record.review.is_none() || record.state == StreamState::Landed {
            return Ok(None);
        }
        Ok(self.record_landing(std::slice::from_ref(one)))
    }

    fn record_landing(&mut self, all: &[LandedStream]) -> Option<Told> {
        let first = all.first()?;
        let mut commits = 0;
        for LandedStream {
            stream, landing, ..
        } in all
        {
            self.close_questions_of(stream);
            let record = self.next.streams.get_mut(stream)?;
            record.state = StreamState::Landed;
            record.tainted = None;
            record.review = None;
            record.landing = Some(Landing {
                op: Some(self.request.op.clone()),
                ..landing.clone()
            });
            if let Some(claim) = &mut record.claim {
                claim.start = landing.new;
            }
            commits += landing.commits;
        }
        let streams: Vec<StreamName> = all.iter().map(|one| one.stream.clone()).collect();
        let (base, new) = (&first.landing.base, first.landing.new.to_hex_with_len(12));
        let commits = word::count(commits, "commit");
        Some(Told {
            subject: format!(
                "land {}: {commits} onto {base}, now {new}",
                listed(&streams)
            ),
            streams,
            files: all.iter().flat_map(LandedStream::archive).collect(),
        })
    }

    /// More was committed while the landing went on: the claim stays, for the next round.
    pub(super) fn goes_on(
        &mut self,
        name: &StreamName,
        commits: usize,
    ) -> Result<Option<Told>, Refusal> {
        let claim = self.own_operation(name)?;
        claim.intent = None;
        let agent = claim.agent.clone();
        let record = self.record(name)?;
        if record.state != StreamState::Landed {
            let stream = name.clone();
            return Err(Refusal::Overtaken { stream });
        }
        record.state = StreamState::InProgress;
        record.round += 1;
        let (round, commits) = (record.round, word::count(commits, "commit"));
        told(
            name,
            format!("land {name}: {agent} has gone on meanwhile; round {round} has {commits}"),
        )
    }

    // ---- reports ----

    /// What the holder says about its work.
    pub(super) fn report(
        &mut self,
        name: &StreamName,
        how: How,
        note: Option<&str>,
    ) -> Result<Option<Told>, Refusal> {
        use StreamState::{Blocked, Completed, Failed, InProgress};
        self.authorise(name)?;
        if how == How::Complete {
            // Whoever says that it is complete has mended what a check had found.
            self.close_questions(name, |question| question.kind == Escalation::CHECK_FAILED);
        }
        let state = self.record(name)?.state;
        if state == Blocked {
            return Err(self
                .asked(name, |_| true)
                .unwrap_or_else(|| self.not_held(name)));
        }
        let (to, words) = match how {
            How::Complete => (Completed, "says that it is complete"),
            How::Failed => (Failed, "gives up"),
            How::Working => (InProgress, "goes on"),
        };
        // Whoever goes on has taken its pull request back.
        let is_taken_back = state == StreamState::InReview && to == InProgress;
        if state == to || !(is_taken_back || matches!(state, InProgress | Completed | Failed)) {
            return Ok(None);
        }
        let by = self.request.by.agent.clone();
        let record = self.record(name)?;
        record.state = to;
        if is_taken_back {
            record.review = None;
        }
        self.claim_of(name)?.renewed = self.request.at;
        let note = note.map_or_else(String::new, |note| format!(": {note}"));
        told(name, format!("progress {name}: {by} {words}{note}"))
    }

    // ---- pull requests ----

    /// Its branch is pushed, and its pull request waits.
    pub(super) fn submitted(
        &mut self,
        name: &StreamName,
        review: &Review,
        log: &str,
    ) -> Result<Option<Told>, Refusal> {
        let at = self.request.at;
        let claim = self.own_operation(name)?;
        (claim.intent, claim.renewed) = (None, at);
        self.close_questions(name, Escalation::is_decided_again);
        let record = self.record(name)?;
        record.state = StreamState::InReview;
        record.review = Some(review.clone());
        let archive = format!("archive/{name}/{}.log", record.round);
        let head = review.head.to_hex_with_len(12);
        Ok(Some(Told {
            subject: format!("land {name}: {} is in review at {head}", review.branch),
            streams: vec![name.clone()],
            files: if log.is_empty() {
                Vec::new()
            } else {
                vec![(archive, log.to_owned())]
            },
        }))
    }

    /// Its pull request was closed without a merge.
    pub(super) fn returned(
        &mut self,
        name: &StreamName,
        why: &str,
    ) -> Result<Option<Told>, Refusal> {
        self.refuse_while_busy(name)?;
        let at = self.request.at;
        let record = self.record(name)?;
        if record.state != StreamState::InReview {
            return Ok(None);
        }
        record.state = StreamState::InProgress;
        if let Some(review) = &mut record.review {
            review.closed = Some(at);
        }
        told(name, format!("land {name}: not in review any more: {why}"))
    }

    /// Its pull request was opened again.
    pub(super) fn reopened(&mut self, name: &StreamName) -> Result<Option<Told>, Refusal> {
        use StreamState::{Blocked, Completed, Failed, InProgress};
        self.refuse_while_busy(name)?;
        let record = self.record(name)?;
        let is_held = matches!(record.state, InProgress | Blocked | Completed | Failed);
        let review = record.review.as_mut().filter(|one| one.closed.is_some());
        let Some(review) = review.filter(|_| is_held) else {
            return Ok(None);
        };
        review.closed = None;
        let words = format!("land {name}: {} is in review again", review.branch);
        record.state = StreamState::InReview;
        told(name, words)
    }

    // ---- what stands in the way ----

    /// Everything that it depends on has landed, or lands before it in the same batch.
    fn refuse_unlanded(&self, name: &StreamName, before: &[StreamName]) -> Result<(), Refusal> {
        let planned = self.rules.plan.streams.get(name);
        for dependency in planned.iter().flat_map(|planned| &planned.dependencies) {
            let state = self.next.stream(dependency).map(|record| record.state);
            let state = state.unwrap_or(StreamState::Unclaimed);
            if state != StreamState::Landed && !before.contains(dependency) {
                return Err(Refusal::NotLanded {
                    stream: name.clone(),
                    dependency: dependency.clone(),
                    state,
                });
            }
        }
        let on = self.next.claim(name).and_then(|claim| claim.on.as_ref());
        match on.filter(|on| !self.next.has_landed(on) && !before.contains(&on.stream)) {
            Some(on) => {
                let record = self.next.stream(&on.stream);
                Err(Refusal::NotLanded {
                    stream: name.clone(),
                    dependency: on.stream.clone(),
                    state: record.map_or(StreamState::Unclaimed, |record| record.state),
                })
            }
            None => Ok(()),
        }
    }

    /// No question is open that only an answer can close.
    fn refuse_asked(&self, name: &StreamName) -> Result<(), Refusal> {
        let only_answers = |question: &Escalation| !question.is_decided_again();
        self.asked(name, only_answers).map_or(Ok(()), Err)
    }

    fn asked(&self, name: &StreamName, which: impl Fn(&Escalation) -> bool) -> Option<Refusal> {
        let question = self.next.questions_of(name).find(|one| which(one))?;
        Some(Refusal::Asked {
            stream: name.clone(),
            id: question.id.clone(),
            question: question.question.clone(),
        })
    }
}

/// Ends the claim of a stream whose landing died after it had counted: only its worktree may be
/// left, which the next claim of the stream finds.
pub(super) fn end_landed(record: &mut Stream) {
    let Some(claim) = record.claim.take() else {
        return;
    };
    let tip = record
        .landing
        .as_ref()
        .map_or(claim.start, |landing| landing.tip);
    record.work = Some(Work {
        tip,
        start: claim.start,
        agent: claim.agent,
        worktree: Some(claim.worktree),
        machine: claim.machine,
        on: None,
    });
}

pub(super) fn listed(streams: &[StreamName]) -> String {
    let names: Vec<&str> = streams.iter().map(StreamName::as_str).collect();
    names.join(", ")
}
