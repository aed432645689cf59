//! How does `git stream plan` behave?

use insta::assert_snapshot;

use crate::support::{Fingerprint, Sandbox};

const GOOD: &str = r#"
version = 1
[shared]
files = ["package.json"]
[land]
check = "make test"
[streams.api]
files = ["src/api/**"]
[streams.ui]
files = ["src/ui/**"]
dependencies = ["api"]
[milestones.beta]
streams = ["api", "ui"]
"#;

const BAD: &str = r#"
version = 1
[streams.api]
files = ["src/**", "/etc"]
[streams.ui]
files = ["src/ui/**"]
dependency = ["api"]
"#;

#[test]
fn a_draft_is_answered_by_its_waves_and_by_what_nobody_owns() {
    let sandbox = Sandbox::new();
    sandbox.write("streams.toml", GOOD);
    let before = Fingerprint::of(&sandbox, &sandbox.repo());
    assert_snapshot!(sandbox.run(["plan"]).block(), @r"
    $ git stream plan
    streams.toml: 2 streams in 2 waves, 5 files tracked
      wave 1: api
      wave 2: ui
      milestone beta: api ui
    shared: package.json
    owned by nobody: README.md, docs/guide.md
    [status 0]
    ");
    before.assert_same(&Fingerprint::of(&sandbox, &sandbox.repo()));
    sandbox.commit(
        "More",
        &[("a", ""), ("docs/b", ""), ("lib/c", ""), ("lib/d", "")],
    );
    let many = sandbox.run(["plan"]).go().stdout();
    let line = "owned by nobody: 6 files: 2 at the top, 2 in docs/, 2 in lib/";
    assert_eq!(many.lines().last(), Some(line), "{many}");
}

#[test]
fn the_json_has_the_fields_of_the_contract() {
    let sandbox = Sandbox::new();
    sandbox.write("streams.toml", GOOD);
    let json = sandbox.run(["plan", "--json"]).json();
    assert_eq!(json["version"], 1);
    assert_eq!(json["waves"], serde_json::json!([["api"], ["ui"]]));
    assert_eq!(json["problems"], serde_json::json!([]));
    assert_eq!(
        json["unowned"],
        serde_json::json!(["README.md", "docs/guide.md"])
    );
    assert_eq!(json["shared"], serde_json::json!(["package.json"]));
}

#[test]
fn every_problem_is_reported_in_one_run() {
    let sandbox = Sandbox::new();
    sandbox.write("streams.toml", BAD);
    let call = || sandbox.run(["plan"]);
    assert_snapshot!(call().block(), @r"
    $ git stream plan
    streams.toml:4: `files` in [streams.api]: the pattern '/etc' is absolute
      Write `etc`; patterns count from the top of the repository.
    streams.toml:5: 'api' and 'ui' overlap: both would own 'src/ui/a'
      Narrow the `files` of 'api' or 'ui', or list what both need in `files` below `[shared]`.
    streams.toml:7: unknown key `dependency` in [streams.ui]
      Did you mean `dependencies`?
    streams.toml cannot be used: 3 problems
    [status 1]
    ");
    let json = sandbox.run(["plan", "--json"]).go();
    assert_eq!(json.status(), 1);
    let json = json.json();
    assert_eq!(json["outcome"], "refused");
    assert_eq!(json["problems"].as_array().unwrap().len(), 3);
    for problem in json["problems"].as_array().unwrap() {
        for field in ["kind", "message", "streams", "witness", "line"] {
            assert!(problem.get(field).is_some(), "{field}: {problem}");
        }
    }
    assert_eq!(sandbox.run(["plan", "--digest"]).status(), 1);
}

#[test]
fn streams_that_can_overlap_are_shown_a_path() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "streams.toml",
        BAD.replace(", \"/etc\"", "")
            .replace("dependency", "dependencies"),
    );
    let json = sandbox.run(["plan", "--json"]).json();
    let problem = &json["problems"][0];
    assert_eq!(problem["kind"], "overlap");
    assert_eq!(problem["streams"], serde_json::json!(["api", "ui"]));
    assert!(problem["witness"].as_str().unwrap().starts_with("src/ui/"));
}

#[test]
fn the_file_can_be_named_and_its_commands_digested() {
    let sandbox = Sandbox::new();
    sandbox.write("../draft.toml", GOOD);
    assert_eq!(sandbox.run(["plan", "../draft.toml", "-q"]).status(), 0);
    assert_snapshot!(sandbox.run(["plan", "--digest", "../draft.toml"]).block(), @r"
    $ git stream plan --digest ../draft.toml
    $OID1
    [status 0]
    ");
    sandbox.write("../other.toml", GOOD.replace("make test", "make check"));
    let digest = |file| sandbox.run(["plan", "--digest", file]).go().stdout();
    assert_ne!(digest("../draft.toml"), digest("../other.toml"));
}

#[test]
fn the_private_plan_goes_before_the_one_at_the_top() {
    let sandbox = Sandbox::new();
    sandbox.write("streams.toml", BAD);
    sandbox.write(".git/git-stream/streams.toml", GOOD);
    assert_eq!(sandbox.run(["plan"]).status(), 0);
}

#[test]
fn without_a_plan_there_is_nothing_to_check() {
    let sandbox = Sandbox::new();
    assert_snapshot!(sandbox.run(["plan"]).block(), @r"
    $ git stream plan
    --- stderr ---
    error: there is no plan: '$ROOT/repo/streams.toml' does not exist
    hint: Let `git stream init` write one to begin with, or name another file.
    [status 1]
    ");
    assert_eq!(sandbox.run(["init"]).status(), 0);
    let begun = sandbox.run(["plan"]).go();
    assert!(
        begun.stdout().starts_with("streams.toml: no streams yet"),
        "{}",
        begun.block()
    );
    assert_snapshot!(Sandbox::empty().run(["plan"]).block(), @r"
    $ git stream plan
    --- stderr ---
    error: '$ROOT/repo' is not inside a git repository
    hint: Run the command inside a repository, or create one with `git init`.
    [status 5]
    ");
}

#[test]
fn a_repository_without_a_commit_has_no_files() {
    let sandbox = Sandbox::unborn();
    sandbox.write("streams.toml", GOOD);
    let json = sandbox.run(["plan", "--json"]).json();
    assert_eq!(json["unowned"], serde_json::json!([]));
}

#[test]
fn a_pattern_that_misses_what_it_may_have_meant_gets_a_hint() {
    let sandbox = Sandbox::new();
    let text = GOOD
        .replace("src/api/**", "src/api")
        .replace("src/ui/**", "*.js");
    sandbox.write("streams.toml", text);
    assert_snapshot!(sandbox.run(["plan"]).block(), @r"
    $ git stream plan
    streams.toml: 2 streams in 2 waves, 5 files tracked
      wave 1: api
      wave 2: ui
      milestone beta: api ui
    shared: package.json
    owned by nobody: 4 files: 2 in src/, 1 at the top, 1 in docs/
    --- stderr ---
    hint: api: `src/api` matches only a file of exactly that name; write `src/api/` for everything below a directory.
    hint: ui: `*.js` matches at the top level only; write `**/*.js` for all depths.
    [status 0]
    ");
    let json = sandbox.run(["plan", "--json"]).go();
    assert_eq!(json.stderr(), "");
    assert_eq!(json.json()["mistakes"].as_array().unwrap().len(), 2);
}

#[test]
fn no_git_process_is_needed() {
    let sandbox = Sandbox::new();
    sandbox.write("streams.toml", GOOD);
    let calls = sandbox.run(["plan"]).counting().go().git_calls();
    assert_eq!(calls, [""; 0]);
}
