//! What must the remote's ledger say, whatever has happened? A model that knows no more than what
//! `docs/ledger.md` promises, and reads with plain git.
//!
//! After each round it looks at every commit that is new: the chain has only grown, no two held
//! streams own a path or a slot in common, and an epoch grows with its holder. What a command was
//! told it did is on the chain; what it was refused is not; what nobody knows of, because its
//! process died or the remote went away, may turn up once, at any time. The base is where the
//! ledger says that it was pushed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::support::Sandbox;

/// Paths that tell the patterns of [`super::random`] apart.
const PATHS: [&str; 7] = [
    "src/api/lib.rs",
    "src/api/new.rs",
    "src/ui/app.js",
    "src/more.rs",
    "docs/guide.md",
    "docs/more.md",
    "package.json",
];
const REF: &str = "refs/stream/ledger";

/// What a command asked for of which the ledger must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Deed {
    Claim,
    Add,
    TakeOver,
    Release,
    Land,
}

/// Which deed, of which stream, by whom; a person has many names.
type Key = (Deed, String, Option<String>);

/// A command that has ended.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) deed: Deed,
    pub(super) stream: String,
    /// `None` where a person asked.
    pub(super) agent: Option<String>,
    pub(super) machine: String,
    pub(super) status: i32,
    pub(super) block: String,
}

/// A stream of one commit of the ledger.
#[derive(Debug, Clone, PartialEq)]
struct Record {
    state: String,
    epoch: i64,
    holder: Option<Holder>,
}

#[derive(Debug, Clone, PartialEq)]
struct Holder {
    agent: String,
    machine: String,
    slot: i64,
    files: Vec<Vec<String>>,
    away: Vec<Vec<String>>,
}

type State = BTreeMap<String, Record>;

/// What the ledger is to be.
pub(super) struct Model {
    remote: PathBuf,
    chain: Vec<String>,
    state: State,
    /// Where the base is, by what the ledger says of its pushes.
    base: String,
    /// What may turn up although nobody was told that it has happened.
    unknown: BTreeMap<Key, usize>,
    /// How many deeds were seen on the chain.
    pub(super) seen: BTreeMap<Deed, usize>,
}

impl Model {
    pub(super) fn new(sandbox: &Sandbox, remote: &Path) -> Model {
        let base = sandbox.git_in(remote, &["rev-parse", "refs/heads/main"]);
        Model {
            remote: remote.to_owned(),
            chain: Vec::new(),
            state: State::new(),
            base: base.trim().to_owned(),
            unknown: BTreeMap::new(),
            seen: BTreeMap::new(),
        }
    }

    /// The streams that somebody holds, with who, and on which machine.
    pub(super) fn held(&self) -> Vec<(String, String, String)> {
        let held = self.state.iter().filter_map(|(name, record)| {
            let holder = record.holder.as_ref()?;
            let (agent, machine) = (holder.agent.clone(), holder.machine.clone());
            Some((name.clone(), agent, machine))
        });
        held.collect()
    }

