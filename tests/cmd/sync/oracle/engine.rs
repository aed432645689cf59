//! The library against `git rebase`, in one repository for all histories.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::Duration;

use bstr::ByteSlice as _;
use git_stream::git::{Id, Lock, Output, Repo, Stage};
use git_stream::sync::{Range, Replay, Stuck, Verdict, decide};

use super::dice::Dice;
use super::history::History;
use super::{BLIND, is_blind, seeds};
use crate::support::Sandbox;

/// Drivers for the attributes that the histories have.
const DRIVERS: &str = "[merge \"both\"]\n\tdriver = cat %B >>%A\n\
    [merge \"noisy\"]\n\tdriver = echo noise; printf '1\\\\n%%s' x; cat %B >>%A\n\
    [merge \"fails\"]\n\tdriver = exit 1\n";

/// What a user may have configured; some of it must count, and some must not.
const CONFIGURED: [&str; 13] = [
    "[merge]\n\trenames = false\n",
    "[merge]\n\trenames = copies\n",
    "[merge]\n\trenameLimit = 1\n",
    "[diff]\n\trenames = false\n",
    "[diff]\n\trenameLimit = 1\n",
    "[diff]\n\talgorithm = patience\n",
    "[merge]\n\trenormalize = true\n",
    "[merge]\n\tconflictStyle = zdiff3\n",
    "[merge]\n\tdirectoryRenames = true\n",
    "[merge]\n\tdefault = union\n",
    "[i18n]\n\tcommitEncoding = ISO-8859-1\n",
    "[rebase]\n\tautoSquash = true\n\tautoStash = true\n",
    "[diff]\n\torderFile = /nonexistent\n\tnoprefix = true\n",
];
const INFO: [&str; 4] = [
    "",
    "*.txt merge=union\n",
    "lib/** merge=noisy\n",
    "*.txt -text\n",
];

struct Bench {
    sandbox: Sandbox,
    repo: PathBuf,
    config: String,
    rebased: PathBuf,
    lock: Lock,
}

impl Bench {
    fn new(sandbox: Sandbox) -> Bench {
        let repo = sandbox.repo();
        let rebased = sandbox.root().join("rebased");
        sandbox.git(&["commit", "--quiet", "--allow-empty", "-m", "Begin"]);
        let path = rebased.to_str().unwrap();
        sandbox.git(&["worktree", "add", "--quiet", "--detach", path]);
        let who = "[user]\n\tname = Ada\n\temail = ada@example.com\n[gc]\n\tauto = 0\n\
                   [advice]\n\tmergeConflict = false\n[core]\n\thooksPath = /dev/null\n";
        let config = fs::read_to_string(repo.join(".git/config")).unwrap() + who + DRIVERS;
        let lock = Lock::take(&sandbox.root().join("lock"), Duration::ZERO).unwrap();
        Bench {
            sandbox,
            repo,
            config,
            rebased,
            lock,
        }
    }

    /// Makes a history, and what is configured while it is looked at.
    fn make(&self, seed: u64) -> Case<'_> {
        let mut dice = Dice::new(seed);
        let history = History::new(&mut dice);
        let mut config = self.config.clone();
        for _ in 0..dice.roll(3) {
            config.push_str(dice.pick::<&str>(&CONFIGURED));
        }
        fs::write(self.repo.join(".git/config"), &config).unwrap();
        fs::create_dir_all(self.repo.join(".git/info")).unwrap();
        let info = self.repo.join(".git/info/attributes");
        let attributes = if dice.once_in(3) {
            *dice.pick(&INFO)
        } else {
            ""
        };
        fs::write(info, attributes).unwrap();
        let repo = Repo::at(&self.repo).unwrap();
        let marks = self.sandbox.root().join("marks");
        repo.call()
            .args(["fast-import", "--quiet", "--force"])
            .arg(format!("--export-marks={}", marks.display()))
            .run_with_input(&history.input)
            .unwrap();
        let marks = fs::read_to_string(marks).unwrap();
        let mut ids = vec![repo.null_id(); history.commits.len()];
        for line in marks.lines() {
            let (mark, id) = line[1..].split_once(' ').unwrap();
            ids[mark.parse::<usize>().unwrap() - 1] = Id::from_hex(id.as_bytes()).unwrap();
        }
        Case {
            bench: self,
            repo,
            seed,
            history,
            ids,
        }
    }

    /// Throws away what the last history has left.
    fn clear(&self, repo: &Repo) {
        let run = |args: &[&str]| repo.call_in(&self.rebased).args(args).run();
        drop(run(&["rebase", "--quit"]));
        run(&["read-tree", "--empty"]).unwrap();
        for entry in fs::read_dir(&self.rebased).unwrap() {
            let path = entry.unwrap().path();
            if path.file_name().is_some_and(|name| name == ".git") {
                continue;
            }
            if path.is_dir() && !path.is_symlink() {
                fs::remove_dir_all(path).unwrap();
            } else {
                fs::remove_file(path).unwrap();
            }
        }
    }
}

