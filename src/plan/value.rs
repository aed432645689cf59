//! What may stand behind a key?
//!
//! Each check takes a text and answers with its meaning, or with why it cannot be one and what
//! would be right.

use jiff::fmt::friendly::SpanParser;
use jiff::{SignedDuration, SpanRelativeTo};
use toml::de::DeInteger;

use super::{LEDGER, LEDGER_BRANCH};
use crate::name::{AgentName, StreamName};

/// The longest length of time that makes sense: ten years.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 3653);

/// Why a text cannot be the value of a key.
pub(super) struct Unfit {
    /// Lower case, without a full stop.
    pub(super) why: String,
    /// What to write instead: a sentence. Without one, the key's example is the answer.
    pub(super) instead: Option<String>,
}

impl Unfit {
    fn because(why: impl Into<String>) -> Unfit {
        Unfit {
            why: why.into(),
            instead: None,
        }
    }

    fn write(mut self, instead: impl Into<String>) -> Unfit {
        self.instead = Some(instead.into());
        self
    }
}

/// A whole number; what is too far out to hold is as far out as can be held.
pub(super) fn integer(written: &DeInteger) -> i64 {
    let far = if written.as_str().starts_with('-') {
        i64::MIN
    } else {
        i64::MAX
    };
    i64::from_str_radix(written.as_str(), written.radix()).unwrap_or(far)
}

/// A length of time such as `24h` or `1h 30m`; a day has 24 hours.
pub(super) fn duration(text: &str) -> Result<SignedDuration, Unfit> {
    const INSTEAD: &str = "Write a number with its unit, such as \"30m\", \"24h\" or \"30d\".";
    let span = SpanParser::new().parse_span(text);
    let length = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()));
    let Ok(length) = length else {
        return Err(Unfit::because("this is not a length of time").write(INSTEAD));
    };
    if length < SignedDuration::from_secs(1) {
        Err(Unfit::because("it has to be at least a second").write(INSTEAD))
    } else if length > LONGEST {
        Err(Unfit::because("it is longer than ten years").write(INSTEAD))
    } else {
        Ok(length)
    }
}

/// The refusal of a word that is none of the allowed ones.
pub(super) fn not_a_word<W>(text: &str, key: &str, words: &[(&str, W)]) -> Unfit {
    let all: Vec<String> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
    let instead = match super::schema::nearest(text, words.iter().map(|(word, _)| *word)) {
        Some(near) => format!("Did you mean `{key} = {near:?}`?"),
        None => format!("Write one of {}.", all.join(", ")),
    };
    Unfit::because(format!("it is one of {}", all.join(", "))).write(instead)
}

/// The ledger's ref: one of two.
pub(super) fn ledger(text: &str) -> Result<&str, Unfit> {
    if [LEDGER, LEDGER_BRANCH].contains(&text) {
        return Ok(text);
    }
    let instead = format!(
        "Write `ledger = {LEDGER:?}`, or {LEDGER_BRANCH:?} where the host takes branches only."
    );
    Err(Unfit::because("the ledger has two possible places").write(instead))
}

/// The short name of a branch that streams can start from.
pub(super) fn base(text: &str) -> Result<&str, Unfit> {
    if let Some(short) = text
        .strip_prefix("refs/heads/")
        .filter(|short| ref_problem(short).is_none())
    {
        let instead = format!("Write `base = {short:?}`.");
        return Err(Unfit::because("a branch is named without 'refs/heads/'").write(instead));
    }
    if text == "HEAD" || text.starts_with("refs/") {
        return Err(Unfit::because("this does not name a branch"));
    }
    if text.starts_with("stream/") || format!("refs/heads/{text}") == LEDGER_BRANCH {
        return Err(Unfit::because(
            "this branch is one that git stream makes itself",
        ));
    }
    ref_problem(text).map_or(Ok(text), |why| Err(Unfit::because(why)))
}

