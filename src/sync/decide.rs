//! What would a rebase give? Decided without touching anything but the object database.
//!
//! The answer is that of `git -c merge.directoryRenames=false rebase`: the same commits are picked
//! in the same order by the same merge machinery; what the base has already is left out, and so is
//! what becomes empty; what was empty stays. What a forge has squashed onto the base is left out
//! first ([`landed`]), which is `git rebase --onto BASE LANDED`. Authors, dates, messages and encodings are kept byte
//! for byte.

use std::collections::HashSet;
use std::path::Path;

use bstr::{BString, ByteSlice as _};

use super::Error;
use super::landed::{Landed, landed, landed_of_line};
use super::line::{Pick, change_attributes, line, may_be_repeated};
use crate::git::{Commit, Conflict, Error as GitError, Id, Lock, Merged, Merges, Repo, Scratch};

/// What is asked.
pub struct Range<'a> {
    /// The repository.
    pub repo: &'a Repo,
    /// The worktree of the stream, where the user's merge drivers run.
    pub worktree: &'a Path,
    /// The commit to stand on.
    pub base: Id,
    /// The stream's commit.
    pub tip: Id,
    /// The operation, whose lock a scratch worktree needs.
    pub operation: (&'a str, &'a Lock),
    /// Takes the lock under which worktrees are registered.
    pub registering: &'a dyn Fn() -> Result<Lock, Error>,
    /// The tree with which to go on where a pick cannot be applied, if somebody knows one.
    pub recall: &'a dyn Fn(&Stuck) -> Result<Option<Id>, Error>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The stream stands on the base already.
    UpToDate {
        /// How many commits it has there.
        commits: usize,
    },
    /// The base has everything that the stream has.
    Contained,
    /// It can be moved.
    Moves(Replay),
    /// A commit cannot be applied.
    Stuck(Box<Stuck>),
}

/// A stream on its new base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// The new tip.
    pub new: Id,
    /// What was picked, oldest first.
    pub picked: Vec<Picked>,
    /// What was left out, oldest first.
    pub dropped: Vec<Dropped>,
    /// How many merges were flattened.
    pub merges: usize,
}

/// A commit and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picked {
    /// What it was.
    pub old: Id,
    /// What it is on the new base.
    pub new: Id,
}

/// A commit that is not needed on the new base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// The commit.
    pub id: Id,
    /// Its first line.
    pub subject: BString,
    /// Why.
    pub why: Why,
}

/// Why a commit is not needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// A commit of the base makes the same change.
    SameChange,
    /// A commit of the base has brought it, with whatever came before it.
    Landed(Id),
    /// What it changes is so on the base already.
    BecameEmpty,
}

/// A commit that cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stuck {
    /// The commit.
    pub commit: Id,
    /// Its first line.
    pub subject: BString,
    /// How many commits were applied before it.
    pub applied: usize,
    /// How many there were to apply.
    pub of: usize,
    /// The tree it was applied onto, its own, and its parent's: the names that git's words use.
    pub onto: Id,
    /// Its tree.
    pub theirs: Id,
    /// Its parent's tree.
    pub parent: Id,
    /// The result, with conflict markers in its files.
    pub tree: Id,
    /// What could not be decided.
    pub conflict: Conflict,
    /// The part of the stream that has landed already, and was not applied.
    pub landed: Option<Id>,
}

impl Stuck {
    /// The paths, each once, sorted.
    ///
    /// Where git had to put both sides beside one another it makes a name up, `path~side`, from
    /// what it calls the sides; the question is about `path`.
    pub fn paths(&self) -> Vec<BString> {
        let stages = self.conflict.stages.iter();
        let mut paths: Vec<BString> = stages.map(|one| self.real_path(&one.path)).collect();
        paths.sort();
        paths.dedup();
        paths
    }

    /// The path without the name of a side.
    pub fn real_path(&self, path: &BString) -> BString {
        let sides = [self.onto, self.theirs].map(|tree| tree.to_string());
        let commit = self.commit.to_string();
        match path.rsplit_once_str("~") {
            Some((real, side))
                if side == b"HEAD"
                    || sides.iter().any(|name| side == name.as_bytes())
                    || side.get(..7) == Some(&commit.as_bytes()[..7]) =>
            {
                real.into()
            }
            _ => path.clone(),
        }
    }
}

