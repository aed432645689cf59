//! What does a program get to read about a plan and its problems?

use bstr::ByteSlice;
use serde_json::json;

use super::super::{Invalid, parse};
use crate::exit::{Exit, Explain};
use crate::path::json as json_path;

fn refusal(text: &str) -> Invalid {
    parse(text.as_bytes())
        .into_plan("streams.toml at main")
        .unwrap_err()
}

#[test]
fn a_problem_is_json_with_the_fields_of_the_contract() {
    let refusal = refusal(
        "version = 1\n[streams.a]\nfiles = ['x/']\n[streams.b]\nfiles = ['x/']\n[claim]\nlease = 1",
    );
    assert_eq!(
        json!(refusal.problems),
        json!([
            {
                "kind": "overlap",
                "message": "'a' and 'b' overlap: both would own 'x/a'",
                "hint": "Narrow the `files` of 'a' or 'b', or list what both need in `files` below \
                         `[shared]`.",
                "streams": ["a", "b"],
                "witness": "x/a",
                "line": 4,
            },
            {
                "kind": "bad-type",
                "message": "`lease` in [claim] must be a length of time in quotes, not a whole number",
                "hint": "Write, for example, `lease = \"24h\"`.",
                "streams": [],
                "witness": null,
                "line": 7,
            },
        ])
    );
}

#[test]
fn a_path_that_is_not_text_is_its_bytes() {
    assert_eq!(json_path(b"src/\xc3\xa4".as_bstr()), json!("src/ä"));
    assert_eq!(json_path(b"\xff\n".as_bstr()), json!({ "bytes": "/wo=" }));
}

#[test]
fn an_invalid_plan_refuses_with_its_problems() {
    let one = refusal("version = 1\nbse = 'x'");
    assert_eq!(one.exit(), Exit::Refused);
    insta::assert_snapshot!(one, @"streams.toml at main cannot be used: line 2: unknown key `bse` at the top level");
    assert_eq!(one.hints(), ["Did you mean `base`?"]);

    let two = refusal("version = 1\nbse = 'x'\nlease = 3");
    insta::assert_snapshot!(two, @"streams.toml at main cannot be used: 2 problems, first: line 2: unknown key `bse` at the top level");
    assert_eq!(
        two.hints(),
        [
            "Did you mean `base`?",
            "Run `git stream plan` to see all problems."
        ]
    );
    let evidence = two.evidence();
    assert_eq!(evidence["source"], "streams.toml at main");
    assert_eq!(evidence["problems"], json!(two.problems));
}

#[test]
fn a_valid_plan_is_given_out() {
    assert!(parse(b"version = 1").into_plan("streams.toml").is_ok());
}
