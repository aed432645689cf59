//! Which streams would conflict if they landed now, and where?
//!
//! Every stream is put onto the base as it is, with what is not committed, and every two of them
//! beside one another: three trees, whose base is the base branch. Whether they merge is asked of
//! git's own machinery, as in a sync, but only where two of them [can meet](meet), all at once, and
//! never twice, and of the files that both have changed [alone](narrow) where that is the same.
//! Nothing is written to the repository, and no index is touched.
//!
//! ```text
//! work ─→ paths ─┬─ meets the base? ── asked ─┐
//!                └─ carried over ─────────────┴─→ trees on the base ─→ meet? ── asked ─→ forecast
//! ```
//!
//! A stream that conflicts with the base is compared with the others as if that conflict were
//! resolved for its own side.
//!
//! # Limits
//!
//! A stream is merged as a whole. A sync picks its commits one by one, and may stop at one whose
//! change a later one takes back; `git stream sync --dry-run` says so. Attributes are those of the
//! base. Paths that differ only in case are told apart.

mod ask;
mod meet;
mod narrow;
mod text;
mod work;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use bstr::{BString, ByteSlice as _};
use serde::Serialize;
use serde_json::{Value, json};

use self::ask::Asked;
use self::narrow::Narrow;
use self::work::{Work, work_of};
use super::Error;
use super::worktrees::Found;
use crate::git::{Id, Repo, Trial};
use crate::name::StreamName;
use crate::path;
use crate::workspace::Workspace;

/// What is to be expected.
#[derive(Debug)]
pub struct Forecast {
    /// The base branch.
    pub base: String,
    /// Its commit.
    pub commit: Id,
    /// Every stream that is held, and how it gets on with the base.
    pub streams: Vec<Foreseen>,
    /// Every two of them.
    pub pairs: Vec<Pair>,
    /// How many merges git was asked for.
    pub merges: usize,
}

/// One stream.
#[derive(Debug)]
pub struct Foreseen {
    /// Its name.
    pub stream: StreamName,
    /// Its commit, where it is known.
    pub tip: Option<Id>,
    /// How many paths of its worktree are not committed, where that is known.
    pub uncommitted: Option<usize>,
    /// The machine of its worktree, where that is another one.
    pub elsewhere: Option<String>,
    /// Whether it can land on the base.
    pub meeting: Meeting,
}

/// Two streams.
#[derive(Debug)]
pub struct Pair {
    /// The one that sorts first.
    pub a: StreamName,
    /// The other one.
    pub b: StreamName,
    /// Whether both can land.
    pub meeting: Meeting,
}

/// What comes of a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meeting {
    /// Both can land.
    Clean,
    /// They cannot.
    Conflict(Place),
    /// That cannot be told, and why.
    Unknown(String),
}

/// Where a conflict is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The paths, sorted.
    pub paths: Vec<BString>,
    /// What git calls it: `contents`, `modify/delete`, `rename/rename`, …
    pub kinds: Vec<String>,
}

