//! What does a remote say to refs that are to move there?
//!
//! `git push --porcelain` answers one line for each ref. Its exit status alone cannot tell a lost
//! race from a server that says no, and neither from a connection that broke after everything had
//! arrived; which line means what was measured with git 2.39 to 2.55 over files, http and the git
//! protocol. Only the flag and the summary are read, which git never translates, except for the
//! server's own reason behind `[remote rejected]`.

use std::time::Duration;

use super::{Error, Expect, Id, Output, Repo};

/// One ref of the remote, from where it must be to where it shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// The full name on the remote.
    pub name: String,
    /// Where it must be there.
    pub from: Expect,
    /// Where it shall be; `None` removes it.
    pub to: Option<Id>,
}

/// What became of a push.
#[derive(Debug)]
pub enum Pushed {
    /// Every ref is where it should be.
    Done,
    /// Another was faster, or a stale lock lies on the server: looking again and pushing again is
    /// right, a bounded number of times.
    Lost {
        /// The ref that was not where it was expected; of several that the server could not move
        /// together, the first.
        name: String,
        /// The lock that was in the server's way, if it was one.
        locked: Option<String>,
    },
    /// The remote does not want it, and will not want it the next time either.
    Unwanted {
        /// The ref.
        name: String,
        /// Why, in its words.
        why: String,
    },
    /// The server cannot move several refs together: nothing was asked of it.
    NotAtomic,
    /// Nobody knows: the connection ended before the remote had answered.
    Unknown(Error),
}

/// What git says of a server that does not offer it.
const NOT_ATOMIC: &str = "does not support --atomic push";

impl Repo {
    /// Moves refs of a remote, all of them or none, each only from where it is expected.
    ///
    /// Nobody is asked for a password, and the user's `pre-push` hook is not run: these are refs of
    /// ours. That a ref only grows is for the caller to see to, since servers do not guard
    /// `refs/stream/`.
    pub fn push(&self, remote: &str, updates: &[Update], limit: Duration) -> Result<Pushed, Error> {
        let together = updates.len() > 1;
        match self.pushing(remote, updates, together, limit) {
            Ok(output) => Ok(judged(&output.stdout, output.status, &output.stderr)),
            Err(Error::Failed { ref stderr, .. }) if stderr.contains(NOT_ATOMIC) => {
                Ok(Pushed::NotAtomic)
            }
            Err(error @ Error::Failed { .. }) => Ok(Pushed::Unknown(error)),
            Err(error) => Err(error),
        }
    }

    /// Moves refs of a remote in one push, each by itself: the answer to each, in their order.
    ///
    /// Apart from that as [`Self::push`].
    pub fn push_each(
        &self,
        remote: &str,
        updates: &[Update],
        limit: Duration,
    ) -> Result<Vec<Pushed>, Error> {
        let output = self.pushing(remote, updates, false, limit)?;
        let text = String::from_utf8_lossy(&output.stdout);
        let of = |update: &Update| {
            let rows = text
                .lines()
                .filter_map(|line| Some((line, Row::read(line)?)));
            let own = rows.filter(|(_, row)| row.name == update.name);
            let own: String = own.map(|(line, _)| format!("{line}\n")).collect();
            // The status is that of all of them, and its own line says more.
            let status = i32::from(own.is_empty());
            judged(own.as_bytes(), status, &output.stderr)
        };
        Ok(updates.iter().map(of).collect())
    }

    fn pushing(
        &self,
        remote: &str,
        updates: &[Update],
        together: bool,
        limit: Duration,
    ) -> Result<Output, Error> {
        let mut call = self
            .unattended()
            .args(["-c", "core.hooksPath=/dev/null", "-c", "push.gpgSign=false"])
            .args(["push", "--porcelain", "--no-verify", "--no-follow-tags"])
            .args(["--recurse-submodules=no", "--no-progress"])
            .args(together.then_some("--atomic"));
        for Update { name, from, .. } in updates {
            let old = match from {
                Expect::At(id) => id.to_string(),
                Expect::Absent => String::new(),
            };
            call = call.arg(format!("--force-with-lease={name}:{old}"));
        }
        call = call.args(["--end-of-options", remote]);
        for Update { name, to, .. } in updates {
            let new = to.map_or_else(String::new, |id| id.to_string());
            call = call.arg(format!("{new}:{name}"));
        }
        call.run_within(&[0, 1], limit)
    }
}

impl Repo {
    /// Whether a remote can move several refs in one step, as far as it says so; asked with a ref
    /// that stays where it is. One that does not take pushes from here is not blamed for it.
    pub fn moves_together(&self, remote: &str, (name, at): (&str, Id), limit: Duration) -> bool {
        let call = self
            .unattended()
            .args(["-c", "core.hooksPath=/dev/null", "-c", "push.gpgSign=false"])
            .args([
                "push",
                "--dry-run",
                "--atomic",
                "--porcelain",
                "--no-verify",
            ])
            .args(["--end-of-options", remote])
            .arg(format!("{at}:{name}"));
        match call.run_within(&[0, 1], limit) {
            Err(Error::Failed { stderr, .. }) => !stderr.contains(NOT_ATOMIC),
            Ok(_) | Err(_) => true,
        }
    }
}

