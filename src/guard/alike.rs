//! Is every line that git tells a hook judged, or refused?
//!
//! Not part of the program: tests and the fuzz target ask this of any bytes they can think of.

use bstr::ByteSlice as _;

use super::{moves, push};
use crate::git::Repo;
use crate::name::StreamName;

/// Reads bytes as a hook's stdin; panics where a move of a stream's branch, or a commit that is
/// pushed, would go through unseen. Returns how many were found.
#[doc(hidden)]
pub fn judge_stdin(repo: &Repo, input: &[u8]) -> usize {
    let is_zero = |word: &[u8]| word.len() > 1 && word.iter().all(|digit| *digit == b'0');
    let wanted = input.lines().filter(|line| {
        let words: Vec<&[u8]> = line.splitn_str(3, " ").collect();
        let [_, new, name] = words.as_slice() else {
            return false;
        };
        let stream = name.to_str().ok().and_then(StreamName::from_branch_ref);
        stream.is_some() && !is_zero(new)
    });
    let (wanted, found) = (wanted.count(), moves::number(input));
    assert!(found >= wanted, "{found} of {wanted} moves are seen");
    let null = repo.null_id().to_string();
    let Ok(pushed) = push::number(repo, input) else {
        return found;
    };
    let brings = |line: &&[u8]| line.split_str(" ").nth(1) != Some(null.as_bytes());
    let wanted = input.lines().filter(brings).count();
    assert_eq!(pushed, wanted, "not every line is judged");
    found + pushed
}
