//! Do several machines agree, with a git remote as the only server?

mod batch;
mod compact;
mod copies;
mod crash;
mod crowd;
mod doctor;
mod fleet;
mod model;
mod probe;
mod race;
mod random;
mod servers;
mod story;
mod takeover;
mod trouble;
