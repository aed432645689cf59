//! Can the ledger be read, is all of it there, and what does its remote not know yet?

use super::finding::Mend;
use super::{Examined, Finding};
use crate::exit::Explain as _;
use crate::git::{self, Id, Lock, Repo};
use crate::ledger::{Error, Ledger, REF, REFS, Share};
use crate::word;

const NAME: &str = "ledger";

/// Looks at the ledger of a repository that may not be set up.
pub(super) fn examine(repo: &Repo) -> Result<Examined, git::Error> {
    let ledger = Ledger::of(repo);
    let tip = match ledger.tip() {
        Ok(tip) => tip,
        Err(error) => return unreadable(repo, &error),
    };
    let Some(tip) = tip else {
        return Ok(Examined::new(NAME, "", vec![not_set_up(repo)?]));
    };
    let state = match ledger.read() {
        Ok(state) => state,
        Err(error) => return unreadable(repo, &error),
    };
    let mut findings = Vec::new();
    if let Err(error) = repo.is_connected(tip) {
        let said = error.git_said();
        let message = said.first().cloned();
        let message = message.unwrap_or_else(|| error.to_string());
        let message = word::one_line(message.trim());
        findings.push(Finding::new(
            "ledger-broken",
            format!("something of the ledger's history is missing: {message}"),
            "who did what can no longer be told in full, and `undo` may not find what it needs",
            "git fsck --connectivity-only",
        ));
    }
    let held = state.held().count();
    let mut summary = format!("{} held", word::count(held, "stream"));
    let mut notes = Vec::new();
    if let Some(share) = Share::of(&state) {
        findings.extend(in_flight(repo, &ledger, &share)?);
        let (waiting, note) = unsent(repo, &share)?;
        summary.push_str(&format!("; shared through '{}'", share.remote));
        if waiting > 0 {
            summary.push_str(&format!(", {} to send", word::count(waiting, "event")));
        }
        notes.extend(note);
    }
    let mut examined = Examined::new(NAME, summary, findings);
    examined.notes = notes;
    Ok(examined)
}

/// A push whose process died before it had heard the answer.
fn in_flight(
    repo: &Repo,
    ledger: &Ledger<'_>,
    share: &Share,
) -> Result<Option<Finding>, git::Error> {
    let is_alive = Lock::is_held(&repo.private("push.lock"))?;
    if is_alive || !ledger.is_pushing().unwrap_or(true) {
        return Ok(None);
    }
    let finding = Finding::new(
        "push-unknown",
        "a push of the ledger was cut off, and nobody knows whether it arrived",
        "what was asked may count already; the next command that asks the remote finds out",
        format!("git ls-remote {}", word::quoted(&share.remote)),
    );
    Ok(Some(finding.mended_by(Mend::Refresh)))
}

/// How much the remote has not heard, and what we have not taken over from it.
fn unsent(repo: &Repo, share: &Share) -> Result<(usize, Option<String>), git::Error> {
    let [outbox, acknowledged] = REFS.map(|name| repo.read_ref(name));
    let (outbox, acknowledged) = (outbox?, acknowledged?);
    let fetched = repo.read_ref(&format!("refs/stream/remotes/{}/ledger", share.remote))?;
    let between = |new: Option<Id>, old: Option<Id>| match (new, old) {
        (Some(new), Some(old)) => Ok(repo.commits_between(&[new], &[old])?.len()),
        _ => Ok::<_, git::Error>(0),
    };
    let behind = between(fetched, acknowledged)?;
    let note = (behind > 0).then(|| {
        format!(
            "{} of the remote's ledger were fetched and not taken over yet; the next command does",
            word::count(behind, "event")
        )
    });
    Ok((between(outbox, acknowledged)?, note))
}

fn not_set_up(repo: &Repo) -> Result<Finding, git::Error> {
    let finding = Finding::new(
        "not-set-up",
        "git stream is not set up in this repository",
        "there is nothing that could be guarded or claimed",
        "git stream init",
    )
    .grave();
    // A clone of a repository that is set up says so by its plan: to join is what it is there for.
    let joins = shared_by_plan(repo)?;
    Ok(match joins {
        Some(remote) => Finding {
            message: format!("this clone has not joined the ledger on '{remote}' yet"),
            ..finding
        }
        .mended_by(Mend::SetUp),
        None => finding,
    })
}

fn shared_by_plan(repo: &Repo) -> Result<Option<String>, git::Error> {
    let Some(head) = repo.head()? else {
        return Ok(None);
    };
    let plan = repo.blob_at(repo.tree_of(head)?, crate::workspace::PLAN)?;
    let plan = plan.map(|bytes| crate::plan::parse_quickly(&bytes));
    let plan = plan.and_then(|plan| plan.into_plan(crate::workspace::PLAN).ok());
    Ok(plan.and_then(|plan| plan.remote))
}

/// A ledger that cannot be read: nothing works as long as it is so.
fn unreadable(repo: &Repo, error: &Error) -> Result<Examined, git::Error> {
    let hints = error.hints();
    let command = hints.iter().find_map(|hint| {
        let (_, rest) = hint.split_once('`')?;
        Some(rest.split_once('`')?.0.to_owned())
    });
    let kind = if matches!(error, Error::Newer { .. }) {
        "ledger-newer"
    } else {
        "ledger-unreadable"
    };
    let mut finding = Finding::new(
        kind,
        error.to_string(),
        "no claim, sync or landing is let through as long as nobody can tell who holds what",
        command.unwrap_or_else(|| "git log --stat refs/stream/ledger".to_owned()),
    )
    .grave();
    if matches!(error, Error::Git(_))
        && let Some(tip) = lost_tip(repo)?
    {
        finding.command = format!("git update-ref {REF} {tip}");
        finding = finding.mended_by(Mend::Ref(REF.to_owned(), tip));
    }
    Ok(Examined::new(NAME, "", vec![finding]))
}

/// The newest commit of a ledger that no ref leads to, where there is one that all agree on.
pub(super) fn lost_tip(repo: &Repo) -> Result<Option<Id>, git::Error> {
    let tracked = repo.refs_below("refs/stream/remotes/").unwrap_or_default();
    // A stream may be called so, too, and what was pushed of it is remembered beside.
    let tracked = tracked
        .iter()
        .find(|(name, id)| name.ends_with("/ledger") && is_ledger(repo, *id));
    if let Some((_, id)) = tracked.filter(|(_, id)| repo.is_connected(*id).is_ok()) {
        return Ok(Some(*id));
    }
    let mut found = Vec::new();
    for id in repo.dangling_commits()? {
        if is_ledger(repo, id) && repo.is_connected(id).is_ok() {
            let length = Ledger::of(repo).length(id);
            found.push((length.unwrap_or_default(), id));
        }
    }
    // What has lost a race is dangling, too, and never longer than what has won.
    found.sort();
    let longest = found.pop();
    let is_alone = |(length, _): &(usize, Id)| found.last().is_none_or(|(next, _)| next < length);
    Ok(longest.filter(is_alone).map(|(_, id)| id))
}

fn is_ledger(repo: &Repo, commit: Id) -> bool {
    let has = |tree, path| repo.blob_at(tree, path).is_ok_and(|blob| blob.is_some());
    let tree = repo.tree_of(commit);
    tree.is_ok_and(|tree| has(tree, "format") && has(tree, "base.toml"))
}