/// One history, in the repository.
struct Case<'a> {
    bench: &'a Bench,
    repo: Repo,
    seed: u64,
    history: History,
    ids: Vec<Id>,
}

impl Case<'_> {
    fn base(&self) -> Id {
        self.ids[self.history.base]
    }

    fn tip(&self) -> Id {
        self.ids[self.history.tip]
    }

    fn verdict(&self) -> Verdict {
        decide(&Range {
            repo: &self.repo,
            worktree: &self.bench.repo,
            base: self.base(),
            tip: self.tip(),
            operation: ("tried", &self.bench.lock),
            registering: &|| {
                let lock = self.bench.sandbox.root().join("registering");
                Ok(Lock::take(&lock, Duration::ZERO)?)
            },
            recall: &|_| Ok(None),
        })
        .unwrap_or_else(|error| panic!("seed {}: {error:?}", self.seed))
    }

    fn rebased(&self, args: &[&str]) -> Output {
        let call = self.repo.call_in(&self.bench.rebased).args(args);
        call.run_allowing(&[0, 1, 128], None).unwrap()
    }

    /// Runs `git rebase`.
    fn rebase(&self) -> Output {
        let tip = self.tip().to_string();
        self.repo
            .call_in(&self.bench.rebased)
            .args(["checkout", "--quiet", "--force", "--detach", &tip])
            .run()
            .unwrap();
        let base = self.base().to_string();
        let mut words = vec!["-c", "merge.directoryRenames=false"];
        let landed = self.history.landed();
        let from = landed.map_or(base.clone(), |one| self.ids[one].to_string());
        let leave_out = landed.map(|one| self.leave_out(one)).unwrap_or_default();
        let editor = format!("sequence.editor=sed -i {leave_out}");
        if leave_out.is_empty() {
            words.push("rebase");
        } else {
            words.extend(["-c", &editor, "rebase", "--interactive", "--empty=drop"]);
        }
        words.extend(["--no-fork-point", "--onto", &base, &from]);
        self.rebased(&words)
    }

    /// What a rebase from the landed part on would pick, and a rebase of it all would not: what a
    /// commit of the base does as well. In the words of `sed`, to edit the list of picks.
    fn leave_out(&self, landed: usize) -> String {
        let range = format!("{}...{}", self.base(), self.tip());
        let not = format!("^{}", self.ids[landed]);
        let words = ["rev-list", "--cherry-mark", "--right-only", &range, &not];
        let output = self.rebased(&words).stdout.to_str_lossy().into_owned();
        let same = output.lines().filter_map(|line| line.strip_prefix('='));
        let is_empty = |id: &str| {
            let at = self
                .ids
                .iter()
                .position(|one| *one == Id::from_hex(id.as_bytes()).unwrap())
                .unwrap();
            let commit = &self.history.commits[at];
            self.history.commits[commit.parents[0]].tree == commit.tree
        };
        let dropped = same.filter(|id| !is_empty(id));
        dropped
            .map(|id| format!("-e 's/^pick {0}/drop {0}/' ", &id[..7]))
            .collect()
    }

    fn log(&self, to: &str, format: &str) -> String {
        let base = format!("{}..{to}", self.base());
        let format = format!("--format={format}");
        let words = ["log", "--topo-order", "--date=raw", &format, &base];
        let output = self.rebased(&words);
        output.stdout.to_str_lossy().into_owned()
    }

    /// Compares; answers the verdict, and what happened besides.
    fn compare(&self) -> String {
        let verdict = self.verdict();
        let behind = self.history.ancestors(self.history.tip);
        match &verdict {
            Verdict::UpToDate { .. } => {
                assert!(behind.contains(&self.history.base), "seed {}", self.seed);
                return "up to date".to_owned();
            }
            Verdict::Contained => {
                let theirs = self.history.ancestors(self.history.base);
                assert!(theirs.contains(&self.history.tip), "seed {}", self.seed);
                return "contained".to_owned();
            }
            Verdict::Moves(_) | Verdict::Stuck(_) => {}
        }
        let expected = self.rebase();
        if is_blind(&expected.stderr) {
            return BLIND.to_owned();
        }
        let context = format!("seed {}: {expected:?}\n{verdict:#?}", self.seed);
        match &verdict {
            Verdict::Moves(replay) => {
                assert_eq!(expected.status, 0, "{context}");
                self.same_result(replay, &context);
            }
            Verdict::Stuck(stuck) => {
                assert_eq!(expected.status, 1, "{context}");
                self.same_conflict(stuck, &context);
            }
            Verdict::UpToDate { .. } | Verdict::Contained => unreachable!(),
        }
        let moves = matches!(verdict, Verdict::Moves(_));
        let mut shown = String::from(if moves { "moves" } else { "stuck" });
        if self.history.landed().is_some() {
            write!(shown, ", landed in part").unwrap();
        }
        shown
    }

    fn same_result(&self, replay: &Replay, context: &str) {
        let ours = replay.new.to_string();
        for format in ["%T", "%an <%ae> %ad%n%B%x00"] {
            let (ours, theirs) = (self.log(&ours, format), self.log("HEAD", format));
            assert_eq!(ours, theirs, "{context}");
        }
        for picked in &replay.picked {
            let (old, new) = (self.commit(picked.old), self.commit(picked.new));
            assert_eq!(old.author, new.author, "{context}");
            assert_eq!(old.encoding, new.encoding, "{context}");
            assert_eq!(old.message, new.message, "{context}");
        }
    }

    fn commit(&self, id: Id) -> git_stream::git::Commit {
        self.repo.commit(id).unwrap()
    }

    fn same_conflict(&self, stuck: &Stuck, context: &str) {
        let at = self.rebased(&["rev-parse", "REBASE_HEAD"]).line();
        assert_eq!(stuck.commit.to_string(), at, "{context}");
        let listing = self.rebased(&["ls-files", "--unmerged", "-z"]).stdout;
        let mut theirs: Vec<String> = listing
            .split_str("\0")
            .filter(|line| !line.is_empty())
            .map(|line| real(&line.to_str_lossy()))
            .collect();
        let shown = |stage: &Stage| {
            let path = stuck.real_path(&stage.path);
            format!("{:06o} {} {}\t{path}", stage.mode, stage.id, stage.stage)
        };
        let mut ours: Vec<String> = stuck.conflict.stages.iter().map(shown).collect();
        ours.sort();
        theirs.sort();
        assert_eq!(ours, theirs, "{context}");
    }
}

