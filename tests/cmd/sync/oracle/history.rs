//! A history of a stream and of its base: who did what, on which side, in which order.
//!
//! It is known here as a graph of trees, so that what `git` says about it can be checked without
//! asking git.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::dice::Dice;
use super::tree::{self, SUBMODULE, Tree};

/// One commit.
pub(super) struct Made {
    pub(super) parents: Vec<usize>,
    pub(super) tree: Tree,
}

/// All commits, in the order in which they are made; `base` and `tip` are the two ends.
pub(super) struct History {
    pub(super) commits: Vec<Made>,
    pub(super) base: usize,
    pub(super) tip: usize,
    submodules: bool,
    /// For `git fast-import`; the mark of a commit is its place, beginning at 1.
    pub(super) input: Vec<u8>,
}

/// Words of a commit, in its own encoding.
const MESSAGES: [(&str, &[u8]); 7] = [
    ("", b"Plain\n"),
    ("", b"With a body  \n\n# and more\n\n\n"),
    ("", b"No line end"),
    ("", b""),
    ("", b"\n\n  Begins late\n"),
    ("", "Übrigens\n\nnaïve\n".as_bytes()),
    ("ISO-8859-1", b"\xdcbrigens\n\nna\xefve\n"),
];
const ZONES: [&str; 4] = ["+0000", "+0545", "-0330", "+1400"];

impl History {
    pub(super) fn new(dice: &mut Dice) -> History {
        History::made(dice, true)
    }

    pub(super) fn without_submodules(dice: &mut Dice) -> History {
        History::made(dice, false)
    }

    fn made(dice: &mut Dice, submodules: bool) -> History {
        let mut made = History {
            commits: Vec::new(),
            base: 0,
            tip: 0,
            submodules,
            input: Vec::new(),
        };
        let start = tree::first(dice);
        made.add(dice, Vec::new(), start);
        for _ in 0..dice.roll(3) {
            made.base = made.edited(dice, made.base);
        }
        // Mostly the stream began earlier than the base has come.
        made.tip = dice.roll(made.base + 1);
        let start = made.tip;
        let early = made.base;
        for _ in 0..=dice.roll(5) {
            made.work(dice, early);
        }
        for _ in 0..=dice.roll(4) {
            made.advance(dice, start);
        }
        made
    }

    /// One more commit of the stream, or a merge.
    fn work(&mut self, dice: &mut Dice, early: usize) {
        let tip = self.tip;
        self.tip = match dice.roll(14) {
            0 => self.empty(dice, tip),
            1 => self.taken_back(dice, tip),
            // It merges its base, by hand.
            2 if !self.ancestors(tip).contains(&early) => self.merged(dice, tip, early),
            // It merges a side branch of its own.
            3 => {
                let from = *dice.pick(&self.ancestors(tip).into_iter().collect::<Vec<_>>());
                let side = self.edited(dice, from);
                self.merged(dice, tip, side)
            }
            _ => self.edited(dice, tip),
        };
    }

    /// One more commit of the base.
    fn advance(&mut self, dice: &mut Dice, start: usize) {
        let base = self.base;
        let own = self.own();
        self.base = match dice.roll(12) {
            0 => self.empty(dice, base),
            1 => self.taken_back(dice, base),
            // What the stream has done already: one commit of it, or all of it up to there.
            2 | 3 if !own.is_empty() => {
                let one = *dice.pick(&own);
                let before = self.commits[one].parents[0];
                self.copied(dice, base, before, one)
            }
            4 if !own.is_empty() => {
                let one = *dice.pick(&own);
                self.copied(dice, base, start, one)
            }
            5 if !own.is_empty() && dice.once_in(3) => {
                let one = *dice.pick(&own);
                self.merged(dice, base, one)
            }
            6 => {
                let side = self.edited(dice, base);
                let other = self.edited(dice, base);
                self.merged(dice, other, side)
            }
            _ => self.edited(dice, base),
        };
    }

    /// The stream's commits, along first parents, oldest first.
    fn own(&self) -> Vec<usize> {
        let behind = self.ancestors(self.base);
        let mut own: Vec<usize> = self.first_parents(self.tip);
        own.retain(|one| !behind.contains(one) && !self.commits[*one].parents.is_empty());
        own.reverse();
        own
    }

    fn edited(&mut self, dice: &mut Dice, parent: usize) -> usize {
        let mut tree = self.commits[parent].tree.clone();
        for _ in 0..=dice.roll(2) {
            tree::step(dice, &mut tree);
        }
        self.add(dice, vec![parent], tree)
    }

    fn empty(&mut self, dice: &mut Dice, parent: usize) -> usize {
        let tree = self.commits[parent].tree.clone();
        self.add(dice, vec![parent], tree)
    }

    fn taken_back(&mut self, dice: &mut Dice, parent: usize) -> usize {
        let Some(before) = self.commits[parent].parents.first().copied() else {
            return self.edited(dice, parent);
        };
        let tree = self.commits[before].tree.clone();
        self.add(dice, vec![parent], tree)
    }

    /// A commit on `parent` that does what leads from one commit to another.
    fn copied(&mut self, dice: &mut Dice, parent: usize, from: usize, to: usize) -> usize {
        let mut tree = self.commits[parent].tree.clone();
        tree::replay(&mut tree, &self.commits[from].tree, &self.commits[to].tree);
        self.add(dice, vec![parent], tree)
    }