/// What a pick has become: the tree of the new commit, unless it is not needed.
struct Applied {
    pick: Pick,
    tree: Id,
}

/// Decides.
pub fn decide(range: &Range<'_>) -> Result<Verdict, Error> {
    let Range {
        repo, base, tip, ..
    } = *range;
    let bases = repo.merge_bases(base, &[tip])?;
    if bases.contains(&base) {
        let commits = repo.commits_between(&[tip], &[base])?.len();
        return Ok(Verdict::UpToDate { commits });
    }
    if bases.contains(&tip) {
        return Ok(Verdict::Contained);
    }
    let line = match bases.as_slice() {
        [fork] => line(repo, *fork, tip)?,
        _ => None,
    };
    let landed = match (bases.as_slice(), &line) {
        ([fork], Some(line)) => landed_of_line(repo, *fork, base, line)?,
        ([fork], None) => landed(repo, *fork, base, tip)?,
        _ => None,
    };
    let Todo {
        picks,
        mut dropped,
        merges,
        order,
    } = Todo::read(range, landed, line)?;
    let applied = match apply(range, picks)? {
        Ok(applied) => applied,
        Err(stuck) => {
            let landed = landed.map(|landed| landed.tip);
            return Ok(Verdict::Stuck(Box::new(Stuck { landed, ..*stuck })));
        }
    };
    let (new, picked) = write(range, applied, &mut dropped)?;
    dropped.sort_by_key(|one| order.iter().position(|id| *id == one.id));
    Ok(Verdict::Moves(Replay {
        new,
        picked,
        dropped,
        merges,
    }))
}

/// [`decide`], where everything up to `from` is below the base, maybe in another shape.
pub fn decide_since(range: &Range<'_>, from: Option<Id>) -> Result<Verdict, Error> {
    let Some(from) = from else {
        return decide(range);
    };
    if range.repo.is_ancestor(from, range.base)? {
        return decide(range);
    }
    Ok(match replay_since(range, from)? {
        Ok(replay) => Verdict::Moves(replay),
        Err(stuck) => Verdict::Stuck(Box::new(Stuck {
            landed: Some(from),
            ..*stuck
        })),
    })
}

/// What `range` gives where everything up to `from` is on its base in another shape.
pub(super) fn replay_since(
    range: &Range<'_>,
    from: Id,
) -> Result<Result<Replay, Box<Stuck>>, Error> {
    let landed = Landed {
        tip: from,
        by: range.base,
    };
    let mut todo = Todo::read(range, Some(landed), None)?;
    let behind = range.repo.commits_between(&[from], &[range.base])?;
    todo.dropped.retain(|one| !behind.contains(&one.id));
    let applied = match apply(range, todo.picks)? {
        Ok(applied) => applied,
        Err(stuck) => return Ok(Err(stuck)),
    };
    let (new, picked) = write(range, applied, &mut todo.dropped)?;
    Ok(Ok(Replay {
        new,
        picked,
        dropped: todo.dropped,
        merges: todo.merges,
    }))
}

/// These commits, oldest first, on top of the base, also where it has them already: what was taken
/// back is to be there again. What becomes empty is left out.
pub fn pick_onto(range: &Range<'_>, ids: &[Id]) -> Result<Result<Replay, Box<Stuck>>, Error> {
    let repo = range.repo;
    let mut picks = Vec::new();
    for id in ids {
        picks.push(Pick::of(repo, *id, repo.commit(*id)?)?);
    }
    let applied = match apply(range, picks)? {
        Ok(applied) => applied,
        Err(stuck) => return Ok(Err(stuck)),
    };
    let mut dropped = Vec::new();
    let (new, picked) = write(range, applied, &mut dropped)?;
    Ok(Ok(Replay {
        new,
        picked,
        dropped,
        merges: 0,
    }))
}

/// What is to be done, before any merge.
struct Todo {
    picks: Vec<Pick>,
    dropped: Vec<Dropped>,
    merges: usize,
    order: Vec<Id>,
}