    /// Judges what is new on the remote after these commands have ended.
    pub(super) fn look(&mut self, sandbox: &Sandbox, told: &[Told]) {
        let git = |args: &[&str]| sandbox.git_in(&self.remote, args);
        let list = git(&["rev-list", "--reverse", "--parents", REF]);
        let mut chain = Vec::new();
        for line in list.lines() {
            let (commit, parents) = line.split_once(' ').unwrap_or((line, ""));
            // A line, not a tree: the first has no parent, every other one the commit before it.
            assert_eq!(parents, chain.last().map_or("", String::as_str), "{line}");
            chain.push(commit.to_owned());
        }
        assert!(
            chain.starts_with(&self.chain),
            "the ledger has lost {:?}",
            self.chain.iter().find(|commit| !chain.contains(commit))
        );
        let mut history = vec![self.state.clone()];
        let mut deeds: BTreeMap<Key, usize> = BTreeMap::new();
        for commit in &chain[self.chain.len()..] {
            let message = git(&["log", "-1", "--format=%B", commit]);
            // Its status says whether there is any line.
            let all = sandbox.program("git", ["grep", "-e", "", commit, "--", "streams"]);
            let state = read(&all.in_dir(&self.remote).go().stdout());
            assert_exclusive(&state, &message);
            assert_epochs(history.last().unwrap(), &state, &message);
            for key in deeds_of(&message) {
                *self.seen.entry(key.0).or_default() += 1;
                *deeds.entry(key).or_default() += 1;
            }
            let pushes = trailers(&message, "Push: refs/heads/main ");
            if let Some((old, new)) = pushes.last().and_then(|push| push.split_once(' ')) {
                assert_eq!(old, self.base, "{message}");
                *self.seen.entry(Deed::Land).or_default() += 1;
                new.clone_into(&mut self.base);
            }
            history.push(state);
        }
        assert_eq!(git(&["rev-parse", "refs/heads/main"]).trim(), self.base);
        for one in told {
            assert!(
                one.status != 0 || history.iter().any(|state| is_done(one, state)),
                "{} was told that it had, and the ledger does not know:\n{}\n{:#?}",
                one.machine,
                one.block,
                history.last()
            );
            match one.status {
                1 | 2 | 4 => {}
                0 | 3 | 5 | 137 => *self.unknown.entry(one.key()).or_default() += 1,
                status => panic!("status {status}:\n{}", one.block),
            }
        }
        for (key, number) in deeds {
            let may = self.unknown.entry(key.clone()).or_default();
            assert!(
                *may >= number,
                "{key:?} is on the ledger {number} times, and {may} times at most it was done:\n{}",
                told.iter()
                    .map(|one| one.block.as_str())
                    .collect::<String>()
            );
            *may -= number;
        }
        // What was told has happened by now: the same may not turn up again.
        for one in told.iter().filter(|one| one.status == 0) {
            self.forget(&one.key(), told);
        }
        self.state = history.pop().unwrap();
        self.chain = chain;
    }

    /// Nothing of this kind is open beyond what commands have left that nobody knows of.
    fn forget(&mut self, key: &Key, told: &[Told]) {
        let is_open = |one: &&Told| one.key() == *key && [3, 5, 137].contains(&one.status);
        if !told.iter().any(|one| is_open(&one)) {
            self.unknown.remove(key);
        }
    }
}

impl Told {
    /// What shows up on the ledger because of it: what has landed is given back.
    fn key(&self) -> Key {
        let is_landed = self.deed == Deed::Land;
        let deed = if is_landed { Deed::Release } else { self.deed };
        (deed, self.stream.clone(), self.agent.clone())
    }
}

/// Whether what a command was told is so in this state.
fn is_done(told: &Told, state: &State) -> bool {
    let record = state.get(&told.stream);
    let holder = record.and_then(|record| record.holder.as_ref());
    let is_its = holder.is_some_and(|holder| {
        holder.machine == told.machine
            && told
                .agent
                .as_ref()
                .is_none_or(|agent| *agent == holder.agent)
    });
    match told.deed {
        Deed::Claim | Deed::Add | Deed::TakeOver => is_its,
        Deed::Release => !is_its,
        Deed::Land => record.is_some_and(|record| record.state == "landed" || is_its),
    }
}

/// The deeds that a message of the ledger is about, by its subject as `docs/ledger.md` shows it.
fn deeds_of(message: &str) -> Vec<Key> {
    let subject = message.lines().next().unwrap_or_default();
    let (Some((verb, _)), Some((_, what))) = (subject.split_once(' '), subject.split_once(": "))
    else {
        return Vec::new();
    };
    let deed = match verb {
        "claim" if what.contains(" takes ") || what.contains(" begins round ") => Deed::Claim,
        "claim" if what.contains(" adds ") => Deed::Add,
        "takeover" if what.contains(" takes it from ") => Deed::TakeOver,
        "release" if what.contains(" gives it back") => Deed::Release,
        _other => return Vec::new(),
    };
    let agent = trailers(message, "Agent: ").pop().unwrap_or_default();
    let agent = (!agent.contains('@')).then_some(agent);
    let streams = trailers(message, "Stream: ").into_iter();
    streams
        .map(|stream| (deed, stream, agent.clone()))
        .collect()
}

