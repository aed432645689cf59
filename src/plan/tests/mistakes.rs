//! Does every mistake get its line and its remedy?

use super::super::parse;

/// Every problem of a file, with its remedy; every stream and witness as a program would see it.
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
    problems(format!("version = 1\n{}", unindented(text)))
}

fn unindented(text: &str) -> String {
    text.trim()
        .lines()
        .map(str::trim_start)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn a_file_that_cannot_be_a_plan_is_one_problem() {
    insta::assert_snapshot!(problems(""), @r"
        empty: the file is empty
          [] Write `version = 1` and at least one `[streams.NAME]`.
        ");
    insta::assert_snapshot!(problems("\n  \n"), @r"
        empty: the file is empty
          [] Write `version = 1` and at least one `[streams.NAME]`.
        ");
    insta::assert_snapshot!(problems(b"version = 1\nbase = \"\xff\""), @r"
        not-utf8: line 2: byte 9 of the line, 0xff, is not UTF-8
          [] Save the file as UTF-8.
        ");
    insta::assert_snapshot!(problems("#".repeat((1 << 20) + 1)), @r"
        too-large: the plan has 1048577 bytes, more than the 1 MiB that is read
          [] Make it shorter: patterns instead of lists of files, `work` in few words.
        ");
    insta::assert_snapshot!(problems("version = 1\n[streams.a]\nfiles = [\"a\", "), @r"
        syntax: line 3: this is not TOML: unclosed array, expected `]`
          [] Correct the line; https://toml.io shows how TOML is written.
        ");
    insta::assert_snapshot!(problems("version = 1\nbase = \"ma"), @r#"
        syntax: line 2: this is not TOML: invalid basic string, expected `"`
          [] Correct the line; https://toml.io shows how TOML is written.
        "#);
    insta::assert_snapshot!(problems([0; 100]), @r"
        syntax: line 1: this is not TOML: key with no value, expected `=`
          [] Correct the line; https://toml.io shows how TOML is written.
        ");
    insta::assert_snapshot!(problems("version = 1\n<<<<<<< HEAD\nbase = 'a'\n=======\n"), @r"
        syntax: line 2: this is not TOML: key with no value, expected `=`
          [] Resolve the merge conflict in the file first.
        ");
}

#[test]
fn a_key_or_a_table_written_twice_is_a_syntax_error() {
    insta::assert_snapshot!(problems("version = 1\nbase = 'a'\nbase = 'b'"), @r"
        syntax: line 3: this is not TOML: duplicate key
          [] Keep one of the two; a key or a table is written once.
        ");
    let found = problems(unindented(
        "
        version = 1
        [streams.a]
        files = ['a']

        [streams.a]
        files = ['b']
        ",
    ));
    insta::assert_snapshot!(found, @r"
        syntax: line 5: this is not TOML: duplicate key
          [] Keep one of the two; a key or a table is written once.
        ");
}

#[test]
fn the_version_has_to_be_known() {
    insta::assert_snapshot!(problems("base = 'main'"), @r"
        missing-key: `version` is missing: it says how the file is to be read
          [] Write `version = 1` at the top of the file.
        ");
    insta::assert_snapshot!(problems("version = 2\nnothing = 1\nlease = 3"), @r"
        newer-version: line 1: the plan is of a newer version than 1, which is read here
          [] Install a newer git stream.
        ");
    insta::assert_snapshot!(problems("version = -99999999999999999999999"), @r"
        bad-value: line 1: there is no version -9223372036854775808 of the plan
          [] Write `version = 1`.
        ");
    insta::assert_snapshot!(problems("version = 0"), @r"
        bad-value: line 1: there is no version 0 of the plan
          [] Write `version = 1`.
        ");
    insta::assert_snapshot!(problems("version = '1'"), @r"
        bad-type: line 1: `version` must be a whole number, not text
          [] Write, for example, `version = 1`.
        ");
    insta::assert_snapshot!(problems("\nversion = 99999999999999999999999"), @r"
        newer-version: line 2: the plan is of a newer version than 1, which is read here
          [] Install a newer git stream.
        ");
}

#[test]
fn unknown_keys_get_the_nearest_known_one() {
    let found = below_version(
        r#"
        bse = 'main'
        lease = '1h'
        foo = 1
        stream.a.files = ['a']
        "a b" = 1
        "#,
    );
    insta::assert_snapshot!(found, @r#"
        unknown-key: line 2: unknown key `bse` at the top level
          [] Did you mean `base`?
        unknown-key: line 3: unknown key `lease` at the top level
          [] Move `lease` below `[claim]`.
        unknown-key: line 4: unknown key `foo` at the top level
          [] Remove it, or begin its name with `x-`; the keys here are `version`, `base`, `remote`, `ledger`, `claim`, `worktrees`, `shared`, `derived`, `sync`, `land`, `escalation`, `policy`, `agents`, `streams`, `milestones`.
        unknown-key: line 5: unknown key `stream` at the top level
          [] Did you mean `streams`?
        unknown-key: line 6: unknown key `"a b"` at the top level
          [] Remove it, or begin its name with `x-`; the keys here are `version`, `base`, `remote`, `ledger`, `claim`, `worktrees`, `shared`, `derived`, `sync`, `land`, `escalation`, `policy`, `agents`, `streams`, `milestones`.
        "#);
    let found = below_version(
        "
        [land]
        strateg = 'merge'
        resolver = 'holder'
        base = 'main'
        [policy]
        symlinks_out = true
        ",
    );
    insta::assert_snapshot!(found, @r"
        unknown-key: line 3: unknown key `strateg` in [land]
          [] Did you mean `strategy`?
        unknown-key: line 4: unknown key `resolver` in [land]
          [] Move `resolver` below `[sync]`.
        unknown-key: line 5: unknown key `base` in [land]
          [] Move `base` to the top of the file, above all tables.
        unknown-key: line 7: unknown key `symlinks_out` in [policy]
          [] Did you mean `symlinks-out`?
        ");
    let found = below_version(
        "
        [streams.a]
        file = ['a']
        on_failure = 'stop'
        depends = ['b']
        [agents.c]
        cmd = ['x']
        ",
    );
    insta::assert_snapshot!(found, @r#"
        unknown-key: line 3: unknown key `file` in [streams.a]
          [a] Did you mean `files`?
        unknown-key: line 4: unknown key `on_failure` in [streams.a]
          [a] Did you mean `on-failure`?
        unknown-key: line 5: unknown key `depends` in [streams.a]
          [a] Did you mean `dependencies`?
        missing-key: line 6: `command` in [agents.c] is missing: the agent could not be started
          [] Write `command = ["claude", "-p", "{prompt}"]` below `[agents.c]`.
        unknown-key: line 7: unknown key `cmd` in [agents.c]
          [] Remove it, or begin its name with `x-`; the keys here are `command`, `jobs`, `timeout`, `idle`, `retries`.
        "#);
}

#[test]
fn values_of_another_type_say_which_type_is_right() {
    let found = below_version(
        "
        base = 1
        claim = 3
        streams = []
        agents = 'x'
        [worktrees]
        sparse = 'no'
        copy = '.env'
        [sync]
        every = 30
        [land]
        auto = 1.5
        keep = 2030-01-01
        through = ['pr']
        ",
    );
    insta::assert_snapshot!(found, @r#"
        bad-type: line 2: `base` must be text in quotes, not a whole number
          [] Write, for example, `base = "main"`.
        bad-type: line 3: `claim` must be a table, not a whole number
          [] Write a table: `[claim]`.
        bad-type: line 4: `streams` must be tables with names, not a list
          [] Write a table: `[streams.NAME]`.
        bad-type: line 5: `agents` must be tables with names, not text
          [] Write a table: `[agents.NAME]`.
        bad-type: line 7: `sparse` in [worktrees] must be true or false, not text
          [] Write, for example, `sparse = false`.
        bad-type: line 8: `copy` in [worktrees] must be a list, not text
          [] Write, for example, `copy = [".env"]`.
        bad-type: line 10: `every` in [sync] must be a length of time in quotes, not a whole number
          [] Write, for example, `every = "30m"`.
        bad-type: line 12: `auto` in [land] must be true or false, not a fraction
          [] Write, for example, `auto = true`.
        bad-type: line 13: `keep` in [land] must be a length of time in quotes, not a date
          [] Write, for example, `keep = "30d"`.
        bad-type: line 14: `through` in [land] must be a word in quotes, not a list
          [] Write, for example, `through = "push"`.
        "#);
    let found = below_version(
        "
        [agents.c]
        command = 'claude'
        jobs = '4'
        [streams]
        a = 'a/'
        [streams.b]
        files = ['b',
        3,
        ['c']]
        [[milestones.m]]
        ",
    );
    insta::assert_snapshot!(found, @r#"
        bad-type: line 3: `command` in [agents.c] must be a list, not text
          [] Write, for example, `command = ["claude", "-p", "{prompt}"]`.
        bad-type: line 4: `jobs` in [agents.c] must be a whole number, not text
          [] Write, for example, `jobs = 4`.
        bad-type: line 6: `a` in [streams] must be a table, not text
          [a] Write the keys below a header of their own: `[streams.a]`.
        bad-type: line 9: `files` in [streams.b] is a list of texts, not of a whole number
          [b] Write, for example, `files = ["src/api/**"]`.
        bad-type: line 10: `files` in [streams.b] is a list of texts, not of a list
          [b] Write, for example, `files = ["src/api/**"]`.
        bad-type: line 11: `m` in [milestones] must be a table, not a list
          [] Write the keys below a header of their own: `[milestones.m]`.
        "#);
}

#[test]
fn values_that_a_key_does_not_take_say_what_it_takes() {
    let found = below_version(
        r#"
        ledger = 'refs/heads/main'
        [claim]
        widen = 'Free'
        [sync]
        resolver = 'me'
        [land]
        through = 'pull-request'
        strategy = 'rebas'
        after = 'review'
        [agents.c]
        command = ['x']
        jobs = 0
        retries = -1
        [streams.a]
        files = ['a']
        on-failure = 'ignore'
        owner = "a\nb"
        agent = '-a'
        "#,
    );
    insta::assert_snapshot!(found, @r#"
        bad-value: line 2: `ledger` cannot be "refs/heads/main": the ledger has two possible places
          [] Write `ledger = "refs/stream/ledger"`, or "refs/heads/stream-ledger" where the host takes branches only.
        bad-value: line 4: `widen` in [claim] cannot be "Free": it is one of "free", "person"
          [] Did you mean `widen = "free"`?
        bad-value: line 6: `resolver` in [sync] cannot be "me": it is one of "person", "holder"
          [] Write one of "person", "holder".
        bad-value: line 8: `through` in [land] cannot be "pull-request": it is one of "push", "pr"
          [] Write one of "push", "pr".
        bad-value: line 9: `strategy` in [land] cannot be "rebas": it is one of "rebase", "merge", "squash"
          [] Did you mean `strategy = "rebase"`?
        bad-value: line 10: `after` in [land] cannot be "review": it is one of "landed", "in-review"
          [] Write one of "landed", "in-review".
        bad-value: line 13: `jobs` in [agents.c] must be from 1 to 1000
          [] Write, for example, `jobs = 4`.
        bad-value: line 14: `retries` in [agents.c] must be from 0 to 100
          [] Write, for example, `retries = 1`.
        bad-value: line 17: `on-failure` in [streams.a] cannot be "ignore": it is one of "isolate", "block", "stop"
          [a] Write one of "isolate", "block", "stop".
        bad-value: line 18: `owner` in [streams.a] cannot be "a\nb": it has to be one line of printable text
          [a] Write, for example, `owner = "@maria"`.
        bad-value: line 19: `agent` in [streams.a] cannot be "-a": it begins with '-' and would be taken for an option
          [a] Write, for example, `agent = "claude"`.
        "#);
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
    insta::assert_snapshot!(lines.join("\n"), @r#"
        bad-value: line 3: `lease` in [claim] cannot be "0s": it has to be at least a second
          [] Write a number with its unit, such as "30m", "24h" or "30d".
        bad-value: line 3: `lease` in [claim] cannot be "-5m": it has to be at least a second
          [] Write a number with its unit, such as "30m", "24h" or "30d".
        bad-value: line 3: `lease` in [claim] cannot be "5m ago": it has to be at least a second
          [] Write a number with its unit, such as "30m", "24h" or "30d".
        bad-value: line 3: `lease` in [claim] cannot be "soon": this is not a length of time
          [] Write a number with its unit, such as "30m", "24h" or "30d".
        bad-value: line 3: `lease` in [claim] cannot be "30": this is not a length of time
          [] Write a number with its unit, such as "30m", "24h" or "30d".
        bad-value: line 3: `lease` in [claim] cannot be "500ms": it has to be at least a second
          [] Write a number with its unit, such as "30m", "24h" or "30d".
        bad-value: line 3: `lease` in [claim] cannot be "1mo": this is not a length of time
          [] Write a number with its unit, such as "30m", "24h" or "30d".
        bad-value: line 3: `lease` in [claim] cannot be "20000d": it is longer than ten years
          [] Write a number with its unit, such as "30m", "24h" or "30d".
        bad-value: line 3: `lease` in [claim] cannot be "99999999999999h": this is not a length of time
          [] Write a number with its unit, such as "30m", "24h" or "30d".
        "#);
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
    insta::assert_snapshot!(lines.join("\n"), @r#"
        bad-value: line 2: `base` cannot be "-x": it begins with '-' and would be taken for an option
          [] Write, for example, `base = "main"`.
        bad-value: line 2: `base` cannot be "a b": git allows no space, control character or any of `~^:?*[\` in it
          [] Write, for example, `base = "main"`.
        bad-value: line 2: `base` cannot be "refs/heads/main": a branch is named without 'refs/heads/'
          [] Write `base = "main"`.
        bad-value: line 2: `base` cannot be "refs/heads/-x": this does not name a branch
          [] Write, for example, `base = "main"`.
        bad-value: line 2: `base` cannot be "refs/tags/v1": this does not name a branch
          [] Write, for example, `base = "main"`.
        bad-value: line 2: `base` cannot be "HEAD": this does not name a branch
          [] Write, for example, `base = "main"`.
        bad-value: line 2: `base` cannot be "a..b": git allows no '..', no '@{', no '@' alone and no '.' at the end
          [] Write, for example, `base = "main"`.
        bad-value: line 2: `base` cannot be "a.lock": git keeps names that end with '.lock' for itself
          [] Write, for example, `base = "main"`.
        bad-value: line 2: `base` cannot be "/a": git allows no empty part and no part that begins with '.'
          [] Write, for example, `base = "main"`.
        bad-value: line 2: `base` cannot be "a/": git allows no empty part and no part that begins with '.'
          [] Write, for example, `base = "main"`.
        bad-value: line 2: `base` cannot be "a//b": git allows no empty part and no part that begins with '.'
          [] Write, for example, `base = "main"`.
        bad-value: line 2: `base` cannot be ".a": git allows no empty part and no part that begins with '.'
          [] Write, for example, `base = "main"`.
        bad-value: line 2: `base` cannot be "@": git allows no '..', no '@{', no '@' alone and no '.' at the end
          [] Write, for example, `base = "main"`.
        bad-value: line 2: `base` cannot be "a@{1}": git allows no '..', no '@{', no '@' alone and no '.' at the end
          [] Write, for example, `base = "main"`.
        bad-value: line 2: `base` cannot be "a:b": git allows no space, control character or any of `~^:?*[\` in it
          [] Write, for example, `base = "main"`.
        bad-value: line 2: `base` cannot be "stream/api": this branch is one that git stream makes itself
          [] Write, for example, `base = "main"`.
        bad-value: line 2: `base` cannot be "stream-ledger": this branch is one that git stream makes itself
          [] Write, for example, `base = "main"`.
        bad-value: line 2: `base` cannot be "a.": git allows no '..', no '@{', no '@' alone and no '.' at the end
          [] Write, for example, `base = "main"`.
        "#);
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
    insta::assert_snapshot!(lines.join("\n"), @r#"
        bad-value: line 2: `remote` cannot be "-o": it begins with '-' and would be taken for an option
          [] Write a name that `git remote` lists, such as `remote = "origin"`.
        bad-value: line 2: `remote` cannot be "git@github.com:o/r": the name of a remote is asked for, not its address
          [] Write a name that `git remote` lists, such as `remote = "origin"`.
        bad-value: line 2: `remote` cannot be "https://github.com/o/r": the name of a remote is asked for, not its address
          [] Write a name that `git remote` lists, such as `remote = "origin"`.
        bad-value: line 2: `remote` cannot be "../other": git allows no '..', no '@{', no '@' alone and no '.' at the end
          [] Write a name that `git remote` lists, such as `remote = "origin"`.
        bad-value: line 2: `remote` cannot be "/srv/r.git": the name of a remote is asked for, not its address
          [] Write a name that `git remote` lists, such as `remote = "origin"`.
        bad-value: line 2: `remote` cannot be "a b": git allows no space, control character or any of `~^:?*[\` in it
          [] Write a name that `git remote` lists, such as `remote = "origin"`.
        "#);
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
    insta::assert_snapshot!(lines.join("\n"), @r#"
        bad-value: line 3: `path` in [worktrees] cannot be "../streams": without `{stream}` all streams would share one directory
          [] Write, for example, `path = "../{repo}.streams/{stream}"`.
        bad-value: line 3: `path` in [worktrees] cannot be "{stream}/{user}": only `{repo}` and `{stream}` are replaced in it
          [] Write, for example, `path = "../{repo}.streams/{stream}"`.
        bad-value: line 3: `path` in [worktrees] cannot be "../{stream}/..": `.` and `..` may stand only at its beginning
          [] Write, for example, `path = "../{repo}.streams/{stream}"`.
        bad-value: line 3: `path` in [worktrees] cannot be "~/{stream}": `~` is not replaced in it
          [] Write the whole path instead.
        bad-value: line 3: `path` in [worktrees] cannot be ".git/{stream}": a worktree cannot be inside `.git`
          [] Write, for example, `path = "../{repo}.streams/{stream}"`.
        bad-value: line 3: `path` in [worktrees] cannot be "a/../{stream}": `.` and `..` may stand only at its beginning
          [] Write, for example, `path = "../{repo}.streams/{stream}"`.
        bad-value: line 3: `path` in [worktrees] cannot be "{stream": without `{stream}` all streams would share one directory
          [] Write, for example, `path = "../{repo}.streams/{stream}"`.
        bad-value: line 3: `path` in [worktrees] cannot be "{{stream}}": only `{repo}` and `{stream}` are replaced in it
          [] Write, for example, `path = "../{repo}.streams/{stream}"`.
        bad-value: line 3: `path` in [worktrees] cannot be "$HOME}/{stream}": only `{repo}` and `{stream}` are replaced in it
          [] Write, for example, `path = "../{repo}.streams/{stream}"`.
        "#);
}

#[test]
fn empty_texts_and_lists_are_not_nothing() {
    let found = below_version(
        r#"
        base = ''
        [worktrees]
        setup = ' '
        [land]
        check = "a\u0000b"
        [agents.c]
        command = []
        [agents.d]
        command = ['', 'x']
        [streams.a]
        files = []
        [streams.b]
        files = ['!b']
        [streams.c]
        files = ['']
        [milestones.m]
        streams = []
        "#,
    );
    insta::assert_snapshot!(found, @r#"
        empty: line 2: `base` holds an empty text
          [] Write what is meant, or remove it.
        empty: line 4: `setup` in [worktrees] holds an empty text
          [] Write what is meant, or remove it.
        bad-value: line 6: `check` in [land] holds a NUL character
          [] Remove `\u0000` from the text.
        empty: line 8: `command` in [agents.c] is an empty list: it has to name a program
          [] Write, for example, `command = ["claude", "-p", "{prompt}"]`.
        empty: line 10: `command` in [agents.d] holds an empty text
          [] Write what is meant, or remove it.
        empty: line 12: `files` in [streams.a] is an empty list: the stream would own nothing
          [a] Write, for example, `files = ["src/api/**"]`.
        empty: line 14: `files` in [streams.b]: the list of patterns includes nothing
          [b] Add a pattern without a leading '!', such as `src/api/`; `**` is everything.
        empty: line 16: `files` in [streams.c] holds an empty text
          [c] Write what is meant, or remove it.
        empty: line 18: `streams` in [milestones.m] is an empty list: the milestone would be reached from the start
          [] Write, for example, `streams = ["api", "ui"]`.
        "#);
}

#[test]
fn keys_that_have_to_be_given_are_missed() {
    let found = below_version(
        "
        [derived]
        files = ['a']
        [agents.c]
        [streams.a]
        [milestones.m]
        ",
    );
    insta::assert_snapshot!(found, @r#"
        missing-key: line 2: `command` in [derived] is missing: the files cannot be regenerated without it
          [] Write `command = "npm install --package-lock-only"` below `[derived]`.
        missing-key: line 4: `command` in [agents.c] is missing: the agent could not be started
          [] Write `command = ["claude", "-p", "{prompt}"]` below `[agents.c]`.
        missing-key: line 5: `files` in [streams.a] is missing: the stream would own nothing
          [a] Write `files = ["src/api/**"]` below `[streams.a]`.
        missing-key: line 6: `streams` in [milestones.m] is missing: the milestone would be reached from the start
          [] Write `streams = ["api", "ui"]` below `[milestones.m]`.
        "#);
    let found = below_version(
        "
        [derived]
        command = 'make'
        ",
    );
    insta::assert_snapshot!(found, @r#"
        missing-key: line 2: `files` in [derived] is missing: the command would never run
          [] Write `files = ["package-lock.json"]` below `[derived]`.
        "#);
}

#[test]
fn bad_patterns_are_reported_each_at_its_own_line() {
    let found = below_version(
        "
        [shared]
        files = ['/etc/passwd']
        [streams.a]
        files = [
        'ok/**',
        '../up',
        'src/[a',
        '!x/./y',
        ]
        ",
    );
    insta::assert_snapshot!(found, @r#"
        bad-pattern: line 3: `files` in [shared]: the pattern '/etc/passwd' is absolute
          [] Write `etc/passwd`; patterns count from the top of the repository.
        bad-pattern: line 7: `files` in [streams.a]: the pattern '../up' climbs with '..'
          [a] Write the path from the top of the repository, such as `src/api/`.
        bad-pattern: line 8: `files` in [streams.a]: 'src/[a' is not a pattern: unclosed character class; missing ']'
          [a] Write `\` before a character that is meant literally, such as `\[id\].tsx`.
        bad-pattern: line 9: `files` in [streams.a]: the pattern '!x/./y' contains the component '.', which no path has
          [a] Write `!x/y`.
        "#);
}

#[test]
fn names_have_to_work_everywhere() {
    let found = below_version(
        r#"
        [streams."a b"]
        files = ['a']
        dependencies = ['-x', '..']
        [streams.-x]
        files = ['b']
        [agents.""]
        command = ['x']
        [milestones."a/b"]
        streams = ['-x']
        "#,
    );
    insta::assert_snapshot!(found, @r#"
        bad-name: line 2: "a b" cannot name a stream: only ASCII letters, digits, '.', '_', '-' and '+' are allowed
          [a b] Choose a short name such as `api` or `fix-login`.
        unknown-stream: line 4: `dependencies` in [streams."a b"] names "..", which is no stream
          [a b] Add the stream to the plan, or remove the name here.
        bad-name: line 5: "-x" cannot name a stream: it begins with '-' and would be taken for an option
          [-x] Choose a short name such as `api` or `fix-login`.
        bad-name: line 7: "" cannot name an agent: it is empty
          [] Choose one line of printable text, such as `[agents.claude]`.
        bad-name: line 9: "a/b" cannot name a milestone: only ASCII letters, digits, '.', '_', '-' and '+' are allowed
          [] Choose a short name such as `api` or `fix-login`.
        "#);
}

#[test]
fn names_that_differ_only_in_case_collide() {
    let found = below_version(
        "
        [streams.api]
        files = ['a']
        [streams.Api]
        files = ['b']
        [streams.API]
        files = ['c']
        ",
    );
    insta::assert_snapshot!(found, @r"
        name-collision: line 4: 'api' and 'Api' differ only in case
          [api, Api] Rename one of them: some file systems would take both for the same.
        name-collision: line 6: 'api' and 'API' differ only in case
          [api, API] Rename one of them: some file systems would take both for the same.
        ");
}

#[test]
fn references_name_other_streams_of_the_plan() {
    let found = below_version(
        "
        [streams.api]
        files = ['a']
        dependencies = ['shema', 'api']
        conflicts = ['api', 'other']
        [streams.schema]
        files = ['b']
        [milestones.m]
        streams = ['api', 'beta']
        ",
    );
    insta::assert_snapshot!(found, @r#"
        unknown-stream: line 4: `dependencies` in [streams.api] names "shema", which is no stream
          [api] Did you mean "schema"?
        self-reference: line 4: 'api' names itself in `dependencies`
          [api] Remove it from `dependencies` in [streams.api].
        self-reference: line 5: 'api' names itself in `conflicts`
          [api] Remove it from `conflicts` in [streams.api].
        unknown-stream: line 5: `conflicts` in [streams.api] names "other", which is no stream
          [api] Add the stream to the plan, or remove the name here.
        unknown-stream: line 9: `streams` in [milestones.m] names "beta", which is no stream
          [] Add the stream to the plan, or remove the name here.
        "#);
}

#[test]
fn each_cycle_is_shown_once() {
    let found = below_version(
        "
        [streams.a]
        files = ['a']
        dependencies = ['b']
        [streams.b]
        files = ['b']
        dependencies = ['c', 'a']
        [streams.c]
        files = ['c']
        dependencies = ['a', 'd']
        [streams.d]
        files = ['d']
        ",
    );
    insta::assert_snapshot!(found, @r#"
        cycle: line 4: 'a' waits for itself: a -> b -> a
          [a, b] Remove one of these dependencies, such as "b" from `dependencies` of 'a'.
        cycle: line 4: 'a' waits for itself: a -> b -> c -> a
          [a, b, c] Remove one of these dependencies, such as "b" from `dependencies` of 'a'.
        "#);
}

#[test]
fn streams_that_could_own_the_same_path_overlap() {
    let found = below_version(
        "
        [streams.api]
        files = ['src/api/**']
        dependencies = ['ui']
        [streams.ui]
        files = ['src/**/*.rs', 'ui/']
        [streams.docs]
        files = ['docs/']
        [streams.all]
        files = ['{ui,docs}/**']
        ",
    );
    insta::assert_snapshot!(found, @r"
        overlap: line 5: 'api' and 'ui' overlap: both would own 'src/api/a.rs'
          [api, ui @ src/api/a.rs] Narrow the `files` of 'api' or 'ui', or list what both need in `files` below `[shared]`.
        overlap: line 9: 'ui' and 'all' overlap: both would own 'ui/a'
          [ui, all @ ui/a] Narrow the `files` of 'ui' or 'all', or list what both need in `files` below `[shared]`.
        overlap: line 9: 'docs' and 'all' overlap: both would own 'docs/a'
          [docs, all @ docs/a] Narrow the `files` of 'docs' or 'all', or list what both need in `files` below `[shared]`.
        ");
}

#[test]
fn patterns_that_are_too_complex_to_compare_are_a_problem() {
    let found = below_version(
        "
        [streams.a]
        files = ['*a????????????????????????']
        [streams.b]
        files = ['*b????????????????????????']
        ",
    );
    insta::assert_snapshot!(found, @r"
        too-complex: line 4: 'a' and 'b' cannot be compared: the patterns '*a????????????????????????', '*b????????????????????????' are too complex to tell whether they overlap
          [a, b] Write several patterns with fewer wildcards each, or name directories, such as `src/api/`.
        ");
}

#[test]
fn overlaps_wait_for_the_patterns_that_decide_them() {
    let found = below_version(
        "
        [streams.a]
        files = ['src/', '!src/[b']
        [streams.b]
        files = ['src/b']
        ",
    );
    insta::assert_snapshot!(found, @r#"
        bad-pattern: line 3: `files` in [streams.a]: '!src/[b' is not a pattern: unclosed character class; missing ']'
          [a] Write `\` before a character that is meant literally, such as `\[id\].tsx`.
        "#);
    let found = below_version(
        "
        [streams.a]
        files = ['src/', '/a']
        [streams.b]
        files = ['src/b']
        ",
    );
    insta::assert_snapshot!(found, @r"
        bad-pattern: line 3: `files` in [streams.a]: the pattern '/a' is absolute
          [a] Write `a`; patterns count from the top of the repository.
        overlap: line 4: 'a' and 'b' overlap: both would own 'src/b'
          [a, b @ src/b] Narrow the `files` of 'a' or 'b', or list what both need in `files` below `[shared]`.
        ");
    let found = below_version(
        "
        [shared]
        files = ['/src']
        [streams.a]
        files = ['src/']
        [streams.b]
        files = ['src/b']
        ",
    );
    insta::assert_snapshot!(found, @r"
        bad-pattern: line 3: `files` in [shared]: the pattern '/src' is absolute
          [] Write `src`; patterns count from the top of the repository.
        ");
}

#[test]
fn all_problems_of_a_plan_come_in_one_run_in_the_order_of_lines() {
    let found = problems(unindented(
        "
        bse = 'x'
        [claim]
        lease = 'soon'
        [streams.a]
        files = ['/a', 'b/']
        dependencies = ['nobody']
        [streams.b]
        files = ['b/c']
        ",
    ));
    insta::assert_snapshot!(found, @r#"
        unknown-key: line 1: unknown key `bse` at the top level
          [] Did you mean `base`?
        bad-value: line 3: `lease` in [claim] cannot be "soon": this is not a length of time
          [] Write a number with its unit, such as "30m", "24h" or "30d".
        bad-pattern: line 5: `files` in [streams.a]: the pattern '/a' is absolute
          [a] Write `a`; patterns count from the top of the repository.
        unknown-stream: line 6: `dependencies` in [streams.a] names "nobody", which is no stream
          [a] Add the stream to the plan, or remove the name here.
        overlap: line 7: 'a' and 'b' overlap: both would own 'b/c'
          [a, b @ b/c] Narrow the `files` of 'a' or 'b', or list what both need in `files` below `[shared]`.
        missing-key: `version` is missing: it says how the file is to be read
          [] Write `version = 1` at the top of the file.
        "#);
}