    fn merged(&mut self, dice: &mut Dice, one: usize, other: usize) -> usize {
        let mut tree = self.commits[one].tree.clone();
        let common = self.merge_bases(one, other);
        let from = &self.commits[common[0]].tree;
        tree::replay(&mut tree, from, &self.commits[other].tree);
        self.add(dice, vec![one, other], tree)
    }

    fn add(&mut self, dice: &mut Dice, parents: Vec<usize>, mut tree: Tree) -> usize {
        tree.retain(|_, (mode, _)| self.submodules || *mode != SUBMODULE);
        let at = self.commits.len();
        self.write(dice, at, &parents, &tree);
        self.commits.push(Made { parents, tree });
        at
    }

    /// The commit in the words of `git fast-import`.
    fn write(&mut self, dice: &mut Dice, at: usize, parents: &[usize], tree: &Tree) {
        let (encoding, message) = *dice.pick(&MESSAGES);
        let message = if message.is_empty() {
            Vec::new()
        } else {
            [format!("{at} ").as_bytes(), message].concat()
        };
        // Clocks are not always right.
        let when = 1_700_000_000 + 100 * at + dice.roll(3) * 90;
        let zone = dice.pick(&ZONES);
        let mut head = format!("commit refs/heads/made\nmark :{}\n", at + 1);
        writeln!(head, "author Author {at} <a{at}@example.com> {when} {zone}").unwrap();
        writeln!(head, "committer Ada <ada@example.com> {when} +0000").unwrap();
        if !encoding.is_empty() {
            writeln!(head, "encoding {encoding}").unwrap();
        }
        writeln!(head, "data {}", message.len()).unwrap();
        self.input.extend(head.bytes());
        self.input.extend(message);
        let mut links = String::from("\n");
        for (at, parent) in parents.iter().enumerate() {
            let word = if at == 0 { "from" } else { "merge" };
            writeln!(links, "{word} :{}", parent + 1).unwrap();
        }
        self.input.extend(links.bytes());
        self.input.extend(b"deleteall\n");
        for (path, (mode, content)) in tree {
            if *mode == SUBMODULE {
                let id = String::from_utf8_lossy(content);
                self.input.extend(format!("M {mode} {id} {path}\n").bytes());
                continue;
            }
            let line = format!("M {mode} inline {path}\ndata {}\n", content.len());
            self.input.extend(line.bytes());
            self.input.extend_from_slice(content);
            self.input.push(b'\n');
        }
        self.input.push(b'\n');
    }

    /// The commit and everything before it.
    pub(super) fn ancestors(&self, of: usize) -> BTreeSet<usize> {
        let (mut found, mut todo) = (BTreeSet::new(), vec![of]);
        while let Some(one) = todo.pop() {
            if found.insert(one) {
                todo.extend(&self.commits[one].parents);
            }
        }
        found
    }

    /// The commit and its first parents, newest first.
    fn first_parents(&self, of: usize) -> Vec<usize> {
        std::iter::successors(Some(of), |at| self.commits[*at].parents.first().copied()).collect()
    }

    pub(super) fn merge_bases(&self, one: usize, other: usize) -> Vec<usize> {
        let theirs = self.ancestors(other);
        let common: Vec<usize> = self.ancestors(one).intersection(&theirs).copied().collect();
        let is_best = |at: &usize| {
            let others = common.iter().filter(|other| *other != at);
            others
                .into_iter()
                .all(|other| !self.ancestors(*other).contains(at))
        };
        common.iter().copied().filter(is_best).collect()
    }

    /// The newest commit of the stream that the base has as it is, found the long way: by looking
    /// at every pair.
    pub(super) fn landed(&self) -> Option<usize> {
        let [fork] = self.merge_bases(self.base, self.tip)[..] else {
            return None;
        };
        let behind = self.ancestors(fork);
        let mut trunk = self.first_parents(self.base);
        let since = trunk.iter().take_while(|one| !behind.contains(one)).count();
        trunk.truncate(since + 1);
        let net = self.changed(fork, self.base);
        self.first_parents(self.tip).into_iter().find(|one| {
            let paths = self.changed(fork, *one);
            let before = self.commits[*one].parents.first();
            let is_empty = before.is_none_or(|b| self.commits[*b].tree == self.commits[*one].tree);
            let equals = |at: usize| {
                let (theirs, ours) = (&self.commits[at].tree, &self.commits[*one].tree);
                paths.iter().all(|path| theirs.get(path) == ours.get(path))
            };
            *one != fork
                && self.ancestors(*one).contains(&fork)
                && !is_empty
                && paths.iter().any(|path| net.contains(path))
                && trunk
                    .windows(2)
                    .any(|pair| equals(pair[0]) && !equals(pair[1]))
        })
    }

    fn changed(&self, from: usize, to: usize) -> BTreeSet<String> {
        let (from, to) = (&self.commits[from].tree, &self.commits[to].tree);
        let paths = from.keys().chain(to.keys());
        paths
            .filter(|path| from.get(*path) != to.get(*path))
            .cloned()
            .collect()
    }
}
