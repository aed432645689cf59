//! How is a stream taken, held and given back?
//!
//! Taking: the claim is written into the ledger together with the stream's branch, in one step;
//! only then the worktree is made, and the claim counts as taken when the ledger says that it is
//! ready. A process that dies in between leaves an intent whose operation is dead, which the next
//! command on this machine takes for what it is.

mod copy;
mod error;
mod give_way;
mod presence;
mod release;
mod remove;
mod restore;
mod retire;
mod session;
mod take;
mod takeover;
mod workplace;

pub use copy::refresh;
pub use error::Error;
pub use give_way::give_way;
pub use presence::sessions;
pub use release::{Aside, Ending, Released, give_back, release};
pub use remove::{Kept, take_back_dead};
pub use restore::{RESTORE, refuse_place, restore};
pub use retire::{Retired, Settled, retire, settle};
pub use session::{Ended, Session, work_in};
pub use take::{Taken, Wanted, make_whole, take, widen, worktree_of};
pub use takeover::Takeover;
pub use workplace::{hide, is_whole};