/// The name of a git remote.
pub(super) fn remote(text: &str) -> Result<&str, Unfit> {
    let instead = "Write a name that `git remote` lists, such as `remote = \"origin\"`.";
    if text.contains(':') || text.starts_with('/') {
        let why = "the name of a remote is asked for, not its address";
        return Err(Unfit::because(why).write(instead));
    }
    ref_problem(text).map_or(Ok(text), |why| Err(Unfit::because(why).write(instead)))
}

/// What `git check-ref-format` would say against this part of a ref's name.
fn ref_problem(text: &str) -> Option<&'static str> {
    let banned = |byte: u8| byte <= b' ' || byte == 0x7f || b"~^:?*[\\".contains(&byte);
    if text.starts_with('-') {
        Some("it begins with '-' and would be taken for an option")
    } else if text.bytes().any(banned) {
        Some("git allows no space, control character or any of `~^:?*[\\` in it")
    } else if text.contains("..") || text.contains("@{") || text == "@" || text.ends_with('.') {
        Some("git allows no '..', no '@{', no '@' alone and no '.' at the end")
    } else if text
        .split('/')
        .any(|part| part.is_empty() || part.starts_with('.'))
    {
        Some("git allows no empty part and no part that begins with '.'")
    } else if text
        .split('/')
        .any(|part| part.to_ascii_lowercase().ends_with(".lock"))
    {
        Some("git keeps names that end with '.lock' for itself")
    } else {
        None
    }
}

/// Where worktrees are: a path with `{stream}`, perhaps with `{repo}`.
pub(super) fn worktree_path(text: &str) -> Result<&str, Unfit> {
    let literal = text.replace("{stream}", "s").replace("{repo}", "r");
    let parts: Vec<&str> = literal.split('/').filter(|part| !part.is_empty()).collect();
    let climbs_first = parts.iter().skip_while(|part| [".", ".."].contains(part));
    if !text.contains("{stream}") {
        Err(Unfit::because(
            "without `{stream}` all streams would share one directory",
        ))
    } else if literal.contains(['{', '}']) {
        Err(Unfit::because(
            "only `{repo}` and `{stream}` are replaced in it",
        ))
    } else if literal.chars().any(char::is_control) {
        Err(Unfit::because("it contains a control character"))
    } else if text.starts_with('~') {
        Err(Unfit::because("`~` is not replaced in it").write("Write the whole path instead."))
    } else if climbs_first
        .into_iter()
        .any(|part| [".", ".."].contains(part))
    {
        Err(Unfit::because(
            "`.` and `..` may stand only at its beginning",
        ))
    } else if parts.iter().any(|part| part.eq_ignore_ascii_case(".git")) {
        Err(Unfit::because("a worktree cannot be inside `.git`"))
    } else {
        Ok(text)
    }
}

/// Who a stream is meant for, or the name of an agent's table.
pub(super) fn agent(text: &str) -> Result<AgentName, Unfit> {
    text.parse().map_err(|error| match error {
        crate::name::Error::Agent { problem, .. } | crate::name::Error::Stream { problem, .. } => {
            Unfit::because(problem)
        }
    })
}

/// The name of a stream or of a milestone.
pub(super) fn stream(text: &str) -> Result<StreamName, Unfit> {
    text.parse().map_err(|error| match error {
        crate::name::Error::Agent { problem, .. } | crate::name::Error::Stream { problem, .. } => {
            Unfit::because(problem)
        }
    })
}

/// A text that is shown on one line.
pub(super) fn one_line(text: &str) -> Result<String, Unfit> {
    if text.chars().any(char::is_control) {
        return Err(Unfit::because("it has to be one line of printable text"));
    }
    Ok(text.to_owned())
}

/// A key as TOML wants it written: quoted where it has to be.
pub(super) fn toml_key(name: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !name.is_empty() && name.bytes().all(bare) {
        name.to_owned()
    } else {
        format!("{name:?}")
    }
}
