use super::super::parse;

/// Every problem of a text, with its remedy; every stream and witness as a program would see it.
fn problems(text: impl AsRef<[u8]>) -> String {
    let parsed = parse(text.as_ref());
    let mut lines = Vec::new();
    for problem in &parsed.problems {
        let witness = problem
            .witness
            .as_ref()
            .map_or(String::new(), |path| format!(" @ {path}"));
        let about = problem.streams.join(", ");
        lines.push(format!("{}: {problem}", problem.kind));
        lines.push(format!("  [{about}{witness}] {}", problem.hint));
    }
    lines.join("\n")
}

/// The problems of what follows `version = 1` and a newline: its first line is line 2.
fn below_version(text: &str) -> String {
    problems(format!("version = 1\n{text}"))
}

#[test]
fn a_file_that_cannot_be_a_plan_is_one_problem() {
    insta::assert_snapshot!(problems(""), @"");
    insta::assert_snapshot!(problems("\n  \n"), @"");
    insta::assert_snapshot!(problems(b"version = 1\nbase = \"\xff\""), @"");
    insta::assert_snapshot!(problems("#".repeat((1 << 20) + 1)), @"");
    insta::assert_snapshot!(problems("version = 1\n[streams.a]\nfiles = [\"a\", "), @"");
    insta::assert_snapshot!(problems("version = 1\nbase = \"ma"), @"");
    insta::assert_snapshot!(problems([0; 100]), @"");
    insta::assert_snapshot!(problems("version = 1\n<<<<<<< HEAD\nbase = 'a'\n=======\n"), @"");
}

#[test]
fn a_key_or_a_table_written_twice_is_a_syntax_error() {
    insta::assert_snapshot!(problems("version = 1\nbase = 'a'\nbase = 'b'"), @"");
    insta::assert_snapshot!(problems("version = 1\n[streams.a]\nfiles = ['a']\n\n[streams.a]\nfiles = ['b']"), @"");
}

#[test]
fn the_version_has_to_be_known() {
    insta::assert_snapshot!(problems("base = 'main'"), @"");
    insta::assert_snapshot!(problems("version = 2\nnothing = { of = this }\nlease = 3".replace("{ of = this }", "1")), @"");
    insta::assert_snapshot!(problems("version = 0"), @"");
    insta::assert_snapshot!(problems("version = '1'"), @"");
    insta::assert_snapshot!(problems("\nversion = 99999999999999999999999"), @"");
}

#[test]
fn unknown_keys_get_the_nearest_known_one() {
    insta::assert_snapshot!(below_version("bse = 'main'\nlease = '1h'\nfoo = 1\nstream.a.files = ['a']\n\"a b\" = 1\n"), @"");
    insta::assert_snapshot!(below_version("[land]\nstrateg = 'merge'\nresolver = 'holder'\nbase = 'main'\n[policy]\nsymlinks_out = true\n"), @"");
    insta::assert_snapshot!(below_version("[streams.a]\nfile = ['a']\non_failure = 'stop'\ndepends = ['b']\n[agents.c]\ncmd = ['x']\n"), @"");
}

#[test]
fn values_of_another_type_say_which_type_is_right() {
    insta::assert_snapshot!(below_version("base = 1\nclaim = 3\nstreams = []\nagents = 'x'\n[worktrees]\nsparse = 'no'\ncopy = '.env'\n[sync]\nevery = 30\n[land]\nauto = 1.5\nkeep = 2030-01-01\nthrough = ['pr']\n"), @"");
    insta::assert_snapshot!(below_version("[agents.c]\ncommand = 'claude'\njobs = '4'\n[streams]\na = 'a/'\n[streams.b]\nfiles = ['b',\n 3,\n ['c']]\n[[milestones.m]]\n"), @"");
}

#[test]
fn values_that_a_key_does_not_take_say_what_it_takes() {
    insta::assert_snapshot!(below_version("ledger = 'refs/heads/main'\n[claim]\nwiden = 'Free'\n[sync]\nresolver = 'me'\n[land]\nthrough = 'pull-request'\nstrategy = 'rebas'\nafter = 'review'\n[agents.c]\ncommand = ['x']\njobs = 0\nretries = -1\n[streams.a]\nfiles = ['a']\non-failure = 'ignore'\nowner = \"a\\nb\"\nagent = '-a'\n"), @"");
}

#[test]
fn lengths_of_time_are_positive_and_sane() {
    let each = [
        "0s",
        "-5m",
        "5m ago",
        "soon",
        "30",
        "500ms",
        "1mo",
        "20000d",
        "99999999999999h",
    ];
    let lines: Vec<String> = each
        .iter()
        .map(|text| below_version(&format!("[claim]\nlease = '{text}'")))
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @"");
}

#[test]
fn a_base_is_the_short_name_of_a_branch() {
    let each = [
        "-x",
        "a b",
        "refs/heads/main",
        "refs/heads/-x",
        "refs/tags/v1",
        "HEAD",
        "a..b",
        "a.lock",
        "/a",
        "a/",
        "a//b",
        ".a",
        "@",
        "a@{1}",
        "a:b",
        "stream/api",
        "stream-ledger",
        "a.",
    ];
    let lines: Vec<String> = each
        .iter()
        .map(|text| below_version(&format!("base = '{text}'")))
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @"");
}

