//! What does `git stream init` find out about the remote?

use std::fs;

use insta::assert_snapshot;

use super::fleet::Fleet;

/// What `init` says of a remote that is set up already, and which refs it leaves there.
fn found(fleet: &Fleet, machine: &str) -> String {
    let machine = fleet.sandbox.root().join(machine);
    let block = fleet.on(&machine, &["init"]).block();
    let list = ["for-each-ref", "--format=%(refname)"];
    let left = fleet.sandbox.git_in(&fleet.remote, &list);
    let left: Vec<&str> = left.lines().filter(|name| name.contains("probe")).collect();
    format!("{}\nleft: {}\n", block.trim_end(), left.len())
}

#[test]
fn a_remote_that_can_do_everything() {
    let fleet = Fleet::new();
    let machine = fleet.machine("one");
    let first = fleet.on(&machine, &["init"]).go();
    first.succeeded();
    assert!(
        first
            .block()
            .contains("'origin' takes refs below refs/stream/probe/")
    );
    assert_snapshot!(found(&fleet, "one"), @"
    $ cd $ROOT/one && git stream init
    nothing to do: everything is set up
    --- stderr ---
    'origin' takes refs below refs/stream/probe/, moves several of them in one step, and removes them
    [status 0]
    left: 0
    ");
    let object = fleet.on(&machine, &["init", "--json"]).json();
    let expected = serde_json::json!({
        "name": "origin", "answers": true, "takes": true, "together": true, "removes": true,
        "why": null,
    });
    assert_eq!(object["remote"], expected);
}

#[test]
fn one_that_takes_branches_only() {
    let fleet = Fleet::new();
    fleet.ready_machine("one");
    let script = "case \"$1\" in refs/stream/*) echo 'branches only' >&2; exit 1;; esac";
    fleet.hook("update", script);
    assert_snapshot!(found(&fleet, "one"), @r#"
    $ cd $ROOT/one && git stream init
    nothing to do: everything is set up
    --- stderr ---
    'origin' does not take refs below refs/stream/probe/: [remote rejected] (hook declined): branches only; error: hook declined to update refs/stream/probe/$OP-1
    hint: Set `ledger = "refs/heads/stream-ledger"` in the plan, commit it to the base, and run `git stream init` again.
    [status 0]
    left: 0
    "#);
    // Where the ledger is not there yet, it cannot be set up before the plan says so.
    let other = Fleet::new();
    other.hook("update", script);
    let machine = other.machine("two");
    let refused = other.on(&machine, &["init"]).go();
    assert_eq!(refused.status(), 5);
    assert!(
        refused
            .block()
            .contains("set `ledger = \"refs/heads/stream-ledger\"`")
    );
    let branches = Fleet::with_plan("ledger = \"refs/heads/stream-ledger\"\n");
    branches.hook("update", script);
    let machine = branches.machine("three");
    let init = branches.on(&machine, &["init"]).go();
    init.succeeded();
    let says =
        "'origin' takes refs below refs/heads/stream-probe/, moves several of them in one step";
    assert!(init.block().contains(says), "{}", init.block());
}

#[test]
fn one_that_moves_one_ref_at_a_time() {
    let fleet = Fleet::new();
    fleet.ready_machine("one");
    let config = ["config", "receive.advertiseAtomic", "false"];
    fleet.sandbox.git_in(&fleet.remote, &config);
    assert_snapshot!(found(&fleet, "one"), @"
    $ cd $ROOT/one && git stream init
    nothing to do: everything is set up
    --- stderr ---
    'origin' takes refs below refs/stream/probe/, moves one of them at a time, and removes them
    hint: A landing moves the base first, and the ledger is told then; a crowd of machines takes longer.
    [status 0]
    left: 0
    ");
}

#[test]
fn one_that_removes_nothing() {
    let fleet = Fleet::new();
    let machine = fleet.ready_machine("one");
    let script = "case \"$3\" in *[!0]*) exit 0;; esac; echo 'for ever' >&2; exit 1";
    fleet.hook("update", script);
    let init = fleet.on(&machine, &["init"]).go();
    init.succeeded();
    let says = "does not remove them: [remote rejected] (hook declined): for ever";
    assert!(init.block().contains(says), "{}", init.block());
    let object = fleet.on(&machine, &["init", "--json"]).json();
    assert_eq!(object["remote"]["removes"], false);
}

#[test]
fn one_that_is_away() {
    let fleet = Fleet::new();
    let machine = fleet.machine("one");
    let away = fleet.sandbox.root().join("away.git");
    fs::rename(&fleet.remote, &away).unwrap();
    assert_snapshot!(fleet.on(&machine, &["init"]).block(), @"
    $ cd $ROOT/one && git stream init
    wrote the hooks in '$ROOT/one/.git/git-stream/hooks'
    wrote '$ROOT/one/.git/hooks/prepare-commit-msg', which guards 'main' in its own checkout
    included 'git-stream.config' in '$ROOT/one/.git/config'
    --- stderr ---
    'origin' does not answer: what it can do is not known
    hint: Nothing is claimed or given back until it answers; see what is wrong with `git ls-remote origin`.
    [status 0]
    ");
    assert!(machine.join(".git/git-stream/hooks/pre-commit").exists());
    let claim = ["claim", "api", "--files", "src/api/**"];
    assert_eq!(fleet.on(&machine, &claim).agent("a1").status(), 5);
    fs::rename(&away, &fleet.remote).unwrap();
    fleet.on(&machine, &claim).agent("a1").go().succeeded();
    assert_eq!(fleet.claims(), 1);
    // One that knows the ledger is told, and nothing else changes.
    fs::rename(&fleet.remote, &away).unwrap();
    let object = fleet.on(&machine, &["init", "--json"]).json();
    assert_eq!(object["remote"]["answers"], false);
    assert_eq!(object["outcome"], "nothing");
}

#[test]
fn a_dry_run_and_a_claim_try_nothing_out() {
    let fleet = Fleet::new();
    let machine = fleet.ready_machine("one");
    fleet.count_pushes();
    let dry = fleet.on(&machine, &["init", "--dry-run", "--json"]).json();
    assert_eq!(dry["remote"], serde_json::Value::Null);
    assert_eq!(fleet.pushes(), 0);
    let claim = ["claim", "api", "--files", "src/api/**"];
    fleet.on(&machine, &claim).agent("a1").go().succeeded();
    assert_eq!(fleet.pushes(), 1);
}
