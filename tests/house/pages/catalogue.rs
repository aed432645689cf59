//! What does every failure say, and with which status does it end?
//!
//! One example of each variant of each error: the table of `docs/exit-status.md`, where our words
//! can be read in one place. What only passes another failure on is not an example of its own.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::io;
use std::path::PathBuf;

use git_stream::exit::{Exit, Explain};
use git_stream::git::{Id, Version};
use git_stream::ledger::{Former, Holder, Kind, OpId, Refusal, StreamState, TakenOver};
use git_stream::name::StreamName;
use git_stream::plan::{Command, CommandKind};
use git_stream::{
    claim, cli, doctor, git, guard, inbox, land, ledger, log, name, pattern, plan, receive, rule,
    setup, status, sync, workspace,
};

use jiff::SignedDuration;

use super::super::tree::rust;
use super::table::hold_table;

/// One failure.
struct Example {
    /// The module whose failure it is.
    module: &'static str,
    /// The name of the type and of the variant: `Error::NotSetUp`, `Invalid`.
    variant: String,
    error: Box<dyn Explain>,
}

fn example<E: Explain + Debug + 'static>(module: &'static str, error: E) -> Example {
    let type_name = std::any::type_name::<E>().rsplit("::").next().unwrap();
    let debug = format!("{error:?}");
    let end = debug.find(|c: char| !c.is_alphanumeric());
    let variant = &debug[..end.unwrap_or(debug.len())];
    let variant = if variant == type_name {
        type_name.to_owned()
    } else {
        format!("{type_name}::{variant}")
    };
    Example {
        module,
        variant,
        error: Box::new(error),
    }
}

fn stream(name: &str) -> StreamName {
    name.parse().unwrap()
}

fn id(digit: &str) -> Id {
    Id::from_hex(digit.repeat(40).as_bytes()).unwrap()
}

fn text(text: &str) -> String {
    text.to_owned()
}

fn at(path: &str) -> PathBuf {
    PathBuf::from(path)
}

fn denied() -> io::Error {
    io::Error::from(io::ErrorKind::PermissionDenied)
}

fn holder() -> Holder {
    Holder {
        stream: stream("ui"),
        agent: "a2".parse().unwrap(),
        worktree: text("/src/app.streams/ui"),
        machine: text("laptop-1f3a"),
    }
}

fn all() -> Vec<Example> {
    let mut all = of_names_and_patterns();
    all.extend(of_git());
    all.extend(of_the_ledger());
    all.extend(of_refusals());
    all.extend(of_setup());
    all.extend(of_claims());
    all.extend(of_the_guard());
    all.extend(of_servers());
    all.extend(of_the_log());
    all.extend(of_undoing());
    all.extend(of_sync());
    all.extend(of_resolving());
    all.extend(of_landing());
    all.extend(of_unlanding());
    all.extend(of_views());
    all.push(example(
        "doctor",
        doctor::Unusable {
            message: text(
                "the ref refs/stream/ledger names no commit: its file is empty or cut off",
            ),
            commands: vec![text("git stream doctor --repair")],
            examinations: serde_json::Value::Null,
        },
    ));
    all
}

