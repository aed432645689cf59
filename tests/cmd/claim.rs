//! How does `git stream claim` behave?

mod takeover;

use std::fs;

use insta::assert_snapshot;

use crate::support::{Fingerprint, Sandbox, assert_sound};

const PLAN: &str = r#"version = 1

[shared]
files = ["package.json"]

[streams.schema]
files = ["schema/**"]

[streams.api]
files = ["src/api/**", "!src/api/generated/**"]
dependencies = ["schema"]

[streams.ui]
files = ["src/ui/**"]
conflicts = ["schema"]
"#;

/// A repository with a plan.
fn planned() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.commit("Plan", &[("streams.toml", PLAN)]);
    sandbox
}

#[test]
fn a_claim_needs_no_plan_and_no_setting_up() {
    let sandbox = Sandbox::new();
    let claim = sandbox.run(["claim", "api", "--files", "src/api/**", "tests/api/**"]);
    assert_snapshot!(claim.agent("a1").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream claim api --files 'src/api/**' 'tests/api/**'
    $ROOT/repo.streams/api
    --- stderr ---
    wrote the hooks in '$ROOT/repo/.git/git-stream/hooks'
    wrote '$ROOT/repo/.git/hooks/prepare-commit-msg', which guards 'main' in its own checkout
    included 'git-stream.config' in '$ROOT/repo/.git/config'
    recorded the base branch 'main'
    a1 takes api: src/api/** tests/api/**
    on branch stream/api, from main $oid1
    [status 0]
    ");
    let branch = sandbox.git(&["-C", "../repo.streams/api", "branch", "--show-current"]);
    assert_eq!(branch, "stream/api\n");
    let log = sandbox.program(
        "git",
        ["log", "--format=%s%n%(trailers)", "refs/stream/ledger"],
    );
    assert_snapshot!(log.block(), @"
    $ git log '--format=%s%n%(trailers)' refs/stream/ledger
    claim api: its worktree is ready
    Stream: api
    Agent: a1
    Epoch: 1
    Op: $OP

    claim api: a1 takes src/api/** tests/api/**
    Stream: api
    Agent: a1
    Epoch: 1
    Op: $OP
    Ref: refs/heads/stream/api $ZERO $OID1

    base main: set up, at $oid1
    Agent: a1
    Op: $OP

    [status 0]
    ");
    assert_sound(&sandbox, &sandbox.repo());
}

#[test]
fn the_answer_as_json_has_the_fields_of_the_contract() {
    let sandbox = Sandbox::new();
    let claim = [
        "claim",
        "api",
        "--files",
        "src/api/**",
        "--agent",
        "a1",
        "--json",
    ];
    assert_snapshot!(sandbox.run(claim).block(), @r#"
    $ git stream claim api --files 'src/api/**' --agent a1 --json
    {"version":1,"outcome":"claimed","stream":"api","agent":"a1","branch":"stream/api","worktree":"$ROOT/repo.streams/api","base":"$OID1","base_branch":"main","epoch":1,"slot":0,"files":["src/api/**"],"on":null}
    --- stderr ---
    wrote the hooks in '$ROOT/repo/.git/git-stream/hooks'
    wrote '$ROOT/repo/.git/hooks/prepare-commit-msg', which guards 'main' in its own checkout
    included 'git-stream.config' in '$ROOT/repo/.git/config'
    recorded the base branch 'main'
    a1 takes api: src/api/**
    on branch stream/api, from main $oid1
    [status 0]
    "#);
    assert_snapshot!(sandbox.run(claim).block(), @r#"
    $ git stream claim api --files 'src/api/**' --agent a1 --json
    {"version":1,"outcome":"already-yours","stream":"api","agent":"a1","branch":"stream/api","worktree":"$ROOT/repo.streams/api","base":"$OID1","base_branch":"main","epoch":1,"slot":0,"files":["src/api/**"],"on":null}
    --- stderr ---
    a1 holds api: src/api/**
    on branch stream/api, from main $oid1
    [status 0]
    "#);
}

#[test]
fn an_overlap_is_refused_with_its_holder_and_a_witness() {
    let sandbox = Sandbox::new();
    sandbox
        .run(["claim", "api", "--files", "src/api/**"])
        .agent("a1")
        .go()
        .succeeded();
    let before = Fingerprint::of(&sandbox, &sandbox.repo());
    let other = sandbox
        .run(["claim", "rust", "--files", "src/**/*.rs"])
        .agent("a2");
    assert_snapshot!(other.block(), @"
    $ GIT_STREAM_AGENT=a2 git stream claim rust --files 'src/**/*.rs'
    --- stderr ---
    error: 'rust' and 'api', which a1 holds, would both own 'src/api/a.rs'
    hint: Nothing was changed. Narrow the patterns, or wait until `git stream status api` shows the other stream released or landed.
    [status 4]
    ");
    let json = sandbox
        .run(["claim", "rust", "--files", "src/**/*.rs", "--json"])
        .agent("a2");
    assert_snapshot!(json.block(), @r#"
    $ GIT_STREAM_AGENT=a2 git stream claim rust --files 'src/**/*.rs' --json
    {"version":1,"error":{"kind":"busy","message":"'rust' and 'api', which a1 holds, would both own 'src/api/a.rs'","hints":["Nothing was changed. Narrow the patterns, or wait until `git stream status api` shows the other stream released or landed."],"evidence":{"cause":"overlap","holder":{"stream":"api","agent":"a1","worktree":"$ROOT/repo.streams/api","machine":"$MACHINE"},"witness":"src/api/a.rs"}}}
    [status 4]
    "#);
    before.assert_same(&Fingerprint::of(&sandbox, &sandbox.repo()));
}

#[test]
fn a_stream_that_is_held_names_its_holder() {
    let sandbox = Sandbox::new();
    sandbox
        .run(["claim", "api", "--files", "src/api/**"])
        .agent("a1")
        .go()
        .succeeded();
    let other = sandbox
        .run(["claim", "api", "--files", "src/api/**"])
        .agent("a2");
    assert_snapshot!(other.block(), @"
    $ GIT_STREAM_AGENT=a2 git stream claim api --files 'src/api/**'
    --- stderr ---
    error: 'api' is held by a1 in '$ROOT/repo.streams/api'
    hint: Nothing was changed. Take another stream; `git stream status` shows which are free.
    [status 4]
    ");
}

#[test]
fn a_name_that_was_found_out_is_not_enough_for_a_second_claim() {
    let sandbox = Sandbox::new();
    let claim = ["claim", "api", "--files", "src/api/**"];
    sandbox.run(claim).go().succeeded();
    assert_snapshot!(sandbox.run(claim).block(), @"
    $ git stream claim api --files 'src/api/**'
    --- stderr ---
    error: 'api' is held by ada@$HOST in '$ROOT/repo.streams/api'
    hint: Nothing was changed. If you are ada@$HOST, say so with `git stream claim api --agent ada@$HOST`; `git stream status` shows every stream.
    [status 4]
    ");
    // Inside the worktree, the caller is the holder.
    let inside = sandbox.run(claim).in_dir("../repo.streams/api");
    assert_snapshot!(inside.block(), @"
    $ cd $ROOT/repo/../repo.streams/api && git stream claim api --files 'src/api/**'
    $ROOT/repo.streams/api
    --- stderr ---
    ada@$HOST holds api: src/api/**
    on branch stream/api, from main $oid1
    [status 0]
    ");
}

#[test]
fn the_plan_says_what_a_stream_owns() {
    let sandbox = planned();
    assert_snapshot!(sandbox.run(["claim", "schema"]).agent("a1").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream claim schema
    $ROOT/repo.streams/schema
    --- stderr ---
    wrote the hooks in '$ROOT/repo/.git/git-stream/hooks'
    wrote '$ROOT/repo/.git/hooks/prepare-commit-msg', which guards 'main' in its own checkout
    included 'git-stream.config' in '$ROOT/repo/.git/config'
    recorded the base branch 'main'
    a1 takes schema: schema/**
    on branch stream/schema, from main $oid1
    [status 0]
    ");
    let files = sandbox
        .run(["claim", "ui", "--files", "src/**"])
        .agent("a2");
    assert_snapshot!(files.block(), @"
    $ GIT_STREAM_AGENT=a2 git stream claim ui --files 'src/**'
    --- stderr ---
    error: the plan says what 'ui' owns, and other patterns were given
    hint: Nothing was changed. Take it as the plan has it with `git stream claim ui`, and own more with `git stream claim ui --add PATTERN`.
    [status 1]
    ");
    assert_snapshot!(sandbox.run(["claim", "uj"]).agent("a2").block(), @"
    $ GIT_STREAM_AGENT=a2 git stream claim uj
    --- stderr ---
    error: the plan has no stream 'uj', and no patterns were given
    hint: Nothing was changed. The plan has api, schema, ui. For a stream outside the plan, say what it owns: `git stream claim uj --files 'src/uj/**'`.
    [status 1]
    ");
}

#[test]
fn dependencies_and_conflicts_are_waited_for() {
    let sandbox = planned();
    assert_snapshot!(sandbox.run(["claim", "api"]).agent("a1").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream claim api
    --- stderr ---
    error: 'api' depends on 'schema', which is unclaimed
    hint: Nothing was changed. See how far the dependency is with `git stream status schema`.
    [status 4]
    ");
    sandbox
        .run(["claim", "schema"])
        .agent("a1")
        .go()
        .succeeded();
    assert_snapshot!(sandbox.run(["claim", "ui"]).agent("a2").block(), @"
    $ GIT_STREAM_AGENT=a2 git stream claim ui
    --- stderr ---
    error: 'ui' must not run at the same time as 'schema', which a1 holds
    hint: Nothing was changed. Wait until `git stream status schema` shows the other stream released or landed.
    [status 4]
    ");
}

#[test]
fn more_can_be_owned_unless_somebody_plans_or_holds_it() {
    let sandbox = planned();
    sandbox
        .run(["claim", "schema"])
        .agent("a1")
        .go()
        .succeeded();
    let add = |pattern: &str| {
        sandbox
            .run(["claim", "schema", "--add", pattern])
            .agent("a1")
    };
    assert_snapshot!(add("docs/schema.md").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream claim schema --add docs/schema.md
    $ROOT/repo.streams/schema
    --- stderr ---
    a1 takes schema: schema/** docs/schema.md
    on branch stream/schema, from main $oid1
    [status 0]
    ");
    assert_snapshot!(add("src/ui/schema.js").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream claim schema --add src/ui/schema.js
    --- stderr ---
    error: the plan keeps 'src/ui/schema.js' for 'ui'
    hint: Nothing was changed. See what the plan keeps with `git stream status ui`; a person may claim it all the same.
    [status 1]
    ");
    sandbox
        .run(["claim", "docs", "--files", "docs/*.txt"])
        .agent("a2")
        .go()
        .succeeded();
    assert_snapshot!(add("docs/**").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream claim schema --add 'docs/**'
    --- stderr ---
    error: 'schema' and 'docs', which a2 holds, would both own 'docs/a.txt'
    hint: Nothing was changed. Narrow the patterns, or wait until `git stream status docs` shows the other stream released or landed.
    [status 4]
    ");
    assert_snapshot!(sandbox.run(["claim", "docs", "--add", "x/y"]).agent("a1").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream claim docs --add x/y
    --- stderr ---
    error: 'docs' is not yours: a2 holds it
    hint: Nothing was changed. Ask a2 or a person to do it; `git stream status docs` shows the stream.
    [status 1]
    ");
}

#[test]
fn work_that_exists_is_adopted() {
    let sandbox = Sandbox::new();
    sandbox.git(&["switch", "--quiet", "--create", "mine"]);
    let tip = sandbox.commit("Work", &[("src/api/new.rs", "// new\n")]);
    sandbox.git(&["switch", "--quiet", "main"]);
    let claim = sandbox.run(["claim", "api", "--files", "src/api/**", "--from", "mine"]);
    assert_snapshot!(claim.agent("a1").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream claim api --files 'src/api/**' --from mine
    $ROOT/repo.streams/api
    --- stderr ---
    wrote the hooks in '$ROOT/repo/.git/git-stream/hooks'
    wrote '$ROOT/repo/.git/hooks/prepare-commit-msg', which guards 'main' in its own checkout
    included 'git-stream.config' in '$ROOT/repo/.git/config'
    recorded the base branch 'main'
    goes on with 1 commit
    a1 takes api: src/api/**
    on branch stream/api, from main $oid1
    [status 0]
    ");
    assert_eq!(sandbox.git(&["rev-parse", "stream/api"]).trim(), tip);
    let foreign = sandbox.run(["claim", "ui", "--files", "src/ui/**", "--from", "mine"]);
    assert_snapshot!(foreign.agent("a2").block(), @"
    $ GIT_STREAM_AGENT=a2 git stream claim ui --files 'src/ui/**' --from mine
    --- stderr ---
    error: the work changes what 'ui' would not own, in 1 commit: src/api/new.rs
    hint: Nothing was changed. Claim 'ui' with patterns that match them, too; see each commit with `git stream guard range BASE..TIP --files PATTERN`.
    [status 1]
    ");
    let none = sandbox.run(["claim", "b", "--files", "b/**", "--from", "no-such-thing"]);
    assert_snapshot!(none.agent("a1").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream claim b --files 'b/**' --from no-such-thing
    --- stderr ---
    error: 'no-such-thing' names no commit
    hint: Nothing was changed. See what there is with `git branch --all`.
    [status 2]
    ");
}

#[test]
fn a_dry_run_changes_nothing_and_ends_as_the_real_one_would() {
    let sandbox = Sandbox::new();
    sandbox
        .run(["claim", "api", "--files", "src/api/**"])
        .agent("a1")
        .go()
        .succeeded();
    let before = Fingerprint::of(&sandbox, &sandbox.repo());
    let free = sandbox
        .run(["claim", "ui", "--files", "src/ui/**", "--dry-run"])
        .agent("a2");
    assert_snapshot!(free.block(), @"
    $ GIT_STREAM_AGENT=a2 git stream claim ui --files 'src/ui/**' --dry-run
    $ROOT/repo.streams/ui
    --- stderr ---
    nothing was changed (--dry-run)
    a2 would take ui: src/ui/**
    on branch stream/ui, from main $oid1
    [status 0]
    ");
    let taken = sandbox
        .run(["claim", "ui", "--files", "src/**", "-n"])
        .agent("a2");
    assert_eq!(taken.status(), 4);
    before.assert_same(&Fingerprint::of(&sandbox, &sandbox.repo()));
    assert!(!sandbox.root().join("repo.streams/ui").exists());
}

#[test]
fn a_new_worktree_gets_the_files_it_needs_and_its_setup() {
    let sandbox = Sandbox::new();
    let plan = "version = 1\n[worktrees]\ncopy = [\".env\", \"config/*.local\"]\n\
                setup = \"echo set up >> ready\"\n[streams.api]\nfiles = [\"src/api/**\"]\n";
    sandbox.commit(
        "Plan",
        &[
            ("streams.toml", plan),
            (".gitignore", ".env\n*.local\nsecret\nready\n"),
        ],
    );
    for file in [".env", "config/a.local", "secret"] {
        sandbox.write(sandbox.repo().join(file), file);
    }
    sandbox.write(sandbox.repo().join(".worktreeinclude"), "secret\n");
    let unapproved = sandbox.run(["claim", "api"]).agent("a1");
    assert_snapshot!(unapproved.block(), @"
    $ GIT_STREAM_AGENT=a1 git stream claim api
    --- stderr ---
    error: the plan wants to run commands that no person has approved on this machine
    hint: Nothing was changed, and nothing was run. The commands are: setup: `echo set up >> ready`.
    hint: A person who has read them approves them with `git stream init --approve`; on a machine without one, set GIT_STREAM_APPROVED to what `git stream plan --digest` prints.
    [status 1]
    ");
    assert_snapshot!(sandbox.run(["init", "--approve"]).block(), @"
    $ git stream init --approve
    approved setup: `echo set up >> ready`
    [status 0]
    ");
    assert_snapshot!(sandbox.run(["claim", "api"]).agent("a1").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream claim api
    $ROOT/repo.streams/api
    --- stderr ---
    ran `echo set up >> ready` in it
    a1 takes api: src/api/**
    on branch stream/api, from main $oid1
    [status 0]
    ");
    let worktree = sandbox.root().join("repo.streams/api");
    for file in [".env", "config/a.local", "secret"] {
        assert_eq!(fs::read_to_string(worktree.join(file)).unwrap(), file);
    }
    // Once is enough.
    sandbox.run(["claim", "api"]).agent("a1").go().succeeded();
    assert_eq!(
        fs::read_to_string(worktree.join("ready")).unwrap(),
        "set up\n"
    );
}

#[test]
fn a_setup_that_fails_is_run_again_by_the_same_command() {
    let sandbox = Sandbox::new();
    let plan = "version = 1\n[worktrees]\nsetup = \"test -e ../go\"\n\
                [streams.api]\nfiles = [\"src/api/**\"]\n";
    sandbox.commit("Plan", &[("streams.toml", plan)]);
    sandbox.run(["init", "--approve"]).go().succeeded();
    assert_snapshot!(sandbox.run(["claim", "api"]).agent("a1").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream claim api
    --- stderr ---
    error: the plan's setup command `test -e ../go` failed in the worktree of 'api': exit status: 1
    hint: The claim is yours, and its worktree is there; mend the cause, then run `git stream claim api` again to run the setup once more.
    [status 1]
    ");
    sandbox.write(sandbox.root().join("repo.streams/go"), "");
    assert_snapshot!(sandbox.run(["claim", "api"]).agent("a1").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream claim api
    $ROOT/repo.streams/api
    --- stderr ---
    ran `test -e ../go` in it
    a1 holds api: src/api/**
    on branch stream/api, from main $oid1
    [status 0]
    ");
}

#[test]
fn likely_mistakes_get_a_hint() {
    let sandbox = Sandbox::new();
    let claim = sandbox
        .run(["claim", "api", "--files", "src", "*.snap"])
        .agent("a1");
    assert_snapshot!(claim.block(), @"
    $ GIT_STREAM_AGENT=a1 git stream claim api --files src '*.snap'
    $ROOT/repo.streams/api
    --- stderr ---
    wrote the hooks in '$ROOT/repo/.git/git-stream/hooks'
    wrote '$ROOT/repo/.git/hooks/prepare-commit-msg', which guards 'main' in its own checkout
    included 'git-stream.config' in '$ROOT/repo/.git/config'
    recorded the base branch 'main'
    a1 takes api: src *.snap
    on branch stream/api, from main $oid1
    hint: `src` matches only a file of exactly that name; write `src/` for everything below a directory.
    hint: `*.snap` matches at the top level only; write `**/*.snap` for all depths.
    [status 0]
    ");
}

#[test]
fn patterns_that_cannot_be_meant_are_refused_together() {
    let sandbox = Sandbox::new();
    let claim = sandbox
        .run(["claim", "api", "--files", "/src", "../x", "a{b"])
        .agent("a1");
    assert_snapshot!(claim.block(), @r"
    $ GIT_STREAM_AGENT=a1 git stream claim api --files /src ../x a{b
    --- stderr ---
    error: the pattern '/src' is absolute; the pattern '../x' climbs with '..'; 'a{b' is not a pattern: unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)
    hint: Write `src`; patterns count from the top of the repository.
    hint: Write the path from the top of the repository, such as `src/api/`.
    hint: Write `\` before a character that is meant literally, such as `\[id\].tsx`.
    [status 2]
    ");
    for files in ["!src/**", ""] {
        assert_eq!(
            sandbox
                .run(["claim", "api", "--files", files])
                .agent("a1")
                .status(),
            2
        );
    }
    for name in ["a/b", "a b", "x.lock", ""] {
        assert_eq!(
            sandbox
                .run(["claim", name, "--files", "x"])
                .agent("a1")
                .status(),
            2,
            "{name}"
        );
    }
    assert_snapshot!(sandbox.run(["claim", "a..b", "--files", "x"]).agent("a1").block(), @r#"
    $ GIT_STREAM_AGENT=a1 git stream claim a..b --files x
    --- stderr ---
    error: invalid value 'a..b' for '<NAME>': "a..b" cannot name a stream: git allows no '.' at the ends of a ref component and no '..' in it

    For more information, try '--help'.
    [status 2]
    "#);
    assert_snapshot!(sandbox.run(["claim", "-x", "--json"]).agent("a1").block(), @r#"
    $ GIT_STREAM_AGENT=a1 git stream claim -x --json
    {"version":1,"error":{"kind":"usage","message":"unexpected argument '-x' found","hints":["See how the command is used with its option `-h`."],"evidence":{}}}
    [status 2]
    "#);
}

#[test]
fn what_is_in_the_way_is_named() {
    let sandbox = Sandbox::new();
    sandbox.git(&["branch", "stream/api"]);
    let claim = || {
        sandbox
            .run(["claim", "api", "--files", "src/api/**"])
            .agent("a1")
    };
    sandbox.run(["init"]).go().succeeded();
    let before = Fingerprint::of(&sandbox, &sandbox.repo());
    assert_snapshot!(claim().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream claim api --files 'src/api/**'
    --- stderr ---
    error: the branch 'stream/api' exists already, at $oid1
    hint: Nothing was changed. To go on with what is on it, run `git stream claim api --from stream/api`; to put it aside, run `git branch -m stream/api old-api`.
    [status 1]
    ");
    before.assert_same(&Fingerprint::of(&sandbox, &sandbox.repo()));
    sandbox.git(&["branch", "-D", "stream/api"]);
    sandbox.write(sandbox.root().join("repo.streams/api/keep"), "mine\n");
    assert_snapshot!(claim().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream claim api --files 'src/api/**'
    --- stderr ---
    error: '$ROOT/repo.streams/api', where the worktree of 'api' belongs, exists and is not empty
    hint: Nothing was changed. Move it away, as in `mv $ROOT/repo.streams/api $ROOT/repo.streams/api.old`, or set `worktrees.path` in the plan.
    [status 1]
    ");
    let same = sandbox.run(["claim", "Api", "--files", "x/**"]).agent("a1");
    sandbox
        .run(["claim", "API", "--files", "y/**"])
        .agent("a1")
        .go()
        .succeeded();
    assert_snapshot!(same.block(), @"
    $ GIT_STREAM_AGENT=a1 git stream claim Api --files 'x/**'
    --- stderr ---
    error: 'Api' differs from the stream 'API' only in case
    hint: Nothing was changed. Their worktrees and branches would collide on some machines; choose another name, or `git stream claim API`.
    [status 1]
    ");
}

#[test]
fn a_repository_that_cannot_be_worked_in_says_why() {
    let claim = ["claim", "api", "--files", "src/api/**"];
    let none = Sandbox::empty();
    assert_snapshot!(none.run(claim).agent("a1").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream claim api --files 'src/api/**'
    --- stderr ---
    error: '$ROOT/repo' is not inside a git repository
    hint: Run the command inside a repository, or create one with `git init`.
    [status 5]
    ");
    let unborn = Sandbox::unborn();
    assert_snapshot!(unborn.run(claim).agent("a1").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream claim api --files 'src/api/**'
    --- stderr ---
    error: this repository has no commit yet
    hint: Create the first commit with `git commit --allow-empty -m 'first commit'`.
    [status 5]
    ");

    let sandbox = Sandbox::new();
    let remote = sandbox.bare_remote();
    assert_snapshot!(sandbox.run(claim).agent("a1").in_dir(&remote).block(), @"
    $ cd $ROOT/remote.git && GIT_STREAM_AGENT=a1 git stream claim api --files 'src/api/**'
    --- stderr ---
    error: this is a bare repository
    hint: Run the command in a worktree; `git worktree add ../main main` creates one.
    [status 5]
    ");
    sandbox.commit("Second", &[("x", "1\n")]);
    sandbox.git(&[
        "clone",
        "--quiet",
        "--depth=1",
        "--no-local",
        ".",
        "../shallow",
    ]);
    let shallow = sandbox.run(claim).agent("a1").in_dir("../shallow");
    assert_snapshot!(shallow.block(), @"
    $ cd $ROOT/repo/../shallow && GIT_STREAM_AGENT=a1 git stream claim api --files 'src/api/**'
    --- stderr ---
    error: this is a shallow clone: its history is cut off, so nothing can be proven about it
    hint: Fetch the whole history with `git fetch --unshallow`.
    [status 5]
    ");

    let nobody = sandbox.run(claim).agent("a1");
    let nobody = ["AUTHOR", "COMMITTER"].iter().fold(nobody, |call, who| {
        let call = call.without_env(format!("GIT_{who}_NAME"));
        call.without_env(format!("GIT_{who}_EMAIL"))
    });
    assert_snapshot!(nobody.block(), @"
    $ GIT_STREAM_AGENT=a1 git stream claim api --files 'src/api/**'
    --- stderr ---
    error: git does not know who you are: user.name or user.email is not set
    hint: Nothing was changed. Tell git with `git config user.name NAME` and `git config user.email MAIL`.
    [status 5]
    ");

    sandbox.git(&["branch", "-m", "main", "trunk"]);
    sandbox.git(&["switch", "--quiet", "--detach"]);
    assert_snapshot!(sandbox.run(claim).agent("a1").block(), @"
    $ GIT_STREAM_AGENT=a1 git stream claim api --files 'src/api/**'
    --- stderr ---
    error: which branch do streams start from? HEAD is on none, and there is no 'main' or 'master'
    hint: Nothing was changed. Name it with `git stream init --base BRANCH`.
    [status 5]
    ");
    assert!(!sandbox.repo().join(".git/git-stream.config").exists());
}

#[test]
fn a_ledger_of_a_newer_format_is_refused_and_never_overwritten() {
    let sandbox = Sandbox::new();
    let claim = ["claim", "api", "--files", "src/api/**"];
    sandbox.run(claim).agent("a1").go().succeeded();
    sandbox.write(sandbox.root().join("format"), "2\n");
    let blob = sandbox.git(&["hash-object", "-w", "../format"]);
    sandbox.git(&[
        "read-tree",
        "--index-output=.git/tmp-index",
        "refs/stream/ledger",
    ]);
    let entry = format!("100644,{},format", blob.trim());
    let git = |args: &[&str]| {
        let ran = sandbox
            .program("git", args)
            .env("GIT_INDEX_FILE", ".git/tmp-index")
            .go();
        assert_eq!(ran.status(), 0, "{}", ran.stderr());
        ran.stdout()
    };
    git(&["update-index", "--cacheinfo", &entry]);
    let tree = git(&["write-tree"]);
    let commit = sandbox.git(&[
        "commit-tree",
        "-p",
        "refs/stream/ledger",
        "-m",
        "newer",
        tree.trim(),
    ]);
    sandbox.git(&["update-ref", "refs/stream/ledger", commit.trim()]);
    fs::remove_file(sandbox.repo().join(".git/tmp-index")).unwrap();
    let before = Fingerprint::of(&sandbox, &sandbox.repo());
    let other = sandbox
        .run(["claim", "ui", "--files", "src/ui/**"])
        .agent("a2");
    assert_snapshot!(other.block(), @"
    $ GIT_STREAM_AGENT=a2 git stream claim ui --files 'src/ui/**'
    --- stderr ---
    error: the ledger is of format 2; this git stream reads format 1
    hint: Install the newer git stream that wrote it; see what it wrote with `git log refs/stream/ledger`.
    [status 5]
    ");
    before.assert_same(&Fingerprint::of(&sandbox, &sandbox.repo()));
}

#[test]
fn ids_of_sha256_work() {
    let sandbox = Sandbox::sha256();
    let claim = sandbox
        .run(["claim", "api", "--files", "src/api/**"])
        .agent("a1")
        .go();
    assert_eq!(claim.status(), 0, "{}", claim.stderr());
    sandbox.run(["release", "api"]).agent("a1").go().succeeded();
    assert_sound(&sandbox, &sandbox.repo());
}

#[test]
fn a_worktree_inside_the_repository_is_hidden_from_git() {
    let sandbox = Sandbox::new();
    let plan = "version = 1\n[worktrees]\npath = \".streams/{stream}\"\n";
    sandbox.commit("Plan", &[("streams.toml", plan)]);
    let claim = sandbox
        .run(["claim", "api", "--files", "src/api/**"])
        .agent("a1")
        .go();
    assert_eq!(
        claim.stdout(),
        format!("{}\n", sandbox.repo().join(".streams/api").display())
    );
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
}

#[test]
fn how_many_processes_of_git_a_claim_starts() {
    let sandbox = Sandbox::new();
    let claim = |name: &str| {
        let files = format!("src/{name}/**");
        sandbox
            .run(["claim", name, "--files", &files])
            .agent("a1")
            .counting()
            .go()
    };
    assert_snapshot!(claim("api").git_calls().join("\n"), @"
    version
    --git-dir $ROOT/repo/.git config --local --add includeIf.gitdir:./worktrees/.path git-stream.config
    --git-dir $ROOT/repo/.git -c core.fsync=committed -c core.hooksPath=/dev/null update-ref -m stream: base main: set up, at $oid1 --stdin -z
    --git-dir $ROOT/repo/.git -c core.fsync=committed -c core.hooksPath=/dev/null update-ref -m stream: claim api: a1 takes src/api/** --stdin -z
    --git-dir $ROOT/repo/.git worktree add --quiet --no-checkout $ROOT/repo.streams/api stream/api
    reset --hard --quiet --no-recurse-submodules
    --git-dir $ROOT/repo/.git -c core.fsync=committed -c core.hooksPath=/dev/null update-ref -m stream: claim api: its worktree is ready --stdin -z
    ");
    assert_snapshot!(claim("ui").git_calls().join("\n"), @"
    version
    --git-dir $ROOT/repo/.git -c core.fsync=committed -c core.hooksPath=/dev/null update-ref -m stream: claim ui: a1 takes src/ui/** --stdin -z
    --git-dir $ROOT/repo/.git worktree add --quiet --no-checkout $ROOT/repo.streams/ui stream/ui
    reset --hard --quiet --no-recurse-submodules
    --git-dir $ROOT/repo/.git -c core.fsync=committed -c core.hooksPath=/dev/null update-ref -m stream: claim ui: its worktree is ready --stdin -z
    ");
    assert_snapshot!(claim("ui").git_calls().join("\n"), @"version");
}

#[test]
fn the_users_own_post_checkout_hook_runs_in_a_new_worktree() {
    let sandbox = Sandbox::new();
    let talks = "#!/bin/sh\necho \"$* in $(pwd)\" >>\"$TMPDIR/own\"\nexit 3\n";
    sandbox.script(".git/hooks/post-checkout", talks);
    let claim = sandbox.run(["claim", "api", "--files", "src/api/**"]);
    let ran = claim.agent("a1").go();
    ran.succeeded();
    assert!(
        ran.stderr().contains("post-checkout hook failed"),
        "{}",
        ran.block()
    );
    let (zero, tip) = ("0".repeat(40), sandbox.git(&["rev-parse", "main"]));
    let worktree = sandbox.root().join("repo.streams/api");
    let said = fs::read_to_string(sandbox.root().join("tmp/own")).unwrap();
    assert_eq!(
        said,
        format!("{zero} {} 1 in {}\n", tip.trim(), worktree.display())
    );
}

#[test]
fn a_worktree_that_was_deleted_is_made_again() {
    let sandbox = Sandbox::new();
    let claim = || {
        sandbox
            .run(["claim", "api", "--files", "src/api/**"])
            .agent("a1")
    };
    claim().go().succeeded();
    let worktree = sandbox.root().join("repo.streams/api");
    fs::remove_dir_all(&worktree).unwrap();
    assert_snapshot!(claim().block(), @"
    $ GIT_STREAM_AGENT=a1 git stream claim api --files 'src/api/**'
    $ROOT/repo.streams/api
    --- stderr ---
    its worktree was gone or not whole, and is made again
    a1 holds api: src/api/**
    on branch stream/api, from main $oid1
    [status 0]
    ");
    assert_eq!(sandbox.git_in(&worktree, &["status", "--porcelain"]), "");
    assert_sound(&sandbox, &sandbox.repo());
}

#[test]
fn the_trusted_base_follows_the_branch() {
    let sandbox = Sandbox::new();
    sandbox.run(["init"]).go().succeeded();
    let second = sandbox.commit("Second", &[("x", "1\n")]);
    let claim = sandbox.run(["claim", "api", "--json", "--files", "src/api/**"]);
    assert_eq!(claim.agent("a1").json()["base"], second.as_str());
    let recorded = sandbox.git(&["show", "refs/stream/ledger:base.toml"]);
    assert!(recorded.contains(&second), "{recorded}");
}

#[test]
fn a_dry_run_works_where_nobody_has_set_up() {
    let sandbox = Sandbox::new();
    let before = Fingerprint::of(&sandbox, &sandbox.repo());
    let claim = sandbox
        .run(["claim", "api", "--files", "src/api/**", "-n"])
        .agent("a1");
    assert_snapshot!(claim.block(), @"
    $ GIT_STREAM_AGENT=a1 git stream claim api --files 'src/api/**' -n
    $ROOT/repo.streams/api
    --- stderr ---
    nothing was changed (--dry-run)
    a1 would take api: src/api/**
    on branch stream/api, from main $oid1
    [status 0]
    ");
    before.assert_same(&Fingerprint::of(&sandbox, &sandbox.repo()));
}

/// Inside a container the session began outside, and has no number there.
#[test]
fn an_agent_without_a_name_holds_what_it_claimed_in_its_own_container() {
    let sandbox = Sandbox::new();
    let contained = |script: &str| {
        let options = "--user --map-root-user --pid --fork --mount-proc sh -c";
        let words = options.split(' ').chain([script]);
        sandbox.program("unshare", words).env("CLAUDECODE", "1")
    };
    if contained("true").status() != 0 {
        println!("!!!!  SKIPPED: this system makes no namespaces  !!!!");
        return;
    }
    let claim = env!("CARGO_BIN_EXE_git-stream-claim");
    let sync = env!("CARGO_BIN_EXE_git-stream-sync");
    let both = format!("'{claim}' api --files src/ && '{sync}' api");
    contained(&both).go().succeeded();
    // The session of the next container has the same number, and is another.
    let other = contained(&format!("'{sync}' api")).go();
    assert_eq!(other.status(), 1, "{}", other.block());
}
