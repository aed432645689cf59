//! Which time does a text mean, as `git log --since` takes it?

use jiff::Timestamp;

use super::{Error, Repo};

impl Repo {
    /// The time that a date means to git: `2 days ago`, `2026-01-02`, `yesterday`. `None` for what
    /// is no date; git itself takes that for the present.
    pub fn date(&self, text: &str) -> Result<Option<Timestamp>, Error> {
        let output = self
            .call()
            .args(["rev-parse", &format!("--since={text}")])
            .run()?;
        let line = output.line();
        let seconds = line.strip_prefix("--max-age=");
        let seconds = seconds.and_then(|seconds| seconds.parse().ok());
        let Some(at) = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()) else {
            return Ok(None);
        };
        let is_now = (Timestamp::now().as_second() - at.as_second()).abs() <= 2;
        let says_so = ["now", "today"].contains(&text.trim().to_ascii_lowercase().as_str());
        let is_guess = is_now && !says_so && !text.contains(|c: char| c.is_ascii_digit());
        Ok((!is_guess).then_some(at))
    }
}
