//! What does `git stream undo` take, and what does it answer?

use serde_json::{Value, json};

use crate::cli::{Common, Out, Verb};
use crate::exit::{Exit, Failure};
use crate::git::Repo;
use crate::land::Beat;
use crate::ledger::RefMove;
use crate::name::{AgentName, StreamName};
use crate::undo::{self, OfLanding, Options, RolledBack, Undone};
use crate::word;

/// Take one's last operation back, or roll a stream back
///
/// The caller's last operation, a claim, a release, a sync, a landing or an undo, is taken back:
/// every ref that it moved, the worktree and the stream's record go back to what they were. Where
/// something later depends on it, the answer is no, and says what. What an undo leaves behind is
/// kept, and an undo can be taken back in its turn. With `--op` any operation of one's own;
/// another's only by a person. With `--to` a stream goes back to an earlier commit of its own, and
/// what it had since is kept under a name.
///
/// A landing that nobody has seen goes off the base again. Where the base is on a remote, or has
/// moved on, it gets a commit that takes the landing back, checked like any landing; the stream has
/// its commits on top of that, so that it can be mended and land again.
#[derive(Debug, clap::Parser)]
#[command(name = "git-stream-undo", bin_name = "git stream undo", version)]
pub struct Undo {
    /// The last operation on this stream; with `--to`, the stream to roll back
    #[arg(value_name = "NAME")]
    stream: Option<StreamName>,
    /// This operation; the beginning of its id is enough
    #[arg(long, value_name = "ID", conflicts_with = "to")]
    op: Option<String>,
    /// Roll the stream back to this commit
    #[arg(long, value_name = "REV")]
    to: Option<String>,
    /// Act as this agent
    #[arg(long, value_name = "AGENT")]
    agent: Option<AgentName>,
    /// Say what would happen, and change nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    #[command(flatten)]
    common: Common,
}

impl Verb for Undo {
    type Status = Exit;

    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("Take back what you have done last:", "git stream undo"),
        ("See first what would move:", "git stream undo --dry-run"),
        (
            "Take back what somebody else has done (a person):",
            "git stream undo --op 9f2c61d0",
        ),
        (
            "Leave the last two commits of a stream behind:",
            "git stream undo api --to stream/api~2",
        ),
    ];

    fn common(&self) -> Common {
        self.common
    }

    fn run(&self, out: &mut Out) -> Result<Exit, Failure> {
        let repo = Repo::here()?;
        let options = Options {
            stream: self.stream.clone(),
            op: self.op.clone(),
            agent: self.agent.clone(),
            dry_run: self.dry_run,
        };
        if let Some(revision) = &self.to {
            let rolled = undo::roll_back(&repo, revision, &options)?;
            say_rolled(&rolled, out);
            if out.json() {
                out.object(&rolled_json(&rolled));
            }
            return Ok(Exit::Done);
        }
        let undone = {
            let mut tell = |beat: Beat| super::land::narrate_beat(&beat, out);
            undo::undo(&repo, &options, &mut tell)?
        };
        say_undone(&undone, out);
        if out.json() {
            out.object(&undone_json(&undone));
        }
        Ok(Exit::Done)
    }
}

fn say_undone(undone: &Undone, out: &mut Out) {
    let Undone {
        by, agent, stream, ..
    } = undone;
    let takes = if undone.dry_run {
        "would take"
    } else {
        "takes"
    };
    let whose = if by == agent {
        String::new()
    } else {
        format!(" of {agent}")
    };
    out.say(format!(
        "{by} {takes} back {}{whose}: '{}'",
        undone.verb, undone.event
    ));
    for one in &undone.moves {
        out.say(shown(one));
    }
    for note in &undone.notes {
        out.say(note);
    }
    if let Some(landing) = &undone.landing {
        say_landing(undone, landing, out);
        return;
    }
    match (&undone.worktree, &undone.kept) {
        (Some(worktree), _) if !undone.dry_run => {
            out.say(format!(
                "{stream} is {}, in '{}'",
                undone.state,
                worktree.display()
            ));
        }
        (_, Some(kept)) => out.say(format!(
            "'{}' stays: {}",
            kept.path.display(),
            kept.reasons.join("; ")
        )),
        _ => {
            let is = if undone.dry_run { "would be" } else { "is" };
            out.say(format!("{stream} {is} {}", undone.state));
        }
    }
    if let Some(aside) = &undone.trash {
        let files = word::count(aside.files.len(), "ignored file");
        out.say(format!("its worktree goes into the trash, with {files}"));
    }
    if !undone.dry_run {
        out.hint("Take that back, too, with `git stream undo`.");
    }
}

