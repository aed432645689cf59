//! What has become of the pull requests that wait?
//!
//! git alone tells it, so every verb that fetches can notice it, whatever forge it is:
//!
//! | the base | the branch on the remote | the stream |
//! |---|---|---|
//! | has what was pushed | there or not | has landed |
//! | has it not | is there | waits on |
//! | has it not | is gone | was closed, and is its holder's again |
//! | has it not | is back where it was, after that | waits again |
//!
//! The base has it whichever way the forge has merged: as a merge, as one commit, or commit by
//! commit ([`crate::sync::landed`]). The branch is looked at before the base is fetched: a forge
//! that removes the branch behind a merge has moved the base by then.
//!
//! # Limits
//!
//! A forge that closes a request and keeps the branch tells git nothing; the stream waits on until
//! somebody says so (`git stream progress NAME --working`), or removes the branch. A request that
//! is merged with other changes to the same files is not seen to be merged.

mod merged;
mod notice;
mod noticed;
mod verbs;

pub use merged::merged_by;
pub use notice::{notice, waits};
pub use noticed::{News, Noticed};
pub use verbs::{sync, sync_all, take};
