//! Has every file the shape that its readers expect?

use std::path::Path;

use super::tree::{Source, has_extension, rust, sources, top, written};

#[test]
fn every_module_opens_with_the_question_it_answers() {
    let wrong: Vec<String> = rust()
        .iter()
        .filter(|source| source.module() != "bin")
        .filter(|source| !asks(&opening(source)))
        .map(|source| format!("{}: {:?}", source.path, opening(source)))
        .collect();
    assert!(
        wrong.is_empty(),
        "the first sentence of `//!` must be a question:\n{wrong:#?}"
    );
}

#[test]
fn every_binary_opens_with_its_summary() {
    for source in sources("src/bin") {
        let first = source.text.lines().next().unwrap_or_default();
        let summary = first.strip_prefix("//! ").unwrap_or_default();
        let upper = summary.starts_with(char::is_uppercase);
        let fits = upper && summary.len() <= 72 && !summary.ends_with('.');
        assert!(
            fits,
            "{}: one line, a capital, no full stop: {first:?}",
            source.path
        );
    }
}

#[test]
fn every_test_file_says_what_it_is_about() {
    for source in sources("tests") {
        let rust = has_extension(&source.path, "rs");
        assert!(
            !rust || !opening(&source).is_empty(),
            "{} opens with `//!`",
            source.path
        );
    }
}

#[test]
fn a_file_has_a_name_that_says_what_is_in_it() {
    let vague = [
        "util", "utils", "helper", "helpers", "common", "misc", "types",
    ];
    for source in rust().iter().chain(&sources("tests")) {
        let mut names = Path::new(&source.path)
            .iter()
            .map(|name| name.to_str().unwrap());
        let bad = names.find(|name| vague.contains(&name.split('.').next().unwrap()));
        assert_eq!(bad, None, "{}", source.path);
    }
}

#[test]
fn a_module_with_parts_is_a_folder() {
    for source in rust() {
        let folder = source.path.strip_suffix(".rs").expect("a Rust file");
        assert!(
            !top().join(folder).is_dir(),
            "{folder}.rs belongs into {folder}/mod.rs"
        );
    }
}

#[test]
fn what_is_read_at_every_commit_is_short() {
    for (paths, most) in [("hooks", 10), ("README.md", 150)] {
        for source in sources(paths) {
            let lines = source.text.lines().count();
            assert!(
                lines <= most,
                "{} has {lines} lines; {most} are allowed",
                source.path
            );
        }
    }
}

#[test]
fn lines_end_as_git_expects() {
    for source in written() {
        let snapshot = has_extension(&source.path, "snap");
        let ended = source.text.is_empty() || source.text.ends_with('\n');
        assert!(ended || snapshot, "{} lacks its last newline", source.path);
        let trailing = source
            .text
            .lines()
            .position(|line| line.ends_with([' ', '\t', '\r']));
        assert!(
            snapshot || trailing.is_none(),
            "{}: white space at an end: {trailing:?}",
            source.path
        );
    }
}

/// The first paragraph of the file's own documentation, on one line.
fn opening(source: &Source) -> String {
    let lines = source
        .text
        .lines()
        .map_while(|line| line.strip_prefix("//!"));
    let words: Vec<&str> = lines
        .map(str::trim)
        .take_while(|line| !line.is_empty())
        .collect();
    words.join(" ")
}

/// Whether the first sentence is a question. A full stop inside a word ends no sentence.
fn asks(paragraph: &str) -> bool {
    let end = |word: &&str| word.ends_with(['.', '?', '!']);
    paragraph
        .split(' ')
        .find(end)
        .is_some_and(|word| word.ends_with('?'))
}