fn of_names_and_patterns() -> Vec<Example> {
    let name = |error| example("name", error);
    let pattern = |error| example("pattern", error);
    let bad = text("a//b");
    vec![
        name("a b".parse::<StreamName>().unwrap_err()),
        name("".parse::<name::AgentName>().unwrap_err()),
        pattern(pattern::Error::Blank { pattern: text("!") }),
        pattern(pattern::Error::ExcludedTwice {
            pattern: text("!!a"),
        }),
        pattern(pattern::Error::TooLong {
            beginning: text("src/aaa"),
            length: 5000,
        }),
        pattern(pattern::Error::ControlCharacter {
            pattern: text("a\nb"),
        }),
        pattern(pattern::Error::Absolute {
            pattern: text("/src"),
        }),
        pattern(pattern::Error::Climbs {
            pattern: text("../src"),
        }),
        pattern(pattern::Error::Dot {
            pattern: text("./src"),
        }),
        pattern(pattern::Error::DoubleSlash { pattern: bad }),
        pattern(pattern::Error::DotGit {
            pattern: text(".git/hooks"),
            component: text(".git"),
        }),
        pattern(pattern::Error::Invalid {
            pattern: text("[a"),
            reason: text("unclosed character class"),
        }),
        pattern(pattern::Error::TooDeep {
            pattern: text("{{{…}}}"),
        }),
        pattern(pattern::Error::Empty),
        pattern(pattern::Error::TooMany { count: 2000 }),
        example(
            "pattern",
            pattern::Invalid {
                errors: pattern::PatternSet::parse(["/src"]).unwrap_err(),
            },
        ),
        example(
            "pattern",
            pattern::TooComplex {
                patterns: vec![text("*a*b*c*"), text("*c*b*a*")],
            },
        ),
        example(
            "plan",
            plan::parse(b"version = 2")
                .into_plan("streams.toml at main")
                .unwrap_err(),
        ),
    ]
}

fn of_git() -> Vec<Example> {
    let git = |error| example("git", error);
    vec![
        git(git::Error::NoGit(io::ErrorKind::NotFound.into())),
        git(git::Error::Failed {
            command: text("git rev-parse HEAD"),
            how: text("failed with exit status 128"),
            status: Some(128),
            stderr: text("fatal: …"),
            full: false,
        }),
        git(git::Error::Odd {
            command: text("git version"),
            answer: text("gut"),
        }),
        git(git::Error::TooOld {
            found: Version(2, 30, 0),
            needed: git::MINIMUM,
        }),
        git(git::Error::File {
            attempt: "write",
            path: at("/src/app/.git/git-stream/lock"),
            source: denied(),
        }),
        git(git::Error::NoRepository {
            directory: at("/src"),
        }),
        git(git::Error::Untrusted {
            path: at("/src/app/.git"),
        }),
        git(git::Error::Bare),
        git(git::Error::Unborn),
        git(git::Error::Shallow),
        git(git::Error::Object {
            attempt: "read",
            what: format!("blob {}", id("1")),
            source: "it is missing".into(),
        }),
        git(git::Error::Moved {
            name: text("refs/heads/stream/api"),
            expected: Some(id("1")),
            actual: None,
        }),
        git(git::Error::Locked {
            path: at("/src/app/.git/git-stream/lock"),
            seconds: 60,
        }),
    ]
}

fn of_the_ledger() -> Vec<Example> {
    vec![
        example(
            "ledger",
            ledger::Error::Newer {
                found: text("2"),
                known: 1,
            },
        ),
        example(
            "ledger",
            ledger::Error::Unreadable {
                file: text("streams/api.toml"),
                source: "missing field `state`".into(),
            },
        ),
        example(
            "ledger",
            ledger::Error::Unreachable {
                remote: text("origin"),
                source: git::Error::Unborn,
            },
        ),
        example(
            "ledger",
            ledger::Error::Unwanted {
                remote: text("origin"),
                name: text("refs/stream/ledger"),
                why: text("[remote rejected] (deny updating a hidden ref)"),
            },
        ),
        example(
            "ledger",
            ledger::Error::NotAtomic {
                remote: text("origin"),
            },
        ),
        example(
            "ledger",
            ledger::Error::Rewound {
                remote: text("origin"),
                ours: id("2"),
                theirs: id("1"),
            },
        ),
        example(
            "ledger",
            ledger::Error::Gone {
                remote: text("origin"),
                name: text("refs/stream/ledger"),
            },
        ),
        example(
            "ledger",
            ledger::Error::TwoLedgers {
                remote: text("origin"),
                held: vec![stream("api")],
            },
        ),
        example(
            "ledger",
            ledger::Error::RemoteRaced {
                remote: text("origin"),
            },
        ),
        example(
            "ledger",
            ledger::Error::RemoteLocked {
                remote: text("origin"),
                lock: text("/srv/app.git/./refs/stream/ledger.lock"),
            },
        ),
        example("ledger", ledger::Error::Raced { attempts: 32 }),
        example("workspace", workspace::Error::NotSetUp),
        example(
            "workspace",
            workspace::Error::BaseLost {
                branch: text("main"),
                commit: id("1"),
            },
        ),
        example("workspace", workspace::Error::WhichStream),
        example(
            "workspace",
            workspace::Error::PathNotText {
                path: at("/src/app"),
            },
        ),
    ]
}

