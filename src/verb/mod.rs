//! What are the commands? One file each: arguments, one domain call, the answer.

pub mod claim;
pub mod exec;
pub mod guard;
pub mod inbox;
pub mod init;
pub mod path;
pub mod plan;
pub mod receive;
pub mod release;
pub mod resolve;
pub mod status;
pub mod sync;
pub mod verify;
