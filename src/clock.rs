//! What time is it, and how long has this machine been awake?
//!
//! The time of day is for people, and for the log. What is waited for is measured by the other
//! clock: it stands still while the machine sleeps, and no correction of the time moves it. Which
//! boot it counts in comes with it.
//!
//! # Limits
//!
//! Only Linux tells one boot from another. Elsewhere the clock of a later boot is known by running
//! behind; where it has overtaken the earlier one, what lies between is still no more than the
//! machine was awake. On macOS the clock goes on in sleep.

use std::fs;

use jiff::{SignedDuration, Timestamp, Unit};
use rustix::time::{ClockId, clock_gettime};

/// A point in a machine's waking time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awake {
    /// Which boot it is in; empty where the system does not tell.
    pub boot: String,
    /// How long the machine has been awake since then.
    pub since: SignedDuration,
}

/// The time, to the second: finer is noise in a log that people read.
pub fn now() -> Timestamp {
    let now = Timestamp::now() + Moved::of_tests().wall;
    now.round(Unit::Second).unwrap_or(now)
}

/// How long this machine has been awake.
pub fn awake() -> Awake {
    let time = clock_gettime(ClockId::Monotonic);
    let nanoseconds = i32::try_from(time.tv_nsec).unwrap_or_default();
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let moved = Moved::of_tests();
    Awake {
        boot: moved.boot.unwrap_or_else(|| boot.trim().to_owned()),
        since: SignedDuration::new(time.tv_sec, nanoseconds) + moved.awake,
    }
}

/// How far the tests have moved the clocks of a machine: `<time of day> <awake> <boot>`, the first
/// two in seconds. A release does not look.
#[derive(Default)]
struct Moved {
    wall: SignedDuration,
    awake: SignedDuration,
    boot: Option<String>,
}

impl Moved {
    fn of_tests() -> Moved {
        if !cfg!(debug_assertions) {
            return Moved::default();
        }
        let text = std::env::var("GIT_STREAM_TEST_CLOCKS").unwrap_or_default();
        let mut words = text.split(' ');
        let mut seconds = || {
            let number = words.next().and_then(|word| word.parse().ok());
            SignedDuration::from_secs(number.unwrap_or_default())
        };
        Moved {
            wall: seconds(),
            awake: seconds(),
            boot: words.next().map(str::to_owned),
        }
    }
}