fn of_refusals() -> Vec<Example> {
    let refusal = |refusal| example("ledger", refusal);
    let (api, ui) = (stream("api"), stream("ui"));
    let witness = || "src/ui/a".into();
    vec![
        refusal(Refusal::Held {
            holder: holder(),
            named: true,
        }),
        refusal(Refusal::Overlaps {
            stream: api.clone(),
            holder: holder(),
            witness: witness(),
        }),
        refusal(Refusal::Planned {
            planned: ui.clone(),
            witness: witness(),
        }),
        refusal(Refusal::TooComplex {
            stream: api.clone(),
            other: ui.clone(),
        }),
        refusal(Refusal::NotLanded {
            stream: api.clone(),
            dependency: ui.clone(),
            state: StreamState::InProgress,
        }),
        refusal(Refusal::NotInReview {
            stream: api.clone(),
            ground: ui.clone(),
            state: StreamState::InProgress,
        }),
        refusal(Refusal::Conflicts {
            stream: api.clone(),
            holder: holder(),
        }),
        refusal(Refusal::Unknown {
            stream: api.clone(),
            known: vec![text("ui")],
        }),
        refusal(Refusal::InPlan {
            stream: api.clone(),
        }),
        refusal(Refusal::OtherPatterns {
            stream: api.clone(),
            patterns: vec![text("src/**")],
        }),
        refusal(Refusal::SameName {
            stream: api.clone(),
            other: stream("API"),
        }),
        refusal(Refusal::NotHeld {
            stream: api.clone(),
            state: StreamState::Unclaimed,
        }),
        refusal(Refusal::NotYours(holder())),
        refusal(Refusal::Elsewhere(holder())),
        refusal(Refusal::TakenOver(Box::new(TakenOver {
            stream: api.clone(),
            former: Former {
                agent: "a1".parse().unwrap(),
                machine: text("laptop-4193e895"),
                worktree: text("/src/app.streams/api"),
                worktree_id: text("api"),
                epoch: 1,
                by: "a2".parse().unwrap(),
                at: "2026-01-02T03:04:05Z".parse().unwrap(),
                reason: None,
                kept: text("refs/stream/kept/api/20260102T030405Z-9f2c61d0a8e4b7f3-1"),
            },
            epoch: 2,
            holder: Some(holder()),
            is_late: false,
        }))),
        refusal(Refusal::Alive {
            holder: holder(),
            lease: SignedDuration::from_hours(24),
            silence: SignedDuration::from_hours(3),
            asks: Kind::Agent,
        }),
        refusal(Refusal::Busy {
            stream: api,
            verb: text("sync"),
        }),
        refusal(Refusal::PersonOnly {
            what: text("approve commands"),
        }),
        refusal(Refusal::Overtaken {
            stream: stream("api"),
        }),
        refusal(Refusal::Asked {
            stream: ui,
            id: text("conflict-1f3a09c2"),
            question: text("commit 1f3a09c2 'Titles' of ui conflicts with main in src/ui/app.js"),
        }),
        refusal(Refusal::NoQuestion { id: text("1f3a") }),
    ]
}

