//! How does a stream come into review: its branch pushed, its pull request open?
//!
//! ```text
//! verify → combine → derived → check → move → push → open → the ledger
//! ```
//!
//! What was checked is what the stream's branch is then, here and on the remote: the stream is put
//! on top of the newest base as by `git stream sync`. Whether that becomes a merge, a squash or
//! the commits themselves is the forge's business.
//!
//! Nothing says that the stream is in review before it is. A landing that dies on the way is
//! followed by one that finds each step done: the branch moved, pushed, the request open.

use std::time::Duration;

use super::Error;
use super::combine::{Combination, Combined, Part, combine};
use super::opening;
use super::outcome::{Checked, Landed, Outcome, Refused, Submission};
use super::run::{Run, failed};
use super::verify::{Verified, verify};
use crate::git::{Expect, Id, Pushed, Update};
use crate::ledger::{RefMove, Review, StreamState, What};
use crate::name::StreamName;
use crate::review;
use crate::setup;
use crate::sync::{self, Obstacle, Step};
use crate::workspace::now;

/// How long the remote may take to answer.
const TALK: Duration = Duration::from_secs(120);
/// How often a push is tried whose answer was lost.
const PUSHES: usize = 2;

/// A stream as it is to be reviewed.
struct Offer<'a> {
    stream: &'a StreamName,
    remote: &'a str,
    verified: &'a Verified,
    combined: &'a Combined,
}

