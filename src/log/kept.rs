//! What is kept, how old and how large is it, and how is it brought back?

use std::fs;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::Error;
use crate::git::{Id, Repo};
use crate::inbox::{ago, table};
use crate::kept::{SafetyRef, Trashed, safety_refs, trashed};
use crate::ledger::OpId;
use crate::name::StreamName;
use crate::word;
use crate::workspace::Workspace;

/// What is kept: a commit by a ref, or a worktree in the trash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A safety ref.
    Ref {
        /// Its name.
        name: String,
        /// What it leads to.
        commit: Id,
        /// How many commits it has that the base has not.
        commits: usize,
    },
    /// A worktree.
    Trash {
        /// Where it is.
        path: String,
        /// The size of all files in it, in bytes.
        bytes: u64,
    },
}

/// One thing that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptThing {
    /// Whose it is.
    pub stream: StreamName,
    /// When it was put there, and by which operation.
    pub made: Option<(Timestamp, OpId)>,
    /// When a command may remove it.
    pub until: Option<Timestamp>,
    /// Where it is.
    pub place: Place,
    /// What it holds, for people.
    pub holds: Vec<String>,
    /// The command that brings it back.
    pub restore: String,
}

/// Everything that is kept, of these streams or of all, the newest first.
pub fn kept(workspace: &Workspace<'_>, streams: &[StreamName]) -> Result<Vec<KeptThing>, Error> {
    let is_asked = |stream: &StreamName| streams.is_empty() || streams.contains(stream);
    let mut all = Vec::new();
    for one in safety_refs(workspace.repo)? {
        if is_asked(&one.stream) {
            all.push(of_ref(workspace, one)?);
        }
    }
    for one in trashed(workspace.repo)? {
        if is_asked(&one.record.stream) && !one.record.is_disposable {
            all.push(of_trash(workspace, &one));
        }
    }
    all.sort_by(|a, b| b.made.cmp(&a.made));
    Ok(all)
}

fn of_ref(workspace: &Workspace<'_>, one: SafetyRef) -> Result<KeptThing, Error> {
    let (repo, base) = (workspace.repo, workspace.base.commit);
    let SafetyRef {
        name,
        commit,
        stream,
        made,
    } = one;
    let commits = repo.commits_between(&[commit], &[base])?.len();
    let subject = repo.commit(commit)?.subject().to_string();
    let is_held = workspace.state.claim(&stream).is_some();
    let restore = if is_held {
        format!("git stream undo {stream} --to {name}")
    } else if repo.read_ref(&stream.branch_ref())?.is_none() {
        let is_planned = workspace.plan.streams.contains_key(&stream);
        let files = if is_planned { "" } else { " --files PATTERN" };
        format!("git stream claim {stream}{files} --from {name}")
    } else {
        format!("git branch {stream}-kept {name}")
    };
    Ok(KeptThing {
        until: until(workspace, made.as_ref().map(|(at, _)| *at)),
        stream,
        made,
        place: Place::Ref {
            name,
            commit,
            commits,
        },
        holds: vec![subject],
        restore,
    })
}

fn of_trash(workspace: &Workspace<'_>, one: &Trashed) -> KeptThing {
    let record = &one.record;
    let (top, op) = (one.worktree(), &record.op);
    let is_held = workspace.state.claim(&record.stream).is_some();
    let restore = if is_held {
        let words = [top.join("."), record.worktree.clone()];
        let words = words.map(|path| word::quoted(&path.to_string_lossy()));
        format!("cp -a {}", words.join(" "))
    } else {
        format!("git stream undo --op {op}")
    };
    KeptThing {
        stream: record.stream.clone(),
        made: Some((record.at, op.clone())),
        until: until(workspace, Some(record.at)),
        place: Place::Trash {
            bytes: size(&top),
            path: top.to_string_lossy().into_owned(),
        },
        holds: record.holds.clone(),
        restore,
    }
}

fn until(workspace: &Workspace<'_>, at: Option<Timestamp>) -> Option<Timestamp> {
    let keep: SignedDuration = workspace.plan.land.keep;
    at.and_then(|at| at.checked_add(keep).ok())
}

/// The bytes in all files below a directory; what cannot be read counts nothing.
fn size(directory: &Path) -> u64 {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let of = |entry: fs::DirEntry| match entry.metadata() {
        Ok(about) if about.is_dir() => size(&entry.path()),
        Ok(about) => about.len(),
        Err(_) => 0,
    };
    entries.map(of).sum()
}

impl KeptThing {
    /// The thing for a program.
    pub fn json(&self) -> Value {
        let (at, op) = self.made.clone().unzip();
        let mut object = json!({
            "version": 1,
            "kept": match self.place { Place::Ref { .. } => "ref", Place::Trash { .. } => "worktree" },
            "stream": self.stream,
            "time": at,
            "op": op,
            "until": self.until,
            "holds": self.holds,
            "restore": self.restore,
        });
        let more = match &self.place {
            Place::Ref {
                name,
                commit,
                commits,
            } => json!({"ref": name, "commit": commit.to_string(), "commits": commits}),
            Place::Trash { path, bytes } => json!({"path": path, "bytes": bytes}),
        };
        if let (Value::Object(object), Value::Object(more)) = (&mut object, more) {
            object.extend(more);
        }
        object
    }
}

/// What is kept, in columns.
pub fn kept_text(things: &[KeptThing], repo: &Repo, now: Timestamp) -> String {
    let here = repo.main_top().map(Path::to_path_buf);
    let shown = |command: &str| match &here {
        Some(here) => command.replace(&format!("{}/", here.display()), ""),
        None => command.to_owned(),
    };
    let rows: Vec<[String; 5]> = things
        .iter()
        .map(|one| {
            let kept = one.made.as_ref();
            [
                kept.map_or_else(String::new, |(at, _)| ago(*at, now)),
                one.stream.to_string(),
                match &one.place {
                    Place::Ref { commits, .. } => word::count(*commits, "commit"),
                    Place::Trash { bytes, .. } => human(*bytes),
                },
                match &one.place {
                    Place::Ref { .. } => one.holds.join(", "),
                    Place::Trash { .. } if one.holds.is_empty() => "its worktree".to_owned(),
                    Place::Trash { .. } => format!("its worktree, with {}", one.holds.join(", ")),
                },
                shown(&one.restore),
            ]
        })
        .collect();
    table(["kept", "stream", "size", "what", "brought back by"], &rows)
}

/// `1.2 MB`.
fn human(bytes: u64) -> String {
    let units = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    match units.into_iter().find(|(size, _)| bytes >= *size) {
        Some((size, unit)) => {
            let tenths = bytes / (size / 10);
            format!("{}.{} {unit}", tenths / 10, tenths % 10)
        }
        None => word::count(usize::try_from(bytes).unwrap_or(usize::MAX), "byte"),
    }
}

#[cfg(test)]
mod tests {
    use super::human;

    #[test]
    fn sizes_are_short() {
        assert_eq!(human(1), "1 byte");
        assert_eq!(human(999), "999 bytes");
        assert_eq!(human(1_250), "1.2 kB");
        assert_eq!(human(2_999_999_999), "2.9 GB");
    }
}