fn of_unlanding() -> Vec<Example> {
    let land = |error| example("land", error);
    vec![
        land(land::Error::Obstructed {
            branch: text("main"),
            checkout: at("/src/app"),
            obstacle: Box::new(sync::Obstacle::Uncommitted {
                worktree: at("/src/app"),
                paths: vec!["src/api/lib.rs".into()],
            }),
        }),
        land(land::Error::Torn {
            branch: text("main"),
            checkout: at("/src/app"),
            paths: vec!["src/api/lib.rs".into()],
        }),
        land(land::Error::Doubted {
            question: text("main was rewritten: it does not contain 111111111111 any more"),
            choices: vec![text("Put it back with `git branch --force main 1111`.")],
        }),
        land(land::Error::DependedOn {
            stream: stream("api"),
            dependent: stream("ui"),
            state: StreamState::InProgress,
        }),
        land(land::Error::BuiltUpon {
            later: Box::new(land::Later {
                op: OpId::parse("9f2c61d0a8e4b7f3").unwrap(),
                event: text("land lib: 1 commit onto main, now 222222222222"),
                agent: "a2".parse().unwrap(),
                streams: vec![stream("lib")],
                ways: vec![(id("1"), id("2"))],
            }),
            paths: vec!["src/api/lib.rs".into()],
        }),
        land(land::Error::GoneOn {
            stream: stream("api"),
            worktree: Some(text("/src/app.streams/api")),
            is_held: true,
            ways: vec![(id("1"), id("2"))],
        }),
        land(land::Error::Entangled {
            branch: text("main"),
            paths: vec!["src/api/lib.rs".into()],
            commits: vec![git::Mention {
                id: id("3"),
                author: text("Ada"),
                subject: text("Answer slower"),
                streams: String::new(),
            }],
            ways: vec![(id("1"), id("2"))],
        }),
        land(land::Error::TipGone {
            stream: stream("api"),
            tip: Some(id("1")),
        }),
        land(land::Error::FailsWithout {
            streams: vec![stream("api")],
            command: text("cargo test"),
            how: text("failed with exit status 101"),
            log: at("/src/app/.git/git-stream/checks/9f2c61d0a8e4b7f3-1.log"),
            last: Vec::new(),
        }),
    ]
}

fn of_landing() -> Vec<Example> {
    let land = |error| example("land", error);
    let failed = || git::Error::Failed {
        command: text("git push origin refs/heads/main"),
        how: text("failed with exit status 128"),
        status: Some(128),
        stderr: text("fatal: the remote end hung up unexpectedly"),
        full: false,
    };
    vec![
        land(land::Error::NoRemote {
            branch: text("main"),
        }),
        land(land::Error::Foreign {
            stream: stream("api"),
            remote: text("origin"),
            worktree: at("/src/app.streams/api"),
        }),
        land(land::Error::NotTaken {
            stream: stream("api"),
            remote: text("origin"),
            reason: text("[remote rejected] (pre-receive hook declined): no such branches"),
        }),
        land(land::Error::NotOpened {
            stream: stream("api"),
            command: text("gh pr create --head stream/api --base main --fill"),
            how: text("failed with exit status 1"),
            said: text("GraphQL: was submitted too quickly"),
            log: at("/src/app/.git/git-stream/opening/api/log"),
        }),
        land(land::Error::OldEpoch {
            stream: stream("api"),
            had: text("1"),
            now: 2,
        }),
        land(land::Error::Queued { seconds: 1800 }),
        land(land::Error::Occupied {
            path: at("/src/app.streams/.check"),
        }),
        land(land::Error::NotStarted {
            command: text("cargo test"),
            source: denied(),
        }),
        land(land::Error::Unprepared {
            what: "setup",
            command: text("npm ci"),
            how: text("ended with status 1"),
            log: at("/src/app/.git/git-stream/checks/9f2c61d0a8e4b7f3-1.log"),
        }),
        land(land::Error::Interrupted {
            command: text("cargo test"),
        }),
        land(land::Error::CheckoutBusy {
            branch: text("main"),
            checkout: at("/src/app"),
            operation: "merge",
        }),
        land(land::Error::InTheWay {
            branch: text("main"),
            checkout: at("/src/app"),
            source: failed(),
        }),
        land(land::Error::Raced {
            branch: text("main"),
            attempts: 5,
        }),
        land(land::Error::Rejected {
            remote: text("origin"),
            branch: text("main"),
            reason: text("[remote rejected] (pre-receive hook declined): main is protected"),
        }),
        land(land::Error::Unknown {
            remote: text("origin"),
            branch: text("main"),
            stream: stream("api"),
            source: failed(),
        }),
    ]
}

