//! What is one way round, as it is written down?

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

/// The files of ways, in the order of the page.
const FILES: [&str; 8] = [
    include_str!("ways/commit.ways"),
    include_str!("ways/files.ways"),
    include_str!("ways/index.ways"),
    include_str!("ways/environment.ways"),
    include_str!("ways/history.ways"),
    include_str!("ways/refs.ways"),
    include_str!("ways/objects.ways"),
    include_str!("ways/records.ways"),
];

/// A way round the guard.
#[derive(Clone)]
pub(super) struct Way {
    pub(super) number: usize,
    /// The heading that it stands under.
    pub(super) group: String,
    pub(super) name: String,
    /// What is done, in a sentence.
    pub(super) sentence: String,
    pub(super) script: String,
    needs: Option<String>,
}

/// Every way: `# GROUP`, then `## NAME`, a sentence, perhaps `needs: PROGRAM [VERSION]`, and the
/// commands, indented.
pub(super) fn all() -> Vec<Way> {
    let mut ways: Vec<Way> = Vec::new();
    for file in FILES {
        let (group, rest) = file.split_once('\n').expect("a heading");
        let group = group.strip_prefix("# ").expect("a heading");
        for text in rest.split("\n## ").skip(1) {
            let (name, text) = text.split_once('\n').expect("more than a name");
            let (script, words): (Vec<&str>, Vec<&str>) = text
                .lines()
                .filter(|line| !line.is_empty())
                .partition(|line| line.starts_with("    "));
            let (needs, words): (Vec<&str>, Vec<&str>) = words
                .into_iter()
                .partition(|line| line.starts_with("needs: "));
            ways.push(Way {
                number: ways.len(),
                group: group.to_owned(),
                name: name.to_owned(),
                sentence: words.join(" "),
                script: script.join("\n"),
                needs: needs.first().map(|line| line["needs: ".len()..].to_owned()),
            });
        }
    }
    ways
}

impl Way {
    /// What this machine lacks for it.
    pub(super) fn lacking(&self) -> Option<String> {
        let needs = self.needs.as_ref()?;
        let there = match needs.split_once(' ') {
            Some(("git", least)) => GIT.as_slice() >= numbers(least).as_slice(),
            _ => on_path(needs),
        };
        (!there).then(|| needs.clone())
    }
}

/// The version of git that everything runs with, such as 2, 47.
pub(super) static GIT: LazyLock<Vec<u32>> = LazyLock::new(|| {
    let program = match env::var_os("GIT_STREAM_TEST_GIT_DIR") {
        Some(directory) => PathBuf::from(directory).join("git"),
        None => PathBuf::from("git"),
    };
    let output = Command::new(program).arg("version").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut found = numbers(text.trim_start_matches("git version "));
    found.truncate(2);
    found
});

fn numbers(version: &str) -> Vec<u32> {
    version
        .split(['.', ' ', '\n'])
        .map_while(|part| part.parse().ok())
        .collect()
}

fn on_path(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|directory| directory.join(program).is_file())
}

#[test]
fn every_way_has_a_name_of_its_own_a_sentence_and_commands() {
    let ways = all();
    assert!(ways.len() >= 90);
    for way in &ways {
        assert!(
            way.sentence.ends_with('.') && !way.script.is_empty(),
            "{}",
            way.name
        );
        let same = ways.iter().filter(|other| other.name == way.name);
        assert_eq!(same.count(), 1, "{}", way.name);
    }
}
