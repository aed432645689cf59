//! Which files are the source?

use std::fs;
use std::path::{Path, PathBuf};

/// What people write, at the top level; everything else there is made by tools.
const WRITTEN: [&str; 14] = [
    ".ci",
    ".clippy.toml",
    ".config",
    ".rustfmt.toml",
    "CHANGELOG.md",
    "Cargo.toml",
    "README.md",
    "benches",
    "docs",
    "examples",
    "hooks",
    "install.sh",
    "src",
    "tests",
];

/// A file of the source tree.
pub(super) struct Source {
    /// Its path from the top, with `/`.
    pub(super) path: String,
    pub(super) text: String,
}

impl Source {
    /// The module of `src` that the file belongs to: `claim` for `src/claim/hold.rs`.
    pub(super) fn module(&self) -> &str {
        let below = self.path.strip_prefix("src/").unwrap_or_default();
        let first = below.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// Its lines with their numbers, without comments and documentation.
    pub(super) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self
            .text
            .lines()
            .enumerate()
            .map(|(at, line)| (at + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

/// The directory with `Cargo.toml`.
pub(super) fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file that people write and that is text.
pub(super) fn written() -> Vec<Source> {
    WRITTEN.iter().flat_map(|name| sources(name)).collect()
}

/// Every file at or below a path from the top; none where there is nothing.
pub(super) fn sources(path: &str) -> Vec<Source> {
    let mut paths = Vec::new();
    collect(&top().join(path), &mut paths);
    paths.sort();
    paths.iter().filter_map(|path| read(path)).collect()
}

/// Every Rust file of the library and the binaries.
pub(super) fn rust() -> Vec<Source> {
    let mut all = sources("src");
    all.retain(|source| has_extension(&source.path, "rs"));
    assert!(!all.is_empty());
    all
}

/// The names of the binaries.
pub(super) fn binaries() -> Vec<String> {
    let stem = |source: &Source| Some(Path::new(&source.path).file_stem()?.to_str()?.to_owned());
    let all: Vec<String> = sources("src/bin").iter().filter_map(stem).collect();
    assert!(all.contains(&"git-stream".to_owned()));
    all
}

pub(super) fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path)
        .extension()
        .is_some_and(|found| found == extension)
}

fn collect(path: &Path, found: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            collect(&entry.unwrap().path(), found);
        }
    } else if path.is_file() {
        found.push(path.to_owned());
    }
}

/// `None` for what is no text, such as an image.
fn read(path: &Path) -> Option<Source> {
    let text = String::from_utf8(fs::read(path).unwrap()).ok()?;
    let path = path.strip_prefix(top()).unwrap().to_str()?.to_owned();
    Some(Source { path, text })
}