fn of_setup() -> Vec<Example> {
    let setup = |error| example("setup", error);
    vec![
        setup(setup::Error::NoIdentity),
        setup(setup::Error::NoBase {
            branch: text("trunk"),
            remote: None,
            full_name: text("refs/heads/trunk"),
        }),
        setup(setup::Error::WhichBase),
        setup(setup::Error::NotApproved {
            digest: text("1f3a…"),
            commands: vec![Command {
                kind: CommandKind::Setup,
                text: text("npm ci"),
            }],
        }),
        setup(setup::Error::PersonOnly {
            what: "approve the plan's commands",
        }),
    ]
}

fn of_claims() -> Vec<Example> {
    let claim = |error| example("claim", error);
    let api = || stream("api");
    let worktree = || at("/src/app.streams/api");
    vec![
        claim(claim::Error::ForeignWork {
            stream: api(),
            commits: 2,
            paths: vec!["src/ui/app.js".into(), "streams.toml".into()],
        }),
        claim(claim::Error::LeftUnfinished {
            stream: api(),
            worktree: worktree(),
            operation: Some("rebase"),
        }),
        claim(claim::Error::NotWhole {
            stream: api(),
            worktree: text("/src/app.streams/api"),
        }),
        claim(claim::Error::NoRevision {
            revision: text("nowhere"),
        }),
        claim(claim::Error::BranchExists {
            stream: api(),
            tip: id("1"),
        }),
        claim(claim::Error::BranchInUse {
            stream: api(),
            worktree: at("/src/app"),
        }),
        claim(claim::Error::WorktreeExists {
            stream: api(),
            path: worktree(),
        }),
        claim(claim::Error::NoForkPoint {
            stream: api(),
            tip: id("1"),
            base: text("main"),
            several: 2,
        }),
        claim(claim::Error::OtherGround {
            stream: api(),
            ground: stream("ui"),
            tip: id("1"),
        }),
        claim(claim::Error::Outdated),
        claim(claim::Error::Vanished { stream: api() }),
        claim(claim::Error::SetupNotStarted {
            command: text("npm ci"),
            source: denied(),
        }),
        claim(claim::Error::SetupFailed {
            stream: api(),
            command: text("npm ci"),
            how: text("exit status 1"),
        }),
        claim(claim::Error::CommandNotStarted {
            command: text("claude"),
            source: denied(),
        }),
    ]
}

fn of_sync() -> Vec<Example> {
    let sync = |error| example("sync", error);
    let api = || stream("api");
    let worktree = || at("/src/app.streams/api");
    let failed = || git::Error::Odd {
        command: text("git fetch origin main"),
        answer: text("what?"),
    };
    vec![
        sync(sync::Error::Unreachable {
            remote: text("origin"),
            branch: text("main"),
            source: failed(),
        }),
        sync(sync::Error::NoIdentity),
        sync(sync::Error::NoBranch { stream: api() }),
        sync(sync::Error::NotReached { stream: api() }),
        sync(sync::Error::IndexBusy {
            worktree: worktree(),
        }),
        sync(sync::Error::Torn {
            stream: api(),
            worktree: worktree(),
            paths: vec!["src/api/lib.rs".into()],
            kept: None,
        }),
        sync(sync::Error::HalfWay {
            stream: api(),
            worktree: worktree(),
            kept: None,
            source: failed(),
        }),
    ]
}