impl Todo {
    /// `line` is what the stream has, where that is one line of commits.
    fn read(
        range: &Range<'_>,
        landed: Option<Landed>,
        line: Option<Vec<Pick>>,
    ) -> Result<Todo, Error> {
        let repo = range.repo;
        let behind: HashSet<Id> = match landed {
            Some(landed) => repo
                .commits_between(&[landed.tip], &[range.base])?
                .into_iter()
                .collect(),
            None => HashSet::new(),
        };
        let mut todo = Todo {
            picks: Vec::new(),
            dropped: Vec::new(),
            merges: 0,
            order: Vec::new(),
        };
        for (pick, is_repeated) in todo.candidates(range, line)? {
            todo.order.push(pick.id);
            let landed = landed.filter(|_| behind.contains(&pick.id));
            let why = match landed {
                // All empty commits make the same change, namely none; they are somebody's words.
                _ if is_repeated && !pick.is_empty() => Why::SameChange,
                Some(landed) => Why::Landed(landed.by),
                None => {
                    todo.picks.push(pick);
                    continue;
                }
            };
            todo.dropped.push(Dropped {
                id: pick.id,
                subject: pick.commit.subject().to_owned(),
                why,
            });
        }
        Ok(todo)
    }

    /// What a rebase would look at, oldest first, and whether the base makes the same change.
    fn candidates(
        &mut self,
        range: &Range<'_>,
        line: Option<Vec<Pick>>,
    ) -> Result<Vec<(Pick, bool)>, Error> {
        let Range {
            repo, base, tip, ..
        } = *range;
        if let Some(line) = line
            && !may_be_repeated(repo, &line, (base, tip))?
        {
            return Ok(line.into_iter().map(|pick| (pick, false)).collect());
        }
        let mut found = Vec::new();
        for candidate in repo.candidates(base, tip)? {
            let commit = repo.commit(candidate.id)?;
            if commit.parents.len() > 1 {
                self.merges += 1;
                continue;
            }
            let pick = Pick::of(repo, candidate.id, commit)?;
            found.push((pick, candidate.is_on_other_side));
        }
        Ok(found)
    }
}

/// Applies the picks one after the other, up to the first that cannot be applied.
fn apply(range: &Range<'_>, picks: Vec<Pick>) -> Result<Result<Vec<Applied>, Box<Stuck>>, Error> {
    let mut machine = Machine::of(range, &picks)?;
    let trees = match machine.chain(range, &picks) {
        // A merge driver that dies takes git with it, and what it prints may be taken for an
        // answer. In a worktree git has the same trouble, and says what it is.
        Err(Error::Git(GitError::Failed { .. } | GitError::Odd { .. })) if machine.is_quick() => {
            Machine::scratch(range)?.chain(range, &picks)?
        }
        other => other?,
    };
    Ok(trees.map(|trees| {
        let done = picks.into_iter().zip(trees);
        done.map(|(pick, tree)| Applied { pick, tree }).collect()
    }))
}

/// Writes the new commits; answers the last one, or the base where none is needed.
fn write(
    range: &Range<'_>,
    applied: Vec<Applied>,
    dropped: &mut Vec<Dropped>,
) -> Result<(Id, Vec<Picked>), Error> {
    let repo = range.repo;
    if !applied.is_empty() && !repo.has_identity() {
        return Err(Error::NoIdentity);
    }
    let committer = repo.committer()?;
    let (mut at, mut tree) = (range.base, repo.tree_of(range.base)?);
    let mut picked = Vec::new();
    for Applied { pick, tree: next } in applied {
        if next == tree && !pick.is_empty() {
            dropped.push(Dropped {
                id: pick.id,
                subject: pick.commit.subject().to_owned(),
                why: Why::BecameEmpty,
            });
            continue;
        }
        let new = repo.write_commit_as_configured(&Commit {
            tree: next,
            parents: vec![at],
            committer: committer.clone(),
            ..pick.commit
        })?;
        picked.push(Picked { old: pick.id, new });
        (at, tree) = (new, next);
    }
    Ok((at, picked))
}

/// What does the merging.
enum Machine<'r> {
    /// One process for the whole chain.
    InMemory(Memory),
    /// A worktree of ours.
    Scratch(Scratch<'r>),
}

