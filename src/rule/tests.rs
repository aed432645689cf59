//! What does the rule say about changes that are written out?

use std::collections::BTreeMap;
use std::rc::Rc;

use bstr::{BStr, BString};

use super::judge::Listing;
use super::{Content, Scope, Why, judge};
use crate::git::{self, Change, GITLINK, Id, Leaf, Node, SYMLINK};
use crate::pattern::{PathProblem, PatternSet, Territory};
use crate::plan::Plan;

/// A base that is a list of paths; the n-th blob is the n-th symlink's target.
#[derive(Default)]
struct Written {
    paths: Vec<&'static str>,
    targets: Vec<&'static str>,
}

impl Content for Written {
    fn list(&self, directory: &BStr) -> Result<Option<Rc<Listing>>, git::Error> {
        let mut found = BTreeMap::new();
        for path in &self.paths {
            let rest = if directory.is_empty() {
                Some(*path)
            } else {
                path.strip_prefix(&directory.to_string())
                    .and_then(|rest| rest.strip_prefix('/'))
            };
            let Some(rest) = rest else { continue };
            match rest.split_once('/') {
                Some((name, _)) => found.insert(BString::from(name), Node::Directory(id(0))),
                None => found.insert(BString::from(rest), Node::Leaf(file(0))),
            };
        }
        Ok((!found.is_empty() || directory.is_empty())
            .then(|| Rc::new(found.into_iter().collect())))
    }

    fn blob(&self, id: Id) -> Result<Vec<u8>, git::Error> {
        Ok(self.targets[usize::from(id.as_slice()[0])].into())
    }
}

fn id(n: u8) -> Id {
    Id::from_bytes_or_panic(&[n; 20])
}

fn file(n: u8) -> Leaf {
    Leaf {
        mode: 0o100_644,
        id: id(n),
    }
}

fn change(path: &str, old: Option<Leaf>, new: Option<Leaf>) -> Change {
    Change {
        path: path.into(),
        old,
        new,
        unmerged: false,
    }
}

fn added(path: &str) -> Change {
    change(path, None, Some(file(1)))
}

fn edited(path: &str) -> Change {
    change(path, Some(file(1)), Some(file(2)))
}

fn removed(path: &str) -> Change {
    change(path, Some(file(1)), None)
}

fn plan() -> Plan {
    let set = |patterns: &[&str]| PatternSet::parse(patterns).unwrap();
    let mut plan = Plan::empty();
    plan.shared.files = set(&["api/shared/**", "package.json"]);
    plan.shared.create = set(&["fixtures/**", "api/shared/new/**"]);
    plan.derived.files = set(&["**/*.lock"]);
    plan
}

fn scope_of(patterns: &[&str], plan: &Plan) -> Scope {
    Scope::new(&Territory::from(PatternSet::parse(patterns).unwrap()), plan)
}

/// The stream of most tests owns everything below `api`.
fn scope() -> Scope {
    scope_of(&["api/**"], &plan())
}

#[track_caller]
fn whys(scope: &Scope, base: &Written, changes: &[Change]) -> Vec<(String, Why)> {
    judge(scope, changes, base)
        .unwrap()
        .into_iter()
        .map(|breach| (breach.path.to_string(), breach.why))
        .collect()
}

#[track_caller]
fn accepts(changes: &[Change]) {
    assert_eq!(whys(&scope(), &Written::default(), changes), []);
}

#[track_caller]
fn refuses(changes: &[Change], why: &Why) {
    let found = whys(&scope(), &Written::default(), changes);
    let path = changes[0].path.to_string();
    assert_eq!(found, [(path, why.clone())]);
}

#[test]
fn owned_paths_may_be_added_edited_and_removed() {
    accepts(&[added("api/a"), edited("api/b"), removed("api/c/d")]);
}

#[test]
fn other_paths_may_not() {
    for change in [
        added("ui/a"),
        edited("ui/a"),
        removed("ui/a"),
        edited("apis"),
    ] {
        refuses(&[change], &Why::OutOfScope);
    }
}

#[test]
fn a_mode_alone_is_a_change() {
    let mut executable = file(1);
    executable.mode = 0o100_755;
    refuses(
        &[change("ui/run", Some(file(1)), Some(executable))],
        &Why::OutOfScope,
    );
}

#[test]
fn shared_beats_owned() {
    refuses(&[edited("api/shared/a")], &Why::Shared);
    refuses(&[removed("package.json")], &Why::Shared);
    assert!(scope().owns("api/a".into()));
    assert!(!scope().owns("api/shared/a".into()));
}

#[test]
fn a_lock_opens_exactly_its_file() {
    let locked = scope().with_locks(vec!["package.json".into(), "api/shared/a".into()]);
    let changes = [edited("package.json"), edited("api/shared/b")];
    let found = whys(&locked, &Written::default(), &changes);
    assert_eq!(found, [("api/shared/b".to_owned(), Why::Shared)]);
}

#[test]
fn files_may_be_created_where_the_plan_says_so_but_not_edited() {
    accepts(&[added("fixtures/a"), added("api/shared/new/a")]);
    refuses(&[edited("fixtures/a")], &Why::OutOfScope);
    refuses(&[removed("fixtures/a")], &Why::OutOfScope);
    refuses(&[edited("api/shared/new/a")], &Why::Shared);
}

#[test]
fn derived_files_belong_to_everybody() {
    accepts(&[
        edited("Cargo.lock"),
        added("ui/yarn.lock"),
        removed("api/shared/x.lock"),
    ]);
}

