//! What do random commands of several machines leave behind, whatever fails while they run?
//!
//! Real commands on clones of one remote, some of them at one instant; the remote refuses, dies
//! before or after it has moved its refs, has them locked, or is away, and commands are killed at
//! one of the gits that they start. What must hold is [`super::model`]'s to say.
//! `GIT_STREAM_CASES` multiplies the number of stories (2 by default); `GIT_STREAM_SEED` tells the
//! one that a failure names again.

use std::collections::BTreeMap;
use std::fs;
use std::panic;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use super::fleet::Fleet;
use super::model::{Deed, Model, Told};
use crate::support::{Call, Kill, Ran, assert_sound, race};

const MACHINES: usize = 3;
const STREAMS: [&str; 4] = ["api", "ui", "core", "text"];
const FILES: [&str; 7] = [
    "src/api/**",
    "src/ui/**",
    "src/**",
    "docs/**",
    "docs/guide.md",
    "src/api/lib.rs",
    "package.json",
];

/// Does once what `trouble` says, while it moves refs: refuses, dies before it has moved them, has
/// the ledger locked, dies after it has moved them.
const PRE_RECEIVE: &str = "rm -f refs/stream/ledger.lock; read -r said 2>/dev/null <trouble
case $said in
refused) rm trouble; echo 'refs are frozen today' >&2; exit 1 ;;
dies) rm trouble; kill -9 $PPID; exit 1 ;;
locked) rm trouble; mkdir -p refs/stream; touch refs/stream/ledger.lock ;;
esac
exit 0";
const TRANSACTION: &str = "[ \"$1\" = committed ] || exit 0
read -r said 2>/dev/null <trouble
[ \"$said\" = silent ] || exit 0
rm trouble; kill -9 $PPID";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Claim,
    Add,
    Release,
    TakeOver,
    Work,
    Sync,
    Land,
    Undo,
    Status,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    None,
    Remote(&'static str),
    Away,
    Killed(Kill),
}

/// One command, and what goes wrong while it runs.
#[derive(Debug, Clone)]
struct Step {
    machine: usize,
    agent: usize,
    stream: usize,
    files: usize,
    what: What,
    trouble: Trouble,
    /// Whether it is about a stream that is held, and done by whoever holds it.
    by_holder: bool,
    /// Whether it starts at one instant with the next one.
    beside: bool,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let what = prop_oneof![
        8 => Just(What::Claim),
        2 => Just(What::Add),
        4 => Just(What::Release),
        2 => Just(What::TakeOver),
        4 => Just(What::Work),
        2 => Just(What::Sync),
        3 => Just(What::Land),
        1 => Just(What::Undo),
        1 => Just(What::Status),
    ];
    let remote = prop::sample::select(&["refused", "dies", "locked", "silent"][..]);
    let kill = (any::<bool>(), 1..16_usize).prop_map(|(before, call)| {
        let kill = if before { Kill::Before } else { Kill::After };
        kill(call)
    });
    let trouble = prop_oneof![
        6 => Just(Trouble::None),
        3 => remote.prop_map(Trouble::Remote),
        1 => Just(Trouble::Away),
        2 => kill.prop_map(Trouble::Killed),
    ];
    let numbers = (0..MACHINES, 0..2_usize, 0..STREAMS.len(), 0..FILES.len());
    let choices = (prop::bool::weighted(0.8), prop::bool::weighted(0.3));
    let step = (numbers, what, trouble, choices).prop_map(
        |((machine, agent, stream, files), what, trouble, (by_holder, beside))| Step {
            machine,
            agent,
            stream,
            files,
            what,
            trouble,
            by_holder,
            beside,
        },
    );
    prop::collection::vec(step, 20..40)
}

/// What the ledger calls a machine; nothing before its first claim.
fn name_of(place: &Path) -> String {
    let name = fs::read_to_string(place.join(".git/git-stream/machine"));
    name.unwrap_or_default().trim().to_owned()
}

/// Clones, and what is known of them.
struct Story {
    fleet: Fleet,
    machines: Vec<PathBuf>,
    model: Model,
}

impl Story {
    fn new() -> Story {
        let fleet = Fleet::new();
        let machines = (0..MACHINES).map(|at| fleet.ready_machine(&format!("m{at}")));
        let machines = machines.collect();
        fleet.hook("pre-receive", PRE_RECEIVE);
        fleet.hook("reference-transaction", TRANSACTION);
        let model = Model::new(&fleet.sandbox, &fleet.remote);
        Story {
            fleet,
            machines,
            model,
        }
    }

    fn agent(step: &Step) -> Option<String> {
        let letter = ["a", "b"][step.agent];
        (step.what != What::TakeOver).then(|| format!("{letter}{}", step.machine))
    }

    fn call(&self, step: &Step) -> Call {
        let (stream, files) = (STREAMS[step.stream], FILES[step.files]);
        let words = match step.what {
            What::Claim => vec!["claim", stream, "--files", files],
            What::Add => vec!["claim", stream, "--add", files],
            What::Release => vec!["release", stream],
            What::TakeOver => vec!["claim", stream, "--takeover", "--reason", "it is gone"],
            What::Sync => vec!["sync", stream],
            What::Land => vec!["land", stream],
            What::Undo => vec!["undo"],
            What::Status | What::Work => vec!["status"],
        };
        let mut call = self.fleet.on(&self.machines[step.machine], &words);
        for time in ["GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"] {
            call = call.without_env(time);
        }
        if let Some(agent) = Story::agent(step) {
            call = call.agent(&agent);
        }
        match step.trouble {
            Trouble::Killed(kill) => call.killed_at(kill),
            Trouble::None | Trouble::Remote(_) | Trouble::Away => call,
        }
    }

    /// The step as whoever holds the stream takes it, where that is what it says.
    fn taken(&self, step: &Step) -> Step {
        let mut step = step.clone();
        let others = [What::Claim, What::TakeOver, What::Undo, What::Status];
        let held = self.model.held();
        if held.is_empty() || !step.by_holder || others.contains(&step.what) {
            return step;
        }
        let (stream, agent, machine) = &held[step.stream % held.len()];
        let mut all = self.machines.iter();
        let found = all.position(|place| name_of(place) == *machine);
        step.machine = found.expect("it is one of these machines");
        step.agent = usize::from(agent.starts_with('b'));
        let mut all = STREAMS.iter();
        step.stream = all.position(|name| name == stream).unwrap();
        step
    }

    /// Commits in a worktree, where there is one; the guard may refuse it.
    fn work(&self, step: &Step) {
        let place = self.machines[step.machine].file_name().unwrap();
        let folder = format!("{}.streams", place.to_str().unwrap());
        let folder = self.fleet.sandbox.root().join(folder);
        let top = folder.join(STREAMS[step.stream]);
        let path = FILES[step.files].replace("**", "new.rs");
        if !top.join(".git").exists() {
            return;
        }
        let path = top.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let before = fs::read_to_string(&path).unwrap_or_default();
        fs::write(&path, format!("{before}more\n")).unwrap();
        let script = "git add --all && git commit --quiet -m Work || git reset --quiet --hard";
        let commit = self.fleet.sandbox.program("sh", ["-c", script]);
        let agent = Story::agent(step).unwrap_or_default();
        assert_eq!(commit.in_dir(&top).agent(&agent).status(), 0);
    }

    /// Some commands at one instant, and what goes wrong meanwhile.
    fn round(&mut self, steps: &[Step]) {
        let steps: Vec<Step> = steps.iter().map(|step| self.taken(step)).collect();
        let away = self.fleet.sandbox.root().join("away.git");
        let trouble = self.fleet.remote.join("trouble");
        let (work, asked): (Vec<&Step>, Vec<&Step>) =
            steps.iter().partition(|step| step.what == What::Work);
        for step in work {
            self.work(step);
        }
        let said = asked.iter().find_map(|step| match step.trouble {
            Trouble::Remote(said) => Some(said),
            Trouble::None | Trouble::Away | Trouble::Killed(_) => None,
        });
        if let Some(said) = said {
            fs::write(&trouble, format!("{said}\n")).unwrap();
        }
        let is_away = asked.iter().any(|step| step.trouble == Trouble::Away);
        if is_away {
            fs::rename(&self.fleet.remote, &away).unwrap();
        }
        let ran = race(asked.iter().map(|step| self.call(step)).collect());
        if is_away {
            fs::rename(&away, &self.fleet.remote).unwrap();
        }
        fs::remove_file(&trouble).ok();
        let told: Vec<Told> = asked
            .iter()
            .zip(&ran)
            .filter_map(|(step, ran)| self.told(step, ran))
            .collect();
        self.model.look(&self.fleet.sandbox, &told);
    }

    fn told(&self, step: &Step, ran: &Ran) -> Option<Told> {
        // It had happened, and another command of the same holder has taken it back since.
        let is_overtaken = ran.stderr().contains("while this command was working");
        let deed = match step.what {
            What::Claim => Deed::Claim,
            What::Add => Deed::Add,
            What::Release => Deed::Release,
            What::TakeOver => Deed::TakeOver,
            What::Land => Deed::Land,
            What::Work | What::Sync | What::Undo | What::Status => return None,
        };
        Some(Told {
            deed,
            stream: STREAMS[step.stream].to_owned(),
            agent: Story::agent(step),
            machine: name_of(&self.machines[step.machine]),
            status: if is_overtaken { 3 } else { ran.status() },
            block: ran.block(),
        })
    }

    /// When all trouble is over, every machine goes on, and nothing is left lying about.
    fn ends(mut self) -> BTreeMap<Deed, usize> {
        let fleet = &self.fleet;
        let mut told = Vec::new();
        for (at, place) in self.machines.iter().enumerate() {
            let (stream, files) = (format!("end{at}"), format!("end/{at}/**"));
            let claim = ["claim", &stream, "--files", &files];
            let ran = fleet.on(place, &claim).agent("z").go();
            ran.succeeded();
            told.push(Told {
                deed: Deed::Claim,
                agent: Some("z".to_owned()),
                machine: name_of(place),
                status: 0,
                block: ran.block(),
                stream,
            });
        }
        self.model.look(&fleet.sandbox, &told);
        for place in &self.machines {
            let git = |args: &[&str]| fleet.sandbox.git_in(place, args);
            assert_sound(&fleet.sandbox, place);
            let left = |name: &str| place.join(".git/git-stream").join(name).exists();
            assert!(!left("pushing.json") && !left("announced.json"));
            git(&[
                "fetch",
                "--quiet",
                "origin",
                "+refs/stream/ledger:refs/test/there",
            ]);
            git(&[
                "merge-base",
                "--is-ancestor",
                "refs/stream/ledger",
                "refs/test/there",
            ]);
        }
        let inbox = ["for-each-ref", "refs/stream/inbox"];
        assert_eq!(fleet.sandbox.git_in(&fleet.remote, &inbox), "");
        // Whoever has a stream gets to its worktree, however its making ended.
        for (stream, agent, machine) in self.model.held() {
            let place = self.machines.iter().find(|place| name_of(place) == machine);
            let place = place.expect("it is one of these machines");
            if !agent.contains('@') {
                let ran = fleet.on(place, &["claim", &stream]).agent(&agent).go();
                let why = ran.block();
                assert!(
                    ran.status() == 0 || why.contains("no patterns were given"),
                    "{why}"
                );
            }
        }
        self.model.seen
    }
}

fn play(steps: &[Step]) -> BTreeMap<Deed, usize> {
    let mut story = Story::new();
    story.model.look(&story.fleet.sandbox, &[]);
    let mut round = Vec::new();
    for step in steps {
        round.push(step.clone());
        if !step.beside {
            story.round(&std::mem::take(&mut round));
        }
    }
    story.round(&round);
    story.ends()
}

/// The story that a number stands for.
fn drawn(seed: u64) -> Vec<Step> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let chance = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(ProptestConfig::default(), chance);
    steps().new_tree(&mut runner).unwrap().current()
}

fn seeds(number: u64) -> std::ops::Range<u64> {
    let set = |name| std::env::var(name).ok().map(|text| text.parse::<u64>());
    if let Some(seed) = set("GIT_STREAM_SEED") {
        let seed = seed.unwrap();
        return seed..seed + 1;
    }
    0..number * set("GIT_STREAM_CASES").map_or(1, Result::unwrap)
}

#[test]
fn machines_agree_whatever_fails() {
    let mut all = BTreeMap::new();
    for seed in seeds(2) {
        let steps = drawn(seed);
        let played = panic::catch_unwind(|| play(&steps));
        let Ok(seen) = played else {
            let steps: Vec<String> = steps.iter().map(|step| format!("{step:?}")).collect();
            panic!("GIT_STREAM_SEED={seed}\n{}", steps.join("\n"));
        };
        for (deed, number) in seen {
            *all.entry(deed).or_insert(0) += number;
        }
    }
    println!("{all:?}");
    assert!(all[&Deed::Claim] > MACHINES && all[&Deed::Release] > 0);
}