#[test]
fn a_remote_is_a_name_and_no_address() {
    let each = [
        "-o",
        "git@github.com:o/r",
        "https://github.com/o/r",
        "../other",
        "/srv/r.git",
        "a b",
    ];
    let lines: Vec<String> = each
        .iter()
        .map(|text| below_version(&format!("remote = '{text}'")))
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @"");
}

#[test]
fn a_worktree_has_a_directory_of_its_own() {
    let each = [
        "../streams",
        "{stream}/{user}",
        "../{stream}/..",
        "~/{stream}",
        ".git/{stream}",
        "a/../{stream}",
        "{stream",
        "{{stream}}",
        "$HOME}/{stream}",
    ];
    let lines: Vec<String> = each
        .iter()
        .map(|text| below_version(&format!("[worktrees]\npath = '{text}'")))
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @"");
}

#[test]
fn empty_texts_and_lists_are_not_nothing() {
    insta::assert_snapshot!(below_version("base = ''\n[worktrees]\nsetup = ' '\n[land]\ncheck = \"a\\u0000b\"\n[agents.c]\ncommand = []\n[agents.d]\ncommand = ['', 'x']\n[streams.a]\nfiles = []\n[streams.b]\nfiles = ['!b']\n[streams.c]\nfiles = ['']\n[milestones.m]\nstreams = []\n"), @"");
}

#[test]
fn keys_that_have_to_be_given_are_missed() {
    insta::assert_snapshot!(below_version("[derived]\nfiles = ['a']\n[agents.c]\n[streams.a]\n[milestones.m]\n"), @"");
    insta::assert_snapshot!(below_version("[derived]\ncommand = 'make'\n"), @"");
}

#[test]
fn bad_patterns_are_reported_each_at_its_own_line() {
    insta::assert_snapshot!(below_version("[shared]\nfiles = ['/etc/passwd']\n[streams.a]\nfiles = [\n  'ok/**',\n  '../up',\n  'src/[a',\n  '!x/./y',\n]\n"), @"");
}

#[test]
fn names_have_to_work_everywhere() {
    insta::assert_snapshot!(below_version("[streams.\"a b\"]\nfiles = ['a']\ndependencies = ['-x', '..']\n[streams.-x]\nfiles = ['b']\n[agents.\"\"]\ncommand = ['x']\n[milestones.\"a/b\"]\nstreams = ['-x']\n"), @"");
}

#[test]
fn names_that_differ_only_in_case_collide() {
    insta::assert_snapshot!(below_version("[streams.api]\nfiles = ['a']\n[streams.Api]\nfiles = ['b']\n[streams.API]\nfiles = ['c']\n"), @"");
}

#[test]
fn references_name_other_streams_of_the_plan() {
    insta::assert_snapshot!(below_version("[streams.api]\nfiles = ['a']\ndependencies = ['shema', 'api']\nconflicts = ['api', 'other']\n[streams.schema]\nfiles = ['b']\n[milestones.m]\nstreams = ['api', 'beta']\n"), @"");
}

#[test]
fn each_cycle_is_shown_once() {
    insta::assert_snapshot!(below_version("[streams.a]\nfiles = ['a']\ndependencies = ['b']\n[streams.b]\nfiles = ['b']\ndependencies = ['c', 'a']\n[streams.c]\nfiles = ['c']\ndependencies = ['a', 'd']\n[streams.d]\nfiles = ['d']\n"), @"");
}

#[test]
fn streams_that_could_own_the_same_path_overlap() {
    insta::assert_snapshot!(below_version("[streams.api]\nfiles = ['src/api/**']\ndependencies = ['ui']\n[streams.ui]\nfiles = ['src/**/*.rs', 'ui/']\n[streams.docs]\nfiles = ['docs/']\n[streams.all]\nfiles = ['{ui,docs}/**']\n"), @"");
}

#[test]
fn overlaps_wait_for_the_patterns_that_decide_them() {
    insta::assert_snapshot!(below_version("[streams.a]\nfiles = ['src/', '!src/[b']\n[streams.b]\nfiles = ['src/b']\n"), @"");
    insta::assert_snapshot!(below_version("[streams.a]\nfiles = ['src/', '/a']\n[streams.b]\nfiles = ['src/b']\n"), @"");
    insta::assert_snapshot!(below_version("[shared]\nfiles = ['/src']\n[streams.a]\nfiles = ['src/']\n[streams.b]\nfiles = ['src/b']\n"), @"");
}

#[test]
fn all_problems_of_a_plan_come_in_one_run_in_the_order_of_lines() {
    insta::assert_snapshot!(problems("bse = 'x'\n[claim]\nlease = 'soon'\n[streams.a]\nfiles = ['/a', 'b/']\ndependencies = ['nobody']\n[streams.b]\nfiles = ['b/c']\n"), @"");
}
