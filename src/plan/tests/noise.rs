//! Is there an answer, and soon, whatever the bytes are?

use proptest::prelude::*;

use super::super::{Parsed, parse, waves};
use super::EXAMPLE;

/// A plan or problems, never both and never neither; every line is one of the document.
fn is_an_answer(bytes: &[u8], parsed: &Parsed) {
    assert_eq!(parsed.plan.is_some(), parsed.problems.is_empty());
    let lines = bytes.split(|byte| *byte == b'\n').count();
    for problem in &parsed.problems {
        assert!(
            problem.line.is_none_or(|line| (1..=lines).contains(&line)),
            "{problem:?}"
        );
        assert!(
            !problem.message.contains('\n') && !problem.message.ends_with('.'),
            "{problem:?}"
        );
        assert!(problem.hint.ends_with(['.', '?']), "{problem:?}");
    }
    if let Some(plan) = &parsed.plan {
        assert_eq!(waves(plan).concat().len(), plan.streams.len());
    }
}

/// The example with some of its bytes cut out, replaced or repeated.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let place = 0..EXAMPLE.len();
    let edit = (
        place,
        0..40_usize,
        proptest::collection::vec(any::<u8>(), 0..4),
        any::<bool>(),
    );
    proptest::collection::vec(edit, 1..4).prop_map(|edits| {
        let mut bytes = EXAMPLE.as_bytes().to_vec();
        for (at, length, new, repeat) in edits {
            let at = at.min(bytes.len());
            let end = (at + length).min(bytes.len());
            let old = bytes[at..end].to_vec();
            bytes.splice(
                at..end,
                if repeat {
                    [&old[..], &old[..]].concat()
                } else {
                    new
                },
            );
        }
        bytes
    })
}

/// Whole lines of the example in another order, which is mostly TOML.
fn shuffled() -> impl Strategy<Value = Vec<u8>> {
    let lines: Vec<&str> = EXAMPLE.lines().filter(|line| !line.is_empty()).collect();
    proptest::sample::subsequence(lines.clone(), 0..=lines.len())
        .prop_shuffle()
        .prop_map(|lines| lines.join("\n").into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_bytes_there_is_an_answer(
        bytes in prop_oneof![proptest::collection::vec(any::<u8>(), 0..200), mutated(), shuffled()],
    ) {
        is_an_answer(&bytes, &parse(&bytes));
    }
}

#[test]
fn every_half_written_example_gets_an_answer() {
    for end in 0..EXAMPLE.len() {
        let bytes = &EXAMPLE.as_bytes()[..end];
        is_an_answer(bytes, &parse(bytes));
    }
}

#[test]
fn the_circles_and_overlaps_of_a_tangled_plan_are_bounded() {
    let names: Vec<String> = (0..60).map(|at| format!("s{at}")).collect();
    let mut text = "version = 1\n".to_owned();
    for name in &names {
        let others: Vec<&String> = names.iter().filter(|other| *other != name).collect();
        let stream = format!("[streams.{name}]\nfiles = ['**']\ndependencies = {others:?}\n");
        text.push_str(&stream);
    }
    let parsed = parse(text.as_bytes());
    let count = |kind| {
        parsed
            .problems
            .iter()
            .filter(|problem| problem.kind == kind)
            .count()
    };
    assert_eq!((count("cycle"), count("overlap")), (200, 200));
}

#[test]
fn more_streams_than_a_plan_may_have_are_one_problem() {
    let streams = |count: usize| {
        let streams = (0..count).map(|at| format!("[streams.s{at}]\nfiles = ['dir{at}/']"));
        streams.collect::<Vec<_>>().join("\n")
    };
    let parsed = parse(format!("version = 1\n{}", streams(1000)).as_bytes());
    assert!(parsed.plan.is_some());
    let parsed = parse(format!("version = 1\n{}", streams(1001)).as_bytes());
    insta::assert_snapshot!(parsed.problems[0], @"line 2: 1001 streams are more than the 1000 possible");
    assert_eq!(
        (parsed.problems[0].kind, parsed.problems.len()),
        ("too-large", 1)
    );
}

#[test]
fn deep_nesting_is_a_syntax_error() {
    for text in ["a = ", "", "a = {b = "] {
        let deep = format!("{text}{}", "[".repeat(100_000));
        let parsed = parse(deep.as_bytes());
        assert_eq!(parsed.problems[0].kind, "syntax");
    }
}
