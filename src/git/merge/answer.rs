//! What does `git merge-tree -z --stdin` write?
//!
//! `<status> NUL <tree> NUL (<stage> NUL)* NUL (<message>)* NUL` for every question, where a status
//! of 0 means a conflict.

use std::io::BufRead;

use bstr::ByteSlice as _;

use super::{Conflict, SHOWN, Stage};
use crate::git::{Error, Id};

/// The answers of a git that is running, or of one that has ended.
#[derive(Debug)]
pub(super) struct Answers<R>(pub(super) R);

/// Why an answer is none.
pub(super) enum Broken {
    /// It ends too early: the git has died.
    Ended,
    /// It is not of the known form.
    Odd(Error),
}

impl<R: BufRead> Answers<R> {
    /// The beginning of an answer: whether the merge is clean, and its tree.
    pub(super) fn head(&mut self) -> Result<(bool, Id), Broken> {
        let status = self.text()?;
        let hex = self.token()?;
        let id = Id::from_hex(&hex).map_err(|_no_id| odd(&hex.as_bstr().to_string()))?;
        match status.as_str() {
            "1" => Ok((true, id)),
            "0" => Ok((false, id)),
            other => Err(odd(other)),
        }
    }

    /// What follows the head; of a clean merge as well.
    pub(super) fn rest(&mut self) -> Result<Conflict, Broken> {
        let mut conflict = Conflict {
            stages: self.stages()?,
            ..Conflict::default()
        };
        loop {
            let count = self.text()?;
            if count.is_empty() {
                return Ok(conflict);
            }
            let count: usize = count.parse().map_err(|_not_a_number| odd(&count))?;
            for _ in 0..count {
                self.token()?;
            }
            let kind = self.text()?;
            let message = self.text()?;
            // "Auto-merging" is said of paths without a conflict, too.
            if kind != "Auto-merging" {
                conflict.messages.push(message.trim_end().to_owned());
                conflict.kinds.push(bare(&kind));
            }
        }
    }

    fn stages(&mut self) -> Result<Vec<Stage>, Broken> {
        let mut stages = Vec::new();
        loop {
            let token = self.token()?;
            if token.is_empty() {
                return Ok(stages);
            }
            stages.push(stage(&token).ok_or_else(|| odd(&token.as_bstr().to_string()))?);
        }
    }

    /// What stands before the next NUL.
    fn token(&mut self) -> Result<Vec<u8>, Broken> {
        let mut token = Vec::new();
        match self.0.read_until(0, &mut token) {
            Ok(_) if token.last() == Some(&0) => {
                token.pop();
                Ok(token)
            }
            Ok(_) | Err(_) => Err(Broken::Ended),
        }
    }

    fn text(&mut self) -> Result<String, Broken> {
        Ok(self.token()?.to_str_lossy().into_owned())
    }
}

/// Reads `<mode> <object> <stage>\t<path>`: the form of `merge-tree` and of `ls-files --unmerged`.
pub(in crate::git) fn stage(token: &[u8]) -> Option<Stage> {
    let (about, path) = token.split_once_str("\t")?;
    let mut words = about.to_str().ok()?.split(' ');
    Some(Stage {
        mode: u32::from_str_radix(words.next()?, 8).ok()?,
        id: Id::from_hex(words.next()?.as_bytes()).ok()?,
        stage: words.next()?.parse().ok()?,
        path: path.into(),
    })
}

/// `CONFLICT (modify/delete)` without what they all have; other kinds as they are.
fn bare(kind: &str) -> String {
    let inner = kind.strip_prefix("CONFLICT (");
    let inner = inner.and_then(|rest| rest.strip_suffix(')'));
    inner.unwrap_or(kind).to_owned()
}

fn odd(answer: &str) -> Broken {
    Broken::Odd(Error::Odd {
        command: SHOWN.to_owned(),
        answer: answer.chars().take(100).collect(),
    })
}
