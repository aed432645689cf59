//! Do both readers of an index give the same answer?
//!
//! Not part of the program: tests and the fuzz target ask this of every index they can think of.

use std::path::Path;

use super::layout::Layout;
use super::{Asked, Error, Id, Repo};

impl Repo {
    /// Judges an index as it lies in the file and as gix unpacks it; panics where the first answer
    /// is not also the second. Returns whether there was an answer.
    ///
    /// The first may refuse what the second accepts, never the other way round.
    #[doc(hidden)]
    pub fn judge_alike(&self, bytes: &[u8], tree: Option<Id>) -> bool {
        let judge =
            |unpack| self.judge(Path::new("index"), bytes, tree, (Asked::TreeAsWell, unpack));
        let Ok(raw) = judge(false) else {
            return false;
        };
        match judge(true) {
            Ok(unpacked) => assert_eq!(raw, unpacked, "the two readers differ"),
            Err(error) => self.expect_long_path(bytes, &error),
        }
        true
    }

    /// The one kind of index that gix cannot read and we can.
    fn expect_long_path(&self, bytes: &[u8], error: &Error) {
        let layout = Layout::of(bytes, self.gix.object_hash());
        assert!(
            layout.is_ok_and(|layout| layout.long_path()),
            "only one reader refuses: {error:?}"
        );
    }
}
