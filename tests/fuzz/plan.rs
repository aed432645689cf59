//! Can bytes that call themselves a plan make the reader panic, or make it accept a plan in which
//! two streams own a common path, or one that the quicker reader understands in another way?

#![no_main]

use git_stream::pattern::Matcher;
use git_stream::plan::{parse, parse_quickly, waves};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let whole = parse(bytes);
    let quick = parse_quickly(bytes);
    assert!(whole.plan.is_some() || !whole.problems.is_empty(), "refused without a reason");
    let Some(plan) = whole.plan else { return };
    assert_eq!(quick.plan.as_ref(), Some(&plan), "the two readers differ");
    assert!(bytes.windows(7).any(|word| word == b"version"));
    // Every stream is in one wave, after everything that it depends on.
    let waves = waves(&plan);
    let wave_of = |name| waves.iter().position(|wave| wave.contains(name)).expect("it has a wave");
    for (name, stream) in &plan.streams {
        for dependency in &stream.dependencies {
            assert!(wave_of(dependency) < wave_of(name));
        }
    }
    let matcher = |name| Matcher::of_set(&plan.streams[name].files);
    let shared = Matcher::of_set(&plan.shared.files);
    let all: Vec<_> = plan.streams.keys().map(|name| (name, matcher(name))).collect();
    for stream in plan.streams.values() {
        for text in stream.files.texts() {
            let path = instance(text);
            let owners = all.iter().filter(|(_, matcher)| matcher.is_match(path.as_str().into()));
            let owners: Vec<_> = owners.map(|(name, _)| name).collect();
            let is_shared = shared.is_match(path.as_str().into());
            assert!(owners.len() < 2 || is_shared, "{owners:?} own {path:?}");
        }
    }
});

/// A path that a pattern may match.
fn instance(pattern: &str) -> String {
    let text = pattern.trim_start_matches('!');
    let below = if text.ends_with('/') { "q" } else { "" };
    format!("{text}{below}").replace("**", "q/r").replace(['*', '?'], "w")
}