/// A conversation, begun at the first real merge.
struct Memory {
    merges: Option<Merges>,
    /// Whose attributes count in it: a tree, or the base.
    attributes: Id,
    /// Whether a pick changes them for the picks that come after it.
    do_they_change: bool,
}

impl<'r> Machine<'r> {
    fn of(range: &Range<'r>, picks: &[Pick]) -> Result<Machine<'r>, Error> {
        let repo = range.repo;
        let do_they_change = picks.iter().any(|pick| change_attributes(&pick.changes));
        // Where git brings both sides into the same form first, it goes by the attributes as they
        // come out of this very merge.
        let by_their_result = do_they_change && repo.config_bool("merge.renormalize") == Some(true);
        if by_their_result || !repo.version()?.merges_trees() {
            return Machine::scratch(range);
        }
        Ok(Machine::InMemory(Memory {
            merges: None,
            attributes: repo.tree_of(range.base)?,
            do_they_change,
        }))
    }

    fn scratch(range: &Range<'r>) -> Result<Machine<'r>, Error> {
        let (name, lock) = range.operation;
        let registering = (range.registering)()?;
        let scratch = range.repo.scratch(name, range.base, lock, registering)?;
        Ok(Machine::Scratch(scratch))
    }

    fn is_quick(&self) -> bool {
        matches!(self, Machine::InMemory(_))
    }

    /// What the tree is after each of the picks.
    fn chain(
        &mut self,
        range: &Range<'_>,
        picks: &[Pick],
    ) -> Result<Result<Vec<Id>, Box<Stuck>>, Error> {
        let mut onto = range.repo.tree_of(range.base)?;
        let mut trees = Vec::new();
        for pick in picks {
            let Merged { mut tree, conflict } = self.merge(range, pick, onto)?;
            if let Some(conflict) = conflict {
                let stuck = Box::new(Stuck {
                    commit: pick.id,
                    subject: pick.commit.subject().to_owned(),
                    applied: trees.len(),
                    of: picks.len(),
                    onto,
                    theirs: pick.commit.tree,
                    parent: pick.parent_tree,
                    tree,
                    conflict,
                    landed: None,
                });
                let Some(known) = (range.recall)(&stuck)? else {
                    return Ok(Err(stuck));
                };
                self.go_on(known)?;
                tree = known;
            }
            onto = tree;
            trees.push(tree);
        }
        Ok(Ok(trees))
    }

    /// Goes on after a conflict, with this tree.
    fn go_on(&mut self, tree: Id) -> Result<(), Error> {
        match self {
            // A conversation ends with a conflict; the next merge begins another one.
            Machine::InMemory(_) => {}
            Machine::Scratch(scratch) => scratch.go_to(tree)?,
        }
        Ok(())
    }

    fn merge(&mut self, range: &Range<'_>, pick: &Pick, onto: Id) -> Result<Merged, Error> {
        let (parent, theirs) = (pick.parent_tree, pick.commit.tree);
        let clean = |tree| Merged {
            tree,
            conflict: None,
        };
        match self {
            _ if theirs == parent => Ok(clean(onto)),
            Machine::InMemory(_) if onto == parent => Ok(clean(theirs)),
            Machine::InMemory(memory) => match range.repo.carry(&pick.changes, onto)? {
                // Nothing that it touches was touched on the other side.
                Some(tree) => Ok(clean(tree)),
                None => memory.merge(range, [parent, onto, theirs]),
            },
            Machine::Scratch(scratch) => Ok(scratch.pick(pick.id)?),
        }
    }
}

impl Memory {
    fn merge(&mut self, range: &Range<'_>, [base, ours, theirs]: [Id; 3]) -> Result<Merged, Error> {
        let repo = range.repo;
        if self.do_they_change && other_attributes(repo, self.attributes, ours)? {
            (self.merges, self.attributes) = (None, ours);
        }
        if self.merges.as_ref().is_none_or(Merges::is_over) {
            self.merges = Some(repo.merges(range.worktree, self.attributes)?);
        }
        let merges = self.merges.as_mut().expect("it was started just now");
        Ok(merges.merge(base, ours, theirs)?)
    }
}

fn other_attributes(repo: &Repo, one: Id, other: Id) -> Result<bool, Error> {
    Ok(change_attributes(&repo.diff_trees(Some(one), Some(other))?))
}
