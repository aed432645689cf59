//! Does the documentation speak of what exists, and of all of it?
//!
//! Man pages, completions and the tables of the documentation are made from the programs
//! themselves and committed. `UPDATE_PAGES=1 cargo test --test suite pages` writes them anew.

mod catalogue;
mod completion;
mod ledger;
mod man;
mod table;

use std::fs;

use git_stream::cli::Verb;
use git_stream::cli::dispatch::VERBS;
use git_stream::verb;

use super::tree::{binaries, sources, top};

/// A verb, as its page and its completions need it.
struct Page {
    command: clap::Command,
    examples: &'static [(&'static str, &'static str)],
}

fn page<V: Verb>() -> Page {
    Page {
        command: V::command(),
        examples: V::EXAMPLES,
    }
}

/// Every verb that there is: adding one is a line here and one in `cli::dispatch`.
fn pages() -> Vec<Page> {
    vec![
        page::<verb::claim::Claim>(),
        page::<verb::exec::Exec>(),
        page::<verb::guard::Guard>(),
        page::<verb::inbox::Inbox>(),
        page::<verb::init::Init>(),
        page::<verb::land::Land>(),
        page::<verb::log::Log>(),
        page::<verb::path::Path>(),
        page::<verb::doctor::Doctor>(),
        page::<verb::plan::Plan>(),
        page::<verb::progress::Progress>(),
        page::<verb::receive::Receive>(),
        page::<verb::release::Release>(),
        page::<verb::resolve::Resolve>(),
        page::<verb::status::Status>(),
        page::<verb::sync::Sync>(),
        page::<verb::undo::Undo>(),
        page::<verb::verify::Verify>(),
    ]
}

/// Compares a committed file with what it should be, or writes it.
fn hold(path: &str, expected: &str) {
    let file = top().join(path);
    let found = fs::read_to_string(&file).unwrap_or_default();
    if found != expected && std::env::var_os("UPDATE_PAGES").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        // Another test may be reading the page.
        let new = file.with_extension("new");
        fs::write(&new, expected).unwrap();
        fs::rename(&new, &file).unwrap();
        return;
    }
    assert!(
        found == expected,
        "{path} is out of date; run `UPDATE_PAGES=1 cargo test --test suite pages`"
    );
}

#[test]
fn every_verb_is_in_the_list_with_the_summary_of_its_program() {
    let listed = VERBS.iter().flat_map(|(_, verbs)| *verbs);
    let summaries: Vec<(String, &str)> = listed
        .map(|known| (format!("git-stream-{}", known.verb), known.summary))
        .collect();
    for page in pages() {
        let name = page.command.get_name();
        let about = page.command.get_about().unwrap().to_string();
        let listed = summaries.iter().find(|(listed, _)| listed == name);
        assert_eq!(
            listed.map(|(_, summary)| *summary),
            Some(about.as_str()),
            "{name}"
        );
        let source = sources(&format!("src/bin/{name}.rs")).remove(0);
        let first = source.text.lines().next().unwrap();
        assert_eq!(first, format!("//! {about}"), "{name}");
    }
    for name in binaries() {
        let known =
            name == "git-stream" || pages().iter().any(|page| page.command.get_name() == name);
        assert!(known, "{name} has no line in `pages()`");
    }
}

#[test]
fn every_binary_has_its_page_and_its_completions() {
    for name in binaries() {
        let files = [
            format!("docs/man/{name}.1"),
            format!("docs/completions/bash/{name}"),
            format!("docs/completions/zsh/_{name}"),
            format!("docs/completions/fish/{name}.fish"),
        ];
        for file in files {
            assert!(top().join(&file).is_file(), "{file} is missing");
        }
    }
    for page in sources("docs/man") {
        let name = page
            .path
            .trim_start_matches("docs/man/")
            .trim_end_matches(".1");
        assert!(
            binaries().iter().any(|binary| binary == name),
            "{} has no program",
            page.path
        );
    }
}

#[test]
fn the_readme_names_no_command_that_does_not_exist() {
    let readme = sources("README.md").remove(0);
    let mut named = 0;
    for start in ["$ git stream ", "`git stream "] {
        for after in readme.text.split(start).skip(1) {
            let verb: String = after
                .chars()
                .take_while(char::is_ascii_alphabetic)
                .collect();
            let known = binaries().contains(&format!("git-stream-{verb}"));
            assert!(known, "`git stream {verb}` does not exist");
            named += 1;
        }
    }
    assert!(named > 0);
}
