//! Does a history bring something that is not the stream's, as git alone sees it?
//!
//! Asked in a clean clone, and without any code of ours: what is compared is the whole list of
//! entries of each commit's tree with that of the one commit of the base that it stands on, and
//! `git fsck` says whether the objects are such as git writes.

use std::collections::BTreeMap;
use std::path::Path;

use unicode_normalization::UnicodeNormalization as _;

use crate::support::Sandbox;

/// The first thing that is wrong in a history, in a few words.
pub(super) fn in_history(sandbox: &Sandbox, clean: &Path, base: &str, tip: &str) -> Option<String> {
    let git = |args: &[&str]| sandbox.program("git", args).in_dir(clean).go();
    let fsck = git(&["fsck", "--strict", "--no-dangling", "--no-progress"]);
    if fsck.status() != 0 {
        let said = fsck.stderr();
        return Some(said.lines().next().unwrap_or("fsck").to_owned());
    }
    let range = format!("{base}..{tip}");
    let commits = sandbox.git_in(clean, &["rev-list", "--parents", &range, "--"]);
    for line in commits.lines() {
        let mut ids = line.split(' ');
        let commit = ids.next().expect("a commit");
        let mut ask = vec!["merge-base", "--all", base];
        ask.extend(ids);
        let bases = if ask.len() > 3 {
            git(&ask).stdout()
        } else {
            String::new()
        };
        let mut bases = bases.lines();
        let (Some(only), None) = (bases.next(), bases.next()) else {
            return Some("no one base".to_owned());
        };
        let (before, after) = (
            entries(sandbox, clean, only),
            entries(sandbox, clean, commit),
        );
        if let Some(found) = between(&before, &after) {
            return Some(found);
        }
    }
    None
}

/// How often each entry is there: `MODE KIND ID\tPATH`.
type Entries = BTreeMap<String, usize>;

fn entries(sandbox: &Sandbox, clean: &Path, commit: &str) -> Entries {
    let list = sandbox.git_in(clean, &["ls-tree", "-r", "-t", "-z", "--full-tree", commit]);
    let mut all = Entries::new();
    for entry in list.split_terminator('\0') {
        *all.entry(entry.to_owned()).or_default() += 1;
    }
    all
}

fn between(before: &Entries, after: &Entries) -> Option<String> {
    let names = before.keys().chain(after.keys());
    let changed = names.filter(|entry| before.get(*entry) != after.get(*entry));
    for entry in changed {
        let (kind, path) = entry.split_once('\t').expect("a path");
        let above = ["src", "src/api"].contains(&path) && kind.contains(" tree ");
        if above {
            continue;
        }
        let own = path.starts_with("src/api/") && !path.starts_with("src/api/generated");
        let unusual = after.contains_key(entry)
            && (kind.starts_with("12") || kind.starts_with("16") || path.contains(".git"));
        if !own || path.contains("/../") || unusual {
            return Some(path.to_owned());
        }
    }
    let mut seen = BTreeMap::new();
    for entry in after.keys() {
        let (_, path) = entry.split_once('\t').expect("a path");
        let folded: String = path.to_lowercase().nfd().collect();
        if seen.insert(folded, path).is_some() {
            return Some(path.to_owned());
        }
    }
    None
}