fn no_operation(op: &str) -> git_stream::undo::Error {
    let (op, before) = (text(op), None);
    git_stream::undo::Error::NoOperation { op, before }
}

fn of_undoing() -> Vec<Example> {
    use git_stream::undo::Error;
    let undo = |error| example("undo", error);
    let api = || stream("api");
    let op = |digit: &str| OpId::parse(&digit.repeat(16)).unwrap();
    let agent = || "a1".parse().unwrap();
    let paths = || vec!["src/api/lib.rs".into()];
    vec![
        undo(Error::Nothing {
            before: None,
            agent: agent(),
            stream: Some(api()),
        }),
        undo(no_operation("9f2c61d0")),
        undo(Error::NotUndoable {
            op: op("1"),
            event: text("base main: set up, at 111111111111"),
        }),
        undo(Error::CameToNothing {
            op: op("1"),
            event: text("sync api: the operation died"),
        }),
        undo(Error::Stopped {
            event: text("escalate conflict: both sides changed 'src/api/lib.rs'"),
        }),
        undo(Error::Later {
            stream: api(),
            op: op("1"),
            later: op("2"),
            event: text("release api: a1 gives it back; nothing was left"),
            agent: agent(),
        }),
        undo(Error::MovedOn {
            stream: api(),
            commits: 2,
            back: Some(id("1")),
        }),
        undo(Error::Gone {
            stream: api(),
            commit: id("1"),
        }),
        undo(Error::InUse {
            stream: api(),
            paths: paths(),
        }),
        undo(Error::Takeover {
            stream: api(),
            event: text("takeover api: a2 takes it from a1; its lease has ended"),
        }),
        undo(Error::LandsNot(Box::new(land::Landed {
            stream: api(),
            old: id("1"),
            new: id("1"),
            base: id("2"),
            base_branch: text("main"),
            commits: 1,
            check: None,
            outcome: land::Outcome::Refused(land::Refused {
                cause: "check-failed",
                reason: text("its check `cargo test` failed with exit status 101"),
                text: String::new(),
                paths: Vec::new(),
                hints: vec![text(
                    "Mend it in the stream's worktree, commit, and run `git stream land api` again.",
                )],
            }),
            left: land::Left::default(),
            notes: Vec::new(),
            dry_run: false,
        }))),
        undo(Error::CommittedSince {
            stream: api(),
            commits: 2,
        }),
        undo(Error::Forge {
            op: op("1"),
            event: text("land api: 2 commits"),
        }),
        undo(Error::InTheWay {
            stream: api(),
            obstacle: Box::new(sync::Obstacle::Uncommitted {
                worktree: at("/src/app.streams/api"),
                paths: paths(),
            }),
        }),
        undo(Error::NoRevision {
            revision: text("nowhere"),
        }),
        undo(Error::NeverThere {
            stream: api(),
            commit: id("1"),
        }),
        undo(Error::Breaks {
            stream: api(),
            commit: id("1"),
            base: id("2"),
            paths: paths(),
        }),
    ]
}

fn of_the_log() -> Vec<Example> {
    let log = |error| example("log", error);
    vec![
        log(log::Error::NoStream {
            stream: stream("apu"),
        }),
        log(log::Error::NoDate {
            text: text("someday"),
        }),
        log(log::Error::NoOperation {
            op: text("9f2c61d0"),
        }),
    ]
}

fn of_servers() -> Vec<Example> {
    let receive = |error| example("receive", error);
    vec![
        receive(receive::Error::Garbled { text: text("x") }),
        receive(receive::Error::Namespace),
        receive(receive::Error::NoBase {
            branch: text("main"),
        }),
        receive(receive::Error::WhichBase),
        receive(receive::Error::ForeignHooks {
            path: at("/etc/git/hooks"),
        }),
        receive(receive::Error::TwoHooks {
            path: at("/srv/app.git/hooks/pre-receive.own"),
        }),
    ]
}