/// Looks ahead, for all streams that are held.
pub(super) fn forecast(
    workspace: &Workspace<'_>,
    found: &BTreeMap<StreamName, Found>,
) -> Result<Forecast, Error> {
    let base = &workspace.base;
    let mut works = Vec::new();
    for (name, _, claim) in workspace.state.held() {
        let work = work_of(workspace, name, claim, found.get(name))?;
        works.push((name.clone(), work));
    }
    let known: Vec<&Work> = works
        .iter()
        .filter_map(|(_, work)| work.as_ref().ok())
        .collect();
    let trial = workspace.repo.trial()?;
    let mut asked = Asked::new(workspace, &trial)?;
    let landings = landings(workspace, &trial, &mut asked, &known)?;
    let inside = trial.inside()?;
    let met = beside_one_another(&mut asked, &inside, &landings)?;

    let mut nth = 0;
    let mut places = Vec::new();
    let mut streams = Vec::new();
    for (stream, work) in &works {
        let (tip, uncommitted, meeting) = match work {
            Ok(work) => {
                let meeting = landings[nth].meeting.clone();
                places.push(Ok(nth));
                nth += 1;
                (Some(work.tip), work.uncommitted(), meeting)
            }
            Err(why) => {
                places.push(Err(why));
                (None, None, Meeting::Unknown(why.clone()))
            }
        };
        let claim = workspace.state.claim(stream);
        let machine = claim.map(|claim| claim.machine.clone());
        streams.push(Foreseen {
            stream: stream.clone(),
            elsewhere: machine.filter(|machine| *machine != workspace.machine.id),
            tip,
            uncommitted,
            meeting,
        });
    }
    let mut pairs = Vec::new();
    for (at, (a, _)) in works.iter().enumerate() {
        for (other, (b, _)) in works.iter().enumerate().skip(at + 1) {
            let meeting = match (&places[at], &places[other]) {
                (Ok(one), Ok(other)) => met.get(&(*one, *other)).cloned(),
                (Err(why), _) => Some(Meeting::Unknown(format!("{a}: {why}"))),
                (_, Err(why)) => Some(Meeting::Unknown(format!("{b}: {why}"))),
            };
            pairs.push(Pair {
                a: a.clone(),
                b: b.clone(),
                meeting: meeting.unwrap_or(Meeting::Clean),
            });
        }
    }
    Ok(Forecast {
        base: base.branch.clone(),
        commit: base.commit,
        streams,
        pairs,
        merges: asked.count(),
    })
}

/// A stream on the base.
struct Landing {
    meeting: Meeting,
    /// What the base would be, if it is needed: where the stream can meet nobody, it is not.
    tree: Option<Id>,
    /// Every path that the base would differ in, or may.
    paths: BTreeSet<BString>,
}

/// Puts every stream onto the base.
fn landings(
    workspace: &Workspace<'_>,
    trial: &Trial<'_>,
    asked: &mut Asked<'_, '_>,
    works: &[&Work],
) -> Result<Vec<Landing>, Error> {
    let repo = workspace.repo;
    let inside = trial.inside()?;
    let base = repo.tree_of(workspace.base.commit)?;
    let news = news(workspace, base, works)?;
    let meets_base: Vec<bool> = works
        .iter()
        .map(|work| meet::can_meet(&work.paths, &news[&work.fork]))
        .collect();
    let questions: Vec<usize> = (0..works.len()).filter(|at| meets_base[*at]).collect();
    let mut trees: BTreeMap<usize, Id> = BTreeMap::new();
    for at in &questions {
        trees.insert(*at, works[*at].tree(trial)?);
    }
    let triples = questions
        .iter()
        .map(|at| [works[*at].fork, base, trees[at]]);
    let answers = asked.ask(triples.collect())?;
    let mut landed: BTreeMap<usize, (Meeting, Id)> = BTreeMap::new();
    for (at, merged) in questions.iter().zip(&answers) {
        let tree = ask::for_its_own_side(&inside, merged)?;
        landed.insert(*at, (ask::meeting(merged), tree));
    }
    let mut paths: Vec<BTreeSet<BString>> = Vec::new();
    for (at, work) in works.iter().enumerate() {
        paths.push(match landed.get(&at) {
            Some((_, tree)) => {
                let changes = inside.diff_trees(Some(base), Some(*tree))?;
                changes.into_iter().map(|change| change.path).collect()
            }
            None => work.paths.clone(),
        });
    }
    let needed: BTreeSet<usize> = meet::meetings(&paths)
        .into_iter()
        .flat_map(|(one, other)| [one, other])
        .collect();
    let mut landings = Vec::new();
    for ((at, work), paths) in works.iter().enumerate().zip(paths) {
        let (meeting, tree) = match landed.remove(&at) {
            Some((meeting, tree)) => (meeting, Some(tree)),
            None if needed.contains(&at) => {
                let tree = work.tree(trial)?;
                (Meeting::Clean, Some(work.carried_to(&inside, base, tree)?))
            }
            None => (Meeting::Clean, None),
        };
        landings.push(Landing {
            meeting,
            tree,
            paths,
        });
    }
    Ok(landings)
}

