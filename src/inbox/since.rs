//! How long ago was that, for people?

use jiff::Timestamp;

/// `3 hours ago`: the largest unit that fits, rounded down. The clocks of two machines may
/// disagree, so the future is `just now`.
pub fn ago(then: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(then).as_secs();
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute")];
    let fits = units.into_iter().find(|(size, _)| seconds >= *size);
    let Some((size, unit)) = fits else {
        return "just now".to_owned();
    };
    let count = seconds / size;
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{s} ago")
}