impl Run<'_> {
    /// Brings a stream into review, or pushes what is new in it; `None` where somebody was faster.
    pub(super) fn propose(&mut self, stream: &StreamName) -> Result<Option<Landed>, Error> {
        let base = &self.workspace.base;
        let Some(remote) = base.remote.clone() else {
            let branch = base.branch.clone();
            return Err(Error::NoRemote { branch });
        };
        setup::require_approval(self.workspace.repo, &self.workspace.plan)?;
        let verified = match verify(&mut self.workspace, stream, self.options.dry_run)? {
            Ok(verified) => verified,
            Err(refused) => return self.refused(stream, None, refused).map(Some),
        };
        if let Some(review) = self.waiting(stream).filter(|one| one.tip == verified.tip) {
            self.notes.extend(verified.notes);
            self.end_quietly(stream);
            return self.nothing_new(stream, review).map(Some);
        }
        let part = Part {
            stream,
            verified: &verified,
            onto: self.workspace.base.commit,
            operation: &self.operation,
        };
        let combined = match combine(&self.workspace, &part)? {
            Combination::Combined(combined) => combined,
            Combination::Nothing => return Ok(Some(self.nothing(stream, verified))),
            Combination::Contained => return self.contained(stream, &verified).map(Some),
            Combination::Stopped(question) => return self.stopped(stream, *question).map(Some),
            Combination::Refused(refused) => return self.refused(stream, None, refused).map(Some),
        };
        let (combined, checked) = self.check(std::slice::from_ref(stream), combined)?;
        if checked.is_bad() {
            let refused = failed(stream, &checked);
            return self.refused(stream, Some(checked), refused).map(Some);
        }
        self.notes_of(&verified, &combined);
        let offer = Offer {
            stream,
            remote: &remote,
            verified: &verified,
            combined: &combined,
        };
        if let Some(obstacle) = self.move_there(&offer)? {
            let refused = in_the_way(stream, &obstacle);
            return self.refused(stream, Some(checked), refused).map(Some);
        }
        if self.options.dry_run {
            return Ok(Some(self.in_review(&offer, None, checked)));
        }
        self.offer(&offer, checked)
    }

    /// The pull request of a stream, while it waits.
    fn waiting(&self, stream: &StreamName) -> Option<Review> {
        let record = self.workspace.state.stream(stream)?;
        let review = record.review.clone()?;
        (record.state == StreamState::InReview && review.closed.is_none()).then_some(review)
    }

    /// Whether the base has by now what a pull request was opened for.
    fn was_merged(&mut self, review: &Review) -> Result<bool, Error> {
        sync::fetch(&mut self.workspace)?;
        let base = self.workspace.base.commit;
        Ok(review::merged_by(self.workspace.repo, base, review.head)?.is_some())
    }

    /// Pushes the branch, opens the pull request, and tells the ledger.
    fn offer(&mut self, offer: &Offer<'_>, checked: Checked) -> Result<Option<Landed>, Error> {
        let Offer {
            stream,
            remote,
            verified,
            combined,
        } = *offer;
        if !self.push_branch(offer)? {
            return Ok(None);
        }
        let said = match self.waiting(stream) {
            // What is pushed to a request that was merged meanwhile needs another one.
            Some(review) if self.was_merged(&review)? => return Ok(None),
            Some(review) => review.said,
            None => opening::open(self, stream)?,
        };
        let (head, is_here) = (combined.new, verified.linked.is_some());
        let review = Review {
            tip: head,
            head,
            onto: combined.onto,
            remote: remote.to_owned(),
            branch: stream.branch(),
            since: now(),
            said: said.clone(),
            closed: None,
            check: checked.passed(),
            extra: toml::Table::new(),
        };
        let mut request = self.request(What::Submitted {
            stream: stream.clone(),
            review: Box::new(review),
            log: checked.tail.clone(),
        });
        if !is_here && head != verified.tip {
            let way = (verified.tip, head);
            request.moves = sync::keeping(&self.workspace, &self.operation, stream, way)?;
        }
        self.submit(&request)?;
        opening::forget(self, stream);
        Ok(Some(self.in_review(offer, said, checked)))
    }

    // ---- steps ----

    /// Moves the stream's branch and worktree to what was checked; or answers what is in the way.
    /// Without a worktree the branch moves together with the ledger.
    fn move_there(&mut self, offer: &Offer<'_>) -> Result<Option<Obstacle>, Error> {
        let Offer {
            stream,
            verified,
            combined,
            ..
        } = *offer;
        let Some(linked) = verified
            .linked
            .as_ref()
            .filter(|_| combined.new != verified.tip)
        else {
            return Ok(None);
        };
        let repo = self.workspace.repo;
        let step = Step {
            stream,
            linked,
            old: verified.tip,
            new: combined.new,
            verb: sync::VERB,
            then: What::Synced {
                stream: stream.clone(),
                start: combined.onto,
                landed: false,
                commits: combined.commits,
                on: None,
            },
            aside: None,
        };
        if self.options.dry_run {
            return Ok(sync::foresee(repo, &step)?);
        }
        let by = self.by.clone();
        let met = sync::advance(&mut self.workspace, &self.operation, &by, &step)?;
        let rewritten: Vec<(Id, Id)> = combined.pairs.clone();
        if met.is_none()
            && !rewritten.is_empty()
            && let Err(error) = repo.tell_rewritten(&linked.top, &rewritten, true)
        {
            let note = format!("the post-rewrite hook failed: {error}");
            self.notes.push(note);
        }
        Ok(met)
    }

    /// Pushes the branch to the remote; `false` where it has moved there at this moment.
    ///
    /// Every commit was judged just now, by what was just fetched, so no `pre-push` hook is asked.
    fn push_branch(&mut self, offer: &Offer<'_>) -> Result<bool, Error> {
        let Offer {
            stream,
            remote,
            combined,
            ..
        } = *offer;
        let repo = self.workspace.repo;
        let (name, new) = (stream.branch_ref(), combined.new);
        let there = repo.remote_ref(remote, &name, TALK)?;
        match there {
            Some(there) if !self.is_ours(offer, there)? => return Err(self.foreign(offer)),
            // It was closed or merged at this moment.
            None if self.waiting(stream).is_some() => return Ok(false),
            Some(_) | None => {}
        }
        let way = RefMove {
            name: name.clone(),
            old: there,
            new: Some(new),
        };
        // Whoever else works on the stream is refused from here on.
        self.announce(std::slice::from_ref(stream), Vec::new(), vec![way])?;
        if there == Some(new) {
            return Ok(true);
        }
        let update = Update {
            name: name.clone(),
            from: Expect::from_read(there),
            to: Some(new),
        };
        let mut lost = None;
        for _ in 0..PUSHES {
            let source = match repo.push(remote, std::slice::from_ref(&update), TALK)? {
                Pushed::Done => return Ok(true),
                Pushed::Lost { .. } => return Ok(false),
                Pushed::Unwanted { why, .. } => {
                    return Err(Error::NotTaken {
                        stream: stream.clone(),
                        remote: remote.to_owned(),
                        reason: why,
                    });
                }
                Pushed::NotAtomic => unreachable!("one ref is pushed"),
                Pushed::Unknown(source) => source,
            };
            // The same push again is either there already, or as good as at the first time.
            match repo.remote_ref(remote, &name, TALK) {
                Ok(now) if now == Some(new) => return Ok(true),
                Ok(now) if now != there => return Ok(false),
                Ok(_) | Err(_) => lost = Some(source),
            }
        }
        Err(Error::Unknown {
            remote: remote.to_owned(),
            branch: stream.branch(),
            stream: stream.clone(),
            source: lost.expect("it was pushed at least once"),
        })
    }

    /// Whether what the remote has of the branch is the stream's own work: a part of what is to be
    /// pushed, or where the branch has been.
    fn is_ours(&self, offer: &Offer<'_>, there: Id) -> Result<bool, Error> {
        let repo = self.workspace.repo;
        if !repo.has(there) {
            return Ok(false);
        }
        for tip in [offer.combined.new, offer.verified.tip] {
            if repo.is_ancestor(there, tip)? {
                return Ok(true);
            }
        }
        let record = self.workspace.state.stream(offer.stream);
        let pushed = record.and_then(|record| record.review.as_ref());
        let linked = offer.verified.linked.as_ref();
        let mut past = repo.past_of(linked, &offer.stream.branch_ref());
        past.extend(pushed.map(|review| review.head));
        Ok(past.contains(&there))
    }

    fn foreign(&self, offer: &Offer<'_>) -> Error {
        let repo = self.workspace.repo;
        let top = offer.verified.linked.as_ref().map(|linked| &*linked.top);
        let top = top.or(repo.main_top()).unwrap_or_else(|| repo.common_dir());
        Error::Foreign {
            stream: offer.stream.clone(),
            remote: offer.remote.to_owned(),
            worktree: top.to_owned(),
        }
    }

    // ---- answers ----

    fn in_review(&mut self, offer: &Offer<'_>, said: Option<String>, checked: Checked) -> Landed {
        let Offer {
            stream,
            remote,
            verified,
            combined,
        } = *offer;
        let submission = Submission {
            remote: remote.to_owned(),
            branch: stream.branch(),
            said,
            is_news: true,
        };
        let standing = (verified.tip, combined.new, combined.commits);
        let outcome = Outcome::Submitted(submission);
        let mut answer = self.answer(stream, standing, Some(checked), outcome);
        answer.base = combined.onto;
        answer
    }

    fn nothing_new(&mut self, stream: &StreamName, review: Review) -> Result<Landed, Error> {
        let repo = self.workspace.repo;
        let commits = repo.commits_between(&[review.head], &[review.onto])?.len();
        let submission = Submission {
            remote: review.remote,
            branch: review.branch,
            said: review.said,
            is_news: false,
        };
        let standing = (review.tip, review.head, commits);
        let mut answer = self.answer(stream, standing, None, Outcome::Submitted(submission));
        answer.base = review.onto;
        Ok(answer)
    }
}

fn in_the_way(stream: &StreamName, obstacle: &Obstacle) -> Refused {
    Refused {
        cause: "in-the-way",
        reason: format!(
            "it has to move onto the newest base first, and {}",
            obstacle.reason()
        ),
        text: String::new(),
        paths: obstacle.paths().to_vec(),
        hints: obstacle.hints(stream),
    }
}