fn trailers(message: &str, name: &str) -> Vec<String> {
    let values = message.lines().filter_map(|line| line.strip_prefix(name));
    values.map(str::to_owned).collect()
}

/// Reads the lines of all streams' files, as `commit:path:line`.
fn read(lines: &str) -> State {
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    for line in lines.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let path = parts.next().unwrap();
        let name = path.strip_prefix("streams/").unwrap();
        let text = texts
            .entry(name.trim_end_matches(".toml").to_owned())
            .or_default();
        text.push_str(parts.next().unwrap());
        text.push('\n');
    }
    let records = texts.into_iter().map(|(name, text)| {
        let table: toml::Table = toml::from_str(&text).unwrap();
        (name, record(&table))
    });
    records.collect()
}

fn record(table: &toml::Table) -> Record {
    let claim = table.get("claim").map(|claim| claim.as_table().unwrap());
    Record {
        state: table["state"].as_str().unwrap().to_owned(),
        epoch: table["epoch"].as_integer().unwrap(),
        holder: claim.map(|claim| Holder {
            agent: claim["agent"].as_str().unwrap().to_owned(),
            machine: claim["machine"].as_str().unwrap().to_owned(),
            slot: claim["slot"].as_integer().unwrap(),
            files: sets(claim.get("files")),
            away: sets(claim.get("away")),
        }),
    }
}

fn sets(value: Option<&toml::Value>) -> Vec<Vec<String>> {
    let list = |value: &toml::Value| value.as_array().unwrap().clone();
    let text = |value: &toml::Value| value.as_str().unwrap().to_owned();
    let sets = value.map(list).unwrap_or_default();
    sets.iter()
        .map(|set| list(set).iter().map(text).collect())
        .collect()
}

impl Holder {
    fn owns(&self, path: &str) -> bool {
        let is_in = |sets: &[Vec<String>]| sets.iter().any(|set| matches(set, path));
        is_in(&self.files) && !is_in(&self.away)
    }
}

/// A set of whole paths and of directories with `/**`; `!` excludes.
fn matches(set: &[String], path: &str) -> bool {
    let is_one = |pattern: &str| match pattern.strip_suffix("/**") {
        Some(directory) => path
            .strip_prefix(directory)
            .is_some_and(|rest| rest.starts_with('/')),
        None => pattern == path,
    };
    let excluded = set.iter().filter_map(|pattern| pattern.strip_prefix('!'));
    set.iter().any(|pattern| is_one(pattern)) && !excluded.into_iter().any(is_one)
}

fn assert_exclusive(state: &State, message: &str) {
    let held: Vec<(&String, &Holder)> = state
        .iter()
        .filter_map(|(name, record)| Some((name, record.holder.as_ref()?)))
        .collect();
    for (at, (name, one)) in held.iter().enumerate() {
        for (other, two) in &held[at + 1..] {
            let both = PATHS.iter().find(|path| one.owns(path) && two.owns(path));
            assert_eq!(both, None, "{name} and {other} own it after:\n{message}");
            assert_ne!(one.slot, two.slot, "{name} and {other} after:\n{message}");
        }
    }
}

fn assert_epochs(before: &State, after: &State, message: &str) {
    for (name, was) in before {
        let now = after.get(name);
        let now = now.unwrap_or_else(|| panic!("{name} is forgotten after:\n{message}"));
        let whose = |record: &Record| {
            let holder = record.holder.as_ref();
            holder.map(|holder| (holder.agent.clone(), holder.machine.clone()))
        };
        let is_new = now.holder.is_some() && whose(now) != whose(was);
        assert!(
            now.epoch >= was.epoch + i64::from(is_new),
            "{name} has gone from epoch {} to {} by:\n{message}",
            was.epoch,
            now.epoch
        );
    }
}