/// Without the name that git makes up where both sides have to be beside one another.
fn real(line: &str) -> String {
    match line.rsplit_once('~') {
        Some((path, _side)) => path.to_owned(),
        None => line.to_owned(),
    }
}

/// What was told apart from `git rebase` once: attributes that both sides change, where
/// `merge.renormalize` makes git go by what becomes of them.
const FOUND: [u64; 1] = [377];

fn compare_all(sandbox: Sandbox) -> BTreeMap<String, usize> {
    let bench = Bench::new(sandbox);
    let mut verdicts: BTreeMap<String, usize> = BTreeMap::new();
    let mut different = Vec::new();
    for seed in seeds(60).chain(FOUND) {
        let case = bench.make(seed);
        // All of them are tried, so that one run says all there is to mend.
        match catch_unwind(AssertUnwindSafe(|| case.compare())) {
            Ok(verdict) => *verdicts.entry(verdict).or_default() += 1,
            Err(_told_already) => different.push(seed),
        }
        bench.clear(&case.repo);
    }
    assert!(different.is_empty(), "seeds: {different:?}; {verdicts:?}");
    verdicts
}

#[test]
fn it_decides_as_git_rebase_does() {
    let verdicts = compare_all(Sandbox::unborn());
    println!("verdicts: {verdicts:?}");
    for wanted in ["moves", "stuck"] {
        assert!(verdicts.contains_key(wanted), "{verdicts:?}");
    }
    let blind = verdicts.get(BLIND).copied().unwrap_or_default();
    assert!(10 * blind < verdicts.values().sum(), "{verdicts:?}");
}