/// What the base has changed since each of the places from which a stream began.
fn news(
    workspace: &Workspace<'_>,
    base: Id,
    works: &[&Work],
) -> Result<BTreeMap<Id, BTreeSet<BString>>, Error> {
    let mut news = BTreeMap::new();
    for work in works {
        if let Entry::Vacant(place) = news.entry(work.fork) {
            let changes = workspace.repo.diff_trees(Some(work.fork), Some(base))?;
            place.insert(changes.into_iter().map(|change| change.path).collect());
        }
    }
    Ok(news)
}

/// Every two of them that can meet.
fn beside_one_another(
    asked: &mut Asked<'_, '_>,
    inside: &Repo,
    landings: &[Landing],
) -> Result<BTreeMap<(usize, usize), Meeting>, Error> {
    let sets: Vec<BTreeSet<BString>> = landings.iter().map(|one| one.paths.clone()).collect();
    let mut narrow = Narrow::new(inside);
    let mut questions = Vec::new();
    for (one, other) in meet::meetings(&sets) {
        if let (Some(a), Some(b)) = (landings[one].tree, landings[other].tree) {
            let paths = (&sets[one], &sets[other]);
            questions.push(((one, other), narrow.of([asked.base(), a, b], paths)?));
        }
    }
    let triples = questions.iter().map(|(_, triple)| *triple).collect();
    let answers = asked.ask(triples)?;
    let pairs = questions.iter().map(|(pair, _)| *pair);
    Ok(pairs.zip(answers.iter().map(ask::meeting)).collect())
}

impl Forecast {
    /// The same for one stream and everything that it meets.
    pub(super) fn narrowed_to(&mut self, name: &StreamName) {
        self.streams.retain(|one| one.stream == *name);
        self.pairs.retain(|pair| pair.a == *name || pair.b == *name);
    }
}

impl Meeting {
    fn json(&self) -> serde_json::Map<String, Value> {
        let (outcome, place, why) = match self {
            Meeting::Clean => ("clean", None, None),
            Meeting::Conflict(place) => ("conflict", Some(place), None),
            Meeting::Unknown(why) => ("unknown", None, Some(why)),
        };
        let paths = place.map_or_else(Vec::new, |place| {
            let paths = place.paths.iter();
            paths.map(|path| path::json(path.as_bstr())).collect()
        });
        let mut map = serde_json::Map::new();
        map.insert("outcome".to_owned(), outcome.into());
        map.insert("paths".to_owned(), Value::Array(paths));
        let kinds = place.map_or_else(Vec::new, |place| place.kinds.clone());
        map.insert("kinds".to_owned(), json!(kinds));
        if let Some(why) = why {
            map.insert("reason".to_owned(), why.clone().into());
        }
        map
    }
}

impl Serialize for Forecast {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let streams = self.streams.iter().map(|one| {
            json!({
                "stream": one.stream,
                "tip": one.tip.map(|id| id.to_string()),
                "uncommitted": one.uncommitted,
                "elsewhere": one.elsewhere,
                "base": one.meeting.json(),
            })
        });
        let pairs = self.pairs.iter().map(|pair| {
            let mut map = serde_json::Map::new();
            map.insert("a".to_owned(), json!(pair.a));
            map.insert("b".to_owned(), json!(pair.b));
            map.extend(pair.meeting.json());
            Value::Object(map)
        });
        json!({
            "base": {"branch": self.base, "commit": self.commit.to_string()},
            "streams": streams.collect::<Vec<_>>(),
            "pairs": pairs.collect::<Vec<_>>(),
            "merges": self.merges,
        })
        .serialize(serializer)
    }
}
