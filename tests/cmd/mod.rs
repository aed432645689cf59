//! One file per command: what it prints, and how it ends.

mod claim;
mod dispatch;
mod doctor;
mod exec;
mod guard;
mod inbox;
mod init;
mod land;
mod log;
mod path;
mod plan;
mod receive;
mod release;
mod status;
mod sync;
mod undo;