/// Reads git's answer.
fn judged(stdout: &[u8], status: i32, stderr: &str) -> Pushed {
    let text = String::from_utf8_lossy(stdout);
    let rows: Vec<Row<'_>> = text.lines().filter_map(Row::read).collect();
    let is_refused = |row: &&Row<'_>| row.flag == '!';
    // Of an atomic push, the others are refused because of the one that was.
    let is_cause = |row: &&Row<'_>| is_refused(row) && !row.is_because_of_another();
    let cause = rows.iter().find(is_cause);
    match cause.or_else(|| rows.iter().find(is_refused)) {
        None if status == 0 && !rows.is_empty() => Pushed::Done,
        None => Pushed::Unknown(Error::Failed {
            command: "git push --porcelain".to_owned(),
            how: format!("ended with status {status} and said nothing of the ref"),
            status: Some(status),
            stderr: stderr.to_owned(),
            full: false,
        }),
        Some(row) if row.is_race() => Pushed::Lost {
            name: row.name.to_owned(),
            locked: locked(stderr),
        },
        Some(row) => Pushed::Unwanted {
            name: row.name.to_owned(),
            why: row.why(stderr),
        },
    }
}

/// Reads the answer to a push; panics where a refusal would be taken for done.
///
/// Not part of the program: tests and the fuzz target ask this of any bytes they can think of.
#[doc(hidden)]
pub fn judge_answer(stdout: &[u8], status: i32, stderr: &str) -> bool {
    let answer = judged(stdout, status, stderr);
    let text = String::from_utf8_lossy(stdout);
    let mut rows = text.lines().filter_map(Row::read);
    match answer {
        Pushed::Done => {
            assert_eq!(status, 0, "{text}");
            assert!(rows.all(|row| row.flag != '!'), "{text}");
            true
        }
        Pushed::Lost { name, .. } | Pushed::Unwanted { name, .. } => {
            assert!(
                rows.any(|row| row.flag == '!' && row.name == name),
                "{text}"
            );
            false
        }
        Pushed::NotAtomic => unreachable!("that is told by a status of its own"),
        Pushed::Unknown(_) => false,
    }
}

/// The lock that a server could not create because it exists (`lockfile.c`,
/// `unable_to_lock_message`).
fn locked(stderr: &str) -> Option<String> {
    let line = stderr.lines().find(|line| line.contains("File exists"))?;
    let (_, said) = line.split_once("Unable to create '")?;
    let (path, _) = said.split_once("': ")?;
    Some(path.to_owned())
}

/// One line of the answer: `<flag>\t<from>:<to>\t<summary> (<reason>)`.
struct Row<'a> {
    flag: char,
    name: &'a str,
    summary: &'a str,
}

