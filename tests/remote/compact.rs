//! Does a ledger that was shortened stay the same ledger, for every machine and whatever happens?

use std::collections::BTreeSet;
use std::path::Path;

use insta::assert_snapshot;

use super::fleet::{Fleet, without_ids};
use crate::support::{Call, assert_sound, for_every_git_call, race};

const LEDGER: &str = "refs/stream/ledger";
const COMPACT: [&str; 2] = ["doctor", "--compact"];

fn claim(fleet: &Fleet, machine: &Path, stream: &str) -> Call {
    let files = format!("src/{stream}/**");
    fleet
        .on(machine, &["claim", stream, "--files", &files])
        .agent("a1")
}

fn tip(fleet: &Fleet, at: &Path) -> String {
    let tip = fleet.sandbox.git_in(at, &["rev-parse", LEDGER]);
    tip.trim().to_owned()
}

fn length(fleet: &Fleet, at: &Path) -> usize {
    let count = fleet.sandbox.git_in(at, &["rev-list", "--count", LEDGER]);
    count.trim().parse().unwrap()
}

/// The streams whose claim is told of on the remote, before or after a seam.
fn taken(fleet: &Fleet) -> BTreeSet<String> {
    let all = ["log", "--format=%s", "--glob=refs/stream/history/", LEDGER];
    let log = fleet.sandbox.git_in(&fleet.remote, &all);
    let took = log.lines().filter(|subject| subject.contains(" takes "));
    let name = |subject: &str| {
        Some(
            subject
                .strip_prefix("claim ")?
                .split_once(':')?
                .0
                .to_owned(),
        )
    };
    took.filter_map(name).collect()
}

/// The refs of old chains on the remote that no seam names.
fn kept_for_nothing(fleet: &Fleet) -> Vec<String> {
    let git = |words: &[&str]| fleet.sandbox.git_in(&fleet.remote, words);
    let format = "--format=%(trailers:key=Compacts,valueonly)";
    let named = git(&["log", format, "--glob=refs/stream/history/", LEDGER]);
    let kept = git(&[
        "for-each-ref",
        "--format=%(objectname)",
        "refs/stream/history/",
    ]);
    let kept = kept.lines().filter(|kept| !named.contains(kept));
    kept.map(str::to_owned).collect()
}

