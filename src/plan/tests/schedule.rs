//! Is every stream in the earliest wave that it can be in?

use std::fmt::Write as _;

use super::super::waves;
use super::plan;
use crate::name::StreamName;

/// The waves of streams, each given as `name: dependencies / conflicts`.
fn of(streams: &[&str]) -> String {
    let mut text = "version = 1\n".to_owned();
    let list =
        |names: &str| -> Vec<String> { names.split_whitespace().map(str::to_owned).collect() };
    for stream in streams {
        let (name, rest) = stream.split_once(':').unwrap();
        let (dependencies, conflicts) = rest.split_once('/').unwrap_or((rest, ""));
        let (dependencies, conflicts) = (list(dependencies), list(conflicts));
        writeln!(
            text,
            "[streams.{name}]\nfiles = ['{name}/']\ndependencies = {dependencies:?}\n\
             conflicts = {conflicts:?}\n[milestones.{name}]\nstreams = ['{name}']"
        )
        .unwrap();
    }
    let waves = waves(&plan(&text));
    let lines: Vec<String> = waves
        .iter()
        .map(|wave| {
            wave.iter()
                .map(StreamName::as_str)
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    lines.join("; ")
}

#[test]
fn streams_that_have_nothing_to_do_with_each_other_are_one_wave() {
    assert_eq!(of(&["c:", "a:", "b:"]), "a b c");
    assert_eq!(of(&[]), "");
}

#[test]
fn a_stream_comes_as_early_as_its_dependencies_allow() {
    assert_eq!(of(&["d: b c", "b: a", "c:", "a:"]), "a c; b; d");
    assert_eq!(of(&["a: b", "b: c", "c: d", "d:"]), "d; c; b; a");
}

#[test]
fn conflicting_streams_are_in_different_waves_whichever_of_them_says_so() {
    assert_eq!(of(&["a: / b", "b:", "c:"]), "a c; b");
    assert_eq!(of(&["a:", "b: / a", "c:"]), "a c; b");
    assert_eq!(of(&["a: / b c", "b: / c", "c:"]), "a; b; c");
}

#[test]
fn a_conflict_with_a_later_wave_costs_nothing() {
    assert_eq!(of(&["a:", "b: a / c", "c:"]), "a c; b");
}

#[test]
fn what_waits_for_a_postponed_stream_waits_with_it() {
    assert_eq!(of(&["a: / b", "b:", "c: b"]), "a; b; c");
}