impl<'a> Row<'a> {
    fn read(line: &'a str) -> Option<Row<'a>> {
        let mut fields = line.splitn(3, '\t');
        let flag = fields.next()?.chars().next().unwrap_or(' ');
        let (_, name) = fields.next()?.split_once(':')?;
        let summary = fields.next()?;
        Some(Row {
            flag,
            name,
            summary,
        })
    }

    /// Seen early, or seen by the server while it had the ref locked.
    fn is_race(&self) -> bool {
        const RACES: [&str; 8] = [
            "(stale info)",
            "(fetch first)",
            "(non-fast-forward)",
            "(already exists)",
            "(failed to update ref)",
            "(reference already exists)",
            "(incorrect old value provided)",
            "(atomic transaction failed)",
        ];
        RACES.iter().any(|race| self.summary.contains(race))
            || self.summary.contains("(cannot lock ref")
    }

    /// Said by git itself, or by the server.
    fn is_because_of_another(&self) -> bool {
        let said = ["(atomic push failed)", "(atomic push failure)"];
        said.iter().any(|one| self.summary.contains(one))
    }

    /// The reason, and what a hook of the server has written.
    fn why(&self, stderr: &str) -> String {
        let said: Vec<&str> = stderr
            .lines()
            .filter_map(|line| line.strip_prefix("remote: "))
            .map(str::trim_end)
            .filter(|line| !line.is_empty())
            .collect();
        if said.is_empty() {
            self.summary.to_owned()
        } else {
            format!("{}: {}", self.summary, said.join("; "))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Pushed, judged};

    fn word(line: &str, status: i32) -> &'static str {
        let text = format!("To somewhere\n{line}\nDone\n");
        match judged(text.as_bytes(), status, "remote: no such luck\n") {
            Pushed::Done => "done",
            Pushed::Lost { .. } => "lost",
            Pushed::Unwanted { .. } => "unwanted",
            Pushed::NotAtomic => "not atomic",
            Pushed::Unknown(_) => "unknown",
        }
    }

    #[test]
    fn each_answer_of_git_has_one_meaning() {
        let to = "abc:refs/stream/ledger";
        let cases = [
            (format!(" \t{to}\t123..456"), 0, "done"),
            (format!("*\t{to}\t[new reference]"), 0, "done"),
            (format!("=\t{to}\t[up to date]"), 0, "done"),
            (format!("+\t{to}\t123...456 (forced update)"), 0, "done"),
            (format!("!\t{to}\t[rejected] (stale info)"), 1, "lost"),
            (format!("!\t{to}\t[rejected] (fetch first)"), 1, "lost"),
            (
                format!("!\t{to}\t[remote rejected] (failed to update ref)"),
                1,
                "lost",
            ),
            (
                format!("!\t{to}\t[remote rejected] (pre-receive hook declined)"),
                1,
                "unwanted",
            ),
            (
                format!("!\t{to}\t[remote rejected] (deny updating a hidden ref)"),
                1,
                "unwanted",
            ),
            (String::new(), 1, "unknown"),
            (String::new(), 0, "unknown"),
        ];
        for (line, status, meaning) in cases {
            assert_eq!(word(&line, status), meaning, "{line}");
        }
    }

    #[test]
    fn of_an_atomic_push_the_ref_that_was_refused_counts() {
        let text = "To x\n!\ta:refs/heads/main\t[rejected] (atomic push failed)\n\
                    !\tb:refs/stream/ledger\t[rejected] (stale info)\n";
        let judged_as = |text: &str| match judged(text.as_bytes(), 1, "") {
            Pushed::Lost { name, .. } => format!("lost {name}"),
            Pushed::Unwanted { name, .. } => format!("unwanted {name}"),
            Pushed::Done | Pushed::NotAtomic | Pushed::Unknown(_) => "something else".to_owned(),
        };
        assert_eq!(judged_as(text), "lost refs/stream/ledger");
        let text = "To x\n!\ta:refs/stream/ledger\t[remote rejected] (atomic push failure)\n\
                    !\tb:refs/heads/main\t[remote rejected] (hook declined)\n";
        assert_eq!(judged_as(text), "unwanted refs/heads/main");
        let text = "To x\n!\ta:refs/stream/ledger\t[remote rejected] (atomic transaction failed)\n\
                    !\tb:refs/heads/main\t[remote rejected] (atomic transaction failed)\n";
        assert_eq!(judged_as(text), "lost refs/stream/ledger");
    }

    #[test]
    fn a_lock_on_the_server_is_told_from_a_faster_machine() {
        let text = "To x\n!\ta:refs/stream/ledger\t[remote rejected] (failed to update ref)\n";
        let said = |stderr: &str| match judged(text.as_bytes(), 1, stderr) {
            Pushed::Lost { locked, .. } => locked,
            Pushed::Done | Pushed::Unwanted { .. } | Pushed::NotAtomic | Pushed::Unknown(_) => {
                panic!("it is a lost race")
            }
        };
        let lock = "remote: error: cannot lock ref 'refs/stream/ledger': Unable to create \
                    '/srv/app.git/./refs/stream/ledger.lock': File exists.        \nremote: \n";
        let path = "/srv/app.git/./refs/stream/ledger.lock";
        assert_eq!(said(lock).as_deref(), Some(path));
        let faster = "remote: error: cannot lock ref 'refs/stream/ledger': is at 1 but expected 2";
        assert_eq!(said(faster), None);
    }

    #[test]
    fn a_servers_own_words_are_passed_on() {
        let text = "To x\n!\ta:refs/heads/main\t[remote rejected] (hook declined)\nDone\n";
        let Pushed::Unwanted { name, why } = judged(text.as_bytes(), 1, "remote: no \nfatal: x\n")
        else {
            panic!("it was refused");
        };
        assert_eq!(name, "refs/heads/main");
        assert_eq!(why, "[remote rejected] (hook declined): no");
    }

    proptest! {
        /// Nothing is done as long as a line says that a ref was refused.
        #[test]
        fn a_refusal_is_never_taken_for_done(
            text in r"([ !*=+-]\ta:refs/[a-z/]{1,9}\t[a-z \[\]()]{0,30}\n|[^\n]{0,20}\n){0,5}",
            status in 0..2_i32,
        ) {
            let answer = judged(text.as_bytes(), status, "");
            let is_refused = text.lines().any(|line| line.starts_with("!\ta:refs/"));
            prop_assert!(!is_refused || !matches!(answer, Pushed::Done), "{text:?}");
        }

        #[test]
        fn any_bytes_are_an_answer(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            stderr in ".{0,40}",
        ) {
            prop_assert!(!matches!(judged(&bytes, 1, &stderr), Pushed::NotAtomic));
        }
    }
}