#[test]
fn every_machine_goes_on_with_a_ledger_that_was_shortened() {
    let fleet = Fleet::new();
    let (one, two) = (fleet.ready_machine("one"), fleet.ready_machine("two"));
    claim(&fleet, &two, "ui").go().succeeded();
    // What the other machine does not know yet is behind the seam as well.
    claim(&fleet, &one, "api").go().succeeded();
    let before = length(&fleet, &one);
    let dry = fleet
        .on(&one, &["doctor", "--compact", "--dry-run"])
        .block();
    assert_snapshot!(dry, @"
    $ cd $ROOT/one && git stream doctor --compact --dry-run
    would keep 3 events of the ledger as refs/stream/history/$OID1, and as refs/stream/history/$OID1 on the remote
    [status 0]
    ");
    assert_eq!(length(&fleet, &fleet.remote), before);
    let done = fleet.on(&one, &COMPACT).go();
    done.succeeded();
    assert_eq!(length(&fleet, &fleet.remote), 1);
    let kept = [
        "for-each-ref",
        "--format=%(objectname)",
        "refs/stream/history/",
    ];
    let kept = fleet.sandbox.git_in(&fleet.remote, &kept);
    let state = |tip: &str| {
        fleet
            .sandbox
            .git_in(&fleet.remote, &["rev-parse", &format!("{tip}^{{tree}}")])
    };
    assert_eq!(state(kept.trim()), state(LEDGER));

    claim(&fleet, &two, "docs").go().succeeded();
    let log = fleet.on(&two, &["log", "--verbose"]).go();
    let told = log.stdout();
    for what in [
        "takes src/docs",
        "compact: what was before",
        "takes src/api",
        "takes src/ui",
        "set up",
    ] {
        assert!(told.contains(what), "{what}: {told}");
    }
    let fresh = fleet.ready_machine("fresh");
    assert_eq!(length(&fleet, &fresh), length(&fleet, &fleet.remote));
    // What was before the seam does not come along.
    let refs = ["for-each-ref", "--contains", kept.trim()];
    assert_eq!(fleet.sandbox.git_in(&fresh, &refs), "");
    assert_ne!(fleet.sandbox.git_in(&two, &refs), "");
    let refused = fleet
        .on(&fresh, &["claim", "all", "--files", "src/**"])
        .agent("a2")
        .go();
    assert_eq!(refused.status(), 4, "{}", refused.block());
    assert_eq!(
        taken(&fleet),
        ["api", "docs", "ui"].map(str::to_owned).into()
    );
    // Twice in a row, and over two seams.
    fleet.on(&fresh, &COMPACT).go().succeeded();
    fleet.on(&two, &COMPACT).go().succeeded();
    claim(&fleet, &one, "web").go().succeeded();
    let log = fleet.on(&one, &["log", "--verbose"]).go().stdout();
    assert!(
        log.contains("takes src/docs") && log.contains("set up"),
        "{log}"
    );
    for machine in [&one, &two, &fresh] {
        assert_sound(&fleet.sandbox, machine);
    }
}

/// A fresh clone has nothing of what was before the seam: it says so, and how to get it.
#[test]
fn what_was_done_before_the_seam_is_taken_back_where_it_is_known() {
    let fleet = Fleet::new();
    let one = fleet.ready_machine("one");
    claim(&fleet, &one, "api").go().succeeded();
    let release = ["release", "api"];
    fleet.on(&one, &release).agent("a1").go().succeeded();
    fleet.on(&one, &COMPACT).go().succeeded();
    let fresh = fleet.ready_machine("fresh");
    // A clone by path has got objects that no ref leads to.
    fleet.sandbox.git_in(&fresh, &["prune", "--expire=now"]);
    let log = fleet.on(&one, &["log", "--json"]).go().stdout();
    let released = log.lines().find(|line| line.contains("release")).unwrap();
    let released: serde_json::Value = serde_json::from_str(released).unwrap();
    let op = released["op"].as_str().unwrap().to_owned();
    for words in [vec!["undo"], vec!["undo", "--op", &op]] {
        let refused = fleet.on(&fresh, &words).agent("a1").go();
        assert_eq!(refused.status(), 1, "{}", refused.block());
        let hint = "get it with `git fetch origin 'refs/stream/history/*:refs/stream/history/*'`";
        assert!(refused.stderr().contains(hint), "{}", refused.block());
    }
    let history = "refs/stream/history/*:refs/stream/history/*";
    fleet
        .sandbox
        .git_in(&fresh, &["fetch", "-q", "origin", history]);
    // It is known now, and is the other machine's: its worktree was there.
    let known = fleet.on(&fresh, &["undo", "--op", &op]).agent("a1").go();
    assert_eq!(known.status(), 1, "{}", known.block());
    assert!(
        known.stderr().contains("on another machine"),
        "{}",
        known.block()
    );
    assert_sound(&fleet.sandbox, &fresh);
    fleet
        .on(&one, &["undo", "--op", &op])
        .agent("a1")
        .go()
        .succeeded();
}

#[test]
fn what_merely_looks_like_it_is_not_followed() {
    let fleet = Fleet::new();
    let (one, two) = (fleet.ready_machine("one"), fleet.ready_machine("two"));
    let fork = tip(&fleet, &fleet.remote);
    claim(&fleet, &two, "ui").go().succeeded();
    fleet
        .on(&two, &["progress", "ui", "--complete"])
        .agent("a1")
        .go()
        .succeeded();
    let real = tip(&fleet, &fleet.remote);
    let server = |words: &[&str]| fleet.sandbox.git_in(&fleet.remote, words).trim().to_owned();
    let forged = |tree: &str, named: &str, parents: &[&str]| {
        let tree = format!("{tree}^{{tree}}");
        let message = format!("compact: forged\n\nAgent: eve\nCompacts: {named}\n");
        let mut words = vec!["commit-tree", &tree, "-m", &message];
        for parent in parents {
            words.extend(["-p", parent]);
        }
        server(&words)
    };
    let keep = |named: &str, at: &str| {
        server(&["update-ref", &format!("refs/stream/history/{named}"), at]);
    };
    // On the same entry, without what has come after it.
    let other = server(&[
        "commit-tree",
        &format!("{real}^{{tree}}"),
        "-p",
        &fork,
        "-m",
        "Other",
    ]);
    let before = format!("{real}~1");
    let before = server(&["rev-parse", &before]);
    let cases = [
        ("another state", forged(&fork, &real, &[]), (&real, &real)),
        (
            "less than was acknowledged",
            forged(&before, &before, &[]),
            (&before, &before),
        ),
        (
            "another chain with this state",
            forged(&real, &other, &[]),
            (&other, &other),
        ),
        ("nothing", forged(&real, "", &[]), (&real, &real)),
        (
            "what is kept by this name is other",
            forged(&real, &real, &[]),
            (&real, &fork),
        ),
        (
            "it stands on something",
            forged(&real, &real, &[&fork]),
            (&real, &real),
        ),
    ];
    for (why, commit, (named, at)) in cases {
        keep(named, at);
        server(&["update-ref", LEDGER, &commit]);
        let asked = claim(&fleet, &two, "more").go();
        assert_eq!(asked.status(), 5, "{why}: {}", asked.block());
        assert_eq!(tip(&fleet, &two), real, "{why}");
        server(&["update-ref", "-d", &format!("refs/stream/history/{named}")]);
    }
    let right = forged(&real, &real, &[]);
    server(&["update-ref", LEDGER, &right]);
    let asked = claim(&fleet, &two, "more").go();
    assert_eq!(asked.status(), 5, "it is not kept: {}", asked.block());
    keep(&real, &real);
    claim(&fleet, &two, "more").go().succeeded();
    claim(&fleet, &one, "other").go().succeeded();
}

#[test]
fn one_that_dies_has_changed_nothing_or_everything() {
    let mut spare = 0;
    let calls = for_every_git_call(|kill| {
        let fleet = Fleet::new();
        let (one, two) = (fleet.ready_machine("one"), fleet.ready_machine("two"));
        claim(&fleet, &two, "ui").go().succeeded();
        let compact = fleet.on(&one, &COMPACT).killed_at(kill).go();
        let killed = compact.was_killed();
        claim(&fleet, &two, "docs").go().succeeded();
        claim(&fleet, &one, "api").go().succeeded();
        spare += kept_for_nothing(&fleet).len();
        fleet.on(&one, &COMPACT).go().succeeded();
        assert_eq!(kept_for_nothing(&fleet), Vec::<String>::new(), "{kill:?}");
        claim(&fleet, &two, "web").go().succeeded();
        let all = ["api", "docs", "ui", "web"].map(str::to_owned);
        assert_eq!(taken(&fleet), all.into(), "{kill:?}");
        for machine in [&one, &two] {
            assert_sound(&fleet.sandbox, machine);
            assert!(
                !machine.join(".git/git-stream/pushing.json").exists(),
                "{kill:?}"
            );
        }
        killed
    });
    assert!(calls >= 5, "{calls}");
    assert!(spare > 0, "it has died between its pushes as well");
}

#[test]
fn of_several_at_once_one_shortens_it_and_no_claim_is_lost() {
    let fleet = Fleet::new();
    let machines: Vec<_> = (0..4)
        .map(|at| fleet.ready_machine(&format!("m{at}")))
        .collect();
    claim(&fleet, &machines[0], "first").go().succeeded();
    let mut calls: Vec<Call> = machines.iter().map(|at| fleet.on(at, &COMPACT)).collect();
    for (number, machine) in machines.iter().enumerate() {
        calls.push(claim(&fleet, machine, &format!("s{number}")));
    }
    for ran in race(calls) {
        assert!([0, 4].contains(&ran.status()), "{}", ran.block());
    }
    for (number, machine) in machines.iter().enumerate() {
        claim(&fleet, machine, &format!("s{number}"))
            .go()
            .succeeded();
    }
    let all = ["first", "s0", "s1", "s2", "s3"].map(str::to_owned);
    assert_eq!(taken(&fleet), all.into());
    for machine in &machines {
        assert_sound(&fleet.sandbox, machine);
    }
}

#[test]
fn where_a_server_takes_branches_only_the_old_chain_is_one() {
    let fleet = Fleet::with_plan("ledger = \"refs/heads/stream-ledger\"\n");
    let (one, two) = (fleet.ready_machine("one"), fleet.ready_machine("two"));
    claim(&fleet, &two, "ui").go().succeeded();
    fleet.on(&one, &COMPACT).go().succeeded();
    claim(&fleet, &two, "api").go().succeeded();
    let kept = fleet.sandbox.git_in(
        &fleet.remote,
        &[
            "for-each-ref",
            "--format=%(refname) %(objectname)",
            "refs/heads/stream-history/",
        ],
    );
    let (name, id) = kept.trim().split_once(' ').unwrap();
    assert_eq!(name, format!("refs/heads/stream-history/{id}"));
}

#[test]
fn a_server_that_judges_takes_it_and_nothing_like_it() {
    let fleet = Fleet::new();
    let (one, two) = (fleet.ready_machine("one"), fleet.ready_machine("two"));
    claim(&fleet, &two, "ui").go().succeeded();
    let init = ["init", "--server"];
    fleet.on(&fleet.remote, &init).go().succeeded();
    let old = tip(&fleet, &fleet.remote);
    let kept = format!("refs/stream/history/{old}");
    let push = |refspec: &str| {
        let words = ["push", "-q", "--force", "origin", refspec];
        fleet.sandbox.program("git", words).in_dir(&one).status() == 0
    };
    fleet
        .sandbox
        .git_in(&one, &["fetch", "-q", "origin", LEDGER]);
    let message = format!("compact: forged\n\nCompacts: {old}\n");
    let forged = fleet.sandbox.git_in(
        &one,
        &["commit-tree", &format!("{old}^{{tree}}"), "-m", &message],
    );
    let forged = format!("{}:{LEDGER}", forged.trim());
    assert!(!push(&forged), "nothing keeps the chain before");
    assert!(!push(&format!("{old}~1:{kept}")), "not by this name");
    fleet.on(&one, &COMPACT).go().succeeded();
    assert_eq!(length(&fleet, &fleet.remote), 1);
    assert!(!push(&format!(":{kept}")), "it is kept");
    assert!(!push(&format!("{old}~1:{kept}")), "it is kept");
    assert!(!push(&format!("{old}:{LEDGER}")), "it does not go back");
    claim(&fleet, &two, "api").go().succeeded();
}

#[test]
fn a_server_that_does_not_take_it_keeps_the_ledger_as_it_was() {
    let fleet = Fleet::new();
    let one = fleet.ready_machine("one");
    claim(&fleet, &one, "ui").go().succeeded();
    let before = length(&fleet, &fleet.remote);
    fleet.hook(
        "update",
        "case $1 in refs/stream/history/*) echo closed; exit 1;; esac",
    );
    let refused = fleet.on(&one, &COMPACT).block();
    assert_snapshot!(without_ids(&refused), @r#"
    $ cd $ROOT/one && git stream doctor --compact
    --- stderr ---
    error: the remote 'origin' does not take refs/stream/history/$OID1: [remote rejected] (hook declined): closed; error: hook declined to update refs/stream/history/$OID1
    hint: Nothing was changed; where a server takes no refs but branches, set `ledger = "refs/heads/stream-ledger"` in the plan.
    [status 5]
    "#);
    assert!(length(&fleet, &fleet.remote) >= before);
    claim(&fleet, &one, "api").go().succeeded();
}