fn of_resolving() -> Vec<Example> {
    use sync::resolve::Error;
    let resolve = |error| example("sync", error);
    let stream = || stream("api");
    let worktree = || at("/src/app.streams/api.resolve");
    vec![
        resolve(Error::Nothing { stream: stream() }),
        resolve(Error::NotResolving { stream: stream() }),
        resolve(Error::ForPerson {
            stream: stream(),
            holder_may: false,
        }),
        resolve(Error::PlaceTaken { path: worktree() }),
        resolve(Error::WouldNotBegin {
            worktree: worktree(),
            said: text("fatal: the pre-rebase hook refused to rebase"),
        }),
        resolve(Error::WorktreeGone {
            stream: stream(),
            worktree: worktree(),
        }),
        resolve(Error::Unfinished {
            stream: stream(),
            worktree: worktree(),
            operation: "rebase",
        }),
        resolve(Error::Unclean {
            stream: stream(),
            worktree: worktree(),
            paths: vec!["src/api/lib.rs".into()],
        }),
        resolve(Error::NotOnBase {
            stream: stream(),
            worktree: worktree(),
            base: id("1"),
        }),
        resolve(Error::Breaks {
            stream: stream(),
            worktree: worktree(),
            base: id("1"),
            headline: text("the commit of stream 'api' changes what it may not: 1 of ui"),
            hints: Vec::new(),
        }),
        resolve(Error::Overtaken { stream: stream() }),
        resolve(Error::Garbled {
            path: at("/src/app/.git/git-stream/resolve/api.toml"),
        }),
    ]
}

fn of_the_guard() -> Vec<Example> {
    let guard = |error| example("guard", error);
    let rule = |error| example("rule", error);
    let api = || stream("api");
    vec![
        guard(guard::Error::Left { stream: api() }),
        guard(guard::Error::OnOtherBranch {
            stream: api(),
            branch: text("main"),
        }),
        guard(guard::Error::WhichStream),
        guard(guard::Error::UnknownStream { stream: api() }),
        guard(guard::Error::NoRange { text: text("main") }),
        guard(guard::Error::NotACommit {
            revision: text("nowhere"),
        }),
        guard(guard::Error::Ambiguous {
            revision: text("main"),
            names: vec![text("refs/tags/main"), text("refs/heads/main")],
        }),
        guard(guard::Error::OutsidePath { path: at("../x") }),
        guard(guard::Error::Garbled {
            path: at("/src/app/.git/MERGE_HEAD"),
            line: text("x"),
        }),
        guard(guard::Error::NotRecorded {
            stream: stream("api"),
            said: text("the disk is full"),
        }),
        guard(guard::Error::TooLong {
            limit: std::time::Duration::from_secs(30),
        }),
        guard(guard::Error::OwnHook {
            path: at("/src/app/.git/hooks/pre-commit"),
            source: denied(),
        }),
        rule(rule::Error::NoParent {
            commit: Some(id("1")),
        }),
        rule(rule::Error::NoBase {
            commit: None,
            trusted: id("2"),
        }),
        rule(rule::Error::SeveralBases {
            commit: None,
            bases: vec![id("1"), id("2")],
            trusted: id("3"),
        }),
        rule(rule::Error::BadTree {
            commit: None,
            flaw: git::Flaw {
                directory: "src".into(),
                tree: id("1"),
                name: "ui".into(),
                what: "is there twice",
            },
        }),
    ]
}

