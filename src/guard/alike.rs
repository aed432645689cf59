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
    let is_zero = |word: &[u8]| word == [b'0'; 40] || word == [b'0'; 64];
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

#[cfg(test)]
mod tests {
    use crate::guard::moves::number;

    /// git writes no such line; what does is not let through because of that.
    #[test]
    fn a_move_to_what_is_no_id_is_seen() {
        let old = "1".repeat(40);
        for new in [&b"22\xff22"[..], b"\xfc", b"", b"0", b"ref:refs/heads/\xff"] {
            let line = [old.as_bytes(), b" ", new, b" refs/heads/stream/api\n"].concat();
            assert_eq!(number(&line), 1, "{new:?}");
        }
    }

    #[test]
    fn a_removal_is_no_move() {
        for digits in [40, 64] {
            let line = format!("{0} {0} refs/heads/stream/api\n", "0".repeat(digits));
            assert_eq!(number(line.as_bytes()), 0);
        }
    }
}
