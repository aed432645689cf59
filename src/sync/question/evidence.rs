//! What does a person see of a conflict?

use std::collections::BTreeSet;

use bstr::{BString, ByteSlice as _};

use super::short;
use super::whose::Whose;
use crate::git::{GITLINK, Mention, Repo, SYMLINK};
use crate::path;
use crate::sync::{Error, Stuck};

/// How much of the conflict a question carries.
const MOST_LINES: usize = 200;
const MOST_BYTES: usize = 16 * 1024;
/// The lines shown around a conflict.
const CONTEXT: usize = 3;

/// What is known besides the conflict itself.
pub(super) struct About<'a> {
    pub(super) messages: &'a [String],
    pub(super) whose: &'a [Whose],
    pub(super) changed_by: &'a [Mention],
}

/// What happened, for people: git's words, whose the place is, who changed it, both sides.
pub(super) fn evidence(
    repo: &Repo,
    base: &str,
    stuck: &Stuck,
    words: &Words,
    about: &About<'_>,
) -> Result<String, Error> {
    let mut text = String::new();
    for message in about.messages {
        text.push_str(&format!("git: {message}\n"));
    }
    for one in about.whose {
        text.push_str(&format!("{one}\n"));
    }
    text.push_str(&changes(base, about.changed_by));
    let mut budget = MOST_LINES;
    let stages = stuck.conflict.stages.iter();
    let places: BTreeSet<_> = stages.map(|one| one.path.clone()).collect();
    for path in places {
        let hunks = match repo.leaf_at(stuck.tree, path.as_bstr())? {
            Some(leaf) if leaf.mode == GITLINK || leaf.mode == SYMLINK => continue,
            Some(leaf) => hunks(&repo.blob(leaf.id)?),
            None => Vec::new(),
        };
        let hunks = if hunks.is_empty() {
            one_side(repo, stuck, &path, base)?
        } else {
            hunks
        };
        if hunks.is_empty() {
            continue;
        }
        text.push_str(&format!("\n{}:\n", path::shown(path.as_bstr())));
        for line in hunks {
            if budget == 0 || text.len() + line.len() > MOST_BYTES {
                text.push_str("(cut here)\n");
                return Ok(text);
            }
            budget -= 1;
            text.push_str(&words.replace(&line));
            text.push('\n');
        }
    }
    Ok(text)
}

/// The commits of the base that changed the place, and the streams that landed them.
pub(super) fn changes(base: &str, changed_by: &[Mention]) -> String {
    let mut text = String::new();
    if !changed_by.is_empty() {
        text.push_str(&format!("changed on {base} by:\n"));
    }
    for one in changed_by {
        let streams = if one.streams.is_empty() {
            String::new()
        } else {
            format!(", stream {}", one.streams)
        };
        let (id, subject, author) = (short(one.id), &one.subject, &one.author);
        text.push_str(&format!("  {id} '{subject}' ({author}{streams})\n"));
    }
    text
}

/// Where one side has removed the file: what the other one has changed in it.
fn one_side(repo: &Repo, stuck: &Stuck, path: &BString, base: &str) -> Result<Vec<String>, Error> {
    let stages = stuck.conflict.stages.iter();
    let of_path = stages.filter(|one| one.path == *path && one.mode != GITLINK);
    let (mut before, mut after) = (None, None);
    for stage in of_path {
        match stage.stage {
            1 => before = Some(stage.id),
            side if after.is_none() => after = Some((side, stage.id)),
            _ => return Ok(Vec::new()),
        }
    }
    let (Some(before), Some((side, after))) = (before, after) else {
        return Ok(Vec::new());
    };
    let diff = repo.diff_blobs(before, after)?;
    if diff.is_empty() {
        return Ok(Vec::new());
    }
    let whose = if side == 2 { base } else { "the stream" };
    let other = if side == 2 { "the stream" } else { base };
    let head = format!("changed by {whose}, removed by {other}:");
    Ok(std::iter::once(head).chain(diff).collect())
}

/// The conflicts of a file with a few lines around them; nothing of a file that is no text.
fn hunks(content: &[u8]) -> Vec<String> {
    if content.contains(&0) {
        return Vec::new();
    }
    let lines: Vec<&[u8]> = content.lines().collect();
    let mut wanted = vec![false; lines.len()];
    let mut opened = None;
    for (at, line) in lines.iter().enumerate() {
        if line.starts_with(b"<<<<<<< ") {
            opened = opened.or(Some(at));
        } else if line.starts_with(b">>>>>>> ")
            && let Some(start) = opened.take()
        {
            let from = start.saturating_sub(CONTEXT);
            let to = (at + CONTEXT + 1).min(lines.len());
            wanted[from..to].fill(true);
        }
    }
    let mut shown = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if wanted[at] {
            if at > 0 && !wanted[at - 1] {
                shown.push(format!("@@ line {} @@", at + 1));
            }
            shown.push(line.to_str_lossy().into_owned());
        }
    }
    shown
}

/// What people call the trees that git names by their ids.
pub(super) struct Words(Vec<(String, String)>);

impl Words {
    pub(super) fn of(stuck: &Stuck, base: &str) -> Words {
        let commit = format!("{} ({})", short(stuck.commit), stuck.subject);
        Words(vec![
            (stuck.onto.to_string(), base.to_owned()),
            (stuck.theirs.to_string(), commit.clone()),
            (stuck.parent.to_string(), format!("parent of {commit}")),
        ])
    }

    pub(super) fn replace(&self, text: &str) -> String {
        // A scratch worktree calls what it picks onto HEAD, which means nothing to the reader.
        if let ("<<<<<<< HEAD", Some((_, base))) = (text, self.0.first()) {
            return format!("<<<<<<< {base}");
        }
        self.0
            .iter()
            .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    }
}

#[cfg(test)]
mod tests {
    use super::hunks;

    #[test]
    fn a_conflict_is_shown_with_a_few_lines_around_it() {
        let text = "1\n2\n3\n4\n5\n<<<<<<< a\nx\n=======\ny\n>>>>>>> b\n6\n7\n8\n9\n";
        let shown = hunks(text.as_bytes());
        assert_eq!(shown[0], "@@ line 3 @@");
        assert_eq!(shown[1], "3");
        assert_eq!(shown.last().map(String::as_str), Some("8"));
    }

    #[test]
    fn bytes_that_are_no_text_are_not_shown() {
        assert!(hunks(b"<<<<<<< a\n\0\n>>>>>>> b\n").is_empty());
        assert!(hunks(b"no conflict\n").is_empty());
    }
}
