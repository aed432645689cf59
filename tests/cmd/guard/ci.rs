//! What does a pull request get to hear, and do the ready jobs say it?

use std::path::{Path, PathBuf};

use insta::assert_snapshot;

use super::Held;
use crate::support::{Ran, Sandbox};

/// A branch of a person, that touches `api`, `ui`, what is shared and what nobody holds.
fn outside(held: &Held) {
    let sandbox = &held.sandbox;
    sandbox.git(&["switch", "-qc", "fix"]);
    sandbox.commit(
        "Fix",
        &[
            ("docs/guide.md", "x\n"),
            ("package.json", "{}\n"),
            ("README.md", "x\n"),
        ],
    );
    sandbox.commit(
        "Title",
        &[("src/ui/app.js", "x\n"), ("src/ui/new.js", "x\n")],
    );
    sandbox.commit(
        "Answer",
        &[("src/api/lib.rs", "x\n"), ("src/ui/app.js", "y\n")],
    );
}

#[test]
fn a_pull_request_of_no_stream_hears_what_it_touches() {
    let held = Held::new();
    outside(&held);
    let ask = |args: &[&str]| held.sandbox.run([&["guard", "range"], args].concat()).go();
    assert_snapshot!(ask(&["main..fix", "--outsider"]).block(), @"
    $ git stream guard range main..fix --outsider
    2 of the 3 commits change what others hold: 2 of ui (held by a2), 1 of api (held by a1)
    of ui (held by a2):
      src/ui/app.js in $oid1 (Title)
      src/ui/new.js in $oid1 (Title)
    of api (held by a1):
      src/api/lib.rs in $oid2 (Answer)
    --- stderr ---
    hint: Leave the paths of 'ui' to a2; what they are doing is in `git stream status ui`.
    hint: Leave the paths of 'api' to a1; what they are doing is in `git stream status api`.
    [status 1]
    ");
    assert_snapshot!(ask(&["main..fix", "--outsider", "--json"]).block(), @r#"
    $ git stream guard range main..fix --outsider --json
    {"version":1,"verdict":"refuse","stream":null,"paths":[{"path":"src/ui/app.js","why":"out-of-scope","owner":"ui","agent":"a2","commit":"$OID1"},{"path":"src/ui/new.js","why":"out-of-scope","owner":"ui","agent":"a2","commit":"$OID1"},{"path":"src/api/lib.rs","why":"out-of-scope","owner":"api","agent":"a1","commit":"$OID2"}]}
    [status 1]
    "#);
    assert_snapshot!(ask(&["main..fix~2", "--outsider"]).block(), @"
    $ git stream guard range main..fix~2 --outsider
    the commit touches no held stream
    [status 0]
    ");
    assert_snapshot!(ask(&["main..main", "--outsider"]).block(), @"
    $ git stream guard range main..main --outsider
    the range has no commit
    [status 0]
    ");
    assert_eq!(
        ask(&["main..fix", "--outsider", "--stream", "api"]).status(),
        2
    );
    // What is taken back was touched all the same; what nobody holds any more is free.
    held.sandbox.git(&["revert", "--no-edit", "HEAD", "HEAD~1"]);
    assert_eq!(ask(&["main..fix", "--outsider"]).status(), 1);
    for stream in ["ui", "api"] {
        held.sandbox.run(["release", stream]).go().succeeded();
    }
    assert_eq!(ask(&["main..fix", "--outsider"]).status(), 0);
}

#[test]
fn without_a_ledger_nobody_is_known_to_hold_anything() {
    let held = Held::new();
    outside(&held);
    held.sandbox
        .git(&["update-ref", "-d", "refs/stream/ledger"]);
    let ask = held
        .sandbox
        .run(["guard", "range", "main..fix", "--outsider"]);
    assert_snapshot!(ask.block(), @"
    $ git stream guard range main..fix --outsider
    there is no ledger here, so no stream is known to be held
    --- stderr ---
    hint: Fetch it, if the server has one, with `git fetch origin refs/stream/ledger:refs/stream/ledger`.
    [status 0]
    ");
}

#[test]
fn a_merge_of_the_base_touches_nothing() {
    let held = Held::new();
    held.sandbox.git(&["switch", "-qc", "fix"]);
    held.sandbox.commit("Fix", &[("README.md", "x\n")]);
    held.sandbox.git(&["switch", "-q", "main"]);
    held.on_main("src/ui/app.js", "on main\n");
    held.sandbox.git(&["switch", "-q", "fix"]);
    held.sandbox.git(&["merge", "-q", "--no-edit", "main"]);
    let ask = |range: &str| {
        held.sandbox
            .run(["guard", "range", range, "--outsider"])
            .go()
    };
    assert_eq!(ask("main..fix").status(), 0);
    assert_eq!(ask("main~1..fix").status(), 1);
}

#[test]
fn a_plan_that_is_broken_on_the_base_can_be_mended() {
    let held = Held::new();
    held.on_main("streams.toml", "version = 1\nnonsense = 1\n");
    held.sandbox.git(&["switch", "-qc", "fix"]);
    held.sandbox
        .commit("Mend", &[("streams.toml", "version = 1\n")]);
    let ask = held
        .sandbox
        .run(["guard", "range", "main..fix", "--outsider"]);
    assert_eq!(ask.go().status(), 0);
}

#[test]
fn github_gets_an_annotation_for_each_path() {
    let held = Held::new();
    held.slipped_by("src/ui/app.js", "theirs\n");
    held.slipped_by("a,b:c%d\ne.md", "nobody's\n");
    let ask = |args: &[&str], value: &str| {
        let words = [&["guard", "range", "main..HEAD"], args].concat();
        let ask = held.sandbox.run(words).in_dir(&held.api);
        ask.env("GITHUB_ACTIONS", value).go()
    };
    assert_snapshot!(ask(&[], "true").block(), @r#"
    $ cd $ROOT/repo.streams/api && GITHUB_ACTIONS=true git stream guard range main..HEAD
    all 2 commits of stream 'api' change what it may not: 1 owned by nobody, 2 of ui (held by a2)
    owned by nobody:
      "a,b:c%d\ne.md" in $oid1 (Slipped by)
    of ui (held by a2):
      src/ui/app.js in $oid1 (Slipped by)
      src/ui/app.js in $oid2 (Slipped by)
    ::error file=a%2Cb%3Ac%25d%0Ae.md,title=git stream::owned by nobody: "a,b:c%25d\ne.md" in $oid1 (Slipped by)
    ::error file=src/ui/app.js,title=git stream::of ui (held by a2): src/ui/app.js in $oid1 (Slipped by)
    ::error file=src/ui/app.js,title=git stream::of ui (held by a2): src/ui/app.js in $oid2 (Slipped by)
    --- stderr ---
    hint: Take what nobody owns with `git stream claim api --add='a,b:c%d?e.md'`.
    hint: Leave the paths of 'ui' to a2; what they are doing is in `git stream status ui`.
    hint: Take it out of the commits with `git rebase -i $oid3`.
    [status 1]
    "#);
    assert!(!ask(&[], "false").stdout().contains("::"));
    assert_eq!(ask(&["--json"], "true").json()["verdict"], "refuse");
    let staged = held.sandbox.run(["guard", "staged"]).in_dir(&held.api);
    assert!(
        !staged
            .env("GITHUB_ACTIONS", "true")
            .go()
            .stdout()
            .contains("::")
    );
}

/// What GitHub's runner obeys in a line: `::NAME PROPERTIES::DATA` after any blanks, else, in its
/// older form, `##[NAME]` anywhere.
fn command_in(line: &str) -> Option<&str> {
    let newer = line.trim_start().strip_prefix("::");
    newer.or_else(|| Some(line.split_once("##[")?.1).filter(|rest| rest.contains(']')))
}

#[test]
fn no_path_and_no_message_gives_a_build_server_or_a_terminal_a_command() {
    let held = Held::new();
    let paths = [
        "::stop-commands::x",
        "  ::add-mask::x",
        "##[add-mask]x",
        "a ##vso[task.setvariable variable=x]y",
        "%0A::set-env name=x::y",
        "a\n::error file=x::y",
        "a\r::stop-commands::x",
        "a::b,c",
        "\u{1b}[2J\u{1b}]0;x\u{7}",
        "\u{9b}2J",
        "a\u{202e}sj.b",
        "a\u{2028}::stop-commands::x",
    ];
    for path in paths {
        held.write(path, "nobody's\n");
    }
    held.git(&["add", "-A"]);
    let staged = held.guard(&["staged"]);
    for subject in [
        "::stop-commands::x",
        "##[stop-commands]x \u{1b}[2J",
        "x\r::error::y",
    ] {
        held.git(&["-c", "core.hooksPath=/dev/null", "commit", "-qm", subject]);
        held.write("src/ui/app.js", subject);
        held.git(&["add", "-A"]);
    }
    let range = ["guard", "range", "main..HEAD"];
    let github = held.sandbox.run(range).in_dir(&held.api);
    let github = github.env("GITHUB_ACTIONS", "true").go();
    let text = held.guard(&["range", "main..HEAD"]);
    let json = held.guard(&["range", "main..HEAD", "--json"]);
    let status = held.sandbox.run(["status", "api"]).go();
    let verify = held.sandbox.run(["verify", "api"]).go();
    let inbox = held.sandbox.run(["inbox", "api"]).go();
    let mut files = Vec::new();
    for ran in [&staged, &github, &text, &json, &status, &verify, &inbox] {
        let said = ran.stdout() + &ran.stderr();
        for line in said.lines() {
            let moves = |c: char| c.is_control() && c != '\t';
            assert!(!line.contains(moves), "{line:?}\n{}", ran.block());
            if let Some(command) = command_in(line) {
                let (file, _) = command.split_once(",title=git stream::").expect(line);
                files.push(file.strip_prefix("error file=").expect(line).to_owned());
            }
        }
    }
    assert_eq!(files.len(), 3 * paths.len() + 2, "{files:#?}");
    for path in paths {
        let encoded = path.replace('%', "%25").replace('\r', "%0D");
        let encoded = encoded.replace('\n', "%0A").replace(':', "%3A");
        let encoded = encoded.replace(',', "%2C");
        let is_there = files.contains(&encoded);
        assert!(
            is_there || path.contains(['\u{1b}', '\u{9b}']),
            "{files:#?}"
        );
    }
    let answer = json.json();
    let shown = answer["paths"].as_array().unwrap().iter();
    let shown: Vec<_> = shown.filter_map(|path| path["path"].as_str()).collect();
    assert!(paths.iter().all(|path| shown.contains(path)), "{shown:#?}");
}

/// A server, and what is pushed to it as `BRANCH`.
struct Project {
    held: Held,
    bare: PathBuf,
}

impl Project {
    fn new(branch: &str) -> Project {
        let sandbox = Sandbox::new();
        let bare = sandbox.bare_remote();
        let held = Held::of(sandbox);
        held.sandbox
            .git(&["push", "-q", "origin", "main", "refs/stream/ledger"]);
        let push = format!("HEAD:refs/heads/{branch}");
        held.git(&["push", "-q", "--no-verify", "origin", &push]);
        Project { held, bare }
    }

    /// Runs the commands of a job in a fresh clone of `branch`, one shell for each, as the runner
    /// does: `-e`, and stopped at the first that fails.
    fn run(&self, blocks: &[String], variables: &[(&str, &str)]) -> Ran {
        let sandbox = &self.held.sandbox;
        let clone = sandbox.clone_of(&self.bare, "checkout");
        let branch = variables
            .iter()
            .find(|(name, _)| *name == "BRANCH")
            .unwrap()
            .1;
        sandbox.git_in(
            &clone,
            &["switch", "-q", "--detach", &format!("origin/{branch}")],
        );
        let tip = sandbox.git_in(&clone, &["rev-parse", "HEAD"]);
        let programs = Path::new(env!("CARGO_BIN_EXE_git-stream"))
            .parent()
            .unwrap();
        let path = sandbox
            .program("sh", ["-c", "printf %s \"$PATH\""])
            .go()
            .stdout();
        let path = format!("{}:{path}", programs.display());
        let mut last = None;
        for block in blocks {
            let mut call = sandbox.program("bash", ["-e", "-c", block]).in_dir(&clone);
            for (name, value) in variables {
                call = call.env(name, value);
            }
            let ran = call.env("TIP", tip.trim()).env("CI_COMMIT_SHA", tip.trim());
            let ran = ran.env("PATH", &path).go();
            let status = ran.status();
            last = Some(ran);
            if status != 0 {
                break;
            }
        }
        std::fs::remove_dir_all(&clone).unwrap();
        last.unwrap()
    }
}

/// The commands of a ready job, read by a YAML parser of its own; none where there is no such.
fn commands(file: &str) -> Option<Vec<String>> {
    let script = r#"
import json, sys, yaml
job = yaml.safe_load(open(sys.argv[1]))
if "jobs" in job:
    assert job[True] == {"pull_request": None}, job
    steps = job["jobs"]["guard"]["steps"]
    assert steps[0]["with"]["fetch-depth"] == 0
    print(json.dumps([step["run"] for step in steps if "run" in step]))
else:
    job = job["git-stream"]
    assert job["variables"]["GIT_DEPTH"] == "0"
    print(json.dumps(["\n".join(job["script"])]))
"#;
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("docs/ci")
        .join(file);
    let sandbox = Sandbox::empty();
    let has_parser = sandbox.program("sh", ["-c", "python3 -c 'import yaml'"]);
    if has_parser.go().status() != 0 {
        println!("!!!!  SKIPPED: docs/ci/{file} is not parsed: python3 has no yaml here  !!!!");
        return None;
    }
    let path = path.to_str().unwrap();
    let parsed = sandbox.program("python3", ["-c", script, path]).go();
    assert_eq!(parsed.status(), 0, "{}", parsed.block());
    Some(serde_json::from_str(&parsed.stdout()).unwrap())
}

#[test]
fn the_ready_jobs_judge_what_they_say() {
    for file in ["github.yml", "gitlab.yml"] {
        let Some(blocks) = commands(file) else { return };
        for branch in ["stream/api", "fix"] {
            let project = Project::new(branch);
            let variables = [
                ("BASE", "main"),
                ("BRANCH", branch),
                ("GITHUB_ACTIONS", "true"),
            ];
            let push = format!("HEAD:refs/heads/{branch}");
            let push = ["push", "-q", "--no-verify", "origin", push.as_str()];
            project.held.write("src/api/lib.rs", "mine\n");
            project.held.git(&["commit", "-qam", "Mine"]);
            project.held.git(&push);
            let ran = project.run(&blocks, &variables);
            let is_streams = branch == "stream/api";
            assert_eq!(
                ran.status(),
                i32::from(!is_streams),
                "{file}\n{}",
                ran.block()
            );
            project.held.slipped_by("src/ui/app.js", "theirs\n");
            project.held.git(&push);
            let ran = project.run(&blocks, &variables);
            assert_eq!(ran.status(), 1, "{file}\n{}", ran.block());
            let told = "::error file=src/ui/app.js,title=git stream::of ui (held by a2)";
            assert!(ran.stdout().contains(told), "{file}\n{}", ran.block());
            // The plan alone gives a stream its scope; a server that is gone gives nothing.
            let ledger = ["update-ref", "-d", "refs/stream/ledger"];
            project.held.sandbox.git_in(&project.bare, &ledger);
            let ran = project.run(&blocks, &variables);
            assert_eq!(
                ran.status(),
                i32::from(is_streams),
                "{file}\n{}",
                ran.block()
            );
            assert_eq!(ran.stdout().contains("no ledger here"), !is_streams);
        }
    }
}
