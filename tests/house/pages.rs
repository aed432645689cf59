//! Does the documentation speak of what exists, and of all of it?

use super::tree::{binaries, sources, top};

#[test]
#[ignore = "the pages arrive with the first verbs"]
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
#[ignore = "the first verbs are on their way"]
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