/// Where each of the streams is after a landing was taken back, or has landed again.
fn say_landing(undone: &Undone, landing: &OfLanding, out: &mut Out) {
    let base = &landing.base;
    match landing.way {
        "reverted" if undone.dry_run => {
            out.say(format!("{base} would get a commit that takes it back"));
        }
        "reverted" => out.say(format!("{base} has a commit that takes it back")),
        "streams" => out.say(format!("{base} had all of it before, and has it still")),
        _ => {}
    }
    let is = if undone.dry_run { "would be" } else { "is" };
    for (stream, state, worktree) in &landing.streams {
        match worktree {
            Some(worktree) if !undone.dry_run => {
                out.say(format!("{stream} is {state}, in '{}'", worktree.display()));
            }
            _ => out.say(format!("{stream} {is} {state}")),
        }
    }
    if !undone.dry_run {
        out.hint("Take that back, too, with `git stream undo`.");
    }
}

fn shown(one: &RefMove) -> String {
    if one.old == one.new {
        return format!("{} stays", one.name.trim_start_matches("refs/heads/"));
    }
    let name = one.name.trim_start_matches("refs/heads/");
    let short = |id: crate::git::Id| id.to_hex_with_len(12).to_string();
    match (one.old, one.new) {
        (Some(old), Some(new)) => format!("{name}: {} to {}", short(old), short(new)),
        (None, Some(new)) => format!("{name}: at {} again", short(new)),
        (Some(old), None) => format!("{name}: gone, it was at {}", short(old)),
        (None, None) => name.to_owned(),
    }
}

fn moves_json(moves: &[RefMove]) -> Vec<Value> {
    let id = |id: Option<crate::git::Id>| id.map(|id| id.to_string());
    let moves = moves.iter();
    moves
        .map(|one| json!({"name": one.name, "old": id(one.old), "new": id(one.new)}))
        .collect()
}

fn undone_json(undone: &Undone) -> Value {
    let kept = undone.kept.as_ref();
    let mut object = json!({
        "version": 1,
        "outcome": "undone",
        "stream": undone.stream,
        "undone": {
            "op": undone.op,
            "verb": undone.verb,
            "agent": undone.agent,
            "event": undone.event,
        },
        "state": undone.state,
        "refs": moves_json(&undone.moves),
        "worktree": undone.worktree,
        "kept": kept.map(|kept| kept.path.display().to_string()),
        "reasons": kept.map_or(&[][..], |kept| &kept.reasons),
        "trash": undone.trash.as_ref().and_then(|aside| {
            aside.trashed.as_ref().map(|trashed| trashed.worktree().display().to_string())
        }),
        "notes": undone.notes,
        "dry_run": undone.dry_run,
    });
    if let (Some(landing), Some(map)) = (&undone.landing, object.as_object_mut()) {
        let streams = landing.streams.iter().map(|(stream, state, worktree)| {
            json!({"stream": stream, "state": state, "worktree": worktree})
        });
        map.insert("streams".to_owned(), streams.collect());
        let base = json!({"branch": landing.base, "way": landing.way});
        map.insert("base".to_owned(), base);
        map.insert("check".to_owned(), landing.check.clone());
    }
    object
}

fn say_rolled(rolled: &RolledBack, out: &mut Out) {
    let RolledBack {
        by, stream, new, ..
    } = rolled;
    let at = new.to_hex_with_len(12);
    if rolled.old == *new {
        out.say(format!("{stream} is at {at} already"));
        return;
    }
    let rolls = if rolled.dry_run {
        "would roll"
    } else {
        "rolls"
    };
    let behind = word::count(rolled.left_behind, "commit");
    out.say(format!(
        "{by} {rolls} {stream} back to {at}: leaves {behind} behind"
    ));
    for note in &rolled.notes {
        out.say(note);
    }
    for name in &rolled.kept {
        out.say(format!("kept as {name}"));
    }
    if !rolled.dry_run {
        out.hint("Take that back, too, with `git stream undo`.");
    }
}

fn rolled_json(rolled: &RolledBack) -> Value {
    json!({
        "version": 1,
        "outcome": if rolled.old == rolled.new { "already-there" } else { "rolled-back" },
        "stream": rolled.stream,
        "old": rolled.old.to_string(),
        "new": rolled.new.to_string(),
        "commits": rolled.left_behind,
        "kept": rolled.kept,
        "notes": rolled.notes,
        "dry_run": rolled.dry_run,
    })
}