#[test]
fn the_plan_belongs_to_nobody_whatever_the_patterns_say() {
    let everything = scope_of(&["**"], &Plan::empty());
    let changes = [edited("streams.toml"), edited("sub/streams.toml")];
    let found = whys(&everything, &Written::default(), &changes);
    assert_eq!(found, [("streams.toml".to_owned(), Why::Plan)]);
    assert!(!everything.owns("streams.toml".into()));
}

#[test]
fn paths_that_no_git_should_store_are_refused_even_where_everything_is_owned() {
    let everything = scope_of(&["**"], &Plan::empty());
    let changes = [added("a/../ui/x"), added(".git/config"), added("a//b")];
    let found = whys(&everything, &Written::default(), &changes);
    let problems: Vec<Why> = found.into_iter().map(|(_, why)| why).collect();
    assert_eq!(
        problems,
        [
            Why::BadPath(PathProblem::DotDot),
            Why::BadPath(PathProblem::DotGit),
            Why::BadPath(PathProblem::EmptyComponent)
        ]
    );
}

#[test]
fn a_conflict_in_an_own_path_is_said_to_be_one() {
    let conflict = |path: &str| Change {
        unmerged: true,
        ..edited(path)
    };
    refuses(&[conflict("api/a")], &Why::Unmerged);
    refuses(&[conflict("ui/a")], &Why::OutOfScope);
}

fn collision(paths: &[&'static str], changes: &[Change]) -> Option<String> {
    let base = Written {
        paths: paths.to_vec(),
        ..Written::default()
    };
    let found = whys(&scope_of(&["**"], &Plan::empty()), &base, changes);
    let why = found.into_iter().next()?.1;
    let Why::CaseCollision { other } = why else {
        panic!("{why:?}")
    };
    Some(other.to_string())
}

#[test]
fn an_added_path_must_differ_in_more_than_case() {
    assert_eq!(
        collision(
            &["api/Read.me"],
            &[added("api/README.md"), added("api/READ.ME")]
        )
        .as_deref(),
        Some("api/Read.me")
    );
    assert_eq!(
        collision(&["src/a"], &[added("SRC/b")]).as_deref(),
        Some("src")
    );
    assert_eq!(
        collision(&["caf\u{e9}"], &[added("cafe\u{301}")]).as_deref(),
        Some("caf\u{e9}")
    );
    assert_eq!(collision(&["src/a"], &[added("src/b")]), None);
}

#[test]
fn two_added_paths_must_differ_in_more_than_case() {
    let changes = [added("new/A/x"), added("new/a/y")];
    assert_eq!(collision(&[], &changes).as_deref(), Some("new/a"));
}

#[test]
fn a_rename_that_changes_only_the_case_is_no_collision() {
    assert_eq!(
        collision(&["README"], &[removed("README"), added("Readme")]),
        None
    );
    let whole = [removed("src/a"), removed("src/b/c"), added("Src/a")];
    assert_eq!(collision(&["src/a", "src/b/c"], &whole), None);
    assert_eq!(
        collision(&["src/a", "src/b/c"], &[removed("src/a"), added("Src/a")]).as_deref(),
        Some("src")
    );
}

#[test]
fn editing_one_of_two_that_collide_already_is_nobodys_fault() {
    assert_eq!(collision(&["a", "A"], &[edited("A")]), None);
}

fn link(path: &str, target: &'static str) -> Vec<(String, Why)> {
    let base = Written {
        targets: vec![target],
        ..Written::default()
    };
    let new = Leaf {
        mode: SYMLINK,
        id: id(0),
    };
    whys(&scope(), &base, &[change(path, None, Some(new))])
}

#[test]
fn a_symlink_stays_inside_the_stream() {
    for target in ["b", "./b/c", "../x", "..//../api/sub", ".", ".."] {
        assert_eq!(link("api/a/link", target), [], "{target}");
    }
    for target in [
        "/etc/passwd",
        "../../ui",
        "../..",
        "../../../x",
        "../shared/x",
        // `b` may be a link by itself, and `..` after it leads to where that one is.
        "./b/../c",
    ] {
        let found = link("api/a/link", target);
        let why = Why::SymlinkOut {
            target: target.into(),
        };
        assert_eq!(found, [("api/a/link".to_owned(), why)], "{target}");
    }
}

#[test]
fn the_plan_may_allow_symlinks_that_leave() {
    let mut plan = plan();
    plan.policy.symlinks_out = true;
    let new = Leaf {
        mode: SYMLINK,
        id: id(0),
    };
    let changes = [change("api/link", None, Some(new))];
    let found = whys(&scope_of(&["api/**"], &plan), &Written::default(), &changes);
    assert_eq!(found, []);
}

#[test]
fn submodules_need_the_plans_leave() {
    let new = Leaf {
        mode: GITLINK,
        id: id(0),
    };
    let changes = [change("api/sub", None, Some(new))];
    refuses(&changes, &Why::Gitlink);
    accepts(&[change("api/sub", Some(new), None)]);
    let mut plan = plan();
    plan.policy.gitlinks = true;
    let found = whys(&scope_of(&["api/**"], &plan), &Written::default(), &changes);
    assert_eq!(found, []);
}

#[test]
fn every_kind_has_a_name_of_its_own() {
    let all = [
        Why::OutOfScope,
        Why::Shared,
        Why::Plan,
        Why::BadPath(PathProblem::Dot),
        Why::CaseCollision { other: "a".into() },
        Why::SymlinkOut { target: "a".into() },
        Why::Gitlink,
        Why::Unmerged,
    ];
    let sentences: std::collections::BTreeSet<String> = all.iter().map(Why::to_string).collect();
    assert_eq!(sentences.len(), all.len());
    let names: std::collections::BTreeSet<&str> = all.iter().map(Why::name).collect();
    assert_eq!(names.len(), all.len());
}
