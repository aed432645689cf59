//! Does the remote of a shared ledger answer, and can it do what is asked of it?

use std::time::Duration;

use super::{Examined, Finding};
use crate::exit::Failure;
use crate::git::Repo;
use crate::ledger::{Ledger, Share};
use crate::word;
use crate::workspace::Workspace;

const NAME: &str = "remote";
/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Asks it.
pub(super) fn examine(workspace: &Workspace<'_>) -> Result<Examined, Failure> {
    let repo = workspace.repo;
    let Some(share) = Share::of(&workspace.state) else {
        return Ok(Examined::skipped(
            NAME,
            "the ledger is of this repository alone",
        ));
    };
    let Share { remote, name } = &share;
    let theirs = match repo.remote_ref(remote, name, PATIENCE) {
        Ok(theirs) => theirs,
        Err(error) => {
            let said = word::one_line(&error.to_string());
            let finding = Finding::new(
                "remote-silent",
                format!("the remote '{remote}' does not answer: {said}"),
                "claims, releases and landings wait for its word; committing in a stream does not",
                format!("git ls-remote {}", word::quoted(remote)),
            );
            return Ok(Examined::new(NAME, "", vec![finding]));
        }
    };
    let mut findings = Vec::new();
    match theirs {
        None => findings.push(
            Finding::new(
                "ledger-gone",
                format!("the ledger {name} is gone from '{remote}'"),
                "no machine lets a claim through until it is back",
                format!(
                    "git push {} refs/stream/ledger:{name}",
                    word::quoted(remote)
                ),
            )
            .grave(),
        ),
        Some(theirs) => {
            findings.extend(rewound(repo, &share, theirs)?);
            findings.extend(not_atomic(repo, &share, theirs));
        }
    }
    let summary = format!("'{remote}' answers, has the ledger, and moves several refs in one step");
    Ok(Examined::new(NAME, summary, findings))
}

/// Whether the remote has lost what it had acknowledged.
fn rewound(repo: &Repo, share: &Share, theirs: crate::git::Id) -> Result<Option<Finding>, Failure> {
    let Some(ours) = repo.read_ref(crate::ledger::REF)? else {
        return Ok(None);
    };
    // What is not here is newer; the next command fetches it, and looks.
    if theirs == ours || !repo.has(theirs) || Ledger::of(repo).includes(ours, theirs)? {
        return Ok(None);
    }
    let remote = word::quoted(&share.remote);
    Ok(Some(
        Finding::new(
            "ledger-rewound",
            format!(
                "the ledger on '{}' is at {}, which does not contain {}, the last that was \
                 acknowledged",
                share.remote,
                theirs.to_hex_with_len(12),
                ours.to_hex_with_len(12)
            ),
            "it was rewound or rewritten, and no machine believes it",
            format!("git push --force {remote} {ours}:{}", share.name),
        )
        .grave(),
    ))
}

fn not_atomic(repo: &Repo, share: &Share, theirs: crate::git::Id) -> Option<Finding> {
    let is_here = repo.has(theirs);
    let can = !is_here || repo.moves_together(&share.remote, (&share.name, theirs), PATIENCE);
    (!can).then(|| {
        let remote = word::quoted(&share.remote);
        Finding::new(
            "remote-not-atomic",
            format!("'{}' cannot move several refs in one step", share.remote),
            "a crowd of machines takes turns by trying, and a landing tells the ledger afterwards",
            format!("git ls-remote {remote}"),
        )
    })
}