fn of_views() -> Vec<Example> {
    use cli::dispatch;
    let dispatch = |error| example("cli", error);
    vec![
        example(
            "status",
            status::Error::NoPlan {
                path: at("/src/app/streams.toml"),
            },
        ),
        example(
            "status",
            status::Error::Unknown {
                stream: stream("apu"),
                nearest: Some(stream("api")),
            },
        ),
        example("inbox", inbox::Error::Unknown { id: text("1f3a") }),
        example(
            "inbox",
            inbox::Error::Ambiguous {
                id: text("1"),
                ids: vec![text("1f3a"), text("1c44")],
            },
        ),
        dispatch(dispatch::Error::Unknown {
            verb: text("statsu"),
            nearest: Some(text("status")),
        }),
        dispatch(dispatch::Error::Missing {
            verb: text("status"),
        }),
        dispatch(dispatch::Error::Option { option: text("-C") }),
        dispatch(dispatch::Error::CannotStart {
            program: at("/usr/local/bin/git-stream-status"),
            source: denied(),
        }),
    ]
}

#[test]
fn the_page_about_statuses_has_every_failure() {
    let all = all();
    let mut table = String::new();
    for exit in Exit::ALL {
        let mut rows = all.iter().filter(|one| one.error.exit() == exit).peekable();
        if rows.peek().is_none() {
            continue;
        }
        table.push_str(&format!("### {} {}\n\n", exit.code(), exit.name()));
        table.push_str("| where | message | what to do |\n|---|---|---|\n");
        for Example { module, error, .. } in rows {
            let hints = error.hints().join(" ");
            let cells = [error.to_string(), hints].map(|cell| cell.replace('|', "\\|"));
            table.push_str(&format!("| {module} | {} | {} |\n", cells[0], cells[1]));
        }
        table.push('\n');
    }
    hold_table(
        "docs/exit-status.md",
        "failures",
        table.trim_end_matches('\n'),
    );
}

#[test]
fn every_variant_of_every_error_is_in_the_catalogue() {
    let shown: BTreeSet<String> = all()
        .iter()
        .map(|one| format!("{}: {}", one.module, one.variant))
        .collect();
    let mut missing = Vec::new();
    for source in rust() {
        for type_name in types_that_explain(&source.text) {
            for variant in variants(&source.text, &type_name) {
                let wanted = format!("{}: {variant}", source.module());
                if !shown.contains(&wanted) {
                    missing.push(format!("{wanted} ({})", source.path));
                }
            }
        }
    }
    assert!(missing.is_empty(), "add an example of each:\n{missing:#?}");
}

/// The types for which a file has `impl Explain for …`, with any path before `Explain`.
fn types_that_explain(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]").next().unwrap();
    let parts = code.split("Explain for ").skip(1);
    let names = parts.map(|rest| rest.chars().take_while(|c| c.is_alphanumeric()).collect());
    names.collect()
}

/// `Error::NotSetUp` for each variant of an enum, unless it only passes another failure on;
/// `Invalid` for a struct.
fn variants(text: &str, type_name: &str) -> Vec<String> {
    let Some((_, body)) = text.split_once(&format!("pub enum {type_name} {{\n")) else {
        return vec![type_name.to_owned()];
    };
    let body = body.split_once("\n}\n").unwrap().0;
    let mut found = Vec::new();
    let mut passes_on = false;
    for line in body.lines() {
        let Some(line) = line.strip_prefix("    ") else {
            continue;
        };
        if line.starts_with("#[error(transparent)]") {
            passes_on = true;
        } else if line.starts_with(|c: char| c.is_ascii_uppercase()) {
            let name: String = line.chars().take_while(|c| c.is_alphanumeric()).collect();
            if !std::mem::take(&mut passes_on) {
                found.push(format!("{type_name}::{name}"));
            }
        }
    }
    assert!(
        !found.is_empty() || body.contains("transparent"),
        "{type_name}"
    );
    found
}

/// A hint is a sentence with one command that can be pasted.
#[test]
fn every_hint_is_a_sentence() {
    for Example { variant, error, .. } in all() {
        let message = error.to_string();
        assert!(
            !message.ends_with('.') && !message.contains('\n'),
            "{message}"
        );
        for hint in error.hints() {
            let begins = hint.starts_with(|c: char| c.is_uppercase() || c == '`');
            let ends = hint.ends_with(['.', '?']);
            assert!(begins && ends, "{variant}: {hint}");
        }
    }
}
