//! How does a repository begin to judge what is pushed to it?
//!
//! By one hook, `pre-receive`, and by one key of its configuration where the base is named. Nothing
//! is written into the ledger: a server has no worktrees and claims nothing.

use super::{Error, Report};
use crate::git::Repo;
use crate::ledger::Ledger;
use crate::receive;

/// Writes the hook, and the base where one is given.
pub fn serve(repo: &Repo, base: Option<&str>, dry_run: bool) -> Result<Report, Error> {
    repo.require_whole_history()?;
    let mut report = Report::default();
    if let Some(base) = base {
        name(repo, base, dry_run, &mut report)?;
    }
    let installed = receive::install(repo, !dry_run)?;
    if installed.changed {
        let wrote = if dry_run { "would write" } else { "wrote" };
        let hook = installed.hook.display();
        report.done.push(format!("{wrote} the hook '{hook}'"));
        if let Some(own) = &installed.own {
            let own = own.display();
            let done = &mut report.done;
            done.push(format!("the repository's own runs after it, from '{own}'"));
        }
    }
    let state = Ledger::of(repo).read()?;
    let branch = match base {
        Some(base) => base.to_owned(),
        None => receive::branch(repo, &state)?,
    };
    if repo.read_ref(&format!("refs/heads/{branch}"))?.is_none() {
        report.notes.push(format!(
            "There is no branch '{branch}' yet, and no stream's branch is accepted before there \
             is: push it with `git push REMOTE {branch}`."
        ));
    }
    report.base = branch;
    Ok(report)
}

/// Names the base in the configuration.
fn name(repo: &Repo, base: &str, dry_run: bool, report: &mut Report) -> Result<(), Error> {
    if repo.config(receive::KEY).is_some_and(|now| now == base) {
        return Ok(());
    }
    let set = if dry_run { "would set" } else { "set" };
    if !dry_run {
        let call = repo.call().args(["config", "--local", receive::KEY, base]);
        call.run()?;
    }
    let key = receive::KEY;
    report.done.push(format!("{set} {key} to '{base}'"));
    Ok(())
}

/// Takes the hook away again, and the base's name.
pub(super) fn leave(repo: &Repo, dry_run: bool, report: &mut Report) -> Result<(), Error> {
    let Some(gone) = receive::uninstall(repo, !dry_run)? else {
        return Ok(());
    };
    let would = if dry_run { "would remove" } else { "removed" };
    let hook = gone.hook.display();
    report.done.push(match gone.own {
        Some(_) if dry_run => format!("would put the repository's own hook back at '{hook}'"),
        Some(_) => format!("put the repository's own hook back at '{hook}'"),
        None => format!("{would} the hook '{hook}'"),
    });
    if repo.config(receive::KEY).is_some() {
        if !dry_run {
            let call = repo.call().args(["config", "--local", "--unset-all"]);
            // Status 5: it is set elsewhere, by somebody else.
            call.arg(receive::KEY).run_allowing(&[0, 5], None)?;
        }
        report
            .done
            .push(format!("{would} {} from the configuration", receive::KEY));
    }
    Ok(())
}
